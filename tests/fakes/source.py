"""A camera that gives what a test wrote down."""

import threading
from collections.abc import Iterator, Sequence

from securevision.domain.frames import Frame, SourceState, SourceStatus, Tick
from securevision.errors import SourceError


class ScriptedSource:
    """A FrameSource that gives the items, then fails with `error` if there is one, then ends.

    A live one ticks after the last item until it is closed, as a camera would.
    """

    def __init__(
        self,
        items: Sequence[Frame | Tick],
        *,
        source_id: str = "door",
        live: bool = False,
        error: SourceError | None = None,
    ) -> None:
        self._items = items
        self._source_id = source_id
        self._live = live
        self._error = error
        self._given = 0
        self._closed = threading.Event()
        self._status = SourceStatus(SourceState.CONNECTING)
        self.exhausted = threading.Event()
        """Set when the last item was taken."""

    @property
    def source_id(self) -> str:
        """See FrameSource."""
        return self._source_id

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

    def frames(self) -> Iterator[Frame | Tick]:
        """See FrameSource."""
        try:
            yield from self._play()
        finally:
            self._status = SourceStatus(SourceState.ENDED)

    def _play(self) -> Iterator[Frame | Tick]:
        now_ms = 0
        for item in self._items:
            if self._closed.is_set():
                return
            if isinstance(item, Frame):
                self._status = SourceStatus(SourceState.LIVE)
            self._given += 1
            now_ms = item.ts_ms
            yield item
        self.exhausted.set()
        if self._error is not None:
            raise self._error
        while self._live and not self._closed.wait(1.0):
            now_ms += 1000
            yield Tick(self._source_id, now_ms)

    def close(self) -> None:
        """See FrameSource."""
        self._closed.set()
