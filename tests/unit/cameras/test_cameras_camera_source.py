from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest

from fakes.camera import Camera
from fakes.clips import number_of, write_clip, write_raw
from fakes.fault_proxy import Fault, FaultProxy
from fakes.pictures import pixels_of
from securevision.cameras.addresses import parse_address
from securevision.cameras.backoff import BackoffConfig
from securevision.cameras.camera_source import CameraSource
from securevision.cameras.connecting import open_descriptor
from securevision.cameras.network_policy import NetworkPolicy
from securevision.cameras.rtsp_stream import RtspStream
from securevision.clock import SystemClock
from securevision.domain.frames import Pixels, SourceState
from securevision.domain.video import Packet, VideoFormat

pytestmark = pytest.mark.needs_rtsp
EAGER = BackoffConfig(first_s=0.05, cap_s=0.2, refused_s=0.3)
HERE = NetworkPolicy(allow_loopback=True)
PATIENT = BackoffConfig(first_s=1.5, cap_s=60.0)
"""Waits for longer than a tick takes, so that the state can be looked at."""


def open_camera(text: str, backoff: BackoffConfig = EAGER) -> CameraSource:
    address, clock = parse_address(text), SystemClock()

    def open_stream() -> RtspStream:
        return RtspStream(
            lambda: open_descriptor(address, HERE, None),
            address,
            clock,
            open_timeout_s=1.0,
            read_timeout_s=1.0,
        )

    return CameraSource(open_stream, address.display, clock, fps=15.0, backoff=backoff)


class Watch:
    """Takes items of a source until something is so, for ten seconds at most."""

    def __init__(self, source: CameraSource) -> None:
        self.source = source
        self.frames: list[Pixels] = []
        self.packets: list[Packet] = []
        self.formats: list[VideoFormat] = []
        self.told: set[tuple[SourceState, str]] = set()
        self._items = source.items()

    def until(self, reached: Callable[[], bool]) -> None:
        clock = SystemClock()
        end = clock.monotonic() + 10.0
        while not reached():
            assert clock.monotonic() < end, f"It never came so far: {sorted(self.told)}"
            self.take()

    def take(self) -> None:
        match next(self._items):
            case None:
                pass
            case VideoFormat() as video:
                self.formats.append(video)
            case Packet() as packet:
                self.packets.append(packet)
            case picture:
                self.frames.append(pixels_of(picture))
        self.told.add((self.source.status.state, self.source.status.detail))

    def until_told(self, state: SourceState, hint: str) -> None:
        self.until(lambda: any(s is state and hint in detail for s, detail in self.told))

    def until_hint(self, hint: str) -> None:
        self.until(lambda: any(hint in detail for _, detail in self.told))

    def until_frames(self, count: int) -> None:
        wanted = len(self.frames) + count
        self.until(lambda: len(self.frames) >= wanted)


@pytest.fixture
def watch() -> Iterator["Begin"]:
    watches: list[Watch] = []

    def begin(address: str, backoff: BackoffConfig = EAGER) -> Watch:
        watches.append(Watch(open_camera(address, backoff)))
        return watches[-1]

    yield begin
    for each in watches:
        each.source.close()
        assert not any(secret in detail for _, detail in each.told for secret in ("p@ss", "p%40ss", "admin"))


class Begin(Protocol):
    """Starts to watch an address."""

    def __call__(self, address: str, backoff: BackoffConfig = EAGER) -> Watch: ...


@pytest.mark.parametrize("suffix", [".h264", ".h265"])
@pytest.mark.parametrize("method", ["basic", "digest", "-"])
def test_a_camera_gives_its_pictures_in_order(tmp_path: Path, watch: Begin, suffix: str, method: str) -> None:
    with Camera(write_raw(tmp_path / f"clip{suffix}", 60), method=method) as camera:
        seen = watch(camera.address())
        seen.until_frames(12)
    numbers = [number_of(frame) for frame in seen.frames]
    assert numbers == sorted(numbers)
    assert numbers[0] <= 30
    assert numbers[-1] - numbers[0] < 30


def test_a_picture_sent_in_slices_comes_whole(tmp_path: Path, watch: Begin) -> None:
    clip = write_clip(
        tmp_path / "clip.h264",
        60,
        container_format="h264",
        size=(640, 384),
        options={"aud": "1", "x264-params": "slices=8", "crf": "1"},
    )
    with Camera(clip) as camera:
        seen = watch(camera.address())
        seen.until_frames(12)
    for frame in seen.frames:
        assert float(frame[:, 400:].std()) < 4


@pytest.mark.parametrize("method", ["basic", "digest"])
def test_a_wrong_password_is_refused_and_not_tried_again_soon(
    raw_h264: Path, watch: Begin, method: str
) -> None:
    with Camera(raw_h264, method=method) as camera, FaultProxy(camera.port) as proxy:
        seen = watch(camera.address(password="p@ssWrong", port=proxy.port), BackoffConfig())
        seen.until_told(SourceState.REFUSED, "refuses the user name or password")
        for _ in range(2):
            seen.take()
        assert proxy.connections == 1
        seen.source.close()


def test_a_refused_camera_is_tried_again_later(camera: Camera, watch: Begin) -> None:
    with FaultProxy(camera.port) as proxy:
        seen = watch(camera.address(password="p@ssWrong", port=proxy.port))
        seen.until(lambda: proxy.connections >= 3)
        assert {state for state, _ in seen.told} <= {SourceState.REFUSED, SourceState.CONNECTING}


def test_an_unknown_stream_is_refused(camera: Camera, watch: Begin) -> None:
    watch(camera.address(path="nothing"), PATIENT).until_told(SourceState.REFUSED, "has no such stream")


def test_a_closed_port_is_told(watch: Begin) -> None:
    with FaultProxy(None) as gone:
        port = gone.port
    seen = watch(f"rtsp://admin:p%40ss@127.0.0.1:{port}/x", PATIENT)
    seen.until_told(SourceState.BACKING_OFF, "refuses connections")


def test_a_camera_that_never_answers_is_told(watch: Begin) -> None:
    with FaultProxy(None) as nobody:
        seen = watch(f"rtsp://admin:p%40ss@127.0.0.1:{nobody.port}/x", PATIENT)
        seen.until_told(SourceState.BACKING_OFF, "no answer within 1 s")
        seen.source.close()


@pytest.mark.parametrize(
    ("fault", "hint"),
    [
        (Fault.STALL, "has stalled"),
        (Fault.NO_VIDEO, "has stalled"),
        (Fault.FIN, "ended the connection"),
        (Fault.RST, "ended the connection"),
    ],
)
def test_after_a_fault_the_camera_comes_back_by_itself(
    camera: Camera, watch: Begin, fault: Fault, hint: str
) -> None:
    with FaultProxy(camera.port) as proxy:
        seen = watch(camera.address(port=proxy.port), PATIENT)
        seen.until_frames(5)
        proxy.set(fault)
        seen.until_hint(hint)
        proxy.set(Fault.NONE)
        seen.until_frames(5)
        assert seen.source.status.state is SourceState.LIVE
        assert seen.source.status.detail == ""
        seen.source.close()


def test_a_camera_that_was_switched_off_and_on_comes_back(raw_h264: Path, watch: Begin) -> None:
    with Camera(raw_h264) as camera:
        seen = watch(camera.address())
        seen.until_frames(5)
    seen.until_hint("refuses connections")
    with Camera(raw_h264, port=camera.port):
        seen.until_frames(5)
        seen.source.close()
