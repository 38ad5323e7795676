"""`camera discover` and `camera streams`, with workers that are really sealed."""

import io
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from fakes.network_namespace import run_alone
from fakes.onvif_camera import OnvifCamera, Stream
from securevision.cli.run import run_cli

PROGRAM = Path(__file__).with_name("discovering_alone.py")
FOUND = {"name": " [31mGate", "hardware": "X1", "addresses": ["http://192.168.77.5/onvif/device_service"]}
MAIN = "rtsp://127.0.0.1:554/Streaming/Channels/101?unicast=true&x=1"

Run = Callable[..., tuple[int, str, str]]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are sealed on Linux alone")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Run:
    """Ask a camera in an empty working directory; return the exit code and what was printed."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, typed: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        code = run_cli(["camera", "streams", "--allow-loopback", *arguments])
        out, err = capfd.readouterr()
        return code, out, err

    return run


def at(camera: OnvifCamera, login: str) -> str:
    return f"http://{login}@127.0.0.1:{camera.port}"


def both(camera: OnvifCamera) -> str:
    return f"{quote(camera.user)}:{quote(camera.password)}"


def test_the_streams_of_a_camera_are_listed(run: Run) -> None:
    with OnvifCamera() as camera:
        code, out, err = run(at(camera, both(camera)))
    assert code == 0
    assert out.splitlines() == [
        "Ac&me Bull et 1 V5.7",
        f"Main  H264  2560 x 1440  25 a second  '{MAIN}'",
        "Sub  H264  640 x 360  15 a second  rtsp://127.0.0.1:554/Streaming/Channels/102",
    ]
    assert "camera add" in err


def test_for_programs_they_are_one_object(run: Run) -> None:
    with OnvifCamera() as camera:
        code, out, err = run(at(camera, both(camera)), "--json")
    told = json.loads(out)
    assert (code, err) == (0, "")
    assert (told["manufacturer"], told["model"], told["firmware"]) == ("Ac&me", "Bull et 1", "V5.7")
    assert told["streams"][0] == {
        "name": "Main",
        "codec": "h264",
        "width": 2560,
        "height": 1440,
        "fps": 25.0,
        "address": MAIN,
    }


def test_what_is_not_given_is_read_and_not_shown(run: Run) -> None:
    with OnvifCamera() as camera:
        user, password = quote(camera.user), camera.password
        by_password = run(at(camera, user), "--json", typed=f"{password}\n")
        by_address = run("--json", typed=f"{at(camera, both(camera))}\n")
    assert by_password == by_address
    assert by_password[0] == 0
    assert camera.attempts == 8


@pytest.mark.parametrize("login", ["us%40er", "us@er"])
def test_a_password_is_put_where_it_belongs(run: Run, login: str) -> None:
    with OnvifCamera(user="us@er", password="a:b@c/%41#d?e") as camera:
        assert run(at(camera, login), typed=f"{camera.password}\n")[0] == 0


def test_a_user_without_a_password_is_not_asked_for_one(run: Run) -> None:
    with OnvifCamera(user="guest", password="") as camera:
        assert run(at(camera, "guest:"), typed="")[0] == 0
        code, _, err = run(f"http://127.0.0.1:{camera.port}", typed="")
    assert code == 1
    assert "wants a user name and password" in err


def test_a_wrong_password_is_tried_once_and_stands_nowhere(run: Run) -> None:
    with OnvifCamera() as camera:
        code, out, err = run(at(camera, "admin:Hunter2"))
        assert camera.attempts == 1
    assert (code, out) == (1, "")
    assert len(err.splitlines()) == 1
    assert "refuses the user name or password" in err
    assert "Hunter2" not in err


def test_an_address_that_would_show_the_password_is_not_printed(run: Run) -> None:
    stream = Stream("Main", "p", "H264", 1, 1, 1, "rtsp://HOST/user=admin_password=Hunter22_channel=1.sdp")
    with OnvifCamera(user="admin", password="Hunter22", streams=[stream]) as camera:
        code, out, err = run(at(camera, both(camera)))
    assert code == 0
    assert "Hunter22" not in out + err
    assert "(its address has the password in it)" in out


@pytest.mark.parametrize("address", ["rtsp://192.168.77.5/", "http://169.254.169.254/", ""])
def test_what_cannot_be_asked_is_refused_in_a_sentence(run: Run, address: str) -> None:
    code, out, err = run(address)
    assert (code, out) == (1, "")
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("wait", ["0.4", "11", "nan", "x"])
def test_a_search_has_an_end(wait: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_cli(["camera", "discover", "--wait", wait]) == 2
    assert capfd.readouterr().out == ""


# In a network of its own


@pytest.fixture(scope="module")
def seen() -> Mapping[str, Any]:
    return run_alone(PROGRAM, addresses=["192.168.77.5"])


def test_cameras_are_listed(seen: Mapping[str, Any]) -> None:
    code, out, err = seen["lines"]
    assert code == 0
    assert out == " [31mGate  X1  http://192.168.77.5/onvif/device_service\n"
    assert "camera streams" in err


def test_for_programs_each_is_one_object(seen: Mapping[str, Any]) -> None:
    code, out, err = seen["json"]
    assert (code, json.loads(out), err) == (0, FOUND, "")


def test_it_is_asked_over_the_interfaces_that_are_named(seen: Mapping[str, Any]) -> None:
    assert seen["interface"] == seen["lines"]
    code, out, err = seen["nowhere"]
    assert (code, out) == (1, "")
    assert err.startswith("securevision: No network took the question for cameras")


def test_that_nobody_answered_is_told(seen: Mapping[str, Any]) -> None:
    code, out, err = seen["nobody"]
    assert (code, out) == (0, "")
    assert err.startswith("No camera answered.")
