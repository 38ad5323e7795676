"""Events with their crops, in the database."""

import json

from sqlalchemy import Connection, delete, func, insert, select, tuple_, update
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from securevision.domain.events import (
    Event,
    EventDraft,
    EventPage,
    EventPosition,
    EventQuery,
    FacePayload,
    ListMatch,
    Payload,
    PlatePayload,
    event_type,
)
from securevision.domain.geometry import Box
from securevision.domain.ports.clock import Clock
from securevision.domain.rights import NO_CAMERAS
from securevision.errors import InvalidInput, NotFound
from securevision.store.database import Database
from securevision.store.tables import EventRow, crops, events
from securevision.store.values import int64

_CHUNK = 100
"""Events deleted in one transaction: about 2 MB with their crops, so that new events don't wait for long."""


class SqlEventStore:
    """The EventStore of a Database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def add(self, draft: EventDraft, crop: bytes | None) -> Event:
        """Store a new event, version 1."""
        created_ms = self._clock.now_ms()

        def work(connection: Connection) -> int:
            (event_id,) = connection.execute(
                insert(events)
                .values(
                    version=1,
                    source_id=draft.source_id,
                    ts_ms=draft.ts_ms,
                    created_ms=created_ms,
                    **_payload_columns(draft.payload),
                )
                .returning(events.c.id)
            ).one()
            _put_crop(connection, event_id, crop)
            return event_id

        event_id = self._database.write(work)
        return Event(event_id, 1, draft.source_id, draft.ts_ms, created_ms, draft.payload)

    def revise(self, event_id: int, draft: EventDraft, crop: bytes | None) -> Event:
        """Replace the payload, and the crop unless it is None; raises NotFound when the event is gone."""

        def work(connection: Connection) -> Event:
            changed = connection.execute(
                update(events)
                .where(events.c.id == int64(event_id))
                .values(version=events.c.version + 1, **_payload_columns(draft.payload))
            )
            if not changed.rowcount:
                raise NotFound(f"Event {event_id} does not exist.")
            _put_crop(connection, event_id, crop)
            return _event(connection.execute(select(events).where(events.c.id == event_id)).one())

        return self._database.write(work)

    def get(self, event_id: int) -> Event | None:
        """Return one event, or None."""
        statement = select(events).where(events.c.id == int64(event_id))
        row = self._database.read(lambda connection: connection.execute(statement).one_or_none())
        return None if row is None else _event(row)

    def crop(self, event_id: int) -> bytes | None:
        """Return the JPEG of an event, or None."""
        statement = select(crops.c.jpeg).where(crops.c.event_id == int64(event_id))
        return self._database.read(lambda connection: connection.scalar(statement))

    def page(self, query: EventQuery) -> EventPage:
        """Return events newest first, by (ts_ms, id). Raises InvalidInput for a limit below 1."""
        if query.limit < 1:
            raise InvalidInput("A page has a limit of 1 event or more.")
        if query.cameras == NO_CAMERAS:
            return EventPage((), None)
        # One more than asked for tells whether there is a next page.
        statement = (
            select(events).order_by(events.c.ts_ms.desc(), events.c.id.desc()).limit(int64(query.limit + 1))
        )
        if query.type is not None:
            statement = statement.where(events.c.type == query.type.value)
        if query.cameras.names is not None:
            # One parameter for all of them: SQLite takes 32,766 at most.
            names = select(
                func.json_each(json.dumps(sorted(query.cameras.names))).table_valued("value").c.value
            )
            statement = statement.where(events.c.source_id.in_(names))
        if query.since_ms is not None:
            statement = statement.where(events.c.ts_ms >= int64(query.since_ms))
        if query.before is not None:
            before = (int64(query.before.ts_ms), int64(query.before.id))
            statement = statement.where(tuple_(events.c.ts_ms, events.c.id) < before)
        rows = self._database.read(lambda connection: connection.execute(statement).all())
        found = tuple(_event(row) for row in rows[: query.limit])
        more = len(rows) > query.limit
        return EventPage(found, EventPosition(found[-1].ts_ms, found[-1].id) if more else None)

    def delete_created_before(self, created_ms: int) -> int:
        """Delete events stored before that moment, with their crops; return how many."""
        oldest = (
            select(events.c.id)
            .where(events.c.created_ms < int64(created_ms))
            .order_by(events.c.created_ms)
            .limit(_CHUNK)
        )
        statement = delete(events).where(events.c.id.in_(oldest))
        deleted = 0
        while count := self._database.write(lambda connection: connection.execute(statement).rowcount):
            deleted += count
        if deleted:
            self._database.scrub()
        return deleted


def _put_crop(connection: Connection, event_id: int, crop: bytes | None) -> None:
    if crop is not None:
        connection.execute(
            sqlite_insert(crops)
            .values(event_id=event_id, jpeg=crop)
            .on_conflict_do_update(index_elements=[crops.c.event_id], set_={"jpeg": crop})
        )


def _payload_columns(payload: Payload) -> dict[str, object]:
    """Return every column that a payload decides; those of the other type are null."""
    face = payload if isinstance(payload, FacePayload) else None
    plate = payload if isinstance(payload, PlatePayload) else None
    return {
        "type": event_type(payload).value,
        "x1": payload.bbox.x1,
        "y1": payload.bbox.y1,
        "x2": payload.bbox.x2,
        "y2": payload.bbox.y2,
        "person_name": face and face.person_name,
        "similarity": face and face.similarity,
        "plate_text": plate and plate.plate_text,
        "confidence": plate and plate.confidence,
        "list_match": plate and plate.list_match and plate.list_match.value,
        "region": plate and plate.region,
    }


def _event(row: EventRow) -> Event:
    (event_id, version, _, source_id, ts_ms, created_ms, x1, y1, x2, y2, *_) = row
    *_, person_name, similarity, plate_text, confidence, list_match, region = row
    box = Box(x1, y1, x2, y2)
    payload: Payload
    # A plate has both and a face neither: the table's constraint says so.
    if plate_text is None or confidence is None:
        payload = FacePayload(person_name, similarity, box)
    else:
        list_ = None if list_match is None else ListMatch(list_match)
        payload = PlatePayload(plate_text, confidence, list_, region, box)
    return Event(event_id, version, source_id, ts_ms, created_ms, payload)
