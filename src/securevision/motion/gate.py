"""Says of each picture whether something moves in it, so that the costly part of the work starts only then.

    picture ─► shrunk, smoothed ─► background, its light followed ─► pixels that differ ─► blobs

All rates are per picture; times are given for five pictures a second. The first ten pictures, and the first ten
after a change of size, are learned from; like a sudden change of light they count as moving, anywhere, for
nobody can say that nothing does. A thing that comes to stay is reported for a hundred pictures (20 s) and is
background then; so is the gap that it leaves when it goes.
"""

import cv2
import numpy as np

from securevision.domain.motion import MOST_REGIONS, Motion, MotionConfig, Region
from securevision.domain.ports.cameras import Luma
from securevision.motion.area import LookedAt, looked_at
from securevision.motion.background import LEARNING, Background
from securevision.motion.thumbnail import thumbnail

_LEAST_CONTRAST = (12.0, 2.0)
"""Grey levels by which a pixel has to differ, at sensitivity 0 and 1; geometric between them."""
_LEAST_AREA = (0.005, 0.0002)
"""Share of the picture that a blob has to have, likewise."""
_MOST_SHARE = 0.5
"""More than this of the area at once is light, or something so close that it cannot be told from it."""
_MOST_LIGHT = 0.2
"""Natural logarithm of a factor; more than this from one picture to the next is a switch, less is followed."""
_SPECK, _GAP = np.ones((3, 3), np.uint8), np.ones((9, 9), np.uint8)
_ANYWHERE = Motion(moving=True, share=1.0)
_LIGHT = Motion(moving=True, share=1.0, light_changed=True)
_NOTHING = Motion(moving=False)


class MotionGate:
    """The gate of one camera. Does no I/O; not thread-safe."""

    def __init__(self, config: MotionConfig) -> None:
        self._config = config
        self._least_contrast = _between(_LEAST_CONTRAST, config.sensitivity)
        self._least_area = _between(_LEAST_AREA, config.sensitivity)
        self._shape: tuple[int, ...] = ()
        self._area: LookedAt
        self._background: Background

    def look(self, luma: Luma) -> Motion:
        """Take the next picture, of any size from 1x1, which may be a view with gaps between its rows.

        Its pixels are not kept. What lies outside the area that is looked at has no influence at all.
        """
        small = thumbnail(luma)
        starts = luma.shape != self._shape
        if starts:
            self._shape = luma.shape
            self._area = looked_at(self._config, (small.shape[0], small.shape[1]))
        if not self._area.pixels:
            return _NOTHING
        picture = np.asarray(cv2.GaussianBlur(cv2.bitwise_and(small, self._area.mask), (5, 5), 0), np.uint8)
        if starts:
            self._background = Background(picture)
            return _ANYWHERE
        if self._background.pictures < LEARNING:
            self._background.learn(picture)
            return _ANYWHERE
        return self._compare(picture)

    def _compare(self, picture: Luma) -> Motion:
        light = self._background.follow_light(picture, self._area.samples)
        changed = self._background.changed(picture, self._least_contrast)
        if abs(light) > _MOST_LIGHT or cv2.countNonZero(changed) > _MOST_SHARE * self._area.pixels:
            self._background.replace(picture)
            return _LIGHT
        self._background.absorb(picture, changed)
        return self._blobs(changed)

    def _blobs(self, changed: Luma) -> Motion:
        opened = cv2.morphologyEx(changed, cv2.MORPH_OPEN, _SPECK)
        if not cv2.countNonZero(opened):
            return _NOTHING
        # The parts of one thing, which looks like the background here and there, grow together.
        whole = cv2.bitwise_and(cv2.morphologyEx(opened, cv2.MORPH_CLOSE, _GAP), self._area.mask)
        # So few pixels have no more blobs than 16 bits count, and with 32 this step takes three times as long.
        _, _, blobs, _ = cv2.connectedComponentsWithStats(whole, connectivity=8, ltype=cv2.CV_16U)
        areas = blobs[1:, cv2.CC_STAT_AREA]
        big = np.flatnonzero(areas >= self._least_area * changed.size)
        if not big.size:
            return _NOTHING
        order = big[np.argsort(-areas[big], kind="stable")][:MOST_REGIONS]
        height, width = changed.shape
        boxes = tuple(
            Region(x / width, y / height, (x + w) / width, (y + h) / height)
            for x, y, w, h in blobs[1:, : cv2.CC_STAT_AREA][order].tolist()
        )
        return Motion(moving=True, boxes=boxes, share=int(areas[big].sum()) / self._area.pixels)


def _between(ends: tuple[float, float], sensitivity: float) -> float:
    least, most = ends
    return float(least * (most / least) ** sensitivity)
