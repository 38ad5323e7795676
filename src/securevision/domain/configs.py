"""What the rooms are told when they are made; filled from the settings."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FaceConfig:
    """What counts as a face."""

    detection_threshold: float = 0.7
    """Least detector score, 0 to 1."""
    min_face_size: int = 30
    """Least height in pixels of a face in a video frame; a smaller one is not identified."""


@dataclass(frozen=True, slots=True)
class PlateConfig:
    """What counts as a plate."""

    search_size: int = 960
    """Pixels of the longer side at which text is searched: small plates need more, and more takes longer."""
    min_confidence: float = 0.6
    """Least mean probability of the characters, 0 to 1."""


@dataclass(frozen=True, slots=True)
class TrackingConfig:
    """When two observations are the same object, and when an object is real."""

    iou_threshold: float = 0.3
    """Least overlap of an observation with where its track should be, 0 to 1."""
    frames_required: int = 3
    """Observations after which a track is confirmed (K)."""
    lost_after_ms: int = 1500
    """A track that was not seen for this long has ended."""


@dataclass(frozen=True, slots=True)
class IncidentConfig:
    """When something is worth an event."""

    similarity_threshold: float = 0.4
    """Least cosine at which a face belongs to a person, 0 to 1."""
    frames_for_stranger: int = 6
    """Observations after which a face that matches nobody is reported as unknown; a shorter track is
    reported when it ends. A name needs none of this: it is reported as soon as the track is confirmed."""
    cooldown_ms: int = 30_000
    """For so long after a person or plate was last seen, a new track of them is the same visit."""
