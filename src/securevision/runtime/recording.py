"""Drafts become events: numbered, stored and told."""

import logging
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from securevision.domain.events import Event, EventDraft
from securevision.domain.ports.clock import Clock
from securevision.domain.ports.store import EventStore, PictureStore
from securevision.errors import NotFound, SecureVisionError
from securevision.runtime.feed import Feed

_log = logging.getLogger(__name__)
_MAX_PENDING = 1000
_MAX_SIGHTINGS = 10_000
_SECONDS_BETWEEN_COMPLAINTS = 60.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """The pictures of a sighting, as JPEG."""

    crop: bytes
    picture: bytes
    """The whole frame; may be empty."""


class EventRecorder(Protocol):
    """Where drafts go."""

    def record(self, draft: EventDraft, evidence: Evidence | None) -> None:
        """Take a draft and, if there are any, its pictures."""
        ...

    def flush(self) -> Sequence[Event]:
        """Return the events made of what was taken since the last call, in order."""
        ...


class StoringRecorder:
    """Stores events, then tells the feed.

    When the store cannot take an event (no room, no database), it is kept in memory and tried again at each
    flush; of more than 1000 such events the oldest are lost.
    """

    def __init__(self, store: EventStore, pictures: PictureStore, feed: Feed, clock: Clock) -> None:
        self._store = store
        self._pictures = pictures
        self._feed = feed
        self._clock = clock
        self._pending: deque[tuple[EventDraft, Evidence | None]] = deque(maxlen=_MAX_PENDING)
        self._event_ids: OrderedDict[int, int] = OrderedDict()
        self._complained = float("-inf")

    def record(self, draft: EventDraft, evidence: Evidence | None) -> None:
        """Take a draft; see EventRecorder."""
        self._pending.append((draft, evidence))

    def flush(self) -> Sequence[Event]:
        """Store what is pending, as far as the store takes it, and tell the feed."""
        stored = []
        while self._pending:
            draft, evidence = self._pending[0]
            try:
                event = self._save(draft, evidence.crop if evidence else None)
                if evidence and evidence.picture:
                    self._pictures.put(event.id, evidence.picture)
            except SecureVisionError as error:
                self._complain(error)
                break
            self._pending.popleft()
            self._feed.publish(event)
            stored.append(event)
        return stored

    def _save(self, draft: EventDraft, crop: bytes | None) -> Event:
        event_id = self._event_ids.get(draft.sighting)
        if event_id is not None:
            try:
                return self._store.revise(event_id, draft, crop)
            except NotFound:
                _log.info("Event %d was deleted before it could be revised; it is stored anew.", event_id)
        event = self._store.add(draft, crop)
        self._event_ids[draft.sighting] = event.id
        if len(self._event_ids) > _MAX_SIGHTINGS:
            self._event_ids.popitem(last=False)
        return event

    def _complain(self, error: SecureVisionError) -> None:
        now = self._clock.monotonic()
        if now - self._complained >= _SECONDS_BETWEEN_COMPLAINTS:
            self._complained = now
            _log.error("%s %d event(s) wait in memory until then.", error, len(self._pending))


class PassingRecorder:
    """Numbers events and passes them on, for a run that stores nothing."""

    def __init__(self, feed: Feed, clock: Clock) -> None:
        self._feed = feed
        self._clock = clock
        self._events: dict[int, Event] = {}
        self._passed: list[Event] = []

    def record(self, draft: EventDraft, evidence: Evidence | None) -> None:  # noqa: ARG002 - nobody looks at it
        """Take a draft; see EventRecorder."""
        before = self._events.get(draft.sighting)
        if before is None:
            now = self._clock.now_ms()
            event = Event(len(self._events) + 1, 1, draft.source_id, draft.ts_ms, now, draft.payload)
        else:
            event = replace(before, version=before.version + 1, payload=draft.payload)
        self._events[draft.sighting] = event
        self._passed.append(event)

    def flush(self) -> Sequence[Event]:
        """Tell the feed of what was taken since the last call, and return it."""
        passed, self._passed = self._passed, []
        for event in passed:
            self._feed.publish(event)
        return passed
