"""The door: whoever proved nothing gets no further than what is public."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from securevision.access import Decision, Permission, Principal, decide
from securevision.api.credentials import bearer_token, origin_allowed, stream_ticket
from securevision.api.problems import problem, problem_of
from securevision.api.services import ApiServices
from securevision.errors import Forbidden, SecureVisionError, Unauthenticated

MAX_BODY_BYTES = 64 * 1024

_PRINCIPAL = "securevision.principal"


class Guard:
    """ASGI middleware that finds out who is asking, before anything else of the request is read.

    It denies first: an address that does not exist looks like one that does. Each route then asks for
    its own permission through `Needs`.
    """

    def __init__(self, app: ASGIApp, *, services: ApiServices, public: frozenset[tuple[str, str]]) -> None:
        """Take the (method, path) pairs that are open to anybody."""
        self._app = app
        self._services = services
        self._public = public

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse with 401, 403 or 413, a WebSocket before its handshake completes; or run the app."""
        try:
            self._admit(scope)
        except SecureVisionError as error:
            await problem_of(error)(scope, receive, send)
            return
        if _declared_length(scope) > MAX_BODY_BYTES:
            await problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _admit(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        if scope["type"] == "websocket" and not origin_allowed(
            scope, headers, self._services.allowed_origins
        ):
            raise Forbidden("Pages of this origin may not open the stream.")
        scope[_PRINCIPAL] = principal = self._authenticate(scope, headers)
        is_public = (scope.get("method"), scope["path"]) in self._public
        enforce(principal, Permission.PUBLIC if is_public else Permission.ENTER)

    def _authenticate(self, scope: Scope, headers: Headers) -> Principal | None:
        gate, now_ms = self._services.gate, self._services.elapsed_ms()
        if "authorization" in headers:
            token = bearer_token(headers)
            return gate.authenticate(token, now_ms) if token else None
        if scope["type"] == "websocket" and (ticket := stream_ticket(scope)):
            return gate.redeem_ticket(ticket, now_ms)
        return None


def _declared_length(scope: Scope) -> int:
    text = Headers(scope=scope).get("content-length", "")
    return int(text) if text.isdecimal() else 0


def enforce(principal: Principal | None, permission: Permission) -> None:
    """Raise Unauthenticated or Forbidden unless the principal may."""
    match decide(principal, permission):
        case Decision.UNAUTHENTICATED:
            raise Unauthenticated("Send the API token as `Authorization: Bearer <token>`, or sign in.")
        case Decision.FORBIDDEN:
            raise Forbidden(f"This credential does not allow `{permission}`.")
        case Decision.ALLOWED:
            return


async def principal_of(connection: HTTPConnection) -> Principal | None:
    """Return who is asking, as the guard found out."""
    principal: Principal | None = connection.scope[_PRINCIPAL]
    return principal


@dataclass(frozen=True, slots=True)
class Needs:
    """A dependency of a route or WebSocket: it runs for whoever holds this permission."""

    permission: Permission

    async def __call__(self, connection: HTTPConnection) -> None:
        """Raise Unauthenticated or Forbidden for anybody else."""
        enforce(await principal_of(connection), self.permission)


async def _known(principal: Annotated[Principal | None, Depends(principal_of)]) -> Principal:
    if principal is None:
        raise Unauthenticated("Sign in first.")
    return principal


MaybePrincipal = Annotated[Principal | None, Depends(principal_of)]
KnownPrincipal = Annotated[Principal, Depends(_known)]
