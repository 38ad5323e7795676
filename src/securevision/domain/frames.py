"""What a camera gives: pixels with their time, or the news that only time passed."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""BGR, shape (height, width, 3), read-only."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture and when it was taken. Whoever makes it gives the pixels away, read-only."""

    source_id: str
    ts_ms: int
    """Capture time, milliseconds since the Unix epoch; never decreases within a source."""
    pixels: Pixels

    def __post_init__(self) -> None:
        self.pixels.flags.writeable = False

    @property
    def width(self) -> int:
        """Width in pixels."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Height in pixels."""
        return int(self.pixels.shape[0])


@dataclass(frozen=True, slots=True)
class Tick:
    """Time passed and no frame came, so that tracks end while a camera is silent."""

    source_id: str
    ts_ms: int


class SourceState(StrEnum):
    """Where a source stands."""

    CONNECTING = "connecting"
    LIVE = "live"
    STALLED = "stalled"
    """It was live, and nothing came for some seconds; it is tried again."""
    BACKING_OFF = "backing_off"
    REFUSED = "refused"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """The state of a source and, when there is something to say, one sentence without secrets."""

    state: SourceState
    detail: str = ""
