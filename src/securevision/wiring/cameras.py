"""The cameras that are kept, for a server and for the commands."""

import getpass
from collections.abc import Callable
from dataclasses import replace

from securevision.cameras.addresses import SourceAddress, parse_address
from securevision.cameras.network_policy import NetworkPolicy
from securevision.domain.audit import AuditAction, AuditDraft
from securevision.domain.camera_reports import CameraTrial
from securevision.domain.cameras import Camera, CameraConfig, SealedAddress
from securevision.domain.motion import MotionConfig
from securevision.runtime.camera_desk import KeptCameras
from securevision.runtime.camera_hub import WatchedCamera
from securevision.settings import Settings
from securevision.store.cameras import SqlCameraStore
from securevision.vault.addresses import SealedAddresses
from securevision.vault.sealer import Sealer
from securevision.wiring.engine import connector
from securevision.wiring.storage import Storage
from securevision.wiring.trial import try_camera


def camera_desk(
    settings: Settings, storage: Storage, sealer: Sealer, changed: Callable[[], None]
) -> KeptCameras:
    """Return what changes cameras; `changed` is called after each change."""

    def try_out(text: str, allow_loopback: bool) -> CameraTrial:  # noqa: FBT001 - see TryOut
        return try_camera(settings, parse_address(text), text, allow_loopback=allow_loopback)

    return KeptCameras(storage.cameras, SealedAddresses(sealer), shown_address, try_out, changed)


def shown_address(text: str, allow_loopback: bool) -> str:  # noqa: FBT001 - see CheckAddress
    """Return what may be shown of an address. Raises InvalidInput for one that cannot be used."""
    return checked_address(text, allow_loopback=allow_loopback).display


def checked_address(text: str, *, allow_loopback: bool) -> SourceAddress:
    """Return an address that can be used, as far as can be told without asking anybody. Raises InvalidInput."""
    address = parse_address(text)
    if address.host:
        NetworkPolicy(allow_loopback).check(address)
    return address


def watched_camera(storage: Storage, sealer: Sealer) -> Callable[[Camera], WatchedCamera]:
    """Return what opens the address of a camera and says how it is watched."""
    vault = SealedAddresses(sealer)

    def watched(camera: Camera) -> WatchedCamera:
        config = camera.config
        text = vault.open(storage.cameras.sealed_address(config.id), config.id)
        address = parse_address(text)
        return WatchedCamera(
            config.id,
            text,
            connector(address, allow_loopback=config.allow_loopback),
            config.fps,
            MotionConfig(config.sensitivity, config.zones, config.masks),
            keyframes_only=config.keyframes_only,
        )

    return watched


def keep_configured_camera(settings: Settings, store: SqlCameraStore, sealer: Sealer) -> None:
    """Make the camera of the settings one that is kept, or give it the address that is set now. Raises InvalidInput."""
    url, named = settings.camera.url, settings.camera
    if url is None:
        return
    text, vault = url.get_secret_value(), SealedAddresses(sealer)
    display = checked_address(text, allow_loopback=named.allow_loopback).display
    before = store.get(named.id)
    if before is None:
        config = CameraConfig(named.id, fps=named.fps, allow_loopback=named.allow_loopback)
        store.add(
            config,
            SealedAddress(display, vault.seal(text, named.id)),
            _entry(AuditAction.CAMERA_ADDED, named.id),
        )
        return
    config = replace(before.config, fps=named.fps, allow_loopback=named.allow_loopback)
    is_there = vault.open(store.sealed_address(named.id), named.id) == text
    if is_there and config == before.config:
        return
    address = None if is_there else SealedAddress(display, vault.seal(text, named.id))
    store.change(config, address, _entry(AuditAction.CAMERA_CHANGED, named.id))


def _entry(action: AuditAction, camera: str) -> AuditDraft:
    return AuditDraft(
        action,
        "system",
        actor_name=getpass.getuser(),
        target=f"camera:{camera}",
        details={"source": "settings"},
    )
