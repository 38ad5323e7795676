"""Keys of ours, in the database, each sealed for its own row."""

from collections.abc import Callable

from sqlalchemy import Connection, exists, select
from sqlalchemy.dialects.sqlite import insert

from securevision.domain.audit import AuditDraft
from securevision.domain.ports.clock import Clock
from securevision.store.access_tables import totp
from securevision.store.audit import append
from securevision.store.audit_tables import sealed_secrets
from securevision.store.camera_tables import cameras
from securevision.store.database import Database

TABLE = "sealed_secrets"
COLUMN = "sealed"
"""With the name as the row, what a secret is sealed for."""


class SealedSecrets:
    """The sealed secrets of a Database. Any thread."""

    def __init__(self, database: Database, clock: Clock, salt: Callable[[], bytes]) -> None:
        self._database = database
        self._clock = clock
        self._salt = salt

    def get(self, name: str) -> bytes | None:
        """Return a sealed secret, or None."""
        statement = select(sealed_secrets.c.sealed).where(sealed_secrets.c.name == name)
        return self._database.read(lambda connection: connection.scalar(statement))

    def put_first(self, name: str, sealed: bytes, audit: AuditDraft) -> bool:
        """Store a secret with its audit entry; False when there is one of that name, which stays."""
        now_ms = self._clock.now_ms()
        statement = insert(sealed_secrets).values(name=name, sealed=sealed).on_conflict_do_nothing()

        def work(connection: Connection) -> bool:
            stored = connection.execute(statement).rowcount > 0
            if stored:
                append(connection, audit, now_ms, self._salt)
            return stored

        return self._database.write(work)


def holds_anything_sealed(database: Database) -> bool:
    """Return whether the key file is needed to open what is here."""
    statement = select(exists(sealed_secrets.select()) | exists(totp.select()) | exists(cameras.select()))
    return bool(database.read(lambda connection: connection.scalar(statement)))
