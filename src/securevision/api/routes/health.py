"""Whether things work."""

from securevision import __version__
from securevision.api.guard import KnownPrincipal
from securevision.api.schemas import BareHealthBody, HealthBody, SourceBody
from securevision.api.services import ApiServices
from securevision.domain.frames import SourceState


class HealthRoutes:
    """The bare answer for anybody, and the full one."""

    def __init__(self, services: ApiServices) -> None:
        self._services = services

    async def bare(self) -> BareHealthBody:
        """Tell that the server answers, and nothing more."""
        return BareHealthBody(ok=True)

    def full(self, principal: KnownPrincipal) -> HealthBody:
        """Return the version and, for whoever may see it, the state of the camera."""
        status = self._services.source_status()
        body = HealthBody(
            ok=status.state in (SourceState.LIVE, SourceState.ENDED), version=__version__, source=None
        )
        if self._services.source_id not in principal.cameras:
            return body.model_copy(update={"ok": True})
        source = SourceBody(id=self._services.source_id, state=status.state, detail=status.detail)
        return body.model_copy(update={"source": source})
