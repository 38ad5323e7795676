"""What every FrameSource does."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from fakes.camera import Camera
from fakes.clips import numbered, write_clip, write_raw
from fakes.fault_proxy import FaultProxy
from fakes.pictures import pictures_of, pixels_of
from fakes.source import PaintedPicture, ScriptedSource
from securevision.cameras.addresses import SourceAddress, parse_address
from securevision.cameras.connecting import open_descriptor
from securevision.cameras.network_policy import NetworkPolicy
from securevision.cameras.sources import make_source
from securevision.clock import SystemClock
from securevision.domain.frames import SourceState
from securevision.domain.ports.cameras import Connect, FrameSource
from securevision.domain.video import Packet, VideoFormat
from securevision.domain.zones import Polygon
from securevision.footage.encoding import MaskingEncoder
from securevision.footage.masking import PrivacyMask
from securevision.runtime.masked_source import MaskedSource

FPS = 5.0


@dataclass(frozen=True)
class Kind:
    """One implementation: a source that works, and for a camera one that stays silent."""

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
    params=[
        "file",
        "paced",
        "loop",
        "scripted",
        "masked",
        pytest.param("rtsp", marks=pytest.mark.needs_rtsp),
    ]
)
def kind(request: pytest.FixtureRequest, clip: Path) -> Iterator[Kind]:
    match request.param:
        case "file":
            yield Kind(lambda: make_file(clip))
        case "paced" | "loop":
            loop = request.param == "loop"
            yield Kind(lambda: make_file(clip, paced=True, loop=loop))
        case "scripted":
            shown = [PaintedPicture(1000 + i, numbered(i)) for i in range(12)]
            yield Kind(
                lambda: ScriptedSource([_FORMAT, *shown], live=True),
                lambda: ScriptedSource([_FORMAT], live=True),
            )
        case "masked":
            yield Kind(lambda: masked(make_file(clip)))
        case "rtsp":
            address = parse_address(request.getfixturevalue("camera").address())
            with FaultProxy(None) as nobody:
                silent = parse_address(f"rtsp://127.0.0.1:{nobody.port}/stream")
                yield Kind(lambda: make_camera(address), lambda: make_camera(silent))


_FORMAT = VideoFormat("h264", 160, 96)


def make_file(clip: Path, *, fps: float = FPS, paced: bool = False, loop: bool = False) -> FrameSource:
    return make_source(
        parse_address(str(clip)), to(parse_address(str(clip))), SystemClock(), fps=fps, paced=paced, loop=loop
    )


def make_camera(address: SourceAddress) -> FrameSource:
    return make_source(address, to(address), SystemClock(), fps=FPS)


def to(address: SourceAddress) -> Connect:
    return lambda: open_descriptor(address, NetworkPolicy(allow_loopback=True), None)


def masked(source: FrameSource) -> FrameSource:
    mask = Polygon(((0.0, 0.0), (0.2, 0.0), (0.2, 0.2)))
    return MaskedSource(source, lambda: MaskingEncoder(()), PrivacyMask, [mask], fps=FPS)


def test_it_gives_a_format_then_packets_and_pictures_in_order_of_time(kind: Kind) -> None:
    items = [item for item in islice(kind.make().items(), 15) if item is not None]
    assert isinstance(items[0], VideoFormat)
    packets = [item for item in items if isinstance(item, Packet)]
    assert [packet.dts for packet in packets] == sorted({packet.dts for packet in packets})
    assert all(packet.pts >= packet.dts for packet in packets)
    shown = [item for item in items if not isinstance(item, Packet | VideoFormat)]
    assert shown
    for times in ([packet.ts_ms for packet in packets], [picture.ts_ms for picture in shown]):
        assert times == sorted(times)


def test_pictures_have_brightness_and_colours_of_even_sides(kind: Kind) -> None:
    picture = next(pictures_of(kind.make()))
    assert (picture.width, picture.height) == (160, 96)
    assert picture.luma().shape == (96, 160)
    assert picture.luma().dtype == np.uint8
    assert pixels_of(picture).shape == (96, 160, 3)


def test_the_status_goes_from_connecting_over_live_to_ended(kind: Kind) -> None:
    source = kind.make()
    states = [source.status.state]
    for _ in pictures_of(source):
        states.append(source.status.state)
        source.close()
    states.append(source.status.state)
    assert states == [SourceState.CONNECTING, SourceState.LIVE, SourceState.ENDED]


def test_progress_is_unknown_or_grows_from_0_to_1(kind: Kind) -> None:
    source = kind.make()
    seen = [source.progress]
    seen.extend(source.progress for _ in islice(source.items(), 10))
    known = [value for value in seen if value is not None]
    assert len(known) in (0, len(seen))
    assert known == sorted(known)
    assert all(0.0 <= value <= 1.0 for value in known)


def test_a_source_closed_before_it_was_opened_gives_nothing(kind: Kind) -> None:
    source = kind.make()
    source.close()
    assert [item for item in source.items() if item is not None] == []
    assert source.status.state is SourceState.ENDED


def test_closing_from_another_thread_ends_the_wait_at_once(kind: Kind) -> None:
    source = (kind.make_silent or kind.make)()
    started = threading.Event()

    def read() -> None:
        for _ in source.items():
            started.set()

    reader = threading.Thread(target=read)
    reader.start()
    assert started.wait(10)
    source.close()
    source.close()
    reader.join(timeout=1.5)
    assert not reader.is_alive()


def test_a_silent_live_source_lets_others_look_around_every_second(kind: Kind) -> None:
    if kind.make_silent is None:
        return
    source, clock = kind.make_silent(), SystemClock()
    assert source.live
    last = clock.monotonic()
    empty = 0
    for item in source.items():
        now = clock.monotonic()
        assert now - last < 1.5
        last = now
        empty += item is None
        if empty == 3:
            break
    source.close()
