"""Every route and WebSocket with what it demands, on one page."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from securevision.access import Demand, Permission
from securevision.api.identity import Identities
from securevision.api.routes.account import AccountRoutes
from securevision.api.routes.audit import AuditRoutes
from securevision.api.routes.camera_search import CameraSearchRoutes
from securevision.api.routes.cameras import CameraRoutes
from securevision.api.routes.events import EventRoutes
from securevision.api.routes.health import HealthRoutes
from securevision.api.routes.live import LiveRoutes
from securevision.api.routes.login import LoginRoutes
from securevision.api.routes.metrics import MetricsRoutes
from securevision.api.routes.page import PAGE_FILES, page_handler
from securevision.api.routes.recordings import RecordingRoutes
from securevision.api.routes.session import SessionRoutes
from securevision.api.routes.stream import StreamRoutes
from securevision.api.routes.tokens import TokenRoutes
from securevision.api.routes.users import UserRoutes
from securevision.api.services import ApiServices

_P = Permission
_JPEG = "image/jpeg"
_PUBLIC = Demand(_P.PUBLIC)
_SESSION = Demand(_P.SESSION_READ)
_ACCOUNT = Demand(_P.ACCOUNT_MANAGE)


@dataclass(frozen=True, slots=True)
class Route:
    """An HTTP route."""

    method: str
    path: str
    endpoint: Callable[..., object]
    demand: Demand
    status: int = 200
    media_type: str = "application/json"
    """Of the answer."""
    has_parts: bool = False
    """Whether a `Range` of it can be asked for."""
    described: bool = True
    """Whether it is part of the API's description."""


@dataclass(frozen=True, slots=True)
class Socket:
    """A WebSocket."""

    path: str
    endpoint: Callable[..., Awaitable[None]]
    demand: Demand


def routes(
    services: ApiServices, identities: Identities, schema: Callable[[], Mapping[str, Any]]
) -> Sequence[Route]:
    """Return the HTTP routes; `schema` returns the OpenAPI description of them all."""
    return (
        *_legacy_routes(services),
        *_event_routes(services),
        *_camera_routes(services, identities),
        *_recording_routes(services, identities),
        *_server_routes(services, schema),
        *_sign_in_routes(services),
        *_account_routes(services),
        *_administration_routes(services),
        *(
            Route(
                "GET",
                path,
                page_handler(name, media_type),
                _PUBLIC,
                media_type=media_type,
                described=False,
            )
            for path, (name, media_type) in PAGE_FILES.items()
        ),
    )


def _legacy_routes(services: ApiServices) -> Sequence[Route]:
    """Return the routes in the form of 0.1."""
    events, health = EventRoutes(services), HealthRoutes(services)
    read = Demand(_P.EVENTS_READ, legacy=True)
    return (
        Route("GET", "/health", health.bare, _PUBLIC),
        Route("GET", "/events", events.bare_list, read),
        Route("GET", "/faces/{id}", events.face, read),
        Route("GET", "/plates/{id}", events.plate, read),
        Route("POST", "/cleanup", events.cleanup, Demand(_P.EVENTS_DELETE, all_cameras=True, legacy=True)),
    )


def _event_routes(services: ApiServices) -> Sequence[Route]:
    events = EventRoutes(services)
    read, crops = Demand(_P.EVENTS_READ), Demand(_P.CROPS_LIVE)
    return (
        Route("GET", "/api/v1/events", events.page, read),
        Route("GET", "/api/v1/events/{id}", events.get, read),
        Route("GET", "/api/v1/events/{id}/crop", events.crop, crops, media_type=_JPEG),
        Route("GET", "/api/v1/events/{id}/picture", events.picture, crops, media_type=_JPEG),
        Route("GET", "/api/v1/faces/{id}", events.face, read),
        Route("GET", "/api/v1/plates/{id}", events.plate, read),
        Route("POST", "/api/v1/cleanup", events.cleanup, Demand(_P.EVENTS_DELETE, all_cameras=True)),
    )


def _camera_routes(services: ApiServices, identities: Identities) -> Sequence[Route]:
    cameras, search, live = (
        CameraRoutes(services),
        CameraSearchRoutes(services),
        LiveRoutes(services, identities),
    )
    manage, view = Demand(_P.CAMERAS_MANAGE, step_up=True), Demand(_P.LIVE_VIEW)
    return (
        Route("GET", "/api/v1/cameras", cameras.list, Demand(_P.HEALTH_READ)),
        Route("POST", "/api/v1/cameras", cameras.add, manage, status=201),
        Route("POST", "/api/v1/cameras/test", cameras.test, manage),
        Route("POST", "/api/v1/cameras/discover", search.discover, manage),
        Route("POST", "/api/v1/cameras/streams", search.streams, manage),
        Route("GET", "/api/v1/cameras/{id}", cameras.get, Demand(_P.CAMERAS_READ)),
        Route("PATCH", "/api/v1/cameras/{id}", cameras.change, manage),
        Route("DELETE", "/api/v1/cameras/{id}", cameras.remove, manage, status=204),
        Route("GET", "/api/v1/cameras/{id}/picture.jpg", live.picture, view, media_type=_JPEG),
    )


def _recording_routes(services: ApiServices, identities: Identities) -> Sequence[Route]:
    recordings = RecordingRoutes(services, identities)
    read, remove = Demand(_P.RECORDINGS_READ), Demand(_P.RECORDINGS_MANAGE, step_up=True)
    return (
        Route("GET", "/api/v1/recordings", recordings.page, read),
        Route("GET", "/api/v1/recordings/{id}", recordings.get, read),
        Route(
            "GET",
            "/api/v1/recordings/{id}/video",
            recordings.video,
            read,
            media_type="video/mp4",
            has_parts=True,
        ),
        Route("PUT", "/api/v1/recordings/{id}/kept", recordings.keep, Demand(_P.RECORDINGS_MANAGE)),
        Route("DELETE", "/api/v1/recordings/{id}", recordings.remove, remove, status=204),
        Route("GET", "/api/v1/events/{id}/recordings", recordings.of_event, read),
    )


def _server_routes(services: ApiServices, schema: Callable[[], Mapping[str, Any]]) -> Sequence[Route]:
    health, metrics = HealthRoutes(services), MetricsRoutes(services)

    async def openapi() -> Mapping[str, Any]:
        """Return the description of this API."""
        return schema()

    return (
        Route("GET", "/api/v1/health", health.full, Demand(_P.HEALTH_READ)),
        Route("GET", "/metrics", metrics.all, Demand(_P.METRICS_READ), media_type="text/plain"),
        Route("GET", "/api/v1/openapi.json", openapi, Demand(_P.SCHEMA_READ)),
    )


def _sign_in_routes(services: ApiServices) -> Sequence[Route]:
    """Return the routes whose credential is in the body, so that they are open to anybody."""
    login = LoginRoutes(services)
    return (
        Route("POST", "/api/v1/setup", login.set_up, _PUBLIC, status=201),
        Route("POST", "/api/v1/invitation", login.take_invitation, _PUBLIC, status=204),
        Route("POST", "/api/v1/display", login.open_display, _PUBLIC),
        Route("POST", "/api/v1/login", login.password, _PUBLIC),
        Route("POST", "/api/v1/login/totp", login.totp, _PUBLIC),
        Route("POST", "/api/v1/login/recovery-code", login.recovery_code, _PUBLIC),
        Route("POST", "/api/v1/login/passkey-options", login.passkey_options, _PUBLIC),
        Route("POST", "/api/v1/login/passkey", login.passkey, _PUBLIC),
    )


def _account_routes(services: ApiServices) -> Sequence[Route]:
    session, account, tokens = SessionRoutes(services), AccountRoutes(services), TokenRoutes(services)
    add_factor = Demand(_P.FACTORS_ADD, step_up=True)
    change = Demand(_P.ACCOUNT_MANAGE, step_up=True)
    own_tokens, new_token = Demand(_P.TOKENS_MANAGE), Demand(_P.TOKENS_MANAGE, step_up=True)
    return (
        Route("GET", "/api/v1/session", session.who, _SESSION),
        Route("DELETE", "/api/v1/session", session.end, _SESSION, status=204),
        Route("POST", "/api/v1/session/step-up", session.step_up, _ACCOUNT, status=204),
        Route("POST", "/api/v1/session/step-up/passkey-options", session.step_up_options, _ACCOUNT),
        Route("GET", "/api/v1/sessions", session.list, _ACCOUNT),
        Route("DELETE", "/api/v1/sessions/{id}", session.revoke, change, status=204),
        Route("POST", "/api/v1/stream-ticket", session.ticket, Demand(_P.STREAM_READ)),
        Route("PUT", "/api/v1/account/password", account.change_password, _ACCOUNT, status=204),
        Route("POST", "/api/v1/account/totp", account.start_totp, add_factor),
        Route("PUT", "/api/v1/account/totp", account.confirm_totp, add_factor),
        Route("DELETE", "/api/v1/account/totp", account.remove_totp, change, status=204),
        Route("GET", "/api/v1/account/passkeys", account.passkeys, _ACCOUNT),
        Route("POST", "/api/v1/account/passkeys/options", account.passkey_options, add_factor),
        Route("POST", "/api/v1/account/passkeys", account.add_passkey, add_factor, status=201),
        Route("DELETE", "/api/v1/account/passkeys/{id}", account.remove_passkey, change, status=204),
        Route("POST", "/api/v1/account/recovery-codes", account.new_recovery_codes, change),
        Route("GET", "/api/v1/tokens", tokens.list, own_tokens),
        Route("POST", "/api/v1/tokens", tokens.make, new_token, status=201),
        Route("DELETE", "/api/v1/tokens/{id}", tokens.revoke, own_tokens, status=204),
        Route("POST", "/api/v1/tokens/{id}/link", tokens.link, new_token),
    )


def _administration_routes(services: ApiServices) -> Sequence[Route]:
    users, audit = UserRoutes(services), AuditRoutes(services)
    manage = Demand(_P.USERS_MANAGE, step_up=True)
    return (
        Route("GET", "/api/v1/users", users.list, Demand(_P.USERS_READ)),
        Route("POST", "/api/v1/users", users.invite, manage, status=201),
        Route("PATCH", "/api/v1/users/{id}", users.change, manage),
        Route("DELETE", "/api/v1/users/{id}", users.remove, manage, status=204),
        Route("POST", "/api/v1/users/{id}/invitation", users.invite_again, manage),
        Route("GET", "/api/v1/audit", audit.page, Demand(_P.AUDIT_READ)),
        Route(
            "POST",
            "/api/v1/audit/export",
            audit.export,
            Demand(_P.AUDIT_EXPORT, step_up=True),
            media_type="application/jsonl",
        ),
    )


def sockets(services: ApiServices, identities: Identities) -> Sequence[Socket]:
    """Return the WebSockets."""
    stream, live = StreamRoutes(services, identities), LiveRoutes(services, identities)
    return (
        Socket("/stream", stream.bare, Demand(_P.STREAM_READ, legacy=True)),
        Socket("/api/v1/stream", stream.versioned, Demand(_P.STREAM_READ)),
        Socket("/api/v1/cameras/{id}/live", live.view, Demand(_P.LIVE_VIEW)),
    )
