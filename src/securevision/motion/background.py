"""What a camera usually shows: the mean of each pixel, and by how much it flickers."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from securevision.domain.ports.cameras import Luma

LEARNING = 10
"""Pictures whose plain mean is the first background."""
STAYS = 100
"""A pixel that differs in so many pictures in a row shows something that came to stay."""
_RATE = 0.05
"""Part of the difference that a picture adds to the mean."""
_FLICKER_RATE = 0.03
_FLICKER_WEIGHT = 3.0
"""A pixel has to differ by so many times its mean flicker besides."""
_MOST_FLICKER = 24
"""Grey levels of one step that count, so that somebody who walks by leaves little behind."""
_DARKNESS = 16.0
"""Grey levels that are added before brightnesses are divided, so that noise in the dark is no light."""


class Background:
    """The model of one scene. Pictures are of one size, shrunk and smoothed.

    The mean follows the light and what changes little by little. A thing leaves no trace in it until it has stayed.
    Flicker is the mean difference of consecutive pictures: noise at night, leaves and rain have much of it, a thing
    that stands still has none.
    """

    def __init__(self, picture: Luma) -> None:
        self.pictures = 1
        self._mean: NDArray[np.float32] = picture.astype(np.float32)
        self._flicker = np.zeros(picture.shape, np.float32)
        self._age = np.zeros(picture.shape, np.uint8)
        self._last = picture

    def learn(self, picture: Luma) -> None:
        """Take one of the first pictures."""
        self.pictures += 1
        cv2.accumulateWeighted(picture, self._mean, 1 / self.pictures)
        self._add_flicker(picture, 1 / (self.pictures - 1))

    def follow_light(self, picture: Luma, samples: NDArray[np.intp]) -> float:
        """Brighten or darken the mean as half of the sampled pixels say; return the logarithm of the factor."""
        now = picture.ravel().take(samples) + _DARKNESS
        usual = self._mean.ravel().take(samples) + _DARKNESS
        factor = float(np.median(now / usual))
        self._mean *= factor
        return math.log(factor)

    def changed(self, picture: Luma, least: float) -> Luma:
        """Return 255 where the picture differs by more than `least` grey levels and the usual flicker, else 0."""
        difference = cv2.absdiff(picture, cv2.convertScaleAbs(self._mean))
        threshold = cv2.convertScaleAbs(self._flicker, alpha=_FLICKER_WEIGHT, beta=least)
        return np.asarray(cv2.compare(difference, threshold, cv2.CMP_GT), np.uint8)

    def absorb(self, picture: Luma, changed: Luma) -> None:
        """Learn from a picture; `changed` is 255 where it shows something else than the background."""
        cv2.accumulateWeighted(picture, self._mean, _RATE, mask=cv2.bitwise_not(changed))
        self._age += 1
        self._age &= changed
        np.copyto(self._mean, picture, where=self._age >= STAYS)
        self._add_flicker(picture, _FLICKER_RATE)

    def replace(self, picture: Luma) -> None:
        """Take the picture for the background; what is known of flicker stays."""
        self._mean[:] = picture
        self._last = picture

    def _add_flicker(self, picture: Luma, rate: float) -> None:
        _, step = cv2.threshold(cv2.absdiff(picture, self._last), _MOST_FLICKER, 0, cv2.THRESH_TRUNC)
        cv2.accumulateWeighted(step, self._flicker, rate)
        self._last = picture
