"""Whole pictures as JPEG."""

import cv2
import numpy as np

from securevision.domain.frames import Pixels
from securevision.domain.ports.cameras import Picture

_QUALITY = 85


def jpeg_of(pixels: Pixels, max_side: int | None = None) -> bytes:
    """Return the pixels as JPEG, scaled down if a side is longer than `max_side`."""
    if max_side is not None and (scale := max_side / max(pixels.shape[:2])) < 1:
        small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        pixels = np.asarray(small, np.uint8)
    _, encoded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return encoded.tobytes()


def encode_still(picture: Picture) -> bytes:
    """Return a camera's picture as JPEG."""
    i420 = np.empty((picture.height * 3 // 2, picture.width), np.uint8)
    picture.write_i420(i420.data.cast("B"))
    return jpeg_of(np.asarray(cv2.cvtColor(i420, cv2.COLOR_YUV2BGR_I420), np.uint8))
