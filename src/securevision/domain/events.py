"""What is told to people and programs."""

from dataclasses import dataclass
from enum import StrEnum

from securevision.domain.geometry import Box
from securevision.domain.rights import ALL_CAMERAS, Cameras


class EventType(StrEnum):
    """The kinds of event; the values are part of the API, those of sightings since 0.1."""

    FACE_MATCH = "face_match"
    PLATE_READ = "plate_read"
    CAMERA_DOWN = "camera_down"
    CAMERA_UP = "camera_up"
    CAMERA_TAMPERED = "camera_tampered"


SIGHTINGS = frozenset({EventType.FACE_MATCH, EventType.PLATE_READ})
"""What a camera saw; the others say how a camera is."""


class ListMatch(StrEnum):
    """The list that a plate stands on."""

    ALLOW = "allow"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class FacePayload:
    """A face, known or not."""

    person_name: str | None
    """None for a stranger: the nearest known person is never forced."""
    similarity: float | None
    """Cosine to that person, or to the nearest one for a stranger; None with an empty gallery."""
    bbox: Box


@dataclass(frozen=True, slots=True)
class PlatePayload:
    """A plate and its reading."""

    plate_text: str
    confidence: float
    list_match: ListMatch | None
    region: str | None
    bbox: Box


class CameraState(StrEnum):
    """What became of a camera."""

    DOWN = "down"
    """It gives no pictures."""
    UP = "up"
    """It gives them again."""
    TAMPERED = "tampered"
    """It gives pictures that show nothing: it is covered, or they are always the same."""


@dataclass(frozen=True, slots=True)
class CameraPayload:
    """How a camera is from now on."""

    state: CameraState
    detail: str
    """Why, in one sentence without secrets; may be empty."""


Payload = FacePayload | PlatePayload | CameraPayload

CAMERA_EVENTS = {
    CameraState.DOWN: EventType.CAMERA_DOWN,
    CameraState.UP: EventType.CAMERA_UP,
    CameraState.TAMPERED: EventType.CAMERA_TAMPERED,
}
"""The type of event that tells of each state."""


def event_type(payload: Payload) -> EventType:
    """Return the type of event that carries this payload."""
    match payload:
        case FacePayload():
            return EventType.FACE_MATCH
        case PlatePayload():
            return EventType.PLATE_READ
        case CameraPayload(state):
            return CAMERA_EVENTS[state]


@dataclass(frozen=True, slots=True)
class EventDraft:
    """An event before it is stored.

    `sighting` names the sighting within its source and run. The first draft of a sighting makes an
    event; each later one revises it.
    """

    sighting: int
    source_id: str
    ts_ms: int
    payload: Payload


@dataclass(frozen=True, slots=True)
class Event:
    """A stored event. Its version starts at 1 and grows by 1 each time it is revised."""

    id: int
    version: int
    source_id: str
    ts_ms: int
    """Capture time, milliseconds since the Unix epoch."""
    created_ms: int
    """When it was first stored, milliseconds since the Unix epoch."""
    payload: Payload

    @property
    def type(self) -> EventType:
        """The type of event, from its payload."""
        return event_type(self.payload)


@dataclass(frozen=True, slots=True, order=True)
class EventPosition:
    """Where an event stands in the order of events: by time, then by id."""

    ts_ms: int
    id: int


@dataclass(frozen=True, slots=True)
class EventQuery:
    """Which events are wanted, newest first."""

    types: frozenset[EventType] | None = None
    """Only events of these types; None for all."""
    since_ms: int | None = None
    """Only events of this capture time or later."""
    before: EventPosition | None = None
    """Only events that come after this one in the answer, that is, older ones."""
    limit: int = 100
    cameras: Cameras = ALL_CAMERAS
    """Only events of these; whoever asks may see no others."""


@dataclass(frozen=True, slots=True)
class EventPage:
    """One page of an answer, and where the next one starts; None when this was the last."""

    events: tuple[Event, ...]
    next: EventPosition | None
