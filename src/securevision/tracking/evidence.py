"""What the observations of one object add up to."""

from collections import defaultdict
from difflib import SequenceMatcher

import numpy as np

from securevision.domain.observations import FaceObservation, PlateObservation
from securevision.domain.tracks import FaceEvidence, PlateEvidence

_VOTE_POWER = 4
"""A vote counts as its confidence to this power: one sure reading outweighs several doubtful ones."""


_SAME_FACE = 0.35
"""Cosine from which two pictures in the same place are of one face. Lower than any threshold for a name: a
face that turns away looks less and less like itself, but little by little."""


class FaceSum:
    """The quality-weighted mean of a face's embeddings."""

    def __init__(self) -> None:
        self._sum = np.zeros(128, np.float64)
        self._last = np.zeros(128, np.float32)

    def fits(self, observation: FaceObservation) -> bool:
        """Return whether the face looks like the mean, or like the newest observation.

        Where the picture cuts to another scene, somebody else may be in the same place.
        """
        mean = self.evidence().embedding
        return (
            max(float(mean @ observation.embedding), float(self._last @ observation.embedding)) >= _SAME_FACE
        )

    def add(self, observation: FaceObservation) -> None:
        """Take one more observation."""
        self._sum += observation.quality * observation.embedding
        self._last = observation.embedding

    def evidence(self) -> FaceEvidence:
        """Return the mean so far; at least one observation was added."""
        return FaceEvidence((self._sum / max(float(np.linalg.norm(self._sum)), 1e-9)).astype(np.float32))


_SAME_PLATE = 0.4
"""Share of characters that two readings of one plate have in common, at least: from afar they are poor."""


class PlateVote:
    """Readings of a plate, each voting with its confidence."""

    def __init__(self) -> None:
        self._confidences: defaultdict[str, list[float]] = defaultdict(list)

    def fits(self, observation: PlateObservation) -> bool:
        """Return whether the reading resembles one of those so far, so that another car starts anew."""
        return any(
            SequenceMatcher(None, text, observation.text, autojunk=False).ratio() >= _SAME_PLATE
            for text in self._confidences
        )

    def add(self, observation: PlateObservation) -> None:
        """Take one more observation."""
        self._confidences[observation.text].append(observation.confidence)

    def evidence(self) -> PlateEvidence:
        """Return the reading with the most votes; at least one observation was added."""
        votes = {t: sum(c**_VOTE_POWER for c in cs) for t, cs in self._confidences.items()}
        text = max(votes, key=lambda t: (votes[t], t))
        confidences = self._confidences[text]
        return PlateEvidence(text, sum(confidences) / len(confidences))
