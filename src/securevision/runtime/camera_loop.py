"""One source, read and analysed until it ends or is closed."""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator

from securevision.domain.frames import Frame, SourceState, SourceStatus, Tick
from securevision.domain.ports.cameras import FrameSource
from securevision.domain.ports.store import PeopleStore
from securevision.errors import SecureVisionError
from securevision.incidents.matching import Gallery
from securevision.runtime.pipeline import Pipeline

_log = logging.getLogger(__name__)


class Newest:
    """Hands frames from the thread that reads a camera to the one that analyses; the newest wins.

    A slow analysis drops frames and never delays the camera: memory holds one frame.
    """

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._item: Frame | Tick | None = None
        self._ended = False
        self.dropped = 0

    def fill(self, items: Iterable[Frame | Tick]) -> None:
        """Take everything that comes; return when there is no more."""
        try:
            for item in items:
                with self._condition:
                    # A tick never replaces a frame that waits.
                    if isinstance(item, Frame) or self._item is None:
                        self.dropped += isinstance(self._item, Frame)
                        self._item = item
                        self._condition.notify()
        finally:
            with self._condition:
                self._ended = True
                self._condition.notify()

    def __iter__(self) -> Iterator[Frame | Tick]:
        """Yield the newest item each time, waiting for it; end when there is no more."""
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._item is not None or self._ended)
                item, self._item = self._item, None
            if item is None:
                return
            yield item


class GalleryRefresh:
    """Gives the pipeline a new gallery when somebody was enrolled or removed, also by another process."""

    def __init__(self, people: PeopleStore, make: Callable[[], Gallery]) -> None:
        self._people = people
        self._make = make
        self._revision: int | None = None

    def apply(self, pipeline: Pipeline) -> None:
        """Look whether the gallery has changed, and load it if so."""
        try:
            revision = self._people.revision()
            if revision != self._revision:
                pipeline.reporter.gallery = self._make()
                self._revision = revision
        except SecureVisionError as error:
            _log.error("The gallery stays as it is: %s", error)


class CameraLoop:
    """A thread that analyses a source, and for a live source one more that reads it."""

    def __init__(self, source: FrameSource, pipeline: Pipeline, refresh: GalleryRefresh) -> None:
        self._source = source
        self._pipeline = pipeline
        self._refresh = refresh
        self._newest = Newest()
        self._failure = ""
        self._threads = [threading.Thread(target=self._analyse, name=f"analyse-{source.source_id}")]
        if source.live:
            read = threading.Thread(target=self._read, name=f"read-{source.source_id}", daemon=True)
            self._threads.append(read)

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    @property
    def status(self) -> SourceStatus:
        """Where the source stands."""
        if self._failure:
            return SourceStatus(SourceState.ENDED, self._failure)
        return self._source.status

    def join(self, timeout: float | None = None) -> None:
        """Wait until the source has ended and everything was analysed."""
        for thread in self._threads:
            thread.join(timeout)

    def close(self) -> None:
        """End the source, and wait for the analysis of the last frame."""
        self._source.close()
        self._threads[0].join(timeout=10)

    def _read(self) -> None:
        self._newest.fill(self._guard(self._source.frames()))

    def _guard(self, items: Iterator[Frame | Tick]) -> Iterator[Frame | Tick]:
        """Pass items on; when the source fails for good, say why and end."""
        try:
            yield from items
        except SecureVisionError as error:
            self._failure = str(error)
            _log.error("%s", error)

    def _analyse(self) -> None:
        items = self._newest if self._source.live else self._guard(self._source.frames())
        for item in items:
            try:
                self._refresh.apply(self._pipeline)
                self._pipeline.take(item)
            except SecureVisionError as error:
                _log.error("%s", error)
            except Exception:  # noqa: BLE001
                # One bad frame must not blind a camera; the log has what is needed to mend it.
                _log.exception("A frame of camera %s could not be analysed.", self._source.source_id)
        self._pipeline.finish()
