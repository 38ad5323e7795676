"""Every route and WebSocket with the permission it needs, on one page."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from securevision.access import Permission
from securevision.api.routes.events import EventRoutes
from securevision.api.routes.health import HealthRoutes
from securevision.api.routes.page import PAGE_FILES, page_handler
from securevision.api.routes.session import SessionRoutes
from securevision.api.routes.stream import StreamRoutes
from securevision.api.services import ApiServices


@dataclass(frozen=True, slots=True)
class Route:
    """An HTTP route."""

    method: str
    path: str
    endpoint: Callable[..., object]
    permission: Permission
    status: int = 200


@dataclass(frozen=True, slots=True)
class Socket:
    """A WebSocket."""

    path: str
    endpoint: Callable[..., Awaitable[None]]
    permission: Permission


def routes(services: ApiServices, schema: Callable[[], Mapping[str, Any]]) -> Sequence[Route]:
    """Return the HTTP routes; `schema` returns the OpenAPI description of them all."""
    events, health, session = EventRoutes(services), HealthRoutes(services), SessionRoutes(services)

    async def openapi() -> Mapping[str, Any]:
        """Return the description of this API."""
        return schema()

    return (
        # The form of 0.1
        Route("GET", "/health", health.bare, Permission.PUBLIC),
        Route("GET", "/events", events.bare_list, Permission.EVENTS_READ),
        Route("GET", "/faces/{id}", events.face, Permission.EVENTS_READ),
        Route("GET", "/plates/{id}", events.plate, Permission.EVENTS_READ),
        Route("POST", "/cleanup", events.cleanup, Permission.EVENTS_DELETE),
        # Version 1
        Route("GET", "/api/v1/health", health.full, Permission.HEALTH_READ),
        Route("GET", "/api/v1/events", events.page, Permission.EVENTS_READ),
        Route("GET", "/api/v1/events/{id}", events.get, Permission.EVENTS_READ),
        Route("GET", "/api/v1/events/{id}/crop", events.crop, Permission.CROPS_READ),
        Route("GET", "/api/v1/faces/{id}", events.face, Permission.EVENTS_READ),
        Route("GET", "/api/v1/plates/{id}", events.plate, Permission.EVENTS_READ),
        Route("POST", "/api/v1/cleanup", events.cleanup, Permission.EVENTS_DELETE),
        Route("POST", "/api/v1/session", session.start, Permission.PUBLIC),
        Route("DELETE", "/api/v1/session", session.end, Permission.SESSION_MANAGE, status=204),
        Route("POST", "/api/v1/stream-ticket", session.ticket, Permission.SESSION_MANAGE),
        Route("GET", "/api/v1/openapi.json", openapi, Permission.SCHEMA_READ),
        # The page
        *(
            Route("GET", path, page_handler(name, media_type), Permission.PUBLIC)
            for path, (name, media_type) in PAGE_FILES.items()
        ),
    )


def sockets(services: ApiServices) -> Sequence[Socket]:
    """Return the WebSockets."""
    stream = StreamRoutes(services)
    return (
        Socket("/stream", stream.bare, Permission.STREAM_READ),
        Socket("/api/v1/stream", stream.versioned, Permission.STREAM_READ),
    )
