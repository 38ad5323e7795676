"""Decoded pictures, as the footage room is given them."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from securevision.domain.frames import Pixels
from securevision.domain.ports.cameras import Luma


@dataclass(frozen=True, slots=True)
class StillPicture:
    """A Picture of given brightness and colours, I420 of limited range."""

    width: int
    height: int
    i420: NDArray[np.uint8]
    ts_ms: int = 0

    @classmethod
    def of(cls, pixels: Pixels) -> "StillPicture":
        height, width = pixels.shape[:2]
        return cls(width, height, np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2YUV_I420), np.uint8))

    @property
    def pts(self) -> int:
        return 90 * self.ts_ms

    def luma(self) -> Luma:
        return self.i420[: self.height]

    def write_i420(self, room: memoryview) -> None:
        np.frombuffer(room, np.uint8)[:] = self.i420.ravel()


def busy(index: int, width: int, height: int) -> StillPicture:
    """Return a bright, colourful picture that moves and rustles, nowhere near black."""
    rng = np.random.default_rng(index)
    luma = np.indices((height, width)).sum(axis=0) * 5 + 11 * index
    luma = 90 + luma % 120 + rng.integers(-6, 7, (height, width))
    colours = np.concatenate([np.full(width * height // 4, 60), np.full(width * height // 4, 210)])
    i420 = np.concatenate([luma.ravel(), colours]).astype(np.uint8)
    return StillPicture(width, height, i420.reshape(height * 3 // 2, width))
