"""The cameras that are watched, and how."""

import re
from dataclasses import dataclass, field
from enum import StrEnum

from securevision.domain.zones import Polygon
from securevision.errors import InvalidInput

MAX_CAMERAS = 64
MAX_POLYGONS = 32
"""Zones of one camera, and masks of one."""
MAX_FPS = 60.0

_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class RecordingMode(StrEnum):
    """What is recorded of a camera."""

    OFF = "off"
    EVENTS = "events"
    """Some seconds before, while and after something happens."""
    CONTINUOUS = "continuous"


@dataclass(frozen=True, slots=True)
class CameraConfig:
    """How a camera is watched. Raises InvalidInput for a value that cannot be."""

    id: str
    """1 to 64 of `A-Z a-z 0-9 _ . -`. It names the camera in rights, events and recordings, and never changes."""
    enabled: bool = True
    fps: float = 5.0
    """Pictures a second that are looked at: above 0, at most 60."""
    sensitivity: float = 0.5
    """0 to 1: how little motion counts."""
    zones: tuple[Polygon, ...] = ()
    """Where motion counts; none means everywhere."""
    masks: tuple[Polygon, ...] = ()
    """What nobody may see: blackened in every picture, clip and live view."""
    keyframes_only: bool = False
    """Decode keyframes alone until something moves."""
    recording: RecordingMode = RecordingMode.EVENTS
    allow_loopback: bool = False
    """The address may lead to programs on this machine."""

    def __post_init__(self) -> None:
        # Not `.` or `..`: an id may become part of a path.
        if not _ID.fullmatch(self.id) or not self.id.strip("."):
            raise InvalidInput(
                "A camera's name has 1 to 64 letters, digits, '_', '-' and '.', and not dots alone."
            )
        if not 0.0 < self.fps <= MAX_FPS:
            raise InvalidInput(
                f"The rate of a camera is above 0 and at most {MAX_FPS:.0f} pictures a second."
            )
        if not 0.0 <= self.sensitivity <= 1.0:
            raise InvalidInput("The sensitivity of a camera is a number from 0 to 1.")
        if max(len(self.zones), len(self.masks)) > MAX_POLYGONS:
            raise InvalidInput(f"A camera has at most {MAX_POLYGONS} zones and {MAX_POLYGONS} masks.")


@dataclass(frozen=True, slots=True)
class SealedAddress:
    """Where a camera is, for the store: what may be shown, and the whole, which the vault alone can open."""

    display: str
    """Without user, password and what else may be secret."""
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera that is kept."""

    config: CameraConfig
    display: str
    """Its address, without secrets."""
    created_ms: int
    changed_ms: int
