"""Events the moment they are stored."""

from fastapi import WebSocket
from starlette.concurrency import run_in_threadpool

from securevision.access import Demand, Permission, Principal
from securevision.api.guard import KnownPrincipal, Network
from securevision.api.held_rights import HeldRight
from securevision.api.identity import Identities
from securevision.api.live import LiveSocket, Render
from securevision.api.places import Places
from securevision.api.schemas import event_body, versioned_event_body
from securevision.api.services import ApiServices
from securevision.domain.audit import AuditAction, AuditDraft
from securevision.domain.events import SIGHTINGS, Event

MAX_SOCKETS = 64
MAX_OF_ONE = 16
"""Of one user, token or display: nobody takes all of them."""
_READ = Demand(Permission.STREAM_READ, legacy=True)


class StreamRoutes:
    """The WebSockets, at most MAX_SOCKETS at a time, and MAX_OF_ONE of one principal."""

    def __init__(self, services: ApiServices, identities: Identities) -> None:
        self._services = services
        self._identities = identities
        self._places = Places(
            MAX_SOCKETS, MAX_OF_ONE, "There are too many streams open already; close one first."
        )

    async def bare(self, socket: WebSocket, principal: KnownPrincipal, network: Network) -> None:
        """Send each sighting once, in the form of 0.1."""
        await self._serve(socket, principal, network, _bare)

    async def versioned(self, socket: WebSocket, principal: KnownPrincipal, network: Network) -> None:
        """Send each event, and again with a higher version when it is revised."""
        await self._serve(socket, principal, network, _versioned)

    async def _serve(self, socket: WebSocket, principal: Principal, network: str, render: Render) -> None:
        services = self._services
        with self._places.taken(principal.actor):
            draft = AuditDraft(
                AuditAction.STREAM_OPENED, principal.actor, actor_name=principal.name, network=network
            )
            await run_in_threadpool(services.access.audit.record_repeating, draft)
            right = HeldRight(self._identities, services.clock, _READ, principal, network)
            await LiveSocket(socket, services, right, render).serve()


def _bare(event: Event) -> str | None:
    if event.version > 1 or event.type not in SIGHTINGS:
        return None
    return event_body(event).model_dump_json()


def _versioned(event: Event) -> str:
    return versioned_event_body(event).model_dump_json()
