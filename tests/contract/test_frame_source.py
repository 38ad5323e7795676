"""What every FrameSource does."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
import pytest

from fakes.camera import Camera
from fakes.clips import numbered, write_clip, write_raw
from fakes.fault_proxy import FaultProxy
from fakes.source import ScriptedSource
from securevision.cameras.addresses import parse_address
from securevision.cameras.file import FileSource
from securevision.cameras.network_policy import NetworkPolicy
from securevision.cameras.rtsp import RtspSource
from securevision.clock import SystemClock
from securevision.domain.frames import Frame, SourceState, Tick
from securevision.domain.ports.cameras import FrameSource

FPS = 5.0


@dataclass(frozen=True)
class Kind:
    """One implementation: a source that works, and for a live one a source that stays silent."""

    make: Callable[[], FrameSource]
    make_silent: Callable[[], FrameSource] | None = None


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clips") / "clip.mp4", 45)


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Camera]:
    with Camera(write_raw(tmp_path_factory.mktemp("camera") / "clip.h264", 60)) as running:
        yield running


@pytest.fixture(
    params=["file", "paced", "loop", "scripted", pytest.param("rtsp", marks=pytest.mark.needs_rtsp)]
)
def kind(request: pytest.FixtureRequest, clip: Path) -> Iterator[Kind]:
    clock = SystemClock()
    match request.param:
        case "file":
            yield Kind(lambda: FileSource(clip, "gate", FPS, clock))
        case "paced" | "loop":
            loop = request.param == "loop"
            yield Kind(
                lambda: FileSource(clip, "gate", FPS, clock, paced=True, loop=loop),
                lambda: FileSource(clip, "gate", 0.4, clock, paced=True, loop=loop),
            )
        case "scripted":
            frames = [Frame("gate", 1000 + i, numbered(i)) for i in range(12)]
            yield Kind(
                lambda: ScriptedSource(frames, source_id="gate", live=True),
                lambda: ScriptedSource(frames[:1], source_id="gate", live=True),
            )
        case "rtsp":
            address = parse_address(request.getfixturevalue("camera").address())
            here = NetworkPolicy(allow_loopback=True)
            with FaultProxy(None) as nobody:
                silent = parse_address(f"rtsp://127.0.0.1:{nobody.port}/stream")
                yield Kind(
                    lambda: RtspSource(address, "gate", FPS, clock, network=here),
                    lambda: RtspSource(silent, "gate", FPS, clock, open_timeout_s=2.0, network=here),
                )


def test_it_gives_frames_and_ticks_of_its_name_in_order_of_time(kind: Kind) -> None:
    source = kind.make()
    items = list(islice(source.frames(), 10))
    assert len(items) == 10
    assert any(isinstance(item, Frame) for item in items)
    assert {item.source_id for item in items} == {source.source_id} == {"gate"}
    assert all(earlier.ts_ms <= later.ts_ms for earlier, later in pairwise(items))


def test_pixels_are_bgr_bytes_that_nobody_can_change(kind: Kind) -> None:
    frame = next(item for item in kind.make().frames() if isinstance(item, Frame))
    assert frame.pixels.dtype == np.uint8
    assert frame.pixels.shape == (96, 160, 3)
    with pytest.raises(ValueError, match="read-only"):
        frame.pixels[0, 0] = 0


def test_the_status_goes_from_connecting_over_live_to_ended(kind: Kind) -> None:
    source = kind.make()
    states = [source.status.state]
    for item in source.frames():
        if isinstance(item, Frame):
            states.append(source.status.state)
            source.close()
    states.append(source.status.state)
    assert states == [SourceState.CONNECTING, SourceState.LIVE, SourceState.ENDED]


def test_progress_is_unknown_or_grows_from_0_to_1(kind: Kind) -> None:
    source = kind.make()
    seen = [source.progress]
    seen.extend(source.progress for _ in islice(source.frames(), 10))
    known = [value for value in seen if value is not None]
    assert len(known) in (0, len(seen))
    assert known == sorted(known)
    assert all(0.0 <= value <= 1.0 for value in known)


def test_a_source_closed_before_it_was_opened_gives_nothing(kind: Kind) -> None:
    source = kind.make()
    source.close()
    assert list(source.frames()) == []
    assert source.status.state is SourceState.ENDED


def test_closing_from_another_thread_ends_the_wait_at_once(kind: Kind) -> None:
    source = (kind.make_silent or kind.make)()
    started = threading.Event()

    def read() -> None:
        for _ in source.frames():
            started.set()

    reader = threading.Thread(target=read)
    reader.start()
    assert started.wait(10)
    source.close()
    source.close()
    reader.join(timeout=0.8)
    assert not reader.is_alive()


def test_a_silent_live_source_ticks_every_second(kind: Kind) -> None:
    if kind.make_silent is None:
        assert not kind.make().live
        return
    source, clock = kind.make_silent(), SystemClock()
    assert source.live
    ticks, last = 0, clock.monotonic()
    for item in islice(source.frames(), 3):
        now = clock.monotonic()
        assert now - last < 1.3
        last = now
        ticks += isinstance(item, Tick)
    assert ticks >= 2
