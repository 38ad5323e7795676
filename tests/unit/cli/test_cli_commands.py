"""Commands with input that they can use, and with input that they cannot."""

import json
import re
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from assets import asset_path
from fakes.models import model_file
from securevision.cli.run import run_cli
from securevision.wiring.demo import Demo

pytestmark = pytest.mark.needs_models

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Run:
    """Run a command in an empty working directory; return its exit code and what it printed."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str | Path, **settings: str) -> tuple[int, str, str]:
        with monkeypatch.context() as patch:
            for name, value in settings.items():
                patch.setenv(f"SECUREVISION__{name}", value)
            capfd.readouterr()
            code = run_cli([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return code, out, err

    return run


@pytest.fixture
def gallery(tmp_path: Path) -> Path:
    folder = tmp_path / "gallery"
    (folder / "eileen_collins").mkdir(parents=True)
    shutil.copy(model_file("astronaut.png"), folder / "eileen_collins" / "1.png")
    return folder


def assert_one_sentence(err: str, pattern: str) -> None:
    """Check that exactly one line was printed, that it matches, and that it is no stack trace."""
    lines = err.strip().splitlines()
    assert len(lines) == 1, err
    assert re.search(pattern, lines[0]), err
    assert lines[0].startswith("securevision: ")
    assert lines[0].endswith(".")


def test_faces_of_a_picture_as_json(run: Run, gallery: Path) -> None:
    code, out, err = run(
        "recognise",
        "faces",
        model_file("astronaut.png"),
        asset_path("grace_hopper.jpg"),
        "--gallery",
        gallery,
        "--json",
    )
    assert (code, err) == (0, "")
    known, stranger = (json.loads(line) for line in out.splitlines())
    assert known["file"].endswith("astronaut.png")
    [face] = known["faces"]
    assert face["person"] == "eileen_collins"
    assert face["similarity"] > 0.99
    assert face["detection"] > 0.8
    assert [type(v) for v in face["bbox"]] == [int] * 4
    [face] = stranger["faces"]
    assert face["person"] is None
    assert face["similarity"] < 0.3


def test_without_a_gallery_nobody_is_named(run: Run) -> None:
    code, out, _ = run("recognise", "faces", model_file("astronaut.png"), "--json")
    [face] = json.loads(out)["faces"]
    assert (code, face["person"], face["similarity"]) == (0, None, None)


def test_a_picture_without_plates_gives_an_empty_list(run: Run) -> None:
    code, out, _ = run("recognise", "plates", asset_path("grace_hopper.jpg"), "--json")
    assert (code, json.loads(out)["plates"]) == (0, [])


def test_the_pictures_that_can_be_read_are_read_all_the_same(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    code, out, err = run("recognise", "faces", "empty.jpg", asset_path("grace_hopper.jpg"), "--json")
    assert code == 1
    assert len(json.loads(out)["faces"]) == 1
    assert_one_sentence(err, r"empty\.jpg is empty; use a JPEG or PNG picture\.$")


@pytest.mark.parametrize(
    ("name", "content", "pattern"),
    [
        ("missing.mp4", None, r"missing\.mp4"),
        ("empty.mp4", b"", r"empty\.mp4"),
        ("text.mp4", b"this is no video\n" * 100, r"text\.mp4"),
    ],
)
def test_watching_what_is_no_video(
    run: Run, tmp_path: Path, name: str, content: bytes | None, pattern: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    code, out, err = run("watch", name, "--json")
    assert (code, out) == (1, "")
    assert_one_sentence(err, pattern)


def test_watching_a_camera_that_is_not_there(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    address = f"rtsp://admin:canary@127.0.0.1:{port}/stream"
    code, out, err = run("watch", address, "--json", CAMERA__ALLOW_LOOPBACK="true")
    assert (code, out) == (1, "")
    assert_one_sentence(err, r"127\.0\.0\.1.* refuses connections")
    assert "canary" not in err
    code, out, err = run("watch", address, "--json")
    assert (code, out) == (1, "")
    assert_one_sentence(err, "a loopback address, .*allow loopback for this camera")
    assert "canary" not in err


def test_a_gallery_with_a_bad_photo(run: Run, gallery: Path) -> None:
    (gallery / "eileen_collins" / "2.jpg").write_bytes(b"broken")
    for command in (["recognise", "faces", asset_path("grace_hopper.jpg")], ["watch", "missing.mp4"]):
        code, out, err = run(*command, "--gallery", gallery)
        assert (code, out) == (1, "")
        assert_one_sentence(err, r"2\.jpg is not a picture that can be read; use a JPEG or PNG picture\.$")


def test_enrolling_names_the_bad_photos_and_keeps_the_good(run: Run, gallery: Path) -> None:
    (gallery / "eileen_collins" / "2.jpg").write_bytes(b"broken")
    code, out, err = run("person", "enrol", gallery)
    assert code == 1
    assert out == "1 photo(s) of 1 person(s), 1 of them new.\n"
    assert_one_sentence(err, r"2\.jpg is not a picture")
    assert run("person", "list")[1] == "eileen_collins  1 photo(s)\n"
    assert run("person", "enrol", gallery)[1] == "1 photo(s) of 1 person(s), 0 of them new.\n"
    assert run("person", "remove", "eileen_collins")[0] == 0
    code, out, err = run("person", "remove", "eileen_collins")
    assert (code, out) == (1, "")
    assert_one_sentence(err, "eileen_collins")


def test_a_malformed_plate_list(run: Run, tmp_path: Path, demo: Demo) -> None:
    (tmp_path / "allow.csv").write_text("plate,description\nAB12,van,red\n")
    code, out, err = run("watch", demo.clip, PLATES__ALLOW_LIST="allow.csv")
    assert (code, out) == (1, "")
    assert_one_sentence(
        err, r"^securevision: Line 2 of allow\.csv is not `plate,description`; write one plate"
    )


def test_a_port_in_use(run: Run, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, out, err = run("serve", API__PORT=str(port), CAMERA__URL="rtsp://camera.test/x")
    assert (code, out) == (1, "")
    assert_one_sentence(err, rf"Port {port} of 127\.0\.0\.1 cannot be taken .*SECUREVISION__API__PORT")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("token", ["", " ", "short", " " * 40])
def test_a_weak_token_stops_the_start(run: Run, token: str) -> None:
    code, out, err = run("serve", API__AUTH_TOKEN=token, API__PORT="0", CAMERA__URL="rtsp://camera.test/x")
    assert (code, out) == (1, "")
    assert_one_sentence(err, r"SECUREVISION__API__AUTH_TOKEN .*32 characters")


def test_listening_beyond_this_machine_without_encryption(run: Run) -> None:
    code, out, err = run(
        "serve", API__HOST="0.0.0.0", API__PORT="0", TLS__MODE="off", CAMERA__URL="rtsp://camera.test/x"
    )
    assert (code, out) == (1, "")
    assert_one_sentence(err, "SECUREVISION__API__ALLOW_PLAIN_HTTP")


def test_an_unknown_setting(run: Run) -> None:
    code, out, err = run("serve", API__PROT="1")
    assert (code, out) == (1, "")
    assert_one_sentence(
        err, "SECUREVISION__API__PROT is not a setting; the nearest is SECUREVISION__API__PORT"
    )


@pytest.mark.parametrize(
    ("arguments", "missing"),
    [(["recognise", "plates"], "IMAGE"), (["token", "create", "home", "--user", "ada"], "--scope")],
)
def test_wrong_usage_is_one_sentence_and_exit_code_2(run: Run, arguments: list[str], missing: str) -> None:
    code, _, err = run(*arguments)
    assert code == 2
    assert_one_sentence(err, missing)
    assert "\\" not in err


def test_the_doctor_says_what_to_do(run: Run) -> None:
    code, out, _ = run("doctor", API__PORT="0", API__AUTH_TOKEN="short")
    assert code == 1
    verdicts = {line.split()[1]: line.split()[0] for line in out.splitlines()}
    assert verdicts["models"] == "ok"
    assert verdicts["camera"] == verdicts["sandbox"] == "ok"
    assert re.search(r"failed +API token +.*32 characters", out)
    assert run("doctor", API__PORT="0")[0] == 0


def test_models_list_names_every_file_with_its_licence(run: Run) -> None:
    code, out, _ = run("models", "list")
    assert code == 0
    assert len(re.findall(r"\bpresent\b", out)) == 5
    assert run("models", "verify")[0] == 0


def test_a_model_file_that_was_changed_is_deleted_and_named(run: Run, tmp_path: Path) -> None:
    directory = tmp_path / "models"
    shutil.copytree(model_file("astronaut.png").parent, directory)
    wrong = directory / "face_detection_yunet_2023mar.onnx"
    wrong.write_bytes(wrong.read_bytes()[:-1] + b"x")
    code, out, err = run("models", "verify", MODELS__DIRECTORY=str(directory))
    assert code == 1
    assert re.search(r"yunet_2023mar\.onnx +corrupt", out)
    assert not wrong.exists()
    assert_one_sentence(err, "securevision models pull")


def test_watching_a_video_prints_its_events_and_stores_nothing(run: Run, tmp_path: Path, demo: Demo) -> None:
    code, out, err = run("watch", demo.clip, "--gallery", demo.gallery, "--json")
    assert (code, err) == (0, "")
    events = [json.loads(line) for line in out.splitlines()]
    assert {(e["type"], e["version"]) for e in events} == {("face_match", 1), ("plate_read", 1)}
    payloads = {e["type"]: e["payload"] for e in events}
    assert payloads["face_match"]["person_name"] == "eileen_collins"
    assert payloads["plate_read"]["plate_text"] == "SV26DEM"
    assert not (tmp_path / "data" / "securevision.db").exists()
