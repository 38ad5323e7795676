"""`securevision camera add|change|list|remove|test`, as a user runs them."""

import io
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fakes.clips import write_clip
from fakes.scripted_camera import ScriptedCamera
from securevision.cli.run import run_cli
from securevision.clock import SystemClock
from securevision.domain.audit import AuditAction
from securevision.settings import Settings
from securevision.wiring.audit import make_audit
from securevision.wiring.keys import open_sealer
from securevision.wiring.storage import open_storage

Run = Callable[..., tuple[int, str, str]]
SECRET = "hunter2"
ADDRESS = f"rtsp://admin:{SECRET}@192.168.77.7/stream?channel=1"
PRAISE = r"It gives H264 160 x 96, \d+ pictures a second\."
SHOWN = "rtsp://192.168.77.7/stream?channel=1"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Run:
    """Run a command of cameras in an empty working directory; return its exit code and what it printed."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str | Path, typed: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        code = run_cli(["camera", *map(str, arguments)])
        out, err = capfd.readouterr()
        assert SECRET not in out + err
        return code, out, err

    return run


def fault(answer: tuple[int, str, str]) -> str:
    """Return the one sentence that a command ended with."""
    code, out, err = answer
    assert (code, out) == (1, "")
    [line] = err.strip().splitlines()
    return line.removeprefix("securevision: ")


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "clip.mp4", 60)


def test_a_camera_from_its_first_day_to_its_last(run: Run) -> None:
    assert run("list") == (0, "There are no cameras; use `securevision camera add NAME ADDRESS`.\n", "")
    assert run("add", "gate", ADDRESS, "--untried", "--fps", "2") == (0, f"Added gate: {SHOWN}\n", "")
    assert run("list")[1] == f"gate  {SHOWN}  2 a second, records events\n"
    assert run("change", "gate", "--disable", "--recording", "continuous") == (0, "Changed gate.\n", "")
    assert run("list")[1] == f"gate  {SHOWN}  2 a second, records continuous, switched off\n"
    changed = run("change", "gate", "--new-address", "--enable", typed=f"rtsp://u:{SECRET}@192.168.77.8/x\n")
    assert changed[:2] == (0, "Changed gate.\n")
    assert run("list")[1] == "gate  rtsp://192.168.77.8/x  2 a second, records continuous\n"
    assert run("remove", "gate") == (0, "Removed gate.\n", "")
    assert run("list")[1].startswith("There are no cameras")


def test_it_is_tried_before_it_is_added(run: Run, clip: Path) -> None:
    code, out, _ = run("add", "gate", clip)
    assert code == 0
    assert re.fullmatch(rf"{PRAISE}\nAdded gate: {clip}\n", out)
    with ScriptedCamera() as camera:
        address = f"rtsp://admin:{SECRET}@127.0.0.1:{camera.port}/nowhere"
        sentence = fault(run("add", "yard", address, "--allow-loopback"))
    assert "has no such stream" in sentence
    assert sentence.endswith("or add it all the same with `--untried`.")
    assert "yard" not in run("list")[1]


def test_what_is_tried_is_not_kept(run: Run, clip: Path) -> None:
    code, out, err = run("test", clip)
    assert (code, err) == (0, "")
    assert re.fullmatch(PRAISE + "\n", out)
    code, out, _ = run("test", clip, "--json")
    assert code == 0
    fps = pytest.approx(15.0, abs=6.0)  # measured for 2.5 s, by whoever is busy
    assert json.loads(out) == {"failure": "", "codec": "h264", "width": 160, "height": 96, "fps": fps}
    code, out, _ = run("test", "nowhere.mp4", "--json")
    assert code == 1
    assert json.loads(out)["failure"] == "nowhere.mp4 does not exist; check the path of the video file."
    assert "There are no cameras" in run("list")[1]


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("add", "gate", "rtsp://admin:hunter2@127.0.0.1/x"), "this machine"),
        (("add", "gate", "rtsp://admin:hunter2@169.254.169.254/x"), "169.254.169.254"),
        (("add", "gate", "gopher://admin:hunter2@cam/x"), "camera address"),
        (("add", "gate", "admin:hunter2@192.168.77.7", "--untried"), "an '@' and no scheme"),
        (("add", "gate", "admin:hunter2@192.168.77.7/stream", "--untried"), "an '@' and no scheme"),
        (("add", "gate", "rtsp//admin:hunter2@192.168.77.7/x", "--untried"), "an '@' and no scheme"),
        (("add", "gate", "//admin:hunter2@192.168.77.7/x", "--untried"), "an '@' and no scheme"),
        (("test", "rstp:admin:hunter2@192.168.77.7/x"), "an '@' and no scheme"),
        (("add", "gate gate", ADDRESS, "--untried"), "name"),
        (("add", "gate"), "Give the address of the camera"),
        (("change", "nobody", "--disable"), "There is no camera nobody"),
        (("remove", "nobody"), "nobody"),
        (("test", "rtsp://admin:hunter2@cam.invalid/x"), "was not found; check the host"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(run: Run, arguments: tuple[str, ...], hint: str) -> None:
    assert hint in fault(run(*arguments))


def test_a_name_is_given_once(run: Run) -> None:
    assert run("add", "gate", ADDRESS, "--untried")[0] == 0
    assert "gate" in fault(run("add", "gate", ADDRESS, "--untried"))


def test_whoever_changes_cameras_is_in_the_audit_log_and_no_password_is(run: Run) -> None:
    run("add", "gate", "--untried", typed=ADDRESS + "\n")
    run("change", "gate", "--disable")
    run("remove", "gate")
    settings = Settings()
    with open_storage(settings) as storage:
        audit = make_audit(storage.database, open_sealer(settings, storage.database), SystemClock())
        records = audit.reader.page(None, 10).records
    actions = [each.action for each in records if each.target == "camera:gate"]
    assert actions == [AuditAction.CAMERA_REMOVED, AuditAction.CAMERA_CHANGED, AuditAction.CAMERA_ADDED]
    assert SECRET not in str(records)
    files = [path for path in Path("data").rglob("*") if path.is_file()]
    assert not [path for path in files if SECRET.encode() in path.read_bytes()]
