import os
import re
import struct
import time
import tracemalloc
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from securevision.errors import InvalidInput
from securevision.recognition.images import MAX_BYTES, decode_image, read_bytes, read_image
from securevision.recognition.picture_headers import NotAPicture, PictureSize, picture_size

NAME = Path("photo.jpg")
KINDS = [
    (".jpg", []),
    (".jpg", [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]),
    (".jpg", [cv2.IMWRITE_JPEG_RST_INTERVAL, 2]),
    (".png", []),
    (".webp", [cv2.IMWRITE_WEBP_QUALITY, 80]),
    (".webp", [cv2.IMWRITE_WEBP_QUALITY, 101]),
]
kinds = st.sampled_from(KINDS)


def encoded(kind: tuple[str, list[int]], width: int, height: int, channels: int = 3) -> bytes:
    drawn = np.random.default_rng(width * 1000 + height).integers(0, 256, (height, width, channels), np.uint8)
    suffix, options = kind
    return bytes(cv2.imencode(suffix, drawn, options)[1].tobytes())


def png(width: int, height: int, *more: tuple[bytes, bytes]) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), *more, (b"IDAT", zlib.compress(bytes(64))), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )


def webp(kind: bytes, body: bytes) -> bytes:
    chunk = b"WEBP" + kind + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", len(chunk)) + chunk


def refused(data: bytes) -> str:
    """Return the sentence with which a picture is refused, before much memory was taken."""
    tracemalloc.start()
    try:
        with pytest.raises(InvalidInput) as caught:
            decode_image(data, NAME)
        assert tracemalloc.get_traced_memory()[1] < 4_000_000 + 2 * len(data)
    finally:
        tracemalloc.stop()
    sentence = str(caught.value)
    assert sentence.startswith("photo.jpg ")
    assert "\n" not in sentence
    return sentence


@given(kinds, st.integers(1, 300), st.integers(1, 300), st.sampled_from([1, 3]))
def test_the_header_says_what_the_decoder_then_finds(
    kind: tuple[str, list[int]], width: int, height: int, channels: int
) -> None:
    data = encoded(kind, width, height, channels)
    assert picture_size(data) == PictureSize(width, height)
    assert decode_image(data, NAME).shape == (height, width, 3)


@given(st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF"]), st.binary(max_size=200))
def test_any_bytes_are_a_picture_or_refused_with_one_kind_of_error(begin: bytes, rest: bytes) -> None:
    try:
        size = picture_size(begin + rest)
    except NotAPicture:
        return
    assert size.width > 0
    assert size.height > 0


@given(kinds, st.data())
def test_a_damaged_picture_is_read_or_refused_in_one_sentence(
    kind: tuple[str, list[int]], data: st.DataObject
) -> None:
    picture = bytearray(encoded(kind, 40, 30))
    for _ in range(data.draw(st.integers(1, 4))):
        picture[data.draw(st.integers(0, len(picture) - 1))] = data.draw(st.integers(0, 255))
    sentence = ""
    try:
        assert decode_image(bytes(picture), NAME).dtype == np.uint8
    except InvalidInput as error:
        sentence = str(error)
    assert re.fullmatch(r"(photo\.jpg [^\n]*\.)?", sentence)


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_that_is_cut_off_anywhere_is_refused(kind: tuple[str, list[int]]) -> None:
    data = encoded(kind, 40, 30)
    for length in range(0, len(data) - 2, 7):
        with pytest.raises(InvalidInput, match="not a picture that can be read"):
            decode_image(data[:length], NAME)


@pytest.mark.parametrize(
    "bomb",
    [
        png(30_000, 30_000),
        png(2**31 - 1, 2**31 - 1),
        png(40_000_001, 1),
        webp(b"VP8X", b"\0\0\0\0" + b"\xff\xff\xff" * 2),
        webp(b"VP8L", b"\x2f\xff\xff\xff\x0f"),
        webp(b"VP8 ", b"\0\0\0\x9d\x01\x2a\xff\x3f\xff\x3f"),
        b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x11\x08\xff\xff\xff\xff\x03\xff\xda\x00\x02\xff\xd9",
        b"\xff\xd8\xff\xc2\x00\x11\x08\xff\xff\xff\xff\x03\xff\xda\x00\x02\xff\xd9",
    ],
)
def test_a_picture_bomb_is_refused_before_it_is_decoded(bomb: bytes) -> None:
    assert "more than 40 megapixels; scale it down." in refused(bomb)


def test_a_jpeg_that_is_passed_over_thousands_of_times_is_refused() -> None:
    picture = encoded((".jpg", [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]), 600, 400)
    scan = picture[picture.rfind(b"\xff\xda") : -2]
    assert "not a picture" in refused(picture[:-2] + scan * 2000 + b"\xff\xd9")


@pytest.mark.parametrize(
    "other",
    [
        b"GIF89a\x01\x00\x01\x00\x00\x00\x00;",
        b"II*\x00\x08\x00\x00\x00",
        b"MM\x00*\x00\x00\x00\x08",
        b"BM" + bytes(60),
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"P6\n99999 99999\n255\n",
        b"#?RADIANCE\n",
        b"\x76\x2f\x31\x01\x02\x00\x00\x00",
        b"\x00\x00\x00\x0cjP  \r\n\x87\n",
        b"\x00\x00\x00\x1cftypavif",
        b"#EXTM3U\nfile:///etc/passwd\n",
        b"RIFF\x04\x00\x00\x00AVI ",
    ],
)
def test_another_kind_of_file_never_reaches_a_decoder(other: bytes) -> None:
    assert "not a picture that can be read; use a JPEG or PNG picture." in refused(other)
    with pytest.raises(NotAPicture):
        picture_size(other)


def test_what_opencv_could_read_beyond_the_three_kinds_is_refused_too() -> None:
    for suffix in (".bmp", ".tiff", ".ppm"):
        assert "not a picture" in refused(encoded((suffix, []), 20, 10))


@pytest.mark.parametrize(
    "spun",
    [
        b"\xff\xd8" + b"\xff" * 3_000_000,
        b"\xff\xd8" + b"\xff\xd0" * 1_500_000,
        b"\xff\xd8" + b"\xff\xe0\x00\x02" * 750_000,
        b"\xff\xd8" + b"\xff\xe0\x00\x00" * 750_000,
        b"\xff\xd8\xff" + b"\xda\xff" * 1_500_000,
        png(8, 8, *[(b"tEXt", b"")] * 200_000),
    ],
)
def test_a_header_without_end_takes_no_time(spun: bytes) -> None:
    begin = time.process_time()
    with pytest.raises(NotAPicture):
        picture_size(spun)
    assert time.process_time() - begin < 2.0


def test_a_photo_is_turned_upright() -> None:
    photo = encoded((".jpg", []), 40, 20)
    exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
    turned = photo[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + photo[2:]
    assert picture_size(turned) == PictureSize(40, 20)
    assert decode_image(turned, NAME).shape == (40, 20, 3)


def test_nothing_is_read_but_files_of_a_sane_size(tmp_path: Path) -> None:
    large = tmp_path / "large.jpg"
    with large.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "empty.jpg").touch()
    for path, hint in [
        (large, "more than 64 MiB"),
        (tmp_path / "pipe.jpg", "is not a file"),
        (Path("/dev/zero"), "is not a file"),
        (tmp_path, "is a directory"),
        (tmp_path / "empty.jpg", "is empty"),
        (tmp_path / "missing.jpg", "does not exist"),
        (tmp_path / "missing.jpg" / "more", "does not exist|Not a directory"),
    ]:
        with pytest.raises(InvalidInput, match=hint):
            read_bytes(path)


def test_a_broken_picture_says_nothing_but_its_sentence(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    data = bytearray(encoded((".png", []), 40, 30))
    data[-30] ^= 0xFF
    for number, content in enumerate(
        (bytes(data), bytes(data[:200]), b"\xff\xd8\xff broken", webp(b"VP8X", bytes(10)))
    ):
        path = tmp_path / str(number)
        path.write_bytes(content)
        with pytest.raises(InvalidInput):
            read_image(path)
    assert capfd.readouterr() == ("", "")
