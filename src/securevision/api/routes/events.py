"""Events and their pictures."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import Path, Query, Response

from securevision.api.cursors import decode_cursor, encode_cursor
from securevision.api.schemas import (
    MAX_INTEGER,
    CleanupBody,
    EventBody,
    EventsBody,
    EventsParameters,
    VersionedEventBody,
    event_body,
    versioned_event_body,
)
from securevision.api.services import ApiServices
from securevision.domain.events import Event, EventPage, EventQuery, EventType
from securevision.errors import NotFound

EventId = Annotated[int, Path(alias="id", ge=1, le=MAX_INTEGER)]
Parameters = Annotated[EventsParameters, Query()]

_DAY_MS = 24 * 60 * 60 * 1000


class EventRoutes:
    """Handlers that wait for the store; the framework runs them on its threads."""

    def __init__(self, services: ApiServices) -> None:
        self._events = services.events
        self._clock = services.clock
        self._retention_days = services.retention_days

    def bare_list(self, response: Response, parameters: Parameters) -> list[EventBody]:
        """Return events newest first, in the form of 0.1; headers tell where the next page starts."""
        page = self._find(parameters)
        if page.next is not None:
            following = parameters.model_copy(update={"cursor": encode_cursor(page.next)})
            query = urlencode(following.model_dump(mode="json", exclude_none=True))
            response.headers["X-Next-Cursor"] = encode_cursor(page.next)
            response.headers["Link"] = f'</events?{query}>; rel="next"'
        return [event_body(event) for event in page.events]

    def page(self, parameters: Parameters) -> EventsBody:
        """Return events newest first, and where the next page starts."""
        page = self._find(parameters)
        return EventsBody(
            events=[versioned_event_body(event) for event in page.events],
            next_cursor=encode_cursor(page.next) if page.next else None,
        )

    def get(self, event_id: EventId) -> VersionedEventBody:
        """Return one event."""
        event = self._events.get(event_id)
        if event is None:
            raise NotFound(f"There is no event {event_id}.")
        return versioned_event_body(event)

    def face(self, event_id: EventId) -> EventBody:
        """Return one face event, in the form of 0.1."""
        return event_body(self._of_type(event_id, EventType.FACE_MATCH))

    def plate(self, event_id: EventId) -> EventBody:
        """Return one plate event, in the form of 0.1."""
        return event_body(self._of_type(event_id, EventType.PLATE_READ))

    def crop(self, event_id: EventId) -> Response:
        """Return the picture of an event."""
        jpeg = self._events.crop(event_id)
        if jpeg is None:
            raise NotFound(f"There is no picture of event {event_id}.")
        return Response(jpeg, media_type="image/jpeg", headers={"Content-Disposition": "inline"})

    def cleanup(self) -> CleanupBody:
        """Delete the events that are older than the retention."""
        created_ms = self._clock.now_ms() - self._retention_days * _DAY_MS
        deleted = self._events.delete_created_before(created_ms)
        return CleanupBody(deleted=deleted, retention_days=self._retention_days)

    def _find(self, parameters: EventsParameters) -> EventPage:
        return self._events.page(
            EventQuery(
                type=parameters.type,
                since_ms=parameters.since,
                before=decode_cursor(parameters.cursor) if parameters.cursor is not None else None,
                limit=parameters.limit,
            )
        )

    def _of_type(self, event_id: int, wanted: EventType) -> Event:
        event = self._events.get(event_id)
        if event is None or event.type is not wanted:
            raise NotFound(f"There is no {wanted} event {event_id}.")
        return event
