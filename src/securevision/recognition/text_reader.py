"""PP-OCR text recognition: reads one line (SVTR with CTC; Du et al., IJCAI 2022)."""

from dataclasses import dataclass

import cv2
import numpy as np

from securevision.domain.frames import Pixels
from securevision.recognition.sessions import ModelSession, Tensor

_HEIGHT = 48
_MIN_WIDTH = 48
_MAX_WIDTH = 960
_BLANK = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """What a line of text says."""

    text: str
    confidences: tuple[float, ...]
    """Probability of each character, 0 to 1; as many as `text` has characters."""


class TextReader:
    """Reads a line of text."""

    def __init__(self, session: ModelSession) -> None:
        self._session = session
        # The alphabet: a blank first, then the characters of the model's own list, then the space.
        self._alphabet = ("", *session.metadata("character").splitlines(), " ")

    def read(self, line: Pixels) -> Reading:
        """Read a picture of one upright line, shape (height, width, 3), BGR."""
        height, width = line.shape[:2]
        scaled_width = min(max(_MIN_WIDTH, round(width * _HEIGHT / height)), _MAX_WIDTH)
        scaled = cv2.resize(line, (scaled_width, _HEIGHT)).astype(np.float32)
        tensor = (scaled / 127.5 - 1).transpose(2, 0, 1)[np.newaxis]
        return self._decode(self._session.run(np.ascontiguousarray(tensor))[0][0])

    def _decode(self, posterior: Tensor) -> Reading:
        """Take the best class of each step, drop repeats and blanks; `posterior` is (steps, classes)."""
        best = posterior.argmax(axis=1)
        starts = np.flatnonzero((best != _BLANK) & (best != np.concatenate(([_BLANK], best[:-1]))))
        return Reading(
            "".join(self._alphabet[best[i]] for i in starts),
            tuple(float(posterior[i, best[i]]) for i in starts),
        )
