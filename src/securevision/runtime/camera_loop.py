"""One source, analysed in a thread until it ends or is closed."""

import logging
import threading
from collections.abc import Callable

from securevision.domain.frames import Frame, SourceState, SourceStatus, Tick
from securevision.domain.ports.cameras import FrameSource
from securevision.domain.ports.store import PeopleStore
from securevision.errors import SecureVisionError
from securevision.incidents.matching import Gallery
from securevision.runtime.frame_queue import frames_of
from securevision.runtime.pipeline import Pipeline

_log = logging.getLogger(__name__)
_SECONDS_TO_CLOSE = 10.0


class GalleryRefresh:
    """Gives the pipeline a new gallery when somebody was enrolled or removed, also by another process."""

    def __init__(self, people: PeopleStore, make: Callable[[], Gallery]) -> None:
        self._people = people
        self._make = make
        self._revision: int | None = None

    def apply(self, pipeline: Pipeline) -> None:
        """Look whether the gallery has changed, and load it if so; when that fails it stays as it is."""
        try:
            revision = self._people.revision()
            if revision != self._revision:
                pipeline.reporter.gallery = self._make()
                self._revision = revision
        except SecureVisionError as error:
            _log.error("The gallery stays as it is: %s", error)


class CameraLoop:
    """The thread that analyses a source."""

    def __init__(self, source: FrameSource, pipeline: Pipeline, refresh: GalleryRefresh) -> None:
        self._source = source
        self._pipeline = pipeline
        self._refresh = refresh
        self._failure = ""
        self._thread = threading.Thread(target=self._run, name=f"analyse-{source.source_id}", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    @property
    def status(self) -> SourceStatus:
        """Where the source stands."""
        return SourceStatus(SourceState.ENDED, self._failure) if self._failure else self._source.status

    def join(self, timeout: float | None = None) -> None:
        """Wait until the source has ended and everything was analysed."""
        self._thread.join(timeout)

    def close(self) -> None:
        """End the source, and wait a while for the analysis of its last frame."""
        self._source.close()
        self.join(_SECONDS_TO_CLOSE)

    def _run(self) -> None:
        try:
            for item in frames_of(self._source):
                self._take(item)
        except SecureVisionError as error:
            self._failure = str(error)
            _log.error("%s", error)
        self._pipeline.finish()

    def _take(self, item: Frame | Tick) -> None:
        try:
            self._refresh.apply(self._pipeline)
            self._pipeline.take(item)
            self._failure = ""
        except Exception:  # noqa: BLE001 - one bad frame must not blind a camera
            if not self._failure:
                _log.exception("A frame of camera %s could not be analysed.", self._source.source_id)
            self._failure = "Frames cannot be analysed because of an internal error; see the log."
