"""What a JPEG says of itself, before a decoder sees it."""

import re
import struct
from itertools import islice

# Markers of a JPEG (ITU-T T.81, table B.1).
_START = b"\xff\xd8"
_START_WITHIN = 512
_MARKER = re.compile(rb"\xff+([^\x00\xff])")
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_DECODED_FRAMES = frozenset({0xC0, 0xC1, 0xC2})
"""With Huffman coding: baseline, extended, progressive."""
_SCAN = 0xDA
_FRAME_OR_SCAN = re.compile(rb"\xff([\xc0-\xc3\xc5-\xc7\xc9-\xcb\xcd-\xcf\xda])")
_SIZE = struct.Struct(">HBHH")
_MAX_SEGMENTS = 1000
_MAX_SCANS = 100
"""Passes over a picture, each of which costs time for the whole of it; cameras make one."""


def from_start(part: bytes) -> bytes:
    """Return a picture without what firmware writes before it: blank lines, or the head again."""
    return part[max(0, part.find(_START, 0, _START_WITHIN)) :]


def jpeg_size(jpeg: bytes) -> tuple[int, int] | None:
    """Return width and height of a picture; None for what is no JPEG, or not just one that FFmpeg decodes.

    A second frame header could name another size, and hundreds of scans take far more work than the size tells.
    Takes time linear in the length.
    """
    if not jpeg.startswith(_START):
        return None
    at, size = len(_START), None
    for _ in range(_MAX_SEGMENTS):
        marker = _MARKER.match(jpeg, at)
        if marker is None or marker.end() + _SIZE.size > len(jpeg):
            return None
        kind, at = marker[1][0], marker.end()
        length, _, height, width = _SIZE.unpack_from(jpeg, at)
        if kind == _SCAN:
            return size if _is_one_frame(jpeg, at) else None
        if kind in _FRAMES:
            if size is not None or kind not in _DECODED_FRAMES or not (width and height):
                return None
            size = (width, height)
        at += length
    return None


def _is_one_frame(jpeg: bytes, at: int) -> bool:
    """Say whether nothing but a few scans follows; in their data, 0xFF stands before 0 and markers alone."""
    markers = islice(_FRAME_OR_SCAN.finditer(jpeg, at), _MAX_SCANS)
    found = [marker[1][0] for marker in markers]
    return len(found) < _MAX_SCANS and set(found) <= {_SCAN}
