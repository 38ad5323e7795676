"""Cameras."""

from collections.abc import Callable, Iterator
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from securevision.domain.frames import SourceStatus
from securevision.domain.video import AccessUnit, Packet, VideoFormat

Luma: TypeAlias = NDArray[np.uint8]
"""Brightness, shape (height, width), read-only."""

Connect: TypeAlias = Callable[[], int]
"""Returns an open descriptor of what a source reads: a socket that is connected to its camera, or a file or device.

The caller owns it. Whoever connects has looked the name up and checked every address; nobody else can.
Raises SourceError, SourceRefused.
"""


class Picture(Protocol):
    """A decoded picture; what is not asked for is not computed."""

    @property
    def ts_ms(self) -> int:
        """Capture time, milliseconds since the Unix epoch; never decreases within a source."""
        ...

    @property
    def pts(self) -> int:
        """Where it stands in the stream, in ticks."""
        ...

    @property
    def width(self) -> int:
        """Width in pixels, even."""
        ...

    @property
    def height(self) -> int:
        """Height in pixels, even."""
        ...

    def luma(self) -> Luma:
        """Return the brightness, without a copy where that is possible; valid as long as the picture."""
        ...

    def write_i420(self, room: memoryview) -> None:
        """Write brightness and colours as I420 of limited range, `width * height * 3 / 2` bytes."""
        ...


class Stream(Protocol):
    """One connection to a camera, or one run through a file."""

    def items(self) -> Iterator[VideoFormat | AccessUnit | None]:
        """Yield a format before the first unit and whenever it changes, and the units in order of decoding.

        Yields None when nothing came for a second, so that the caller can look around. Ends when the other side
        does. Raises SourceError, SourceRefused, saying why in one sentence; each wait for the other side has a
        limit. Called once.
        """
        ...

    def close(self) -> None:
        """Close the descriptor and end `items()` soon, from any thread. Calling it twice is fine."""
        ...


Item: TypeAlias = VideoFormat | Packet | Picture


class FrameSource(Protocol):
    """Something that gives video: a camera or a file."""

    keyframes_only: bool
    """Decode nothing between keyframes, which saves most of the work; may be changed by whoever takes the items."""
    fps: float
    """At most so many pictures of each second are given; may be changed likewise."""

    @property
    def live(self) -> bool:
        """Video comes at its own pace, for ever; if not, each picture waits until it is taken."""
        ...

    @property
    def status(self) -> SourceStatus:
        """Where it stands; may be read from any thread."""
        ...

    @property
    def progress(self) -> float | None:
        """How much of it was given, 0 to 1; None when that is not known. May be read from any thread."""
        ...

    def items(self) -> Iterator[Item | None]:
        """Open the source and yield what comes, in order of time: packets, and some of their pictures decoded.

        A live source reconnects by itself for ever; it yields None every second while nothing comes, but while it
        connects, which is limited in time. A file ends. Called once.

        Raises SourceError when a file cannot be read.
        """
        ...

    def close(self) -> None:
        """End `items()` soon, from any thread. Calling it twice is fine."""
        ...
