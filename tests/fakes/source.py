"""A camera that gives what a test wrote down."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from securevision.domain.frames import Pixels, SourceState, SourceStatus
from securevision.domain.ports.cameras import Item, Luma
from securevision.errors import SourceError


@dataclass(frozen=True, slots=True, eq=False)
class PaintedPicture:
    """A Picture of given colours."""

    ts_ms: int
    pixels: Pixels
    pts: int = 0

    @property
    def width(self) -> int:
        """See Picture."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """See Picture."""
        return int(self.pixels.shape[0])

    def luma(self) -> Luma:
        """See Picture."""
        return self._i420()[: self.height]

    def write_i420(self, room: memoryview) -> None:
        """See Picture."""
        room[:] = self._i420().tobytes()

    def _i420(self) -> Luma:
        return np.asarray(cv2.cvtColor(self.pixels, cv2.COLOR_BGR2YUV_I420), np.uint8)


class ScriptedSource:
    """A FrameSource that gives the items, then fails with `error` if there is one, then ends.

    A live one waits after the last item until it is closed, as a camera would.
    """

    def __init__(self, items: Sequence[Item], *, live: bool = False, error: Exception | None = None) -> None:
        self.keyframes_only = False
        self.fps = 5.0
        self._items = items
        self._live = live
        self._error = error
        self._given = 0
        self._closed = threading.Event()
        self._status = SourceStatus(SourceState.CONNECTING)
        self.exhausted = threading.Event()
        """Set when the last item was taken."""

    @property
    def live(self) -> bool:
        """See FrameSource."""
        return self._live

    @property
    def status(self) -> SourceStatus:
        """See FrameSource."""
        return self._status

    @property
    def progress(self) -> float | None:
        """See FrameSource."""
        return None if self._live else self._given / max(len(self._items), 1)

    def items(self) -> Iterator[Item | None]:
        """See FrameSource."""
        detail = ""
        try:
            yield from self._play()
        except SourceError as error:
            detail = str(error)
            raise
        finally:
            self._status = SourceStatus(SourceState.ENDED, detail)

    def _play(self) -> Iterator[Item | None]:
        for item in self._items:
            if self._closed.is_set():
                return
            self._status = SourceStatus(SourceState.LIVE)
            self._given += 1
            yield item
        self.exhausted.set()
        if self._error is not None:
            raise self._error
        while self._live and not self._closed.wait(0.9):
            yield None

    def close(self) -> None:
        """See FrameSource."""
        self._closed.set()
