"""What the first bytes of a picture say of it, before any of it is decoded."""

import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

_MAX_SCANS = 100
"""Passes over a progressive JPEG, each of which costs time for the whole picture; encoders make about ten."""
_MAX_PARTS = 100_000
"""Segments of a JPEG before its first scan, or chunks of a PNG."""
_SIGNATURE_PNG = b"\x89PNG\r\n\x1a\n"
_CHUNK_PNG = struct.Struct(">I4s")

# Markers of a JPEG (ITU-T T.81, table B.1): those that hold its size, those without a length, the begin of a scan.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ALONE = frozenset(range(0xD0, 0xD9)) | {0x01}
_SCAN = 0xDA

# Begin of the picture data of a WebP (RFC 9649, 2.5 and 3.4; RFC 6386, 9.1), and what its sizes have.
_LOSSLESS = 0x2F
_KEY_FRAME = b"\x9d\x01\x2a"
_14_BITS = 0x3FFF


class NotAPicture(Exception):
    """The bytes are no JPEG, PNG or WebP picture, or only the beginning of one."""


@dataclass(frozen=True, slots=True)
class PictureSize:
    """Width and height in pixels, as they are stored: a photo may be turned when it is decoded."""

    width: int
    height: int


def picture_size(data: bytes) -> PictureSize:
    """Return the size that a JPEG, PNG or WebP picture says it has. Raises NotAPicture.

    Also raised for one that is cut off, or that takes far more work than its size tells. What is in the
    picture data itself is not looked at. Takes time linear in the length.
    """
    for signature, read in _READERS.items():
        if data.startswith(signature):
            try:
                size = read(data)
            except (IndexError, struct.error):
                raise NotAPicture from None
            if size.width > 0 and size.height > 0:
                return size
    raise NotAPicture


def _jpeg(data: bytes) -> PictureSize:
    # The end of the picture is after its last scan; a thumbnail before it has an end of its own.
    if data.count(b"\xff\xda") > _MAX_SCANS or data.rfind(b"\xff\xd9") < data.rfind(b"\xff\xda"):
        raise NotAPicture
    at = 2
    for _ in range(_MAX_PARTS):
        if data[at] != 0xFF:  # noqa: PLR2004 - each marker begins with it
            break
        while data[at] == 0xFF:  # noqa: PLR2004 - and may be filled up with it
            at += 1
        marker = data[at]
        at += 1
        if marker in _ALONE:
            continue
        (length,) = struct.unpack_from(">H", data, at)
        if marker == _SCAN:
            break
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", data, at + 3)
            return PictureSize(width, height)
        at += length
    raise NotAPicture


def _png(data: bytes) -> PictureSize:
    at, size = len(_SIGNATURE_PNG), None
    for _ in range(_MAX_PARTS):
        length, kind = _CHUNK_PNG.unpack_from(data, at)
        body = at + _CHUNK_PNG.size
        (checksum,) = struct.unpack_from(">I", data, body + length)
        if checksum != zlib.crc32(data[at + 4 : body + length]) or (size is None) != (kind == b"IHDR"):
            break
        if size is None:
            size = PictureSize(*struct.unpack_from(">II", data, body))
        elif kind == b"IEND":
            return size
        at = body + length + 4
    raise NotAPicture


def _webp(data: bytes) -> PictureSize:
    length = int.from_bytes(data[4:8], "little")
    if data[8:12] != b"WEBP" or length + 8 > len(data):
        raise NotAPicture
    match data[12:16]:
        case b"VP8X":
            width, height = (1 + int.from_bytes(data[at : at + 3], "little") for at in (24, 27))
            return PictureSize(width, height)
        case b"VP8L" if data[20] == _LOSSLESS:
            (bits,) = struct.unpack_from("<I", data, 21)
            return PictureSize(1 + (bits & _14_BITS), 1 + (bits >> 14 & _14_BITS))
        case b"VP8 " if data[23:26] == _KEY_FRAME:
            width, height = struct.unpack_from("<HH", data, 26)
            return PictureSize(width & _14_BITS, height & _14_BITS)
    raise NotAPicture


_READERS: Mapping[bytes, Callable[[bytes], PictureSize]] = {
    b"\xff\xd8\xff": _jpeg,
    _SIGNATURE_PNG: _png,
    b"RIFF": _webp,
}
