import contextlib
import itertools
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.clips import RATE, write_clip
from fakes.clock import FakeClock
from fakes.decoded import numbers
from fakes.flv_tags import avc_picture, video_tags
from fakes.rtmp_camera import RtmpCamera
from fakes.rtmp_messages import ACCEPTED, HANDSHAKE, message, status, tag
from securevision.cameras.addresses import parse_address
from securevision.cameras.rtmp_stream import RtmpStream
from securevision.clock import SystemClock
from securevision.domain.video import AccessUnit, VideoFormat
from securevision.errors import SourceError, SourceRefused

ADDRESS = "rtmp://cam.test/live/x?password=hunter2"
B_FRAMES = {"bf": "2", "g": "15", "preset": "ultrafast", "b_strategy": "0", "crf": "12"}


class Wire:
    """A stream that reads one end of a pair, and the other end."""

    def __init__(self, *, open_timeout_s: float = 5.0, read_timeout_s: float = 5.0) -> None:
        self.camera, ours = socket.socketpair()
        self.camera.settimeout(5)
        self.descriptor = ours.detach()
        self.stream = RtmpStream(
            lambda: self.descriptor,
            parse_address(ADDRESS),
            SystemClock(),
            open_timeout_s=open_timeout_s,
            read_timeout_s=read_timeout_s,
        )


Make = Callable[..., Wire]


@pytest.fixture
def make() -> Iterator[Make]:
    made: list[Wire] = []

    def make_wire(*, open_timeout_s: float = 5.0, read_timeout_s: float = 5.0) -> Wire:
        made.append(Wire(open_timeout_s=open_timeout_s, read_timeout_s=read_timeout_s))
        return made[-1]

    yield make_wire
    for wire in made:
        wire.stream.close()
        wire.camera.close()


@pytest.fixture
def wire(make: Make) -> Wire:
    return make()


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A clip of six pictures as messages."""
    tags = video_tags(write_clip(tmp_path_factory.mktemp("video") / "clip.flv", 6))
    return b"".join(tag(each.body, each.time) for each in tags)


@pytest.mark.parametrize(
    ("codec", "name", "options"), [("libx264", "h264", B_FRAMES), ("libx265", "hevc", None)]
)
def test_ffmpeg_plays_and_we_see_each_picture(
    tmp_path: Path, codec: str, name: str, options: dict[str, str] | None
) -> None:
    clip = write_clip(tmp_path / "clip.mkv", 60, codec=codec, options=options)
    items: list[VideoFormat | AccessUnit] = []
    with RtmpCamera(clip) as camera:
        stream = RtmpStream(camera.connect, parse_address(camera.address), SystemClock())
        for item in stream.items():
            items += [item] if item is not None else []
            if len(items) == 1 + 60:
                break
        stream.close()
    assert isinstance(items[0], VideoFormat)
    assert (items[0].codec, items[0].width, items[0].height) == (name, 160, 96)
    assert numbers(items) == list(range(60))
    units = [item for item in items if isinstance(item, AccessUnit)]
    assert not any(unit.damaged for unit in units)
    times = sorted((unit.pts or 0) // 90 for unit in units)
    assert [time - times[0] for time in times] == [round(1000 / RATE * index) for index in range(60)]


def test_a_server_that_dies(tmp_path: Path) -> None:
    with RtmpCamera(write_clip(tmp_path / "clip.mkv", 3)) as camera:
        stream = RtmpStream(camera.connect, parse_address(camera.address), SystemClock())
        items = stream.items()
        assert [type(next(items)) for _ in range(4)] == [VideoFormat] + [AccessUnit] * 3
        camera.kill()
        with pytest.raises(SourceError, match="ended the connection"):
            next(items)


def test_what_was_sent_before_the_end_is_given(wire: Wire, video: bytes) -> None:
    wire.camera.sendall(ACCEPTED + video)
    wire.camera.shutdown(socket.SHUT_WR)
    items, failure = read(wire.stream)
    assert [type(item) for item in items] == [VideoFormat] + [AccessUnit] * 6
    assert str(failure) == "rtmp://cam.test/live/x?*** ended the connection."


@pytest.mark.parametrize(
    "said", [b"", HANDSHAKE[:100], HANDSHAKE, ACCEPTED], ids=["start", "cut", "greeted", "accepted"]
)
def test_an_end_at_any_time(wire: Wire, said: bytes) -> None:
    wire.camera.sendall(said)
    wire.camera.shutdown(socket.SHUT_WR)
    assert str(read(wire.stream)[1]).endswith("ended the connection.")


def test_a_stream_that_is_over_ends_while_the_connection_stays(wire: Wire, video: bytes) -> None:
    wire.camera.sendall(ACCEPTED + video + status("NetStream.Play.UnpublishNotify"))
    items, failure = read(wire.stream)
    assert len(items) == 7
    assert str(failure).endswith("ended the connection.")


def test_a_server_that_says_no(wire: Wire) -> None:
    wire.camera.sendall(ACCEPTED + status("NetStream.Play.StreamNotFound", "error"))
    _, failure = read(wire.stream)
    assert isinstance(failure, SourceRefused)
    assert "hunter2" not in str(failure)


@pytest.mark.parametrize("dripping", [False, True])
def test_opening_has_an_end_however_slowly_it_drips(make: Make, dripping: bool) -> None:
    wire = make(open_timeout_s=0.3)
    with sending(wire, *([HANDSHAKE[at : at + 1] for at in range(500)] if dripping else [])):
        _, failure = read(wire.stream)
    assert str(failure) == (
        "rtmp://cam.test/live/x?*** gave no answer within 0.3 s; check that it is on and reachable."
    )


@pytest.mark.parametrize("sound", [False, True])
def test_a_silence_of_pictures_has_an_end_whatever_else_comes(make: Make, video: bytes, sound: bool) -> None:
    wire = make(read_timeout_s=0.3)
    wire.camera.sendall(ACCEPTED + video)
    with sending(wire, *[message(8, bytes(50), chunk_stream=4)] * (500 if sound else 0)):
        items, failure = read(wire.stream)
    assert len(items) == 7
    assert str(failure).endswith("has stalled: no picture came for 0.3 s.")


def test_a_server_that_asks_and_does_not_listen(make: Make) -> None:
    wire = make(read_timeout_s=0.3)
    wire.camera.sendall(ACCEPTED)
    ping = message(4, b"\x00\x06abcd", chunk_stream=2)
    with sending(wire, *[ping * 10_000] * 20, pause_s=0.0):
        _, failure = read(wire.stream)
    assert str(failure).endswith("has stalled: no picture came for 0.3 s.")


def test_whoever_takes_the_pictures_may_be_slow(video: bytes) -> None:
    camera, ours = socket.socketpair()
    clock = FakeClock()
    stream = RtmpStream(ours.detach, parse_address(ADDRESS), clock)
    times = 150_000 // len(video)
    with camera:
        camera.sendall(ACCEPTED + video * times)
        items = stream.items()
        for _ in range(1 + 6 * times):
            assert next(items) is not None
            clock.advance(10.0)
    stream.close()


def test_pictures_with_which_nothing_can_begin(tmp_path: Path) -> None:
    class Hurrying(FakeClock):
        def monotonic(self) -> float:
            self.advance(10.0)
            return super().monotonic()

    camera, ours = socket.socketpair()
    stream = RtmpStream(
        ours.detach, parse_address(ADDRESS), Hurrying(), open_timeout_s=1000.0, read_timeout_s=1000.0
    )
    configuration = video_tags(write_clip(tmp_path / "clip.flv", 1))[0].body
    picture = tag(avc_picture(b"\x41\x9a\x02", keyframe=False))
    with camera:
        camera.sendall(ACCEPTED + tag(configuration) + picture * 100)
        _, failure = read(stream)
    assert "keyframe for 30 s" in str(failure)


def test_a_keyframe_may_come_late_while_pictures_come(make: Make, tmp_path: Path) -> None:
    wire = make(read_timeout_s=0.3)
    configuration, keyframe, *_ = video_tags(write_clip(tmp_path / "clip.flv", 1))
    wire.camera.sendall(ACCEPTED + tag(configuration.body))
    waiting = [tag(avc_picture(b"\x41\x9a\x02", keyframe=False))] * 50
    with sending(wire, *waiting, tag(keyframe.body)):
        items, failure = read(wire.stream)
    assert [type(item) for item in items] == [VideoFormat, AccessUnit]
    assert "has stalled" in str(failure)


def test_closing_ends_a_wait_at_once(wire: Wire, video: bytes) -> None:
    wire.camera.sendall(ACCEPTED + video)
    items = wire.stream.items()
    assert sum(1 for _ in itertools.islice(items, 7)) == 7
    started = time.monotonic()
    closing = threading.Timer(0.05, wire.stream.close)
    closing.start()
    assert list(items) == []
    assert time.monotonic() - started < 0.5
    closing.join()
    wire.stream.close()
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(wire.descriptor)


def test_closing_before_anything_was_read(wire: Wire) -> None:
    wire.stream.close()
    wire.stream.close()
    assert list(wire.stream.items()) == []
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(wire.descriptor)


def test_a_reader_that_goes_away_closes_the_connection(wire: Wire, video: bytes) -> None:
    wire.camera.sendall(ACCEPTED + video)
    items = wire.stream.items()
    next(items)
    del items
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(wire.descriptor)


def test_every_second_the_caller_can_look_around(wire: Wire) -> None:
    started = time.monotonic()
    assert next(wire.stream.items()) is None
    assert 0.9 < time.monotonic() - started < 1.5


@given(st.binary(max_size=300), st.sampled_from([b"", HANDSHAKE, ACCEPTED]))
def test_any_bytes_end_in_a_sentence(data: bytes, before: bytes) -> None:
    camera, ours = socket.socketpair()
    with camera:
        stream = RtmpStream(ours.detach, parse_address(ADDRESS), SystemClock())
        camera.sendall(before + data)
        camera.shutdown(socket.SHUT_WR)
        assert "hunter2" not in str(read(stream)[1])


def read(stream: RtmpStream) -> tuple[list[VideoFormat | AccessUnit], SourceError]:
    """Return what came, and why no more does."""
    items: list[VideoFormat | AccessUnit] = []
    try:
        for item in stream.items():
            items += [item] if item is not None else []
    except SourceError as failure:
        return items, failure
    raise AssertionError


@contextlib.contextmanager
def sending(wire: Wire, *pieces: bytes, pause_s: float = 0.01) -> Iterator[None]:
    """Let the camera send one piece after the other."""
    stop = threading.Event()

    def send() -> None:
        with contextlib.suppress(OSError):
            for piece in pieces:
                wire.camera.sendall(piece)
                if stop.wait(pause_s):
                    return

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=10)
