"""Plates in a frame: lines of text that look like plates."""

import re
from collections.abc import Sequence
from statistics import fmean

import cv2
import numpy as np

from securevision.domain.configs import PlateConfig
from securevision.domain.frames import Pixels
from securevision.domain.geometry import Box
from securevision.domain.observations import PlateObservation
from securevision.domain.plates import plate_key
from securevision.recognition.text_finder import TextFinder, TextLine
from securevision.recognition.text_reader import Reading, TextReader

_PLATE = re.compile(r"(?=.*[0-9])(?=.*[A-Z])[A-Z0-9]{4,10}")
_CLOCK = re.compile(r"\b(\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\d{1,2}:\d{2}(:\d{2})?)\b")
"""Dates and times: most cameras write them into the picture."""
_MIN_ASPECT, _MAX_ASPECT = 1.2, 7.0


class PlateRecogniser:
    """Finds lines of text, reads them and keeps those that look like a plate.

    A plate has letters and digits, 4 to 10 of them, in a line 1.2 to 7 times as wide as high.
    """

    def __init__(self, finder: TextFinder, reader: TextReader, config: PlateConfig) -> None:
        self._finder = finder
        self._reader = reader
        self._config = config

    def observe(self, pixels: Pixels) -> Sequence[PlateObservation]:
        """Return the plates of a picture, best first."""
        plates = []
        for line in self._finder.find(pixels):
            width, height = line.size
            if not _MIN_ASPECT <= width / max(height, 1.0) <= _MAX_ASPECT:
                continue
            reading = self._reader.read(_rectify(pixels, line))
            if _looks_like_a_plate(reading) and (
                (confidence := fmean(reading.confidences)) >= self._config.min_confidence
            ):
                plates.append(PlateObservation(_bounds(line), plate_key(reading.text), confidence))
        return sorted(plates, key=lambda plate: -plate.confidence)


def _looks_like_a_plate(reading: Reading) -> bool:
    return not _CLOCK.search(reading.text) and _PLATE.fullmatch(plate_key(reading.text)) is not None


def _rectify(pixels: Pixels, line: TextLine) -> Pixels:
    """Return the line upright, at the size it has in the picture."""
    width, height = (max(2, round(v)) for v in line.size)
    target = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    matrix = cv2.getPerspectiveTransform(line.corners, target)
    upright = cv2.warpPerspective(pixels, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(upright, np.uint8)


def _bounds(line: TextLine) -> Box:
    (x1, y1), (x2, y2) = line.corners.min(axis=0), line.corners.max(axis=0)
    return Box(float(x1), float(y1), float(x2), float(y2))
