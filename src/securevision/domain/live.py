"""Live view: what a player gets, piece by piece."""

from dataclasses import dataclass
from typing import TypeAlias

from securevision.domain.observations import Kind


@dataclass(frozen=True, slots=True)
class LiveStart:
    """What a player needs before the first fragment; a new one starts anew."""

    mime: str
    """Such as `video/mp4; codecs="avc1.64001f"`."""
    data: bytes


@dataclass(frozen=True, slots=True)
class LiveFragment:
    """One picture, as a fragment of an MP4."""

    ts_ms: int
    """Capture time, milliseconds since the Unix epoch."""
    keyframe: bool
    data: bytes


@dataclass(frozen=True, slots=True)
class LiveBox:
    """Something that is followed, where it was when a picture was taken."""

    kind: Kind
    label: str
    """The name or the plate; empty for somebody unknown."""
    corners: tuple[float, float, float, float]
    """Left, top, right and bottom in shares of the picture's width and height, 0 to 1."""


@dataclass(frozen=True, slots=True)
class LiveBoxes:
    """All that is followed in the picture of that time, which may have been shown already."""

    ts_ms: int
    boxes: tuple[LiveBox, ...]


LivePart: TypeAlias = LiveStart | LiveFragment | LiveBoxes
