"""What a recogniser saw in one frame."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from securevision.domain.geometry import Box

Embedding = NDArray[np.float32]
"""A face as a unit vector, shape (128,): the cosine of two of them is their dot product."""


class Kind(StrEnum):
    """What was seen."""

    FACE = "face"
    PLATE = "plate"


@dataclass(frozen=True, slots=True, eq=False)
class FaceObservation:
    """A face in one frame."""

    box: Box
    detection: float
    """The detector's score, 0 to 1."""
    embedding: Embedding

    @property
    def quality(self) -> float:
        """How much this picture of the face can be trusted against others of the same face."""
        return self.detection * self.box.area


@dataclass(frozen=True, slots=True)
class PlateObservation:
    """A plate in one frame, with its reading."""

    box: Box
    text: str
    """Upper-case letters and digits, without separators."""
    confidence: float
    """Mean probability of the characters, 0 to 1."""

    @property
    def quality(self) -> float:
        """How much this picture of the plate can be trusted against others of the same plate."""
        return self.confidence * self.box.area


Observation = FaceObservation | PlateObservation
