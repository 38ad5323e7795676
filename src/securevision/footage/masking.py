"""What nobody may see: parts of a picture, made black before anybody looks."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from securevision.domain.zones import Polygon

_BLOCK = 16
_SUBPIXEL_BITS = 8
_BLACK, _NO_COLOUR = 16, 128
"""In limited range."""


class PrivacyMask:
    """The masked parts of pictures of one size.

    They are rounded out to the blocks of 16 by 16 pixels that H.264 codes by themselves, so that what is beside
    them does not bleed in.
    """

    def __init__(self, masks: Sequence[Polygon], width: int, height: int) -> None:
        """Width and height in pixels, even."""
        self._size = (width, height)
        masked = np.zeros((height, width), np.uint8)
        for mask in masks:
            corners = np.array(mask.points) * self._size
            masked |= _inside(corners, height, width)
            # The outline too, so that of a sharp corner nothing is left; a pixel's middle is half a pixel inside.
            fixed = np.round((corners - 0.5) * (1 << _SUBPIXEL_BITS)).astype(np.int32)
            cv2.polylines(masked, [fixed], isClosed=True, color=(1,), thickness=2, shift=_SUBPIXEL_BITS)
        rows, columns = np.arange(0, height, _BLOCK), np.arange(0, width, _BLOCK)
        blocks = np.maximum.reduceat(np.maximum.reduceat(masked, rows, axis=0), columns, axis=1)
        self._luma = blocks.repeat(_BLOCK, 0).repeat(_BLOCK, 1)[:height, :width].astype(bool)
        self._chroma = np.ascontiguousarray(self._luma[::2, ::2])

    def blacken(self, i420: memoryview) -> None:
        """Make the masked parts black, in an I420 of limited range and `width * height * 3 / 2` bytes."""
        width, height = self._size
        octets = np.frombuffer(i420, np.uint8)
        luma = octets[: width * height].reshape(height, width)
        chroma = octets[width * height :].reshape(2, height // 2, width // 2)
        np.copyto(luma, np.uint8(_BLACK), where=self._luma)
        np.copyto(chroma, np.uint8(_NO_COLOUR), where=self._chroma)


def _inside(corners: NDArray[np.float64], height: int, width: int) -> NDArray[np.uint8]:
    """Return 1 for each pixel whose middle a polygon of such corners encloses an odd number of times.

    Exactly: OpenCV's fillPoly rounds the corners to whole rows, and leaves some of them out.
    """
    middles = np.arange(height) + 0.5
    crossed = np.zeros((height, width + 1), np.uint8)
    for (x1, y1), (x2, y2) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        rows = np.flatnonzero((y1 > middles) != (y2 > middles))
        if rows.size:
            crossings = x1 + (middles[rows] - y1) * ((x2 - x1) / (y2 - y1))
            crossed[rows, np.ceil(crossings - 0.5).clip(0, width).astype(int)] ^= 1
    return np.bitwise_xor.accumulate(crossed, axis=1)[:, :width]
