"""The door: whoever proved nothing gets no further than what is public."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from securevision.access import Decision, Demand, Permission, Principal, decide
from securevision.api.cookies import SESSION_COOKIE, read_cookie
from securevision.api.credentials import bearer_token, from_our_page, is_unsafe, one_origin, stream_ticket
from securevision.api.identity import Identities
from securevision.api.limits import rate_headers
from securevision.api.problems import problem, problem_of
from securevision.api.services import ApiServices
from securevision.domain.accounts import SessionLevel
from securevision.domain.attempts import Attempt, CredentialPath
from securevision.domain.audit import AuditAction, AuditDraft, Outcome
from securevision.errors import (
    Forbidden,
    SecureVisionError,
    StepUpRequired,
    TooManyRequests,
    Unauthenticated,
)

MAX_BODY_BYTES = 64 * 1024
MAX_HEADERS = 64

_PRINCIPAL = "securevision.principal"
_NETWORK = "securevision.network"
_ENTER = Demand(Permission.ENTER)
_PUBLIC = Demand(Permission.PUBLIC)
_OUT_OF_FORM = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.CONFLICT,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    }
)
"""Answers to what is not there, not of the right form or against a rule; of an event of another camera, 404."""
_AT_THE_DOOR = _OUT_OF_FORM | {HTTPStatus.FORBIDDEN}


class Guard:
    """ASGI middleware that finds out who is asking, before anything else of the request is read.

    It denies first: an address that does not exist looks like one that does. Each route then asks for
    its own permission through `Needs`.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        services: ApiServices,
        identities: Identities,
        public: frozenset[tuple[str, str]],
    ) -> None:
        """Take the (method, path) pairs that are open to anybody."""
        self._app = app
        self._services = services
        self._identities = identities
        self._public = public

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse with 401, 403, 413, 429 or 431, a WebSocket before its handshake completes; or run the app."""
        network = self._services.client_address.of(scope)
        scope[_NETWORK] = network
        headers = Headers(scope=scope)
        limits: Mapping[str, str] = {}
        refusal: Response | None = None
        if len(scope["headers"]) > MAX_HEADERS:
            refusal = problem(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        else:
            try:
                limits = await self._admit(scope, headers, network)
            except SecureVisionError as error:
                refusal = problem_of(error)
        if refusal is None and _declared_length(headers) > MAX_BODY_BYTES:
            refusal = problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        if refusal is None:
            await self._app(scope, receive, self._completing(scope, send, limits))
            return
        if refusal.status_code in _AT_THE_DOOR:
            await self._log_refusal(scope, refusal.status_code)
        await refusal(scope, receive, send)

    def _completing(self, scope: Scope, send: Send, limits: Mapping[str, str]) -> Send:
        async def completing_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                if message["status"] in _OUT_OF_FORM:
                    await self._log_refusal(scope, message["status"])
                if is_unsafe(scope):
                    # Whoever gets this answer may count on what it changed, at once.
                    await run_in_threadpool(self._services.access.epoch.look)
                MutableHeaders(scope=message).update(limits)
            await send(message)

        return completing_send

    async def _log_refusal(self, scope: Scope, status: int) -> None:
        """Log that a request was refused, by the route it was for; of the address itself nothing is kept."""
        principal: Principal | None = scope.get(_PRINCIPAL)
        route = getattr(scope.get("route"), "path", None)
        draft = AuditDraft(
            AuditAction.REQUEST_REFUSED,
            principal.actor if principal else "unknown",
            Outcome.REFUSED,
            actor_name=principal.name if principal else "",
            target=f"route:{route}" if route else "",
            network=scope[_NETWORK],
            details={"status": str(int(status))},
        )
        # It stays refused, whether that can be logged or not.
        with contextlib.suppress(SecureVisionError):
            await run_in_threadpool(self._services.access.audit.record_repeating, draft)

    async def _admit(self, scope: Scope, headers: Headers, network: str) -> Mapping[str, str]:
        is_public = (scope.get("method"), scope["path"]) in self._public
        if is_public and not is_unsafe(scope):
            # The pages' own files and the bare health answer: who asks makes no difference.
            scope[_PRINCIPAL] = None
            return {}
        if is_public and not from_our_page(headers, self._services.origin):
            raise Forbidden("People sign in on SecureVision's own page.")
        scope[_PRINCIPAL] = principal = await self._authenticate(scope, headers, network)
        limits = await self._count(scope, principal, network)
        enforce(principal, _PUBLIC if is_public else _ENTER, self._services.clock.now_ms())
        return limits

    async def _authenticate(self, scope: Scope, headers: Headers, network: str) -> Principal | None:
        is_socket = scope["type"] == "websocket"
        origin = one_origin(headers)
        if is_socket and origin is not None and origin not in self._origins:
            raise Forbidden("Pages of this origin may not open the stream.")
        if "authorization" in headers:
            return await self._of_bearer(headers, network)
        if is_socket and (ticket := stream_ticket(scope)):
            return await self._of_ticket(ticket, network)
        secret = read_cookie(headers, SESSION_COOKIE)
        # A browser always names the origin of a page that opens a WebSocket; a cookie without one is no browser's.
        if secret is None or (is_socket and origin != self._services.origin):
            return None
        principal = await self._identities.of_cookie(secret)
        if principal is not None and is_unsafe(scope) and not from_our_page(headers, self._services.origin):
            raise Forbidden("This request did not come from SecureVision's own page.")
        return principal

    @property
    def _origins(self) -> tuple[str, ...]:
        return (self._services.origin, *self._services.allowed_origins)

    async def _of_bearer(self, headers: Headers, network: str) -> Principal | None:
        token = bearer_token(headers)
        if token is None:
            return None
        principal = await self._identities.of_bearer(token, network)
        if principal is None:
            await self._refuse(CredentialPath.TOKEN, network)
        return principal

    async def _of_ticket(self, ticket: str, network: str) -> Principal | None:
        principal = await self._identities.of_ticket(ticket, network)
        if principal is None:
            await self._refuse(CredentialPath.TICKET, network)
        return principal

    async def _refuse(self, path: CredentialPath, network: str) -> None:
        """Count a wrong credential of a program. Raises TooManyRequests once there were many."""
        draft = AuditDraft(
            AuditAction.TOKEN_REFUSED, "unknown", Outcome.REFUSED, network=network, details={"path": path}
        )
        await run_in_threadpool(self._services.access.audit.record_repeating, draft)
        await run_in_threadpool(self._services.access.login_throttle.begin, Attempt(path, network))

    async def _count(self, scope: Scope, principal: Principal | None, network: str) -> Mapping[str, str]:
        # Whoever has somebody's password alone must not use up what its owner may ask for.
        who = principal.actor if principal and not _is_on_the_way(principal) else f"network:{network}"
        allowance = await run_in_threadpool(self._services.access.request_throttle.hit, who)
        if not allowance.allowed:
            await self._log_refusal(scope, HTTPStatus.TOO_MANY_REQUESTS)
            raise TooManyRequests(
                f"There were more than {allowance.limit} requests in {allowance.window_s} seconds; wait a little.",
                allowance.reset_s,
            )
        return rate_headers(allowance)


def _is_on_the_way(principal: Principal) -> bool:
    session = principal.session
    return session is not None and session.level in (SessionLevel.PASSWORD, SessionLevel.ENROLMENT)


def _declared_length(headers: Headers) -> int:
    text = headers.get("content-length", "")
    return int(text) if text.isdecimal() else 0


def enforce(principal: Principal | None, demand: Demand, now_ms: int, *, camera: str | None = None) -> None:
    """Raise Unauthenticated, Forbidden or StepUpRequired unless the principal may."""
    match decide(principal, demand, now_ms, camera=camera):
        case Decision.UNAUTHENTICATED:
            raise Unauthenticated("Sign in, or send an API token as `Authorization: Bearer <token>`.")
        case Decision.FORBIDDEN:
            raise Forbidden(f"You may not do this; it needs `{demand.permission}`.")
        case Decision.STEP_UP_REQUIRED:
            raise StepUpRequired("Prove again who you are first.")
        case Decision.ALLOWED:
            return


async def principal_of(connection: HTTPConnection) -> Principal | None:
    """Return who is asking, as the guard found out."""
    principal: Principal | None = connection.scope[_PRINCIPAL]
    return principal


async def network_of(connection: HTTPConnection) -> str:
    """Return the client's address, as the guard found out."""
    network: str = connection.scope[_NETWORK]
    return network


@dataclass(frozen=True, slots=True, eq=False)
class Needs:
    """A dependency of a route or WebSocket: it runs for whoever meets the demand. Refusals are logged."""

    services: ApiServices
    identities: Identities
    demand: Demand

    async def __call__(self, connection: HTTPConnection) -> None:
        """Raise Unauthenticated, Forbidden or StepUpRequired for anybody else."""
        principal = connection.scope[_PRINCIPAL] = await self._as_now(connection)
        try:
            enforce(principal, self.demand, self.services.clock.now_ms())
        except StepUpRequired:
            raise
        except Forbidden:
            draft = AuditDraft(
                AuditAction.ACCESS_DENIED,
                principal.actor if principal else "unknown",
                Outcome.REFUSED,
                actor_name=principal.name if principal else "",
                network=await network_of(connection),
                details={"permission": self.demand.permission},
            )
            await run_in_threadpool(self.services.access.audit.record_repeating, draft)
            raise

    async def _as_now(self, connection: HTTPConnection) -> Principal | None:
        """Look again: a body was awaited since the guard looked, for as long as its sender liked."""
        principal = await principal_of(connection)
        if principal is None or connection.scope["type"] != "http":
            return principal
        secret = read_cookie(connection.headers, SESSION_COOKIE)
        if principal.session is not None and secret is not None:
            # Not by the session's number: a secret that was replaced meanwhile is none any more.
            return await self.identities.of_cookie(secret)
        return await self.identities.still(principal, await network_of(connection))


async def _known(principal: Annotated[Principal | None, Depends(principal_of)]) -> Principal:
    if principal is None:
        raise Unauthenticated("Sign in first.")
    return principal


MaybePrincipal = Annotated[Principal | None, Depends(principal_of)]
KnownPrincipal = Annotated[Principal, Depends(_known)]
Network = Annotated[str, Depends(network_of)]
