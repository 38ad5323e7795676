"""A simulated camera, made by others, found and asked for its streams by the commands, in a network of its own.

This file is also the program that runs there.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from fakes.network_namespace import run_alone

PYTHON = Path(__file__).parents[2] / ".venv-onvif/bin/python"
HOST, PORT = "192.168.77.5", 8080
ADDRESS = f"http://{HOST}:{PORT}/onvif/device_service"
PASSWORD = "s<cr>t & more"
SIMULATOR = """
import sys
from ipycam import CameraConfig, IPCamera
camera = IPCamera(CameraConfig(
    name="Gate", local_ip=sys.argv[1], onvif_port=int(sys.argv[2]), username="admin", password=sys.argv[3]))
assert camera.start()
print("up", flush=True)
sys.stdin.read()
camera.stop()
"""

pytestmark = pytest.mark.needs_onvif


@pytest.fixture(scope="module")
def seen() -> Mapping[str, Any]:
    if not PYTHON.exists():
        reason = "the simulated camera is not installed: run `make test-deps`"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)
    return run_alone(Path(__file__), addresses=[HOST])


def test_it_is_found(seen: Mapping[str, Any]) -> None:
    code, out, _ = seen["found"]
    assert code == 0
    assert json.loads(out) == {"name": "Gate", "hardware": "", "addresses": [ADDRESS]}


def test_it_tells_its_streams_to_the_right_login(seen: Mapping[str, Any]) -> None:
    code, out, _ = seen["streams"]
    assert code == 0
    assert out.splitlines() == [
        "PythonCam VirtualCam-1 1.3.0",
        f"MainStream  H264  1920 x 1080  30 a second  rtsp://{HOST}:8554/video_main",
        f"SubStream  H264  640 x 360  30 a second  rtsp://{HOST}:8554/video_sub",
    ]


def test_it_tells_a_wrong_login_nothing(seen: Mapping[str, Any]) -> None:
    code, out, err = seen["refused"]
    assert (code, out) == (1, "")
    assert "refuses the user name or password" in err


def test_no_password_is_printed(seen: Mapping[str, Any]) -> None:
    assert PASSWORD not in str(seen)
    assert "Hunter2" not in str(seen)


@contextmanager
def simulator() -> Iterator[None]:
    with subprocess.Popen(
        [PYTHON, "-c", SIMULATOR, HOST, str(PORT), PASSWORD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        yield
        process.communicate(timeout=20)


def command(*arguments: str, typed: str = "") -> tuple[int, str, str]:
    """Run `securevision camera ...`; return its exit code and what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "securevision", "camera", *arguments],
        input=typed,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def main() -> None:
    with simulator():
        found = command("discover", "--wait", "1", "--interface", "lo", "--json")
        address = ADDRESS.replace("http://", "http://admin@")
        streams = command("streams", address, typed=f"{PASSWORD}\n")
        refused = command("streams", address, typed="Hunter2\n")
    json.dump({"found": found, "streams": streams, "refused": refused}, sys.stdout)


if __name__ == "__main__":
    main()
