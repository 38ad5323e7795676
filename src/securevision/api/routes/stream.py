"""Events the moment they are stored."""

from fastapi import WebSocket
from starlette.concurrency import run_in_threadpool

from securevision.access import Principal
from securevision.api.guard import KnownPrincipal, Network
from securevision.api.identity import Identities
from securevision.api.live import LiveSocket, Render
from securevision.api.schemas import event_body, versioned_event_body
from securevision.api.services import ApiServices
from securevision.domain.audit import AuditAction, AuditDraft
from securevision.domain.events import Event
from securevision.errors import Unavailable

MAX_SOCKETS = 64


class StreamRoutes:
    """The WebSockets, at most MAX_SOCKETS at a time."""

    def __init__(self, services: ApiServices, identities: Identities) -> None:
        self._services = services
        self._identities = identities
        self._open = 0

    async def bare(self, socket: WebSocket, principal: KnownPrincipal, network: Network) -> None:
        """Send each event once, in the form of 0.1."""
        await self._serve(socket, principal, network, _bare)

    async def versioned(self, socket: WebSocket, principal: KnownPrincipal, network: Network) -> None:
        """Send each event, and again with a higher version when it is revised."""
        await self._serve(socket, principal, network, _versioned)

    async def _serve(self, socket: WebSocket, principal: Principal, network: str, render: Render) -> None:
        if self._open >= MAX_SOCKETS:
            raise Unavailable(f"There are {MAX_SOCKETS} streams open already; close one first.")
        self._open += 1
        try:
            draft = AuditDraft(
                AuditAction.STREAM_OPENED, principal.actor, actor_name=principal.name, network=network
            )
            await run_in_threadpool(self._services.access.audit.record_repeating, draft)

            async def still() -> Principal | None:
                return await self._identities.still(principal, network)

            await LiveSocket(socket, self._services, principal, still, render).serve()
        finally:
            self._open -= 1


def _bare(event: Event) -> str | None:
    return event_body(event).model_dump_json() if event.version == 1 else None


def _versioned(event: Event) -> str:
    return versioned_event_body(event).model_dump_json()
