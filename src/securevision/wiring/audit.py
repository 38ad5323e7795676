"""The audit log and the key that signs it."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from securevision.audit.checkpoints import ORIGIN, PublicKey
from securevision.clock import SystemClock
from securevision.domain.audit import AuditAction, AuditDraft
from securevision.domain.ports.clock import Clock
from securevision.errors import Unavailable
from securevision.settings import Settings
from securevision.store.audit import SqlAuditLog
from securevision.store.audit_reader import SqlAuditReader, was_signed
from securevision.store.database import Database
from securevision.store.sealed_secrets import COLUMN, TABLE, SealedSecrets
from securevision.vault.signing import Ed25519Signer, make_private_key
from securevision.wiring.keys import open_sealer
from securevision.wiring.storage import open_storage

_SIGNING_KEY = "audit-signing-key"


class Seals(Protocol):
    """What is needed of a Sealer."""

    def seal(self, plain: bytes, *, table: str, column: str, row: int | str) -> bytes:
        """Encrypt a value for that place."""
        ...

    def open(self, sealed: bytes, *, table: str, column: str, row: int | str) -> bytes:
        """Decrypt a value of that place. Raises Unavailable."""
        ...


@dataclass(frozen=True, slots=True)
class Audit:
    """Both sides of the log."""

    log: SqlAuditLog
    reader: SqlAuditReader


def make_audit(database: Database, sealer: Seals, clock: Clock) -> Audit:
    """Return the log; at the first start its key is made.

    Raises Unavailable when the key is missing or does not open, and StorageFull.
    """
    log = SqlAuditLog(database, clock, secrets.token_bytes)
    kept = SealedSecrets(database, clock, log.salt)
    sealed = kept.get(_SIGNING_KEY)
    if sealed is not None:
        return Audit(log, SqlAuditReader(database, clock, _opened(sealer, sealed)))
    if was_signed(database):
        raise Unavailable(
            "The key that signed the audit log is gone from the database; restore the database from a backup."
        )
    _make_key(kept, sealer)
    # Of two processes that start at once, one has made it.
    reader = SqlAuditReader(database, clock, _opened(sealer, kept.get(_SIGNING_KEY) or b""))
    reader.checkpoint()
    return Audit(log, reader)


@contextmanager
def open_audit(settings: Settings) -> Iterator[Audit]:
    """Open the log alone, for a command. Raises Unavailable."""
    with open_storage(settings) as storage:
        sealer = open_sealer(settings, storage.database)
        yield make_audit(storage.database, sealer, SystemClock())


def _make_key(kept: SealedSecrets, sealer: Seals) -> None:
    private = make_private_key()
    key = PublicKey(ORIGIN, Ed25519Signer(private).public_key)
    kept.put_first(
        _SIGNING_KEY,
        sealer.seal(private, table=TABLE, column=COLUMN, row=_SIGNING_KEY),
        AuditDraft(AuditAction.KEY_MADE, "system", target="key:audit", details={"public_key": str(key)}),
    )


def _opened(sealer: Seals, sealed: bytes) -> Ed25519Signer:
    return Ed25519Signer(sealer.open(sealed, table=TABLE, column=COLUMN, row=_SIGNING_KEY))
