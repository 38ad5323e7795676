"""Changes the cameras that are kept."""

import threading
from collections.abc import Callable

from securevision.domain.audit import AuditDraft
from securevision.domain.camera_reports import CameraTrial
from securevision.domain.cameras import Camera, CameraConfig, SealedAddress
from securevision.domain.ports.store import CameraStore
from securevision.domain.ports.vault import AddressVault
from securevision.errors import Unavailable

CheckAddress = Callable[[str, bool], str]
"""Returns what may be shown of an address; the flag allows those of this machine. Raises InvalidInput."""
TryOut = Callable[[str, bool], CameraTrial]
"""Reads a camera for some seconds; takes the same."""


class KeptCameras:
    """The CameraDesk of a store."""

    def __init__(
        self,
        store: CameraStore,
        vault: AddressVault,
        check_address: CheckAddress,
        try_out: TryOut,
        changed: Callable[[], None],
    ) -> None:
        """Take what to call after each change as `changed`."""
        self._store = store
        self._vault = vault
        self._check_address = check_address
        self._try_out = try_out
        self._changed = changed
        self._trying = threading.Lock()

    def add(self, config: CameraConfig, address: str, audit: AuditDraft) -> Camera:
        """See CameraDesk."""
        camera = self._store.add(config, self._sealed(config, address), audit)
        self._changed()
        return camera

    def change(self, config: CameraConfig, address: str | None, audit: AuditDraft) -> Camera:
        """See CameraDesk."""
        sealed = None if address is None else self._sealed(config, address)
        camera = self._store.change(config, sealed, audit)
        self._changed()
        return camera

    def remove(self, camera_id: str, audit: AuditDraft) -> None:
        """See CameraDesk."""
        self._store.remove(camera_id, audit)
        self._changed()

    def shown(self, address: str, *, allow_loopback: bool) -> str:
        """See CameraDesk."""
        return self._check_address(address, allow_loopback)

    def try_out(self, address: str, *, allow_loopback: bool) -> CameraTrial:
        """See CameraDesk."""
        self._check_address(address, allow_loopback)
        if not self._trying.acquire(blocking=False):
            raise Unavailable("Another camera is being tried just now; try again in a few seconds.")
        try:
            return self._try_out(address, allow_loopback)
        finally:
            self._trying.release()

    def _sealed(self, config: CameraConfig, address: str) -> SealedAddress:
        display = self._check_address(address, config.allow_loopback)
        return SealedAddress(display, self._vault.seal(address, config.id))
