"""Recordings of cameras: what is known of the files, which lie elsewhere."""

import re
from dataclasses import dataclass
from enum import StrEnum

from securevision.domain.rights import ALL_CAMERAS, Cameras
from securevision.errors import InvalidInput

# Browsers are told it: nothing but video, or whoever makes a recording could have it taken for a page.
_MIME = re.compile(r'video/[a-z0-9.-]{1,20}(; codecs="[A-Za-z0-9., ]{1,60}")?')


class RecordingKind(StrEnum):
    """Why it was made."""

    EVENT = "event"
    CONTINUOUS = "continuous"


@dataclass(frozen=True, slots=True)
class Recording:
    """One file of video; its id names the file. Times are milliseconds since the Unix epoch."""

    id: int
    camera_id: str
    """The camera may be gone."""
    kind: RecordingKind
    begin_ms: int
    end_ms: int | None
    """Never before the beginning; None while it grows."""
    size: int
    """Bytes; while it grows, those of a while ago."""
    kept: bool
    """Nothing deletes it, neither its age nor somebody, until it is let go."""
    mime: str
    """Such as `video/mp4; codecs="avc1.64001f"`."""

    def __post_init__(self) -> None:
        if not _MIME.fullmatch(self.mime):
            raise InvalidInput("The type of a recording is video, such as `video/mp4`.")


@dataclass(frozen=True, slots=True, order=True)
class RecordingPosition:
    """Where a recording stands in the order of recordings: by beginning, then by id."""

    begin_ms: int
    id: int


@dataclass(frozen=True, slots=True)
class RecordingQuery:
    """Which recordings are wanted, newest first."""

    since_ms: int | None = None
    """Only those that began at this time or later."""
    before: RecordingPosition | None = None
    """Only those that come after this one in the answer, that is, older ones."""
    limit: int = 100
    cameras: Cameras = ALL_CAMERAS
    """Only those of these; whoever asks may see no others."""


@dataclass(frozen=True, slots=True)
class RecordingPage:
    """One page of an answer, and where the next one starts; None when this was the last."""

    recordings: tuple[Recording, ...]
    next: RecordingPosition | None


@dataclass(frozen=True, slots=True)
class RecordingSizes:
    """How many bytes all recordings have."""

    kept: int
    unkept: int
