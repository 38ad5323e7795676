"""Cameras."""

from collections.abc import Iterator
from typing import Protocol

from securevision.domain.frames import Frame, SourceStatus, Tick


class FrameSource(Protocol):
    """Something that gives frames: a camera or a file."""

    @property
    def source_id(self) -> str:
        """The name that its frames and events carry."""
        ...

    @property
    def live(self) -> bool:
        """Frames come at their own pace, for ever; if not, each one waits until it is taken."""
        ...

    @property
    def status(self) -> SourceStatus:
        """Where it stands; may be read from any thread."""
        ...

    @property
    def progress(self) -> float | None:
        """How much of it was given, 0 to 1; None when that is not known. May be read from any thread."""
        ...

    def frames(self) -> Iterator[Frame | Tick]:
        """Open the source and yield what comes, in order of time.

        A live source reconnects by itself for ever and yields a Tick at least every second while no
        frame comes. A file ends. Blocks between frames; called once.

        Raises SourceError when a file cannot be read.
        """
        ...

    def close(self) -> None:
        """End `frames()` soon, from any thread. Calling it twice is fine."""
        ...
