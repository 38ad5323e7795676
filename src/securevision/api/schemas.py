"""What the API says and takes, as JSON."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import BaseModel, Field

from securevision.domain.events import Event, EventType, FacePayload, ListMatch, Payload
from securevision.domain.frames import SourceState

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MAX_INTEGER = 2**63 - 1
"""The largest number that the database holds."""

Pixels = tuple[int, int, int, int]


class FaceBody(BaseModel):
    """A face; `person_name` is null for a stranger."""

    person_name: str | None
    similarity: float | None
    bbox: Pixels


class PlateBody(BaseModel):
    """A plate and its reading."""

    plate_text: str
    confidence: float
    list_match: ListMatch | None
    region: str | None
    bbox: Pixels


class EventBody(BaseModel):
    """An event in the form of 0.1."""

    id: int
    type: EventType
    ts_ms: int
    frame_source_id: str
    created_at: datetime
    payload: FaceBody | PlateBody


class VersionedEventBody(EventBody):
    """An event that may be revised: the version starts at 1 and grows."""

    version: int


class EventsBody(BaseModel):
    """One page of events, newest first."""

    events: list[VersionedEventBody]
    next_cursor: str | None


class EventsParameters(BaseModel):
    """Which events are wanted."""

    type: EventType | None = None
    since: Annotated[int, Field(ge=0, le=MAX_INTEGER)] | None = None
    """Only events of this capture time or later, milliseconds since the Unix epoch."""
    limit: Annotated[int, Field(ge=1, le=1000)] = 100
    cursor: Annotated[str, Field(max_length=100)] | None = None


class CleanupBody(BaseModel):
    """What a cleanup did."""

    deleted: int
    retention_days: int


class BareHealthBody(BaseModel):
    """The server answers."""

    ok: bool


class SourceBody(BaseModel):
    """The state of the camera."""

    id: str
    state: SourceState
    detail: str


class HealthBody(BaseModel):
    """`ok` is true while the camera gives video, and when a file was read to its end.

    `source` is null, and `ok` true, for whoever may not see the camera.
    """

    ok: bool
    version: str
    source: SourceBody | None


def event_body(event: Event) -> EventBody:
    """Return an event in the form of 0.1."""
    return EventBody(
        id=event.id,
        type=event.type,
        ts_ms=event.ts_ms,
        frame_source_id=event.source_id,
        created_at=_EPOCH + timedelta(milliseconds=event.created_ms),
        payload=_payload_body(event.payload),
    )


def versioned_event_body(event: Event) -> VersionedEventBody:
    """Return an event with its version."""
    return VersionedEventBody(**dict(event_body(event)), version=event.version)


def _payload_body(payload: Payload) -> FaceBody | PlateBody:
    bbox = payload.bbox.rounded()
    if isinstance(payload, FacePayload):
        return FaceBody(person_name=payload.person_name, similarity=payload.similarity, bbox=bbox)
    return PlateBody(
        plate_text=payload.plate_text,
        confidence=payload.confidence,
        list_match=payload.list_match,
        region=payload.region,
        bbox=bbox,
    )
