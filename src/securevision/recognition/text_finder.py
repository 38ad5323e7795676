"""PP-OCR text detection: finds lines of text (differentiable binarisation, Liao et al., AAAI 2020)."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from securevision.domain.frames import Pixels
from securevision.recognition.sessions import ModelSession

_MULTIPLE = 32
_PIXEL_THRESHOLD = 0.3
_UNCLIP_RATIO = 1.6
_MIN_SIDE = 3
_MAX_LINES = 100


@dataclass(frozen=True, slots=True, eq=False)
class TextLine:
    """A line of text, as a rotated rectangle."""

    corners: NDArray[np.float32]
    """Top left, top right, bottom right, bottom left as the text is read; shape (4, 2), x and y."""
    score: float
    """Mean probability of text inside, 0 to 1."""

    @property
    def size(self) -> tuple[float, float]:
        """Width along the text and height across it, in pixels."""
        top_left, top_right, _, bottom_left = self.corners
        return float(np.linalg.norm(top_right - top_left)), float(np.linalg.norm(bottom_left - top_left))


class TextFinder:
    """Finds lines of text."""

    def __init__(self, session: ModelSession, *, side: int, score_threshold: float) -> None:
        """Scale pictures so that their longer side has `side` pixels; keep lines above the score."""
        self._session = session
        self._side = side
        self._threshold = score_threshold

    def find(self, pixels: Pixels) -> list[TextLine]:
        """Return the lines of text, best first."""
        height, width = pixels.shape[:2]
        scale = self._side / max(height, width)
        size = tuple(max(_MULTIPLE, round(v * scale / _MULTIPLE) * _MULTIPLE) for v in (width, height))
        scaled = cv2.resize(pixels, size).astype(np.float32)
        tensor = (scaled / 127.5 - 1).transpose(2, 0, 1)[np.newaxis]
        probability = self._session.run(np.ascontiguousarray(tensor))[0][0, 0]
        mask = (probability > _PIXEL_THRESHOLD).astype(np.uint8)
        contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
        to_picture = np.array([width / size[0], height / size[1]], np.float32)
        lines = []
        for contour in contours[:_MAX_LINES]:
            centre, (w, h), angle = cv2.minAreaRect(contour)
            if min(w, h) < _MIN_SIDE:
                continue
            core = np.asarray(cv2.boxPoints((centre, (w, h), angle)), np.float32)
            score = _mean_inside(probability, core)
            if score < self._threshold:
                continue
            # The network marks the core of a line; the line is larger by this distance all round.
            grow = 2 * w * h * _UNCLIP_RATIO / (2 * (w + h))
            corners = cv2.boxPoints((centre, (w + grow, h + grow), angle)) * to_picture
            lines.append(TextLine(_reading_order(corners.astype(np.float32)), score))
        return sorted(lines, key=lambda line: -line.score)


def _mean_inside(probability: NDArray[np.float32], corners: NDArray[np.float32]) -> float:
    """Return the mean of a map inside a quadrilateral."""
    x1, y1 = np.floor(corners.min(axis=0)).astype(int).clip(0)
    x2, y2 = np.ceil(corners.max(axis=0)).astype(int) + 1
    patch = probability[y1:y2, x1:x2]
    mask = np.zeros(patch.shape, np.uint8)
    cv2.fillPoly(mask, [np.round(corners - (x1, y1)).astype(np.int32)], 1)
    return float(cv2.mean(patch, mask)[0])


def _reading_order(corners: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the corners from the top left, clockwise; text is taken to run from left to right."""
    by_x = corners[np.argsort(corners[:, 0], kind="stable")]
    left, right = by_x[:2], by_x[2:]
    top_left, bottom_left = left[np.argsort(left[:, 1], kind="stable")]
    top_right, bottom_right = right[np.argsort(right[:, 1], kind="stable")]
    return np.stack((top_left, top_right, bottom_right, bottom_left))
