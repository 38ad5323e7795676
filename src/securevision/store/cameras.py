"""The cameras, in the database."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, exists, func, select, update
from sqlalchemy.dialects.sqlite import insert

from securevision.domain.audit import AuditDraft
from securevision.domain.cameras import MAX_CAMERAS, Camera, CameraConfig, RecordingMode, SealedAddress
from securevision.domain.ports.clock import Clock
from securevision.domain.zones import Polygon
from securevision.errors import Conflict, NotFound
from securevision.store.camera_tables import camera_revision, cameras
from securevision.store.change_log import ChangeLog
from securevision.store.database import Database
from securevision.store.values import one_line

# Everything but the address.
_CAMERA = select(
    cameras.c.id,
    cameras.c.enabled,
    cameras.c.fps,
    cameras.c.sensitivity,
    cameras.c.zones,
    cameras.c.masks,
    cameras.c.keyframes_only,
    cameras.c.recording,
    cameras.c.allow_loopback,
    cameras.c.display,
    cameras.c.created_ms,
    cameras.c.changed_ms,
)


class SqlCameraStore:
    """The CameraStore of a Database."""

    def __init__(self, database: Database, clock: Clock, entropy: Callable[[int], bytes]) -> None:
        self._database = database
        self._clock = clock
        self._log = ChangeLog(clock, entropy)

    def all(self) -> Sequence[Camera]:
        """Return all cameras, by id."""
        statement = _CAMERA.order_by(cameras.c.id)
        return [_camera(row) for row in self._database.read(lambda c: c.execute(statement).all())]

    def get(self, camera_id: str) -> Camera | None:
        """Return one camera, or None."""
        statement = _CAMERA.where(cameras.c.id == camera_id)
        row = self._database.read(lambda connection: connection.execute(statement).one_or_none())
        return None if row is None else _camera(row)

    def sealed_address(self, camera_id: str) -> bytes:
        """Return the whole address, sealed; nothing else here gives it away. Raises NotFound."""
        statement = select(cameras.c.sealed_address).where(cameras.c.id == camera_id)
        sealed = self._database.read(lambda connection: connection.scalar(statement))
        if sealed is None:
            raise _missing(camera_id)
        return sealed

    def add(self, config: CameraConfig, address: SealedAddress, audit: AuditDraft) -> Camera:
        """Add a camera. Raises Conflict when its id is taken, or there are 64."""
        now_ms = self._clock.now_ms()

        def work(connection: Connection) -> Camera:
            if connection.scalar(select(exists().where(cameras.c.id == config.id))):
                raise Conflict(f"There is a camera {config.id} already; choose another name.")
            if (connection.scalar(select(func.count()).select_from(cameras)) or 0) >= MAX_CAMERAS:
                raise Conflict(f"There are {MAX_CAMERAS} cameras at most; remove one first.")
            connection.execute(
                insert(cameras).values(
                    id=config.id,
                    created_ms=now_ms,
                    changed_ms=now_ms,
                    **_config_columns(config),
                    **_address_columns(address),
                )
            )
            return self._changed(connection, config.id, audit)

        return self._database.write(work)

    def change(self, config: CameraConfig, address: SealedAddress | None, audit: AuditDraft) -> Camera:
        """Change the camera of that id; its address stays when it is None. Raises NotFound."""
        new = _config_columns(config) | ({} if address is None else _address_columns(address))
        statement = (
            update(cameras).where(cameras.c.id == config.id).values(changed_ms=self._clock.now_ms(), **new)
        )

        def work(connection: Connection) -> Camera:
            if not connection.execute(statement).rowcount:
                raise _missing(config.id)
            return self._changed(connection, config.id, audit)

        return self._database.write(work)

    def remove(self, camera_id: str, audit: AuditDraft) -> None:
        """Delete a camera with its address; its events and recordings stay. Raises NotFound."""
        statement = delete(cameras).where(cameras.c.id == camera_id)

        def work(connection: Connection) -> None:
            if not connection.execute(statement).rowcount:
                raise _missing(camera_id)
            self._note(connection, audit)

        self._database.write(work)
        self._database.scrub()

    def revision(self) -> int:
        """Return a number that changes whenever a camera does, also by another process."""
        statement = select(camera_revision.c.revision)
        return self._database.read(lambda connection: connection.scalar(statement)) or 0

    def _changed(self, connection: Connection, camera_id: str, audit: AuditDraft) -> Camera:
        self._note(connection, audit)
        return _camera(connection.execute(_CAMERA.where(cameras.c.id == camera_id)).one())

    def _note(self, connection: Connection, audit: AuditDraft) -> None:
        connection.execute(
            insert(camera_revision)
            .values(id=1, revision=1)
            .on_conflict_do_update(
                index_elements=[camera_revision.c.id], set_={"revision": camera_revision.c.revision + 1}
            )
        )
        self._log.write(connection, audit)


def _missing(camera_id: str) -> NotFound:
    return NotFound(f"There is no camera {camera_id}.")


def _config_columns(config: CameraConfig) -> dict[str, object]:
    return {
        "enabled": config.enabled,
        "fps": config.fps,
        "sensitivity": config.sensitivity,
        "zones": _to_json(config.zones),
        "masks": _to_json(config.masks),
        "keyframes_only": config.keyframes_only,
        "recording": config.recording.value,
        "allow_loopback": config.allow_loopback,
    }


def _address_columns(address: SealedAddress) -> dict[str, object]:
    return {"display": one_line(address.display), "sealed_address": address.sealed}


def _camera(row: Row[*tuple[Any, ...]]) -> Camera:
    (
        camera_id,
        enabled,
        fps,
        sensitivity,
        zones,
        masks,
        keyframes_only,
        recording,
        allow_loopback,
        display,
        created_ms,
        changed_ms,
    ) = row
    config = CameraConfig(
        id=camera_id,
        enabled=enabled,
        fps=fps,
        sensitivity=sensitivity,
        zones=_from_json(zones),
        masks=_from_json(masks),
        keyframes_only=keyframes_only,
        recording=RecordingMode(recording),
        allow_loopback=allow_loopback,
    )
    return Camera(config, display, created_ms, changed_ms)


def _to_json(polygons: Sequence[Polygon]) -> str:
    return json.dumps([polygon.points for polygon in polygons], separators=(",", ":"))


def _from_json(text: str) -> tuple[Polygon, ...]:
    return tuple(map(Polygon.parse, json.loads(text)))
