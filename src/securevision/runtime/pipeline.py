"""The order of the stages, on one page.

    Look -> tracks -> drafts of events -> events, stored and told

A pipeline belongs to one source and is used by one thread.
"""

from collections.abc import Sequence

from securevision.domain.events import Event
from securevision.domain.frames import Tick
from securevision.domain.live import LiveBox
from securevision.domain.looks import Look
from securevision.domain.observations import FaceObservation, Kind, PlateObservation
from securevision.domain.tracks import FaceEvidence, Track
from securevision.incidents.reporter import Reporter
from securevision.runtime.recording import EventRecorder, Evidence
from securevision.tracking.tracker import Tracker

_SET_BACK_MS = 60_000
"""Time that goes back by more is no delay: the clock was set back."""


class Pipeline:
    """The way from what was seen to events."""

    def __init__(
        self,
        faces: Tracker[FaceObservation],
        plates: Tracker[PlateObservation],
        reporter: Reporter,
        recorder: EventRecorder,
    ) -> None:
        self._faces = faces
        self._plates = plates
        self.reporter = reporter
        self._recorder = recorder
        self._evidence: dict[int, Evidence] = {}
        """The best pictures of each track that lives."""
        self._confirmed: set[int] = set()
        self.boxes: tuple[LiveBox, ...] = ()
        """What was believed to be in the newest look."""
        self._last_ms = 0

    @property
    def sees_something(self) -> bool:
        """Whether something that is believed to be there was in the last frames."""
        return bool(self._confirmed)

    def take(self, item: Look | Tick) -> Sequence[Event]:
        """Take the next look or tick of the source; return what was stored because of it."""
        if item.ts_ms < self._last_ms - _SET_BACK_MS:
            return [*self.finish(), *self._take_at(item, item.ts_ms)]
        return self._take_at(item, max(self._last_ms, item.ts_ms))

    def _take_at(self, item: Look | Tick, ts_ms: int) -> Sequence[Event]:
        self._last_ms = ts_ms
        faces, plates = (item.faces, item.plates) if isinstance(item, Look) else ((), ())
        tracks = [*self._faces.update(ts_ms, faces), *self._plates.update(ts_ms, plates)]
        if isinstance(item, Look):
            for track in tracks:
                if track.improved and (crop := item.crop_of(track.best_box)):
                    self._evidence[track.track_id] = Evidence(crop, item.picture)
            self.boxes = tuple(
                self._box(track, item) for track in tracks if track.confirmed and not track.ended
            )
        return self._conclude(tracks)

    def _box(self, track: Track, look: Look) -> LiveBox:
        kind = Kind.FACE if isinstance(track.evidence, FaceEvidence) else Kind.PLATE
        box, width, height = track.last_box, max(look.width, 1), max(look.height, 1)
        corners = (box.x1 / width, box.y1 / height, box.x2 / width, box.y2 / height)
        return LiveBox(kind, self.reporter.label(track), corners)

    def finish(self) -> Sequence[Event]:
        """End all tracks, because the source has ended; return what was stored because of it."""
        return self._conclude([*self._faces.finish(), *self._plates.finish()])

    def _conclude(self, tracks: Sequence[Track]) -> Sequence[Event]:
        for draft in self.reporter.update(self._last_ms, tracks):
            self._recorder.record(draft, self._evidence.get(draft.sighting))
        for track in tracks:
            if track.ended:
                self._evidence.pop(track.track_id, None)
                self._confirmed.discard(track.track_id)
            elif track.confirmed:
                self._confirmed.add(track.track_id)
        return self._recorder.flush()
