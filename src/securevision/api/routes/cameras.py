"""The cameras that one may see."""

from securevision.api.access_schemas import CameraBody
from securevision.api.guard import KnownPrincipal
from securevision.api.services import ApiServices


class CameraRoutes:
    """Where each camera stands."""

    def __init__(self, services: ApiServices) -> None:
        self._services = services

    def list(self, principal: KnownPrincipal) -> list[CameraBody]:
        """Return the cameras, each with its state."""
        services = self._services
        if services.source_id not in principal.cameras:
            return []
        status = services.source_status()
        return [CameraBody(id=services.source_id, state=status.state, detail=status.detail)]
