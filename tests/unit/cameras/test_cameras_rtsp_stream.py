import os
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.codeccontext import VideoCodecContext
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes import watching_process
from fakes.camera import Camera
from fakes.clips import write_clip, write_raw
from fakes.clock import FakeClock
from fakes.rtp_packets import Packetiser, access_units, interleaved, rtp
from fakes.rtsp_camera import PairedCamera, canned, described, opening
from fakes.scripted_camera import self_signed
from securevision.cameras.addresses import parse_address
from securevision.cameras.rtsp_stream import RtspStream
from securevision.clock import SystemClock
from securevision.domain.frames import Pixels
from securevision.domain.ports.clock import Clock
from securevision.domain.video import AccessUnit, VideoFormat
from securevision.errors import SourceError, SourceRefused

ADDRESS = "rtsp://admin:p%40ss@camera.local/stream?token=hunter2"
WATCHER = str(Path(watching_process.__file__))
RTCP = interleaved(b"\x80\xc8\x00\x06" + b"\0" * 24, 1)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_raw(tmp_path_factory.mktemp("raw") / "clip.h264", 20)


@pytest.fixture(scope="module")
def video(clip: Path) -> list[bytes]:
    """Return the pictures of a clip, each as the bytes that a camera sends."""
    pictures = Packetiser("h264", 300).pictures(access_units("h264", clip.read_bytes()))
    return [b"".join(map(interleaved, picture)) for picture in pictures]


def stream_of(
    descriptor: int, clock: Clock | None = None, *, address: str = ADDRESS, limit_s: float = 5.0
) -> RtspStream:
    return RtspStream(
        lambda: descriptor,
        parse_address(address),
        clock or SystemClock(),
        open_timeout_s=limit_s,
        read_timeout_s=limit_s,
    )


def pictures_in(items: Sequence[VideoFormat | AccessUnit]) -> list[Pixels]:
    """Decode what a stream gave, of which nothing may be damaged."""
    assert isinstance(items[0], VideoFormat)
    decoder = av.CodecContext.create(items[0].codec, "r")
    assert isinstance(decoder, VideoCodecContext)
    units = [item for item in items if isinstance(item, AccessUnit)]
    assert not any(each.damaged for each in units)
    frames = [frame for unit in units for frame in decoder.decode(av.Packet(unit.data))] + decoder.decode(
        None
    )
    assert len(frames) == len(units)
    return [np.asarray(frame.to_ndarray(format="bgr24"), np.uint8) for frame in frames]


def shows(items: Sequence[VideoFormat | AccessUnit], clip: Path, count: int = 20) -> bool:
    """Say whether a stream gave the first pictures of a clip, so many of them, to the last pixel."""
    with av.open(str(clip)) as container:
        whole = [np.asarray(each.to_ndarray(format="bgr24"), np.uint8) for each in container.decode(video=0)]
    seen = pictures_in(items)
    return len(seen) == count and all(map(np.array_equal, seen, whole[:count]))


def outcome(stream: RtspStream) -> str:
    """Return how a stream ends."""
    with pytest.raises(SourceError) as raised:
        list(stream.items())
    text = str(raised.value)
    assert not any(secret in text for secret in ("admin", "p@ss", "p%40ss", "hunter2"))
    return text


def connected(camera: Camera) -> int:
    return socket.create_connection(("127.0.0.1", camera.port)).detach()


@pytest.mark.needs_rtsp
@pytest.mark.parametrize(("suffix", "method"), [(".h264", "basic"), (".h264", "digest"), (".h265", "-")])
def test_the_pictures_of_a_camera_are_those_of_its_file(tmp_path: Path, suffix: str, method: str) -> None:
    clip = write_raw(tmp_path / f"clip{suffix}", 30)
    with Camera(clip, method=method) as camera:
        stream = stream_of(connected(camera), address=camera.address())
        items = [item for item in islice(stream.items(), 1 + 10) if item is not None]
        stream.close()
    assert shows(items, clip, 10)
    units = [item for item in items if isinstance(item, AccessUnit)]
    assert [(each.pts or 0) - (units[0].pts or 0) for each in units] == pytest.approx(
        [6000 * index for index in range(10)], abs=1
    )


@pytest.mark.needs_rtsp
def test_a_picture_sent_in_slices_comes_whole(tmp_path: Path) -> None:
    clip = write_clip(
        tmp_path / "clip.h264",
        30,
        container_format="h264",
        size=(640, 384),
        options={"aud": "1", "x264-params": "slices=8", "crf": "1"},
    )
    with Camera(clip) as camera:
        stream = stream_of(connected(camera), address=camera.address())
        items = [item for item in islice(stream.items(), 1 + 10) if item is not None]
        stream.close()
    assert shows(items, clip, 10)


@pytest.mark.needs_rtsp
@pytest.mark.parametrize("method", ["basic", "digest"])
def test_a_wrong_password_and_an_unknown_path_are_refused(raw_h264: Path, method: str) -> None:
    with Camera(raw_h264, method=method) as camera:
        for address, sentence in (
            (camera.address(password="p@ssWrong"), "refuses the user name or password"),
            (camera.address(path="nothing"), "has no such stream"),
            (f"rtsp://127.0.0.1:{camera.port}/stream", "wants a user name and password"),
        ):
            with pytest.raises(SourceRefused, match=sentence):
                list(stream_of(connected(camera), address=address).items())


LINES = b"m=video 0 RTP/AVP 96\na=rtpmap:96 h264/90000\n"
ODD = [
    b"RTSP/1.0 404\n\n",
    b"RTSP/1.0 200 OK\nCONTENT-length:%d\n\n%s" % (len(LINES), LINES),
    b"\r\nrtsp/1.0 200\r\nSESSION:42\r\nTRANSPORT:RTP/AVP/TCP;unicast\r\n\r\n",
    b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nRTP-Info: url=trackID=1;seq=1\r\nno colon\r\n\r\n",
]


def watched(stream: RtspStream) -> list[VideoFormat | AccessUnit]:
    """Return what comes until the camera hangs up."""
    items: list[VideoFormat | AccessUnit] = []
    try:
        items.extend(item for item in stream.items() if item is not None)
    except SourceError as error:
        assert "ended the connection" in str(error)  # noqa: PT017 - what came before it counts
    return items


@pytest.mark.parametrize("answers", [opening(), ODD])
def test_firmware_of_many_kinds_is_understood(clip: Path, video: list[bytes], answers: list[bytes]) -> None:
    def play(camera: PairedCamera) -> None:
        camera.say(RTCP + b"".join(video) + RTCP)
        camera.hang_up()

    with PairedCamera(answers, play) as camera:
        items = watched(stream_of(camera.descriptor))
    assert shows(items, clip)
    assert camera.methods == ["OPTIONS", "DESCRIBE", "SETUP", "PLAY", "TEARDOWN"]


@pytest.mark.parametrize(
    "last", [b"".join(opening()[3:]), b"", b"RTSP/1.0 200 OK\r\n\r\nOPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n"]
)
def test_pictures_may_come_before_a_camera_says_that_it_plays(
    clip: Path, video: list[bytes], last: bytes
) -> None:
    descriptor, camera = canned(
        b"".join(opening()[:3]) + b"".join(video[:5]) + last + RTCP + b"".join(video[5:])
    )
    with camera:
        assert shows(watched(stream_of(descriptor)), clip)


def test_speaking_tls(tmp_path: Path, clip: Path, video: list[bytes]) -> None:
    def play(camera: PairedCamera) -> None:
        camera.say(b"".join(video))
        camera.hear()

    with PairedCamera(opening(), play, tls=self_signed(tmp_path)) as camera:
        stream = stream_of(camera.descriptor, address="rtsps://camera.local/x")
        items = [item for item in islice(stream.items(), 1 + 20) if item is not None]
        stream.close()
    assert shows(items, clip)


def test_nothing_is_opened_while_watching(tmp_path: Path, video: list[bytes]) -> None:
    """A sealed process has neither files nor sockets of its own, and Python opens files when nobody expects it."""

    def play(camera: PairedCamera) -> None:
        camera.say(b"".join(video))
        camera.hang_up()

    for tls, address in ((None, ADDRESS), (self_signed(tmp_path), "rtsps://camera.local/stream")):
        answers = [b"RTSP/1.0 401 No\r\nWWW-Authenticate: Digest nonce=x\r\n\r\n"] * (tls is None) + opening()
        with PairedCamera(answers, play, tls=tls) as camera:
            command = [sys.executable, WATCHER, str(camera.descriptor), address]
            done = subprocess.run(
                command, pass_fds=[camera.descriptor], capture_output=True, timeout=30, check=False
            )
            os.close(camera.descriptor)
        assert done.stderr == b""
        assert done.stdout.startswith(b"20 ")


def drip(camera: PairedCamera) -> None:
    while not camera.leave.wait(0.02):
        camera.say(b"x")


@pytest.mark.parametrize(
    "answers", [[], opening()[:1], [b"RTSP/1.0 200 OK\r\nX: "], [*opening()[:3], b"$\0\xff\xff"]]
)
def test_a_camera_must_open_in_time_however_slowly_it_speaks(answers: list[bytes]) -> None:
    begin = time.monotonic()
    then = drip if answers and not answers[-1].endswith(b"\n") else None
    with PairedCamera(answers, then) as camera:
        assert "gave no answer within 0.4 s" in outcome(stream_of(camera.descriptor, limit_s=0.4))
        assert time.monotonic() - begin < 2.0


def test_a_handshake_must_end_in_time() -> None:
    with PairedCamera([b""] * 100) as camera:
        stream = stream_of(camera.descriptor, address="rtsps://camera.local/x", limit_s=0.3)
        assert "gave no answer within 0.3 s" in outcome(stream)


def test_a_camera_that_speaks_without_pictures_has_stalled(video: list[bytes]) -> None:
    def play(camera: PairedCamera) -> None:
        camera.say(b"".join(video))
        while not camera.leave.wait(0.02):
            camera.say(RTCP)

    with PairedCamera(opening(), play) as camera:
        assert "has stalled: no picture came for 0.3 s" in outcome(stream_of(camera.descriptor, limit_s=0.3))


def test_a_camera_that_plays_without_saying_so_is_open(video: list[bytes]) -> None:
    with PairedCamera(opening()[:3], lambda camera: camera.say(b"".join(video))) as camera:
        assert "has stalled" in outcome(stream_of(camera.descriptor, limit_s=0.3))


def test_what_comes_on_other_channels_is_not_video(clip: Path, video: list[bytes]) -> None:
    sound = interleaved(rtp(1, 5, b"\x41\x9asound"), 2)
    descriptor, camera = canned(b"".join(opening()) + sound.join(video))
    with camera:
        assert shows(watched(stream_of(descriptor)), clip)


def test_a_camera_that_says_nothing_has_stalled_and_time_is_told_meanwhile(video: list[bytes]) -> None:
    with PairedCamera(opening(), lambda camera: camera.say(b"".join(video))) as camera:
        stream = stream_of(camera.descriptor, limit_s=1.5)
        items = stream.items()
        seen = list(islice(items, 21))
        assert None not in seen
        assert next(items) is None
        with pytest.raises(SourceError, match="has stalled"):
            list(items)


def test_whoever_takes_the_pictures_slowly_does_not_make_it_stall(video: list[bytes]) -> None:
    clock = FakeClock()
    descriptor, camera = canned(b"".join(opening() + video))
    with camera:
        items = stream_of(descriptor, clock).items()
        for _ in range(21):
            assert next(items) is not None
            clock.advance(100.0)
        with pytest.raises(SourceError, match="ended the connection"):
            next(items)


def test_a_camera_without_keyframes_is_told(video: list[bytes]) -> None:
    clock = FakeClock()

    def play(camera: PairedCamera) -> None:
        pictures = cycle(video[1:15])
        while not camera.leave.wait(0.005):
            camera.say(next(pictures))
            clock.advance(1.0)

    with PairedCamera(opening(), play) as camera:
        stream = RtspStream(
            lambda: camera.descriptor,
            parse_address(ADDRESS),
            clock,
            open_timeout_s=1000.0,
            read_timeout_s=20.0,
        )
        assert "sent no whole keyframe for 30 s" in outcome(stream)


def test_a_camera_is_told_that_we_are_still_here(video: list[bytes]) -> None:
    clock = FakeClock()
    camera, viewer = socket.socketpair()
    with camera:
        items = RtspStream(viewer.detach, parse_address(ADDRESS), clock, read_timeout_s=1000.0).items()
        camera.sendall(b"".join(opening() + video[:10]))
        assert len(list(islice(items, 11))) == 11
        for seconds, picture in ((0.0, video[10]), (29.0, video[11])):
            clock.advance(seconds)
            camera.sendall(picture)
            assert isinstance(next(items), AccessUnit)
        assert b"GET_PARAMETER" not in camera.recv(1 << 16)
        clock.advance(1.0)
        camera.sendall(b"RTSP/1.0 200 OK\r\n\r\n" + video[12])
        assert isinstance(next(items), AccessUnit)
        assert camera.recv(1 << 16).startswith(b"GET_PARAMETER ")
        del items


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("when", [0, 21])
def test_closing_ends_any_wait_at_once(tmp_path: Path, video: list[bytes], tls: bool, when: int) -> None:
    secured = self_signed(tmp_path) if tls else None
    address = "rtsps://camera.local/x" if tls else ADDRESS
    answers = opening() if when else opening()[:1]
    with PairedCamera(
        answers, lambda camera: camera.say(b"".join(video)) if when else None, tls=secured
    ) as camera:
        stream = stream_of(camera.descriptor, address=address, limit_s=60.0)
        seen: list[object] = []
        reached, ended = threading.Event(), threading.Event()

        def watch() -> None:
            for item in stream.items():
                seen.append(item)
                if len(seen) == when:
                    reached.set()
            ended.set()

        thread = threading.Thread(target=watch)
        thread.start()
        if when:
            assert reached.wait(5.0)
        else:
            while not camera.requests:
                assert not ended.wait(0.01)
        begin = time.monotonic()
        stream.close()
        assert ended.wait(5.0)
        assert time.monotonic() - begin < 0.5
        thread.join()
        stream.close()


def is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def test_the_connection_is_closed_however_it_ends(video: list[bytes]) -> None:
    said = b"".join(opening() + video)
    never, (descriptor, camera) = canned(said), canned(said)
    with camera, never[1]:
        for stream, taken in ((stream_of(never[0]), 0), (stream_of(descriptor), 3)):
            items = stream.items()
            assert len(list(islice(items, taken))) == taken
            stream.close()
            if taken:
                del items
            stream.close()
            assert list(stream.items()) == []
        assert not is_open(never[0])
        assert not is_open(descriptor)


def test_leaving_says_goodbye(video: list[bytes]) -> None:
    with PairedCamera(opening(), lambda camera: camera.say(b"".join(video))) as camera:
        items = stream_of(camera.descriptor).items()
        next(items)
        del items
        camera.leave.wait(0.01)
    assert camera.methods[-1] == "TEARDOWN"


def test_a_reset_is_the_end(video: list[bytes]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        descriptor = socket.create_connection(listener.getsockname()).detach()
        camera, _ = listener.accept()
    camera.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    camera.sendall(b"".join(opening() + video))
    items = stream_of(descriptor).items()
    assert len(list(islice(items, 21))) == 21
    camera.close()
    with pytest.raises(SourceError, match="ended the connection"):
        next(items)


def test_a_connection_that_broke_before_tls_began_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        viewer = socket.create_connection(listener.getsockname())
        camera, _ = listener.accept()
    camera.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    camera.close()
    descriptor = viewer.detach()
    with pytest.raises(SourceError, match="ended the connection"):
        list(stream_of(descriptor, address="rtsps://camera.local/x").items())
    assert not is_open(descriptor)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "something that is not RTSP"),
        (b"220 ftp ready\r\n", "something that is not RTSP"),
        (b"", "ended the connection"),
        (b"".join(opening()) + b"\0\0\0\0\0\0", "something that is not RTSP"),
        (b"RTSP/1.0 302 Moved\r\nLocation: rtsp://a/\r\n\r\n", "sends us on to another address"),
        (
            b"".join(opening()[:1]) + b"RTSP/1.0 401 No\r\nWWW-Authenticate: Basic\r\n\r\n" * 2,
            "refuses the user name",
        ),
        (b"".join(opening()[:1]) + described(b"JPEG"), "use H.264 or H.265"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(said: bytes, sentence: str) -> None:
    descriptor, camera = canned(said)
    with camera:
        assert sentence in outcome(stream_of(descriptor))


def test_a_host_that_tls_cannot_name_is_not_named(tmp_path: Path, clip: Path, video: list[bytes]) -> None:
    with PairedCamera(
        opening(), lambda camera: camera.say(b"".join(video)), tls=self_signed(tmp_path)
    ) as camera:
        stream = stream_of(camera.descriptor, address=f"rtsps://{'a' * 70}/x")
        items = [item for item in islice(stream.items(), 1 + 20) if item is not None]
        stream.close()
    assert shows(items, clip)


@given(st.binary(max_size=300), st.integers(0, 4), st.booleans())
@settings(max_examples=50)
def test_no_bytes_end_in_anything_but_a_sentence(said: bytes, good: int, framed: bool) -> None:
    rest = b"".join(interleaved(said[at : at + 40]) for at in range(0, len(said), 40)) if framed else said
    descriptor, camera = canned(b"".join(opening()[:good]) + rest)
    with camera:
        outcome(stream_of(descriptor))


@given(st.data())
@settings(max_examples=50)
def test_flipped_bits_end_in_nothing_but_a_sentence(video: list[bytes], data: st.DataObject) -> None:
    said = bytearray(b"".join(opening() + video))
    for at in data.draw(st.lists(st.integers(0, len(said) - 1), max_size=20)):
        said[at] ^= 1 << data.draw(st.integers(0, 7))
    descriptor, camera = canned(bytes(said[: data.draw(st.integers(0, len(said)))]))
    with camera:
        outcome(stream_of(descriptor))
