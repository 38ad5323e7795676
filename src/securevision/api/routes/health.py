"""Whether things work."""

from securevision import __version__
from securevision.access import Permission
from securevision.api.camera_schemas import HealthBody, camera_health_body, worker_health_body
from securevision.api.camera_states import seen_cameras
from securevision.api.guard import KnownPrincipal
from securevision.api.schemas import BareHealthBody
from securevision.api.services import ApiServices


class HealthRoutes:
    """The bare answer for anybody, and the full one."""

    def __init__(self, services: ApiServices) -> None:
        self._services = services

    async def bare(self) -> BareHealthBody:
        """Tell that the server answers, and nothing more."""
        return BareHealthBody(ok=True)

    def full(self, principal: KnownPrincipal) -> HealthBody:
        """Return the version, where the cameras stand that they may see and, to whoever runs this, the workers."""
        cameras = seen_cameras(self._services, principal.cameras)
        # How well a process is sealed would help an attacker: it is for whoever may read the metrics, which say it.
        sees_workers = Permission.METRICS_READ in principal.permissions
        workers = map(worker_health_body, self._services.watching.worker_reports())
        return HealthBody(
            ok=all(camera.is_well for camera in cameras),
            version=__version__,
            cameras=[camera_health_body(camera) for camera in cameras],
            workers=list(workers) if sees_workers else None,
        )
