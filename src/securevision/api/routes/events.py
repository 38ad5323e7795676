"""Events and their pictures, of the cameras that one may see."""

from collections.abc import Callable
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Path, Query, Response

from securevision.access import Permission, Principal
from securevision.access.lifetimes import LIVE_CROP_MS
from securevision.api.cursors import decode_cursor, encode_cursor
from securevision.api.guard import KnownPrincipal, Network
from securevision.api.schemas import (
    MAX_INTEGER,
    BareEventsParameters,
    CleanupBody,
    EventBody,
    EventsBody,
    EventsParameters,
    VersionedEventBody,
    event_body,
    versioned_event_body,
)
from securevision.api.services import ApiServices
from securevision.domain.audit import AuditAction, AuditDraft
from securevision.domain.events import SIGHTINGS, Event, EventPage, EventQuery, EventType
from securevision.errors import NotFound

EventId = Annotated[int, Path(alias="id", ge=1, le=MAX_INTEGER)]
Parameters = Annotated[EventsParameters, Query()]
BareParameters = Annotated[BareEventsParameters, Query()]

_DAY_MS = 24 * 60 * 60 * 1000


class EventRoutes:
    """Handlers that wait for the store; the framework runs them on its threads."""

    def __init__(self, services: ApiServices) -> None:
        self._services = services
        self._events = services.events
        self._audit = services.access.audit

    def bare_list(
        self, response: Response, parameters: BareParameters, principal: KnownPrincipal, network: Network
    ) -> list[EventBody]:
        """Return events newest first, in the form of 0.1; headers tell where the next page starts."""
        page = self._find(parameters, SIGHTINGS, principal, network)
        if page.next is not None:
            following = parameters.model_copy(update={"cursor": encode_cursor(page.next)})
            query = urlencode(following.model_dump(mode="json", exclude_none=True))
            response.headers["X-Next-Cursor"] = encode_cursor(page.next)
            response.headers["Link"] = f'</events?{query}>; rel="next"'
        return [event_body(event) for event in page.events]

    def page(self, parameters: Parameters, principal: KnownPrincipal, network: Network) -> EventsBody:
        """Return events newest first, and where the next page starts."""
        page = self._find(parameters, None, principal, network)
        return EventsBody(
            events=[versioned_event_body(event) for event in page.events],
            next_cursor=encode_cursor(page.next) if page.next else None,
        )

    def get(self, event_id: EventId, principal: KnownPrincipal, network: Network) -> VersionedEventBody:
        """Return one event."""
        event = self._seen_by(principal, event_id)
        if event is None:
            raise NotFound(f"There is no event {event_id}.")
        self._view(AuditAction.EVENTS_VIEWED, principal, network, f"camera:{event.source_id}")
        return versioned_event_body(event)

    def face(self, event_id: EventId, principal: KnownPrincipal, network: Network) -> EventBody:
        """Return one face event, in the form of 0.1."""
        return event_body(self._of_type(event_id, EventType.FACE_MATCH, principal, network))

    def plate(self, event_id: EventId, principal: KnownPrincipal, network: Network) -> EventBody:
        """Return one plate event, in the form of 0.1."""
        return event_body(self._of_type(event_id, EventType.PLATE_READ, principal, network))

    def crop(self, event_id: EventId, principal: KnownPrincipal, network: Network) -> Response:
        """Return the picture of what an event saw; a display may show it while it is new."""
        return self._picture(self._events.crop, event_id, principal, network)

    def picture(self, event_id: EventId, principal: KnownPrincipal, network: Network) -> Response:
        """Return the whole frame of an event; a display may show it while it is new."""
        return self._picture(self._services.pictures.get, event_id, principal, network)

    def cleanup(self, principal: KnownPrincipal, network: Network) -> CleanupBody:
        """Delete the events that are older than the retention."""
        services = self._services
        created_ms = services.clock.now_ms() - services.retention_days * _DAY_MS
        deleted = self._events.delete_created_before(created_ms)
        services.pictures.delete_before(self._events.oldest_id())
        self._audit.record(
            AuditDraft(
                AuditAction.EVENTS_DELETED,
                principal.actor,
                actor_name=principal.name,
                network=network,
                details={"count": str(deleted), "older_than_days": str(services.retention_days)},
            )
        )
        return CleanupBody(deleted=deleted, retention_days=services.retention_days)

    def _find(
        self,
        parameters: EventsParameters,
        types: frozenset[EventType] | None,
        principal: Principal,
        network: str,
    ) -> EventPage:
        """Return the events that are wanted; of these types, unless one is asked for."""
        self._view(AuditAction.EVENTS_VIEWED, principal, network, "")
        return self._events.page(
            EventQuery(
                types=types if parameters.type is None else frozenset({parameters.type}),
                since_ms=parameters.since,
                before=decode_cursor(parameters.cursor) if parameters.cursor is not None else None,
                limit=parameters.limit,
                cameras=principal.cameras,
            )
        )

    def _picture(
        self, find: Callable[[int], bytes | None], event_id: int, principal: Principal, network: str
    ) -> Response:
        event = self._seen_by(principal, event_id)
        jpeg = find(event_id) if event is not None and self._is_shown(event, principal) else None
        if event is None or jpeg is None:
            raise NotFound(f"There is no picture of event {event_id}.")
        self._view(AuditAction.CROPS_VIEWED, principal, network, f"camera:{event.source_id}")
        return Response(
            jpeg,
            media_type="image/jpeg",
            headers={"Content-Disposition": f'inline; filename="event-{event_id}.jpg"'},
        )

    def _view(self, action: AuditAction, principal: Principal, network: str, target: str) -> None:
        self._audit.record_repeating(
            AuditDraft(action, principal.actor, actor_name=principal.name, target=target, network=network)
        )

    def _seen_by(self, principal: Principal, event_id: int) -> Event | None:
        """Return the event; None also when it is of a camera that they may not see, which looks the same."""
        event = self._events.get(event_id)
        return event if event is not None and event.source_id in principal.cameras else None

    def _is_shown(self, event: Event, principal: Principal) -> bool:
        if Permission.CROPS_READ in principal.permissions:
            return True
        return self._services.clock.now_ms() - event.created_ms < LIVE_CROP_MS

    def _of_type(self, event_id: int, wanted: EventType, principal: Principal, network: str) -> Event:
        event = self._seen_by(principal, event_id)
        if event is None or event.type is not wanted:
            raise NotFound(f"There is no {wanted} event {event_id}.")
        self._view(AuditAction.EVENTS_VIEWED, principal, network, f"camera:{event.source_id}")
        return event
