"""One source, watched for a command: its events as they come, until it ends."""

import queue
from collections.abc import Generator, Iterator

from securevision.domain.camera_reports import CameraReport
from securevision.domain.events import Event
from securevision.domain.frames import SourceState
from securevision.errors import SourceError
from securevision.runtime.camera_hub import WatchedCamera
from securevision.runtime.feed import Feed
from securevision.wiring.engine import Engine

_LOOK_S = 0.2


class OneSource:
    """Watches a source with an engine that has nothing else to do."""

    def __init__(self, engine: Engine, feed: Feed, camera: WatchedCamera) -> None:
        """`feed` is where the engine's events are told."""
        self._engine = engine
        self._feed = feed
        self._camera = camera

    @property
    def report(self) -> CameraReport:
        """How the source does."""
        [report] = self._engine.hub.reports()
        return report

    def events(self) -> Generator[Event | None]:
        """Yield the events, and None now and then while there are none.

        Raises SourceError when the source gives no video, or refuses or cannot be reached before it gave any.
        """
        told: queue.SimpleQueue[Event] = queue.SimpleQueue()
        unsubscribe = self._feed.subscribe(told.put)
        ended = self._engine.analysis.finished_cameras
        try:
            with self._engine:
                self._engine.hub.watch(self._camera)
                while ended.empty():
                    yield from _waiting(told, _LOOK_S)
                    self._give_up_on_what_never_came()
                    yield None
                _, failure = ended.get()
            # Now its last tracks have ended too.
            yield from _waiting(told, 0.0)
            if failure:
                raise SourceError(failure)
        finally:
            unsubscribe()

    def _give_up_on_what_never_came(self) -> None:
        for worker in self._engine.hub.worker_reports():
            if worker.failure:
                raise SourceError(f"{worker.name} does not work: {worker.failure}")
        report = self.report
        never_came = report.packets == 0 and not report.codec
        if never_came and report.status.state in (SourceState.REFUSED, SourceState.BACKING_OFF):
            raise SourceError(report.status.detail)


def _waiting(told: "queue.SimpleQueue[Event]", wait_s: float) -> Iterator[Event]:
    while True:
        try:
            yield told.get(timeout=wait_s) if wait_s else told.get_nowait()
        except queue.Empty:
            return
