"""The part of a picture that is looked at: inside the zones, outside the masks."""

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from securevision.domain.motion import MotionConfig
from securevision.domain.ports.cameras import Luma
from securevision.domain.zones import Polygon

_SAMPLES = 500
_SHIFT = 8
"""Bits behind the point in which OpenCV takes the corners."""
_NEIGHBOURS = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class LookedAt:
    """What is looked at in pictures of one size."""

    mask: Luma
    """255 where it is looked at, 0 elsewhere."""
    pixels: int
    """How many are looked at."""
    samples: NDArray[np.intp]
    """Flat positions of some of them, evenly spread; all when there are few."""


def looked_at(config: MotionConfig, shape: tuple[int, int]) -> LookedAt:
    """Return the area of a picture of (height, width) pixels.

    A mask reaches a pixel further than it was drawn, so that shrinking a picture carries nothing over its edge.
    """
    zones = _filled(config.zones, shape) if config.zones else np.full(shape, 255, np.uint8)
    masks = cv2.dilate(_filled(config.masks, shape), _NEIGHBOURS)
    mask = np.asarray(cv2.bitwise_and(zones, cv2.bitwise_not(masks)), np.uint8)
    inside = np.flatnonzero(mask)
    return LookedAt(mask, inside.size, inside[:: max(1, inside.size // _SAMPLES)])


def _filled(polygons: Iterable[Polygon], shape: tuple[int, int]) -> Luma:
    picture = np.zeros(shape, np.uint8)
    size = np.array(shape[::-1], np.float64)
    for polygon in polygons:
        # The first pixel's middle is at 0 for OpenCV, and half a pixel from the edge for everybody else.
        corners = (np.array(polygon.points) * size - 0.5) * (1 << _SHIFT)
        cv2.fillPoly(picture, [np.rint(corners).astype(np.int32)], (255,), shift=_SHIFT)
    return picture
