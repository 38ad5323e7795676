"""What the API says and takes, as JSON."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from securevision.domain.events import (
    CameraPayload,
    CameraState,
    Event,
    EventType,
    FacePayload,
    ListMatch,
    Payload,
    PlatePayload,
)

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


class CameraStateBody(BaseModel):
    """How a camera is from now on."""

    state: CameraState
    detail: str


class _EventBody(BaseModel):
    id: int
    type: EventType
    ts_ms: int
    frame_source_id: str
    created_at: datetime
    payload: FaceBody | PlateBody | CameraStateBody


class EventBody(_EventBody):
    """An event in the form of 0.1, which knows faces and plates alone."""

    type: Literal[EventType.FACE_MATCH, EventType.PLATE_READ]
    payload: FaceBody | PlateBody


class VersionedEventBody(_EventBody):
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


class BareEventsParameters(EventsParameters):
    """Which events are wanted in the form of 0.1."""

    type: Literal[EventType.FACE_MATCH, EventType.PLATE_READ] | None = None


class CleanupBody(BaseModel):
    """What a cleanup did."""

    deleted: int
    retention_days: int


class BareHealthBody(BaseModel):
    """The server answers."""

    ok: bool


def event_body(event: Event) -> EventBody:
    """Return a sighting in the form of 0.1."""
    return EventBody(**_facts(event))


def versioned_event_body(event: Event) -> VersionedEventBody:
    """Return an event with its version."""
    return VersionedEventBody(**_facts(event), version=event.version)


def _facts(event: Event) -> dict[str, Any]:
    return {
        "id": event.id,
        "type": event.type,
        "ts_ms": event.ts_ms,
        "frame_source_id": event.source_id,
        "created_at": _EPOCH + timedelta(milliseconds=event.created_ms),
        "payload": _payload_body(event.payload),
    }


def _payload_body(payload: Payload) -> FaceBody | PlateBody | CameraStateBody:
    match payload:
        case FacePayload(person_name, similarity, box):
            return FaceBody(person_name=person_name, similarity=similarity, bbox=box.rounded())
        case PlatePayload(text, confidence, list_match, region, box):
            return PlateBody(
                plate_text=text,
                confidence=confidence,
                list_match=list_match,
                region=region,
                bbox=box.rounded(),
            )
        case CameraPayload(state, detail):
            return CameraStateBody(state=state, detail=detail)
