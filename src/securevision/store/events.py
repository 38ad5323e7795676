"""Events with their crops, in the database."""

from sqlalchemy import Connection, delete, func, insert, select, tuple_, update
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from securevision.domain.events import (
    CAMERA_EVENTS,
    CameraPayload,
    Event,
    EventDraft,
    EventPage,
    EventPosition,
    EventQuery,
    EventType,
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
from securevision.store.values import int64, these

_STATES = {type_: state for state, type_ in CAMERA_EVENTS.items()}
_CHUNK = 100
_NO_EVENT = 1 << 62
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
        if query.types is not None:
            statement = statement.where(events.c.type.in_(sorted(query.types)))
        if query.cameras.names is not None:
            statement = statement.where(events.c.source_id.in_(these(query.cameras.names)))
        if query.since_ms is not None:
            statement = statement.where(events.c.ts_ms >= int64(query.since_ms))
        if query.before is not None:
            before = (int64(query.before.ts_ms), int64(query.before.id))
            statement = statement.where(tuple_(events.c.ts_ms, events.c.id) < before)
        rows = self._database.read(lambda connection: connection.execute(statement).all())
        found = tuple(_event(row) for row in rows[: query.limit])
        more = len(rows) > query.limit
        return EventPage(found, EventPosition(found[-1].ts_ms, found[-1].id) if more else None)

    def oldest_id(self) -> int:
        """Return the number of the oldest event; when there is none, one larger than any."""
        statement = select(func.min(events.c.id))
        oldest: int | None = self._database.read(lambda connection: connection.scalar(statement))
        return _NO_EVENT if oldest is None else oldest

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
    """Return every column that a payload decides; those of other types are null."""
    face = payload if isinstance(payload, FacePayload) else None
    plate = payload if isinstance(payload, PlatePayload) else None
    camera = payload if isinstance(payload, CameraPayload) else None
    box = None if isinstance(payload, CameraPayload) else payload.bbox
    return {
        "type": event_type(payload).value,
        "x1": box and box.x1,
        "y1": box and box.y1,
        "x2": box and box.x2,
        "y2": box and box.y2,
        "person_name": face and face.person_name,
        "similarity": face and face.similarity,
        "plate_text": plate and plate.plate_text,
        "confidence": plate and plate.confidence,
        "list_match": plate and plate.list_match and plate.list_match.value,
        "region": plate and plate.region,
        "detail": camera and camera.detail,
    }


def _event(row: EventRow) -> Event:
    event_id, version, _, source_id, ts_ms, created_ms, *_ = row
    return Event(event_id, version, source_id, ts_ms, created_ms, _payload(row))


def _payload(row: EventRow) -> Payload:
    _, _, type_, _, _, _, x1, y1, x2, y2, *_ = row
    *_, person_name, similarity, plate_text, confidence, list_match, region, detail = row
    # Only how a camera is has no box; a plate has both of its own and a face neither: the constraint says so.
    if x1 is None or y1 is None or x2 is None or y2 is None:
        return CameraPayload(_STATES[EventType(type_)], detail or "")
    box = Box(x1, y1, x2, y2)
    if plate_text is None or confidence is None:
        return FacePayload(person_name, similarity, box)
    list_ = None if list_match is None else ListMatch(list_match)
    return PlatePayload(plate_text, confidence, list_, region, box)
