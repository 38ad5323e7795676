"""The order of the stages, on one page.

    Frame -> observations -> tracks -> drafts of events -> events, stored and told

A pipeline belongs to one source and is used by one thread.
"""

from collections.abc import Sequence
from typing import Generic, TypeVar

from securevision.domain.events import Event
from securevision.domain.frames import Frame, Tick
from securevision.domain.observations import FaceObservation, Observation, PlateObservation
from securevision.domain.ports.footage import CropEncoder
from securevision.domain.ports.recognition import Recogniser
from securevision.domain.tracks import Track
from securevision.incidents.reporter import Reporter
from securevision.runtime.recording import EventRecorder
from securevision.tracking.tracker import Tracker

Seen = TypeVar("Seen", bound=Observation)


class Sight(Generic[Seen]):
    """One kind of object: what finds it and what follows it."""

    def __init__(self, recogniser: Recogniser[Seen], tracker: Tracker[Seen]) -> None:
        self._recogniser = recogniser
        self._tracker = tracker

    def look(self, frame: Frame) -> Sequence[Track]:
        """Return the tracks that a frame changed."""
        return self._tracker.update(frame.ts_ms, self._recogniser.observe(frame.pixels))

    def wait(self, ts_ms: int) -> Sequence[Track]:
        """Return the tracks that ended because nothing was seen until now."""
        return self._tracker.update(ts_ms, ())

    def finish(self) -> Sequence[Track]:
        """Return all tracks, ended."""
        return self._tracker.finish()


class Pipeline:
    """The way from a frame to events."""

    def __init__(
        self,
        sights: Sequence[Sight[FaceObservation] | Sight[PlateObservation]],
        reporter: Reporter,
        crops: CropEncoder,
        recorder: EventRecorder,
    ) -> None:
        self._sights = sights
        self.reporter = reporter
        self._encoder = crops
        self._recorder = recorder
        self._crops: dict[int, bytes] = {}
        """The best picture of each track that lives."""
        self._last_ms = 0

    def take(self, item: Frame | Tick) -> Sequence[Event]:
        """Take the next frame or tick of the source; return what was stored because of it."""
        self._last_ms = item.ts_ms
        if isinstance(item, Tick):
            return self._conclude([track for sight in self._sights for track in sight.wait(item.ts_ms)])
        tracks = [track for sight in self._sights for track in sight.look(item)]
        for track in tracks:
            if track.improved:
                self._crops[track.track_id] = self._encoder.crop(item.pixels, track.best_box)
        return self._conclude(tracks)

    def finish(self) -> Sequence[Event]:
        """End all tracks, because the source has ended; return what was stored because of it."""
        return self._conclude([track for sight in self._sights for track in sight.finish()])

    def _conclude(self, tracks: Sequence[Track]) -> Sequence[Event]:
        for draft in self.reporter.update(self._last_ms, tracks):
            self._recorder.record(draft, self._crops.get(draft.sighting))
        for track in tracks:
            if track.ended:
                self._crops.pop(track.track_id, None)
        return self._recorder.flush()
