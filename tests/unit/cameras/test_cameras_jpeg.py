"""What a JPEG says of itself."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securevision.cameras.jpeg import from_start, jpeg_size


def segment(kind: int, payload: bytes) -> bytes:
    return bytes([0xFF, kind]) + struct.pack(">H", 2 + len(payload)) + payload


def frame_header(width: int, height: int, kind: int = 0xC0) -> bytes:
    return segment(kind, struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\x00")


def picture(*segments: bytes, data: bytes = b"\x12\xff\x00\x34\xff\xd0\x56") -> bytes:
    return b"\xff\xd8" + b"".join(segments) + segment(0xDA, b"\x01\x01\x00\x00\x3f\x00") + data + b"\xff\xd9"


THUMBNAIL = segment(0xE1, b"Exif\0\0" + picture(frame_header(16, 16)))


@pytest.mark.parametrize(
    "made",
    [
        picture(frame_header(640, 480)),
        picture(segment(0xE0, b"JFIF\0"), THUMBNAIL, b"\xff\xff" + frame_header(640, 480)),
        picture(frame_header(640, 480, 0xC2), data=segment(0xDA, bytes(8)) * 50),
    ],
)
def test_the_size_of_a_jpeg(made: bytes) -> None:
    assert jpeg_size(made) == (640, 480)


@pytest.mark.parametrize(
    "made",
    [
        b"",
        b"\xff\xd8",
        b"GIF89a" + bytes(100),
        picture(),
        picture(frame_header(0, 480)),
        picture(frame_header(640, 0)),
        picture(frame_header(640, 480, 0xC3)),  # without loss
        picture(frame_header(640, 480, 0xC9)),  # arithmetic coding
        picture(frame_header(640, 480), frame_header(60_000, 60_000)),
        picture(frame_header(640, 480), data=frame_header(60_000, 60_000)),
        picture(frame_header(640, 480), data=segment(0xDA, bytes(8)) * 101),
        picture(segment(0xE0, b"") * 2000, frame_header(640, 480)),
        picture(b"\x00" + frame_header(640, 480)),
        picture(frame_header(640, 480))[:20],
        b"\xff\xd8" + b"\xff" * 100_000,
        b"\xff\xd8" + b"\xff\xe0\x00\x00" * 50_000,
    ],
)
def test_what_is_no_jpeg_that_is_decoded(made: bytes) -> None:
    assert jpeg_size(made) is None


@given(st.binary(max_size=80).map(lambda data: b"\xff\xd8" + data))
def test_any_bytes_have_a_size_or_none(data: bytes) -> None:
    size = jpeg_size(data)
    assert size is None or min(size) > 0


def test_what_firmware_writes_before_a_picture_is_left_out() -> None:
    made = picture(frame_header(640, 480))
    assert from_start(b"\r\n\r\nContent-Length: 5\r\n\r\n" + made) == made
    assert from_start(made) == made
    assert from_start(b"nothing") == b"nothing"
