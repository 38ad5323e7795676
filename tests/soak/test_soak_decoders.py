"""The libraries that decode, given damaged pictures, videos and answers: what they cannot use is refused in words.

They are written in C: an error of theirs may end the process, and with it this run.
"""

import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.clips import write_clip, write_raw
from fakes.clock import FakeClock
from fakes.pictures import pictures_of, pixels_of
from fakes.scripted_camera import ScriptedCamera
from securevision.cameras.addresses import parse_address
from securevision.cameras.backoff import BackoffConfig
from securevision.cameras.camera_source import CameraSource
from securevision.cameras.connecting import open_descriptor
from securevision.cameras.network_policy import NetworkPolicy
from securevision.cameras.rtsp_stream import RtspStream
from securevision.cameras.sources import make_source
from securevision.clock import SystemClock
from securevision.domain.frames import SourceState
from securevision.domain.ports.cameras import FrameSource
from securevision.domain.ports.clock import Clock
from securevision.errors import InvalidInput, SourceError
from securevision.recognition.images import MAX_PIXELS, decode_image

CANARY = "Zq7Xj9Wv"
damage = st.lists(
    st.tuples(
        st.floats(0, 1, exclude_max=True),
        st.sampled_from([b"", b"\x00", b"\xff", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff"])
        | st.binary(max_size=8),
        st.integers(0, 16),
    ),
    min_size=1,
    max_size=8,
)
lines = st.sampled_from(
    [
        b"RTSP/1.0 200 OK\r\n",
        b"RTSP/1.0 401 Unauthorized\r\n",
        b"RTSP/1.0 302 Found\r\n",
        b"OPTIONS * RTSP/1.0\r\n",
        b"CSeq: 1\r\n",
        b"Public: DESCRIBE, SETUP, PLAY\r\n",
        b'WWW-Authenticate: Digest realm="x", nonce="y"\r\n',
        b'WWW-Authenticate: Basic realm="x"\r\n',
        b"Content-Type: application/sdp\r\n",
        b"Content-Length: 4294967295\r\n",
        b"Content-Length: 60\r\n",
        b"Session: 1;timeout=1\r\n",
        b"Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n",
        b"Content-Base: rtsp://127.0.0.1/x/\r\n",
        b"\r\n",
        b"v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:track1\r\n",
        b"$\x00\x00\x0c\x80\x60\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00",
        b"$\x01\xff\xff",
    ]
)


def damaged(whole: bytes, changes: list[tuple[float, bytes, int]]) -> bytes:
    """Return the bytes with pieces replaced, put in or taken out."""
    data = bytearray(whole)
    for place, piece, length in changes:
        at = int(place * len(data))
        data[at : at + length] = piece
    return bytes(data)


def open_source(text: str, clock: Clock, fps: float) -> FrameSource:
    address = parse_address(text)
    return make_source(address, lambda: open_descriptor(address, NetworkPolicy(), None), clock, fps=fps)


@pytest.fixture(scope="module")
def pictures() -> list[bytes]:
    drawn = np.random.default_rng(1).integers(0, 256, (48, 64, 3), np.uint8)
    progressive = [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]
    kinds = [(".jpg", []), (".jpg", progressive), (".png", []), (".webp", [cv2.IMWRITE_WEBP_QUALITY, 70])]
    kinds.append((".webp", [cv2.IMWRITE_WEBP_QUALITY, 101]))
    return [bytes(cv2.imencode(suffix, drawn, options)[1].tobytes()) for suffix, options in kinds]


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    directory = tmp_path_factory.mktemp("clips")
    paths = [write_raw(directory / f"clip{suffix}", 6) for suffix in (".h264", ".h265")]
    codecs = {"mp4": "libx264", "mkv": "libx265", "avi": "mpeg4", "ts": "libx264", "webm": "libvpx-vp9"}
    paths += [write_clip(directory / f"clip.{suffix}", 6, codec=codec) for suffix, codec in codecs.items()]
    return {path.suffix: path.read_bytes() for path in paths}


@given(st.data(), damage)
def test_a_damaged_picture(
    pictures: list[bytes], data: st.DataObject, changes: list[tuple[float, bytes, int]]
) -> None:
    sentence = ""
    try:
        pixels = decode_image(damaged(data.draw(st.sampled_from(pictures)), changes), Path("photo"))
        assert pixels.shape[0] * pixels.shape[1] <= MAX_PIXELS
    except InvalidInput as error:
        sentence = str(error)
    assert re.fullmatch(r"(photo [^\n]*\.)?", sentence)


@given(st.data(), damage)
def test_a_damaged_video(
    clips: dict[str, bytes],
    tmp_path_factory: pytest.TempPathFactory,
    data: st.DataObject,
    changes: list[tuple[float, bytes, int]],
) -> None:
    suffix = data.draw(st.sampled_from(sorted(clips)))
    path = tmp_path_factory.getbasetemp() / f"damaged{suffix}"
    path.write_bytes(damaged(clips[suffix], changes))
    sentence = ""
    try:
        for picture in pictures_of(open_source(str(path), FakeClock(), 60.0)):
            assert pixels_of(picture).ndim == 3
    except SourceError as error:
        sentence = str(error)
    assert "\n" not in sentence


@given(st.lists(lines | st.binary(max_size=40), max_size=12))
def test_a_camera_that_answers_anything(answers: list[bytes]) -> None:
    with ScriptedCamera(b"".join(answers)) as camera:
        address, clock = parse_address(f"rtsp://admin:{CANARY}@127.0.0.1:{camera.port}/x"), SystemClock()

        def connect() -> int:
            return open_descriptor(address, NetworkPolicy(allow_loopback=True), None)

        def open_stream() -> RtspStream:
            return RtspStream(connect, address, clock, open_timeout_s=0.2, read_timeout_s=0.2)

        patient = BackoffConfig(first_s=30.0, cap_s=30.0, refused_s=30.0)
        source = CameraSource(open_stream, address.display, clock, fps=5.0, backoff=patient)
        items = source.items()
        while source.status.state in (SourceState.CONNECTING, SourceState.LIVE, SourceState.STALLED):
            next(items)
        status = source.status
        source.close()
    assert status.detail.endswith(".")
    assert CANARY not in status.detail
