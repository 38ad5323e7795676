"""A recogniser that sees painted squares: real pixels in, real observations out, no model."""

from collections.abc import Sequence

import numpy as np

from securevision.domain.frames import Pixels
from securevision.domain.geometry import Box
from securevision.domain.observations import Embedding, FaceObservation

SIZE = 40


def blank(width: int = 320, height: int = 180) -> Pixels:
    """Return a black picture."""
    return np.zeros((height, width, 3), np.uint8)


def paint(pixels: Pixels, x: int, y: int, person: int) -> Pixels:
    """Paint the face of a person (1 to 100) with its top left corner there."""
    pixels[y : y + SIZE, x : x + SIZE] = person
    return pixels


def embedding_of(person: int) -> Embedding:
    """Return what `PaintedFaces` makes of that person's face."""
    embedding = np.zeros(128, np.float32)
    embedding[person] = 1.0
    return embedding


class PaintedFaces:
    """Sees each painted face."""

    def observe(self, pixels: Pixels) -> Sequence[FaceObservation]:
        """Return the painted faces; see Recogniser."""
        people = [int(value) for value in np.unique(pixels[:, :, 0]) if value]
        return [
            FaceObservation(
                Box(float(xs.min()), float(ys.min()), float(xs.max() + 1), float(ys.max() + 1)),
                0.9,
                embedding_of(person),
            )
            for person in people
            for ys, xs in [np.nonzero(pixels[:, :, 0] == person)]
        ]
