"""Stores that keep everything in memory. As the real ones, they may be called from any thread."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count
from threading import Lock

import numpy as np

from securevision.domain.audit import AuditDraft
from securevision.domain.cameras import MAX_CAMERAS, Camera, CameraConfig, SealedAddress
from securevision.domain.events import Event, EventDraft, EventPage, EventPosition, EventQuery
from securevision.domain.people import Person, Template
from securevision.domain.ports.clock import Clock
from securevision.domain.ports.store import EnrolmentEntry
from securevision.domain.recordings import (
    Recording,
    RecordingKind,
    RecordingPage,
    RecordingPosition,
    RecordingQuery,
    RecordingSizes,
)
from securevision.errors import Conflict, InvalidInput, NotFound


class MemoryEventStore:
    """An EventStore."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ids = count(1)
        self._events: dict[int, Event] = {}
        self._crops: dict[int, bytes] = {}
        self._lock = Lock()

    def add(self, draft: EventDraft, crop: bytes | None) -> Event:
        created_ms = self._clock.now_ms()
        with self._lock:
            event = Event(next(self._ids), 1, draft.source_id, draft.ts_ms, created_ms, draft.payload)
            self._put(event, crop)
        return event

    def revise(self, event_id: int, draft: EventDraft, crop: bytes | None) -> Event:
        with self._lock:
            old = self._events.get(event_id)
            if old is None:
                raise NotFound(f"Event {event_id} does not exist.")
            event = replace(old, version=old.version + 1, payload=draft.payload)
            self._put(event, crop)
        return event

    def get(self, event_id: int) -> Event | None:
        return self._events.get(event_id)

    def crop(self, event_id: int) -> bytes | None:
        return self._crops.get(event_id)

    def page(self, query: EventQuery) -> EventPage:
        if query.limit < 1:
            raise InvalidInput("A page has a limit of 1 event or more.")
        with self._lock:
            events = list(self._events.values())
        wanted = [
            event
            for event in sorted(events, key=_position, reverse=True)
            if (query.types is None or event.type in query.types)
            and event.source_id in query.cameras
            and (query.since_ms is None or event.ts_ms >= query.since_ms)
            and (query.before is None or _position(event) < query.before)
        ]
        found = tuple(wanted[: query.limit])
        return EventPage(found, _position(found[-1]) if len(wanted) > query.limit else None)

    def oldest_id(self) -> int:
        with self._lock:
            return min(self._events, default=1 << 62)

    def delete_created_before(self, created_ms: int) -> int:
        with self._lock:
            old = [event.id for event in self._events.values() if event.created_ms < created_ms]
            for event_id in old:
                del self._events[event_id]
                self._crops.pop(event_id, None)
        return len(old)

    def _put(self, event: Event, crop: bytes | None) -> None:
        self._events[event.id] = event
        if crop is not None:
            self._crops[event.id] = crop


class MemoryPeopleStore:
    """A PeopleStore."""

    def __init__(self) -> None:
        self._templates: dict[tuple[str, str], Template] = {}
        self._revision = 0
        self._lock = Lock()

    def enrol(self, templates: Sequence[Template], audit: EnrolmentEntry) -> int:  # noqa: ARG002 - no log here
        if any(t.embedding.shape != (128,) or not np.isfinite(t.embedding).all() for t in templates):
            raise InvalidInput("A face's embedding is 128 finite numbers.")
        with self._lock:
            before = len(self._templates)
            for template in templates:
                self._templates.setdefault((template.person_name, template.photo_sha256), template)
            new = len(self._templates) - before
            self._revision += new > 0
        return new

    def remove(self, person_name: str, audit: Callable[[int], AuditDraft]) -> int:  # noqa: ARG002
        with self._lock:
            photos = [key for key in self._templates if key[0] == person_name]
            if not photos:
                raise NotFound(f"Nobody is enrolled as {person_name!r}.")
            for key in photos:
                del self._templates[key]
            self._revision += 1
        return len(photos)

    def people(self) -> Sequence[Person]:
        names = [template.person_name for template in self.templates()]
        return [Person(name, names.count(name)) for name in sorted(set(names))]

    def templates(self) -> Sequence[Template]:
        with self._lock:
            return list(self._templates.values())

    def revision(self) -> int:
        return self._revision


class MemoryCameraStore:
    """A CameraStore."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._cameras: dict[str, tuple[Camera, bytes]] = {}
        self._revision = 0
        self._lock = Lock()

    def all(self) -> Sequence[Camera]:
        with self._lock:
            return [self._cameras[camera_id][0] for camera_id in sorted(self._cameras)]

    def get(self, camera_id: str) -> Camera | None:
        camera, _ = self._cameras.get(camera_id, (None, b""))
        return camera

    def sealed_address(self, camera_id: str) -> bytes:
        return self._the_camera(camera_id)[1]

    def add(self, config: CameraConfig, address: SealedAddress, audit: AuditDraft) -> Camera:  # noqa: ARG002
        now_ms = self._clock.now_ms()
        with self._lock:
            if config.id in self._cameras:
                raise Conflict(f"There is a camera {config.id} already; choose another name.")
            if len(self._cameras) >= MAX_CAMERAS:
                raise Conflict(f"There are {MAX_CAMERAS} cameras at most; remove one first.")
            return self._put(Camera(config, address.display, now_ms, now_ms), address.sealed)

    def change(
        self,
        config: CameraConfig,
        address: SealedAddress | None,
        audit: AuditDraft,  # noqa: ARG002
    ) -> Camera:
        with self._lock:
            camera, sealed = self._the_camera(config.id)
            address = address or SealedAddress(camera.display, sealed)
            changed = Camera(config, address.display, camera.created_ms, self._clock.now_ms())
            return self._put(changed, address.sealed)

    def remove(self, camera_id: str, audit: AuditDraft) -> None:  # noqa: ARG002
        with self._lock:
            self._the_camera(camera_id)
            del self._cameras[camera_id]
            self._revision += 1

    def revision(self) -> int:
        return self._revision

    def _the_camera(self, camera_id: str) -> tuple[Camera, bytes]:
        if camera_id not in self._cameras:
            raise NotFound(f"There is no camera {camera_id}.")
        return self._cameras[camera_id]

    def _put(self, camera: Camera, sealed: bytes) -> Camera:
        self._cameras[camera.config.id] = camera, sealed
        self._revision += 1
        return camera


class MemoryRecordingStore:
    """A RecordingStore."""

    def __init__(self) -> None:
        self._ids = count(1)
        self._recordings: dict[int, Recording] = {}
        self._lock = Lock()

    def begin(self, camera_id: str, kind: RecordingKind, begin_ms: int, mime: str) -> Recording:
        with self._lock:
            recording = Recording(next(self._ids), camera_id, kind, begin_ms, None, 0, kept=False, mime=mime)
            return self._put(recording)

    def grow(self, recording_id: int, size: int) -> None:
        with self._lock:
            self._put(replace(self._growing(recording_id), size=size))

    def end(self, recording_id: int, end_ms: int, size: int) -> Recording:
        with self._lock:
            old = self._growing(recording_id)
            return self._put(replace(old, end_ms=max(old.begin_ms, end_ms), size=size))

    def get(self, recording_id: int) -> Recording | None:
        return self._recordings.get(recording_id)

    def page(self, query: RecordingQuery) -> RecordingPage:
        if query.limit < 1:
            raise InvalidInput("A page has a limit of 1 recording or more.")
        wanted = [
            recording
            for recording in reversed(self._oldest_first())
            if recording.camera_id in query.cameras
            and (query.since_ms is None or recording.begin_ms >= query.since_ms)
            and (query.before is None or _place(recording) < query.before)
        ]
        found = tuple(wanted[: query.limit])
        return RecordingPage(found, _place(found[-1]) if len(wanted) > query.limit else None)

    def overlapping(self, camera_id: str, from_ms: int, to_ms: int, limit: int) -> Sequence[Recording]:
        return [
            recording
            for recording in self._oldest_first()
            if recording.camera_id == camera_id
            and recording.begin_ms <= to_ms
            and (recording.end_ms is None or recording.end_ms >= from_ms)
        ][:limit]

    def keep(self, recording_id: int, audit: AuditDraft, *, kept: bool) -> Recording:  # noqa: ARG002
        with self._lock:
            return self._put(replace(self._the_recording(recording_id), kept=kept))

    def delete(self, recording_id: int, audit: AuditDraft | None) -> Recording:  # noqa: ARG002
        with self._lock:
            recording = self._the_recording(recording_id)
            if recording.kept:
                raise Conflict(f"Recording {recording_id} is kept; let it go first.")
            if recording.end_ms is None:
                raise Conflict(f"Recording {recording_id} is still being made; delete it when it has ended.")
            return self._recordings.pop(recording_id)

    def open_ones(self) -> Sequence[Recording]:
        with self._lock:
            return [recording for recording in self._recordings.values() if recording.end_ms is None]

    def expired(self, older_than_ms: int, limit: int) -> Sequence[Recording]:
        return [each for each in self._unkept() if (each.end_ms or 0) < older_than_ms][:limit]

    def oldest_unkept(self, limit: int) -> Sequence[Recording]:
        return self._unkept()[:limit]

    def sizes(self) -> RecordingSizes:
        every = self._oldest_first()
        kept = sum(recording.size for recording in every if recording.kept)
        return RecordingSizes(kept, sum(recording.size for recording in every) - kept)

    def _oldest_first(self) -> Sequence[Recording]:
        with self._lock:
            return sorted(self._recordings.values(), key=_place)

    def _unkept(self) -> Sequence[Recording]:
        return [each for each in self._oldest_first() if not each.kept and each.end_ms is not None]

    def _growing(self, recording_id: int) -> Recording:
        recording = self._recordings.get(recording_id)
        if recording is None or recording.end_ms is not None:
            raise NotFound(f"There is no recording {recording_id} that is still being made.")
        return recording

    def _the_recording(self, recording_id: int) -> Recording:
        if recording_id not in self._recordings:
            raise NotFound(f"There is no recording {recording_id}.")
        return self._recordings[recording_id]

    def _put(self, recording: Recording) -> Recording:
        self._recordings[recording.id] = recording
        return recording


def _position(event: Event) -> EventPosition:
    return EventPosition(event.ts_ms, event.id)


def _place(recording: Recording) -> RecordingPosition:
    return RecordingPosition(recording.begin_ms, recording.id)
