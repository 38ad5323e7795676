"""The cameras: how they do, and how they are watched."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

from fastapi import Path

from securevision.access import Principal
from securevision.api.camera_schemas import (
    CameraBody,
    CameraChangeBody,
    CameraDetailsBody,
    CameraDraftBody,
    CameraTestBody,
    CameraTrialBody,
    camera_body,
    camera_details_body,
    trial_body,
)
from securevision.api.camera_states import CameraStanding, report_of, seen_camera, seen_cameras
from securevision.api.guard import KnownPrincipal, Network
from securevision.api.services import ApiServices
from securevision.domain.audit import AuditAction, AuditDraft
from securevision.domain.cameras import Camera, CameraConfig
from securevision.errors import InvalidInput, NotFound

CameraId = Annotated[str, Path(alias="id", pattern=r"^[A-Za-z0-9_.-]{1,64}$")]


class CameraRoutes:
    """Handlers that wait for the store; the framework runs them on its threads."""

    def __init__(self, services: ApiServices) -> None:
        self._services = services
        self._desk = services.camera_desk

    def list(self, principal: KnownPrincipal) -> list[CameraBody]:
        """Return the cameras that they may see, and how each does."""
        return [camera_body(standing) for standing in seen_cameras(self._services, principal.cameras)]

    def get(self, camera_id: CameraId, principal: KnownPrincipal) -> CameraDetailsBody:
        """Return a camera and how it is watched; of its address, what may be shown."""
        return self._details(self._kept(principal, camera_id))

    def add(self, body: CameraDraftBody, principal: KnownPrincipal, network: Network) -> CameraDetailsBody:
        """Add a camera, which is watched from now on unless it is disabled."""
        given, address = body.given(), body.address.get_secret_value()
        config = CameraConfig(body.id, **given)
        details = _said(given) | self._shown(address, config)
        draft = _draft(AuditAction.CAMERA_ADDED, principal, network, f"camera:{body.id}", details)
        return self._details(self._desk.add(config, address, draft))

    def change(
        self, camera_id: CameraId, body: CameraChangeBody, principal: KnownPrincipal, network: Network
    ) -> CameraDetailsBody:
        """Change where a camera is or how it is watched, which begins anew."""
        given, address = body.given(), body.address.get_secret_value() if body.address else None
        if not given and address is None:
            raise InvalidInput("Name what is to change of the camera.")
        config = replace(self._kept(principal, camera_id).config, **given)
        details = _said(given) | ({} if address is None else self._shown(address, config))
        draft = _draft(AuditAction.CAMERA_CHANGED, principal, network, f"camera:{camera_id}", details)
        return self._details(self._desk.change(config, address, draft))

    def remove(self, camera_id: CameraId, principal: KnownPrincipal, network: Network) -> None:
        """Watch a camera no more, and forget where it is; its events and recordings stay."""
        self._kept(principal, camera_id)
        draft = _draft(AuditAction.CAMERA_REMOVED, principal, network, f"camera:{camera_id}", {})
        self._desk.remove(camera_id, draft)

    def test(self, body: CameraTestBody, principal: KnownPrincipal, network: Network) -> CameraTrialBody:
        """Read a camera for some seconds, and say what it gives or what is wrong."""
        address = body.address.get_secret_value()
        display = self._desk.shown(address, allow_loopback=body.allow_loopback)
        draft = _draft(AuditAction.CAMERA_TESTED, principal, network, "", {"address": display})
        self._services.access.audit.record(draft)
        return trial_body(self._desk.try_out(address, allow_loopback=body.allow_loopback))

    def _kept(self, principal: Principal, camera_id: str) -> Camera:
        camera = seen_camera(self._services, principal.cameras, camera_id).camera
        if camera is None:
            raise NotFound(f"There is no camera {camera_id}.")
        return camera

    def _details(self, camera: Camera) -> CameraDetailsBody:
        name = camera.config.id
        return camera_details_body(CameraStanding(name, camera, report_of(self._services, name)), camera)

    def _shown(self, address: str, config: CameraConfig) -> dict[str, str]:
        return {"address": self._desk.shown(address, allow_loopback=config.allow_loopback)}


def _said(given: Mapping[str, Any]) -> dict[str, str]:
    """Return settings as the audit log has them; of zones and masks, how many."""
    return {
        name: str(len(value)) if isinstance(value, tuple) else str(value).lower()
        for name, value in given.items()
    }


def _draft(
    action: AuditAction, principal: Principal, network: str, target: str, details: Mapping[str, str]
) -> AuditDraft:
    return AuditDraft(
        action, principal.actor, actor_name=principal.name, target=target, network=network, details=details
    )
