"""What the observations of one object add up to."""

from collections import defaultdict

import numpy as np

from securevision.domain.observations import FaceObservation, PlateObservation
from securevision.domain.tracks import FaceEvidence, PlateEvidence

_VOTE_POWER = 4
"""A vote counts as its confidence to this power: one sure reading outweighs several doubtful ones."""


class FaceSum:
    """The quality-weighted mean of a face's embeddings."""

    def __init__(self) -> None:
        self._sum = np.zeros(128, np.float64)

    def add(self, observation: FaceObservation) -> None:
        """Take one more observation."""
        self._sum += observation.quality * observation.embedding

    def evidence(self) -> FaceEvidence:
        """Return the mean so far; at least one observation was added."""
        return FaceEvidence((self._sum / max(float(np.linalg.norm(self._sum)), 1e-9)).astype(np.float32))


class PlateVote:
    """Readings of a plate, each voting with its confidence."""

    def __init__(self) -> None:
        self._confidences: defaultdict[str, list[float]] = defaultdict(list)

    def add(self, observation: PlateObservation) -> None:
        """Take one more observation."""
        self._confidences[observation.text].append(observation.confidence)

    def evidence(self) -> PlateEvidence:
        """Return the reading with the most votes; at least one observation was added."""
        votes = {t: sum(c**_VOTE_POWER for c in cs) for t, cs in self._confidences.items()}
        text = max(votes, key=lambda t: (votes[t], t))
        confidences = self._confidences[text]
        return PlateEvidence(text, sum(confidences) / len(confidences))
