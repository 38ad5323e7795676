"""Who a face belongs to: open-set search of the gallery."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from securevision.domain.observations import Embedding
from securevision.domain.people import Template


@dataclass(frozen=True, slots=True)
class FaceMatch:
    """The nearest person, and whether the face is theirs."""

    person_name: str | None
    """None when nobody is near enough."""
    similarity: float | None
    """Cosine to the nearest person's nearest template, -1 to 1; None with an empty gallery."""


class Gallery:
    """The templates of everybody who is known."""

    def __init__(self, templates: Sequence[Template], *, threshold: float) -> None:
        """Faces match from this cosine on, 0 to 1."""
        self._names = [template.person_name for template in templates]
        self._matrix = np.stack([t.embedding for t in templates]) if templates else None
        self._threshold = threshold

    def match(self, embedding: Embedding) -> FaceMatch:
        """Search the gallery. A face below the threshold is nobody's: a match is never forced."""
        if self._matrix is None:
            return FaceMatch(None, None)
        cosines = self._matrix @ embedding
        nearest = int(cosines.argmax())
        similarity = float(cosines[nearest])
        return FaceMatch(self._names[nearest] if similarity >= self._threshold else None, similarity)
