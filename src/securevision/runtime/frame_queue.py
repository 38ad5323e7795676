"""Frames, from the thread that reads a source to the one that analyses."""

import threading
from collections.abc import Generator, Iterator

from securevision.domain.frames import Frame, Tick
from securevision.domain.ports.cameras import FrameSource

_SECONDS_TO_END = 2.0
"""For a source that is closed while it waits for its camera; it may be left behind then."""


def frames_of(source: FrameSource) -> Generator[Frame | Tick]:
    """Yield what a source gives, to be analysed.

    A live source is read by a thread of its own, and the newest frame wins: a slow analysis drops frames
    and never delays the camera. Raises what the source raises. Closing the generator closes the source.
    """
    if not source.live:
        try:
            yield from source.frames()
        finally:
            source.close()
        return
    newest = _Newest()
    name = f"read-{source.source_id}"
    reader = threading.Thread(target=newest.read, args=(source,), name=name, daemon=True)
    reader.start()
    try:
        yield from newest
    finally:
        source.close()
        reader.join(_SECONDS_TO_END)


class _Newest:
    """Room for one frame or tick."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._item: Frame | Tick | None = None
        self._ended = False
        self._error: Exception | None = None

    def read(self, source: FrameSource) -> None:
        """Take everything that the source gives; return when there is no more."""
        try:
            for item in source.frames():
                with self._condition:
                    # A tick never replaces a frame that waits.
                    if isinstance(item, Frame) or self._item is None:
                        self._item = item
                        self._condition.notify()
        except Exception as error:  # noqa: BLE001 - raised again in the thread that analyses
            self._error = error
        with self._condition:
            self._ended = True
            self._condition.notify()

    def __iter__(self) -> Iterator[Frame | Tick]:
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._item is not None or self._ended)
                item, self._item = self._item, None
            if item is not None:
                yield item
            elif self._error is not None:
                raise self._error
            else:
                return
