"""The same object over several frames."""

from dataclasses import dataclass

from securevision.domain.geometry import Box
from securevision.domain.observations import Embedding


@dataclass(frozen=True, slots=True, eq=False)
class FaceEvidence:
    """What the observations of a face add up to."""

    embedding: Embedding
    """Their quality-weighted mean, of unit length."""


@dataclass(frozen=True, slots=True)
class PlateEvidence:
    """What the observations of a plate add up to."""

    text: str
    """The reading that they voted for."""
    confidence: float
    """Mean confidence of those that gave this reading, 0 to 1."""


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """A track as it stands after a frame."""

    track_id: int
    """Unique within a run."""
    source_id: str
    last_ms: int
    """Capture time of its newest observation."""
    hits: int
    """How many observations it has."""
    confirmed: bool
    """It has enough of them to be believed."""
    last_box: Box
    """Where it was when it was last seen."""
    best_box: Box
    """Where it was in its best picture."""
    improved: bool
    """The newest frame is that best picture."""
    ended: bool
    """Nothing more will come of it."""
    evidence: FaceEvidence | PlateEvidence
