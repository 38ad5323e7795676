"""Stores that keep everything in memory. As the real ones, they may be called from any thread."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count
from threading import Lock

import numpy as np

from securevision.domain.audit import AuditDraft
from securevision.domain.events import Event, EventDraft, EventPage, EventPosition, EventQuery
from securevision.domain.people import Person, Template
from securevision.domain.ports.clock import Clock
from securevision.domain.ports.store import EnrolmentEntry
from securevision.errors import InvalidInput, NotFound


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
            if (query.type is None or event.type == query.type)
            and event.source_id in query.cameras
            and (query.since_ms is None or event.ts_ms >= query.since_ms)
            and (query.before is None or _position(event) < query.before)
        ]
        found = tuple(wanted[: query.limit])
        return EventPage(found, _position(found[-1]) if len(wanted) > query.limit else None)

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


def _position(event: Event) -> EventPosition:
    return EventPosition(event.ts_ms, event.id)
