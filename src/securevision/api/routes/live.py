"""What the cameras see now."""

from fastapi import Response, WebSocket
from starlette.concurrency import run_in_threadpool

from securevision.access import Demand, Permission, Principal
from securevision.api.camera_states import seen_camera
from securevision.api.guard import KnownPrincipal, Network
from securevision.api.held_rights import HeldRight
from securevision.api.identity import Identities
from securevision.api.places import Places
from securevision.api.routes.cameras import CameraId
from securevision.api.services import ApiServices
from securevision.api.video_stream import VideoSocket
from securevision.domain.audit import AuditAction, AuditDraft

MAX_VIEWS, MAX_VIEWS_OF_ONE = 64, 16
"""Open WebSockets."""
MAX_STILLS, MAX_STILLS_OF_ONE = 16, 8
"""Pictures that are waited for, each by a thread of those that serve everybody."""
_VIEW = Demand(Permission.LIVE_VIEW)


class LiveRoutes:
    """Live video and single pictures."""

    def __init__(self, services: ApiServices, identities: Identities) -> None:
        self._services = services
        self._identities = identities
        self._views = Places(
            MAX_VIEWS, MAX_VIEWS_OF_ONE, "There are too many live views open already; close one first."
        )
        self._stills = Places(
            MAX_STILLS, MAX_STILLS_OF_ONE, "Too many pictures are waited for already; try again in a moment."
        )

    async def view(
        self, socket: WebSocket, camera_id: CameraId, principal: KnownPrincipal, network: Network
    ) -> None:
        """Send what a camera sees."""
        right = self._right(principal, network, camera_id)
        with self._views.taken(principal.actor):
            await run_in_threadpool(self._let_see, camera_id, principal, network)
            await VideoSocket(socket, self._services, right, camera_id).serve()

    async def picture(self, camera_id: CameraId, principal: KnownPrincipal, network: Network) -> Response:
        """Return the next picture of a camera, which may take some seconds."""
        right = self._right(principal, network, camera_id)
        with self._stills.taken(principal.actor):
            await run_in_threadpool(self._let_see, camera_id, principal, network)
            jpeg = await run_in_threadpool(self._services.live.still, camera_id)
        await right.look()
        return Response(
            jpeg,
            media_type="image/jpeg",
            headers={"Content-Disposition": f'inline; filename="{camera_id}.jpg"'},
        )

    def _right(self, principal: Principal, network: str, camera_id: str) -> HeldRight:
        return HeldRight(self._identities, self._services.clock, _VIEW, principal, network, camera=camera_id)

    def _let_see(self, camera_id: str, principal: Principal, network: str) -> None:
        """Raise NotFound for a camera that they may not see; log that they see it."""
        seen_camera(self._services, principal.cameras, camera_id)
        draft = AuditDraft(
            AuditAction.LIVE_VIEWED,
            principal.actor,
            actor_name=principal.name,
            target=f"camera:{camera_id}",
            network=network,
        )
        self._services.access.audit.record_repeating(draft)
