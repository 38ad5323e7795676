"""Which sightings become events, and when one is revised.

A track is one sighting and makes one event at most. A later track of the same person or plate is the same
visit while the cooldown since they were last seen has not run out, and makes none.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from securevision.domain.configs import IncidentConfig
from securevision.domain.events import EventDraft, FacePayload, Payload, PlatePayload
from securevision.domain.observations import Embedding
from securevision.domain.plates import PlateLists
from securevision.domain.tracks import FaceEvidence, PlateEvidence, Track
from securevision.incidents.matching import Gallery


@dataclass(slots=True, eq=False)
class _Visit:
    """Somebody or something that was reported, and when they were last seen."""

    identity: str | Embedding
    """A name, a plate, or the embedding of a stranger."""
    last_ms: int


class Reporter:
    """Turns the tracks of one source into drafts of events."""

    def __init__(self, config: IncidentConfig, gallery: Gallery, lists: PlateLists) -> None:
        self._config = config
        self.gallery = gallery
        self.lists = lists
        self._reported: dict[int, Payload] = {}
        self._visits: list[_Visit] = []

    def update(self, ts_ms: int, tracks: Sequence[Track]) -> Sequence[EventDraft]:
        """Return a draft for each track that is worth an event now, or whose event must be revised."""
        drafts = [draft for track in tracks if track.confirmed and (draft := self._report(track))]
        for track in tracks:
            if track.ended:
                self._reported.pop(track.track_id, None)
        # Nobody is known from the future; only a clock that was set back makes it seem so.
        self._visits = [v for v in self._visits if 0 <= ts_ms - v.last_ms <= self._config.cooldown_ms]
        return drafts

    def label(self, track: Track) -> str:
        """Return the name or the plate that a track is taken for now; empty for somebody unknown."""
        payload = self._payload(track)
        return payload.plate_text if isinstance(payload, PlatePayload) else _name_of(payload)

    def _report(self, track: Track) -> EventDraft | None:
        payload = self._payload(track)
        before = self._reported.get(track.track_id)
        if before is None and not self._ready(track, payload):
            return None
        known_visit = self._visit(_identity(track.evidence, payload), track.last_ms)
        if known_visit if before is None else _same_finding(before, payload):
            return None
        self._reported[track.track_id] = payload
        return EventDraft(track.track_id, track.source_id, track.last_ms, payload)

    def _payload(self, track: Track) -> Payload:
        match track.evidence:
            case FaceEvidence(embedding):
                found = self.gallery.match(embedding)
                return FacePayload(found.person_name, found.similarity, track.best_box)
            case PlateEvidence(text, confidence):
                return PlatePayload(text, confidence, self.lists.match(text), None, track.best_box)

    def _ready(self, track: Track, payload: Payload) -> bool:
        stranger = isinstance(payload, FacePayload) and payload.person_name is None
        return not stranger or track.ended or track.hits >= self._config.frames_for_stranger

    def _visit(self, identity: str | Embedding, last_ms: int) -> bool:
        """Note that they are here; return whether they were already, by another track or this one."""
        for visit in self._visits:
            if self._same(visit.identity, identity):
                visit.last_ms = max(visit.last_ms, last_ms)
                return True
        self._visits.append(_Visit(identity, last_ms))
        return False

    def _same(self, a: str | Embedding, b: str | Embedding) -> bool:
        if isinstance(a, str) or isinstance(b, str):
            return isinstance(a, str) and isinstance(b, str) and a == b
        return float(a @ b) >= self._config.similarity_threshold


def _name_of(payload: Payload) -> str:
    return (isinstance(payload, FacePayload) and payload.person_name) or ""


def _identity(evidence: FaceEvidence | PlateEvidence, payload: Payload) -> str | Embedding:
    if isinstance(evidence, PlateEvidence):
        return f"plate {evidence.text}"
    if isinstance(payload, FacePayload) and payload.person_name is not None:
        return f"person {payload.person_name}"
    return evidence.embedding


def _same_finding(a: Payload, b: Payload) -> bool:
    """Return whether two payloads of a track say the same; a steadier figure alone is no news."""
    if isinstance(a, FacePayload) and isinstance(b, FacePayload):
        return a.person_name == b.person_name
    if isinstance(a, PlatePayload) and isinstance(b, PlatePayload):
        return (a.plate_text, a.list_match) == (b.plate_text, b.list_match)
    return False
