"""Cameras that are not added yet: which there are, and which streams they have."""

from collections.abc import Mapping

from securevision.access import Principal
from securevision.api.guard import KnownPrincipal, Network
from securevision.api.search_schemas import (
    CameraStreamsBody,
    DiscoverBody,
    FoundCamerasBody,
    StreamsBody,
    found_body,
    no_streams_body,
    streams_body,
)
from securevision.api.services import ApiServices
from securevision.domain.audit import AuditAction, AuditDraft
from securevision.errors import SourceError


class CameraSearchRoutes:
    """Handlers that wait for cameras; the framework runs them on its threads."""

    def __init__(self, services: ApiServices) -> None:
        self._search = services.camera_search
        self._audit = services.access.audit

    def discover(
        self, principal: KnownPrincipal, network: Network, body: DiscoverBody | None = None
    ) -> FoundCamerasBody:
        """Ask the local network for cameras, and return those that answer."""
        self._audit.record(_draft(AuditAction.CAMERAS_DISCOVERED, principal, network, {}))
        return found_body(self._search.find((body or DiscoverBody()).wait_s))

    def streams(self, body: StreamsBody, principal: KnownPrincipal, network: Network) -> CameraStreamsBody:
        """Ask a camera over ONVIF for its streams, or say what is wrong."""
        address = body.address.get_secret_value()
        display = self._search.shown(address, allow_loopback=body.allow_loopback)
        self._audit.record(_draft(AuditAction.CAMERA_ASKED, principal, network, {"address": display}))
        try:
            return streams_body(self._search.streams(address, allow_loopback=body.allow_loopback))
        except SourceError as error:
            return no_streams_body(str(error))


def _draft(action: AuditAction, principal: Principal, network: str, details: Mapping[str, str]) -> AuditDraft:
    return AuditDraft(action, principal.actor, actor_name=principal.name, network=network, details=details)
