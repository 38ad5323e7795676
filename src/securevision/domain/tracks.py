"""The same object over several frames."""

from dataclasses import dataclass

from securevision.domain.geometry import Box
from securevision.domain.observations import Embedding


@dataclass(frozen=True, slots=True)
class TrackingConfig:
    """When two observations are the same object, and when an object is real."""

    iou_threshold: float = 0.3
    """Least overlap of an observation with a track's predicted box, 0 to 1."""
    frames_required: int = 3
    """Observations after which a track is confirmed (K)."""
    lost_after_ms: int = 1500
    """A track that was not seen for this long has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """A confirmed track as it stands after a frame."""

    track_id: int
    """Unique within a source and a run."""
    source_id: str
    first_ms: int
    last_ms: int
    """Capture times of its first and its newest observation."""
    box: Box
    """Where it was seen last."""
    hits: int
    """How many observations it has."""
    improved: bool
    """The newest frame holds the best picture of it so far."""
    ended: bool
    """Nothing more will come of it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FaceTrack(Track):
    """A face over several frames."""

    embedding: Embedding
    """Quality-weighted mean of its observations, of unit length."""
    best_box: Box
    detection: float
    """Box and detector score of the best picture."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlateTrack(Track):
    """A plate over several frames."""

    text: str
    """The reading that its observations voted for."""
    confidence: float
    """Mean confidence of the observations that gave this reading, 0 to 1."""
    best_box: Box
    """Where it was in the best picture."""
