"""Events the moment they are stored."""

from collections import Counter

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
MAX_OF_ONE = 16
"""Of one user, token or display: nobody takes all of them."""


class StreamRoutes:
    """The WebSockets, at most MAX_SOCKETS at a time, and MAX_OF_ONE of one principal."""

    def __init__(self, services: ApiServices, identities: Identities) -> None:
        self._services = services
        self._identities = identities
        self._open: Counter[str] = Counter()

    async def bare(self, socket: WebSocket, principal: KnownPrincipal, network: Network) -> None:
        """Send each event once, in the form of 0.1."""
        await self._serve(socket, principal, network, _bare)

    async def versioned(self, socket: WebSocket, principal: KnownPrincipal, network: Network) -> None:
        """Send each event, and again with a higher version when it is revised."""
        await self._serve(socket, principal, network, _versioned)

    async def _serve(self, socket: WebSocket, principal: Principal, network: str, render: Render) -> None:
        if self._open.total() >= MAX_SOCKETS or self._open[principal.actor] >= MAX_OF_ONE:
            raise Unavailable("There are too many streams open already; close one first.")
        self._open[principal.actor] += 1
        try:
            draft = AuditDraft(
                AuditAction.STREAM_OPENED, principal.actor, actor_name=principal.name, network=network
            )
            await run_in_threadpool(self._services.access.audit.record_repeating, draft)

            async def still() -> Principal | None:
                return await self._identities.still(principal, network)

            await LiveSocket(socket, self._services, principal, still, render).serve()
        finally:
            self._open[principal.actor] -= 1
            self._open += Counter()  # forgets those at zero


def _bare(event: Event) -> str | None:
    return event_body(event).model_dump_json() if event.version == 1 else None


def _versioned(event: Event) -> str:
    return versioned_event_body(event).model_dump_json()
