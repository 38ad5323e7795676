"""A camera is tried: what is wrong with it is said within eight seconds, in a process that is sealed."""

import socket
from pathlib import Path

import pytest

from fakes.camera import Camera
from fakes.clips import write_clip
from fakes.fault_proxy import Fault, FaultProxy
from fakes.mjpeg_camera import HEAD, Answer, MjpegCamera, jpeg, part
from fakes.moving_clip import write_room
from fakes.scripted_camera import ScriptedCamera
from securevision.cameras.addresses import parse_address
from securevision.clock import SystemClock
from securevision.domain.camera_reports import CameraTrial
from securevision.errors import InvalidInput
from securevision.settings import Settings
from securevision.wiring.trial import WITHIN_S, try_camera

SDP = b"v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 MP4V-ES/90000\r\na=control:track1\r\n"
OPTIONS = b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n"
DESCRIBED = b"RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Length: %d\r\n\r\n%s" % (len(SDP), SDP)


def tried(text: str) -> CameraTrial:
    clock, begin = SystemClock(), SystemClock().monotonic()
    trial = try_camera(Settings(), parse_address(text), text, allow_loopback=True)
    assert clock.monotonic() - begin < WITHIN_S + 1.0
    assert "hunter2" not in trial.failure
    return trial


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_room(tmp_path_factory.mktemp("room") / "room.h264")


@pytest.mark.needs_rtsp
def test_a_good_camera_and_one_whose_password_is_wrong(raw: Path) -> None:
    with Camera(raw) as camera:
        trial = tried(camera.address())
        assert trial.failure == ""
        assert (trial.codec, trial.width, trial.height) == ("h264", 320, 180)
        assert trial.packets_a_second == pytest.approx(15, abs=6)
        failure = tried(camera.address(password="hunter2")).failure
        assert "refuses the user name or password; check both" in failure
        assert "has no such stream; check the path" in tried(camera.address(path="nowhere")).failure


@pytest.mark.needs_rtsp
def test_a_camera_that_plays_and_sends_no_picture(raw: Path) -> None:
    with Camera(raw) as camera, FaultProxy(camera.port) as proxy:
        proxy.set(Fault.NO_VIDEO)
        failure = tried(camera.address(port=proxy.port)).failure
    assert "no video" in failure or "no picture came" in failure


def test_nobody_is_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert "refuses connections; check the port" in tried(f"rtsp://admin:hunter2@127.0.0.1:{port}/x").failure


def test_a_name_that_does_not_exist() -> None:
    assert "was not found; check the host" in tried("rtsp://admin:hunter2@camera.invalid/x").failure


def test_somebody_who_says_nothing() -> None:
    with FaultProxy(None) as silent:
        failure = tried(f"rtsp://admin:hunter2@127.0.0.1:{silent.port}/x").failure
    assert "gave no answer within 5 s; check that it is on and reachable" in failure


@pytest.mark.parametrize(
    ("says", "sentence"),
    [
        (OPTIONS + DESCRIBED, "is of a kind that is not supported; use H.264 or H.265"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "is not RTSP; check its address and port"),
        (b"RTSP/1.0 302 Moved\r\nLocation: rtsp://169.254.169.254/\r\n\r\n", "is not followed"),
    ],
)
def test_a_server_that_is_no_such_camera(says: bytes, sentence: str) -> None:
    with ScriptedCamera(says) as camera:
        assert sentence in tried(f"rtsp://admin:hunter2@127.0.0.1:{camera.port}/x").failure


def test_mjpeg_and_what_is_a_picture_alone() -> None:
    video = Answer([HEAD, *(part(jpeg(number)) for number in range(60))], pause_s=1 / 15)
    with MjpegCamera(video) as camera:
        trial = tried(camera.address())
    assert (trial.failure, trial.codec, trial.width) == ("", "mjpeg", 160)
    still = b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n\r\n" + jpeg(1)
    with MjpegCamera(still) as camera:
        assert "is a still picture, not a stream" in tried(camera.address()).failure


def test_a_file_and_what_is_none(tmp_path: Path) -> None:
    trial = tried(str(write_clip(tmp_path / "clip.mp4", 60)))
    assert (trial.failure, trial.codec, trial.width, trial.height) == ("", "h264", 160, 96)
    (tmp_path / "text.mp4").write_text("no video at all")
    assert tried(str(tmp_path / "text.mp4")).failure.startswith(str(tmp_path / "text.mp4"))


def test_an_address_that_may_not_be_used_is_not_tried() -> None:
    text = "rtsp://169.254.169.254/latest"
    failure = tried(text).failure
    assert "169.254.169.254" in failure
    with pytest.raises(InvalidInput):
        parse_address("gopher://camera/x")
