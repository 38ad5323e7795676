"""The audit log in the database: its reading side."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain
from typing import Any

from sqlalchemy import ColumnElement, Connection, LargeBinary, cast, exists, func, select
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from securevision.audit.checkpoints import (
    ORIGIN,
    Checkpoint,
    PublicKey,
    SignedCheckpoint,
    Signer,
    VerifySignature,
    sign_checkpoint,
)
from securevision.audit.entries import PersonalValue, StoredEntry
from securevision.audit.export import export
from securevision.audit.proofs import consistency_proof, inclusion_proof
from securevision.audit.tree import CompactRange
from securevision.audit.verify import Verification, verify_entries
from securevision.domain.audit import AuditPage, AuditRecord
from securevision.domain.ports.clock import Clock
from securevision.errors import InvalidInput, Unavailable
from securevision.store.audit import DAMAGED, load_tree
from securevision.store.audit_tables import audit_checkpoints, audit_entries, audit_personal
from securevision.store.database import Database

_CHUNK = 500
"""Entries read in one transaction: a long export keeps nobody from clearing the write-ahead log."""


class SqlAuditReader:
    """The AuditReader of a Database."""

    def __init__(self, database: Database, clock: Clock, signer: Signer) -> None:
        self._database = database
        self._clock = clock
        self._signer = signer

    @property
    def key(self) -> PublicKey:
        """Who signs the log."""
        return PublicKey(ORIGIN, self._signer.public_key)

    def tree(self) -> CompactRange:
        """Return the tree with its size and root, as it is now."""
        return self._database.read(load_tree)

    def page(self, before_seq: int | None = None, limit: int = 100) -> AuditPage:
        """Return entries newest first. Raises InvalidInput for a limit below 1."""
        if limit < 1:
            raise InvalidInput("A page has a limit of 1 entry or more.")

        def work(connection: Connection) -> AuditPage:
            size = load_tree(connection).size
            end = size if before_seq is None else max(0, min(before_seq, size))
            entries = _entries(connection, max(0, end - limit), end)
            return AuditPage(size, tuple(_record(entry) for entry in reversed(entries)))

        return self._database.read(work)

    def entries(self, size: int) -> Iterator[StoredEntry]:
        """Yield the first `size` entries, in order, with the personal values that are still there."""
        for start in range(0, size, _CHUNK):
            end = min(start + _CHUNK, size)
            yield from self._database.read(partial(_entries, start=start, end=end))

    def checkpoint(self) -> str:
        """Sign the log's size and root, keep that and return the note."""
        now_ms = self._clock.now_ms()

        def work(connection: Connection) -> str:
            tree = load_tree(connection)
            if (connection.scalar(select(func.max(audit_checkpoints.c.size))) or 0) > tree.size:
                raise Unavailable(DAMAGED)
            note = str(sign_checkpoint(Checkpoint(ORIGIN, tree.size, tree.root), self._signer))
            # Of a size that was signed before, the first note stays: it shows whether the log was put back since.
            connection.execute(
                sqlite_insert(audit_checkpoints)
                .values(size=tree.size, ts_ms=now_ms, note=note)
                .on_conflict_do_nothing()
            )
            return note

        return self._database.write(work)

    def export(self) -> Iterator[bytes]:
        """Yield the lines of a signed export of the log as it is now."""
        tree = self.tree()
        return export(
            self.entries(tree.size),
            origin=ORIGIN,
            size=tree.size,
            root=tree.root,
            created_ms=self._clock.now_ms(),
            signer=self._signer,
        )

    def inclusion_proof(self, seq: int, size: int) -> list[bytes]:
        """Prove that an entry is in the log of that size. Raises InvalidInput when it is not."""
        return self._prove(lambda leaves: inclusion_proof(leaves, seq), size)

    def consistency_proof(self, old_size: int, size: int) -> list[bytes]:
        """Prove that the log of the old size is a beginning of the other. Raises InvalidInput for sizes it has not."""
        return self._prove(lambda leaves: consistency_proof(leaves, old_size), size)

    def verify(
        self, verify: VerifySignature, *, held_key: PublicKey | None, earlier: Sequence[SignedCheckpoint]
    ) -> Verification:
        """Verify the log as it lies in the database, against the checkpoints stored there and those kept elsewhere."""

        def work(connection: Connection) -> tuple[CompactRange, Sequence[str], Sequence[StoredEntry]]:
            tree = load_tree(connection)
            notes = connection.scalars(
                select(audit_checkpoints.c.note).order_by(audit_checkpoints.c.size)
            ).all()
            # There is none, unless somebody put it there.
            outside = connection.scalar(
                select(audit_entries.c.seq).where(~audit_entries.c.seq.between(0, tree.size - 1)).limit(1)
            )
            return tree, notes, () if outside is None else _entries(connection, outside, outside + 1)

        tree, notes, strays = self._database.read(work)
        return verify_entries(
            chain(self.entries(tree.size), strays),
            tree,
            held_key or self.key,
            verify,
            stored=[SignedCheckpoint.parse(note) for note in notes],
            earlier=earlier,
        )

    def _prove(self, prove: Callable[[Sequence[bytes]], list[bytes]], size: int) -> list[bytes]:
        def work(connection: Connection) -> Sequence[bytes]:
            if not 0 <= size <= load_tree(connection).size:
                raise InvalidInput(f"The audit log has not had {size} entries yet.")
            return connection.scalars(
                select(audit_entries.c.leaf).where(audit_entries.c.seq < size).order_by(audit_entries.c.seq)
            ).all()

        try:
            return prove(self._database.read(work))
        except ValueError as error:
            raise InvalidInput(f"There is no such proof: {error}.") from None


def _entries(connection: Connection, start: int, end: int) -> Sequence[StoredEntry]:
    """Return the entries from `start` to before `end` as they lie there, right or not."""
    within = audit_personal.c.seq.between(start, end - 1)
    personal = defaultdict(list)
    for seq, field, salt, value in connection.execute(
        select(
            audit_personal.c.seq,
            _as_bytes(audit_personal.c.field),
            _as_bytes(audit_personal.c.salt),
            _as_bytes(audit_personal.c.value),
        )
        .where(within)
        .order_by(audit_personal.c.seq, audit_personal.c.field)
    ):
        personal[seq].append(PersonalValue(_text(field), "", salt, _text(value)))
    rows = connection.execute(
        select(audit_entries.c.seq, _as_bytes(audit_entries.c.body), _as_bytes(audit_entries.c.leaf))
        .where(audit_entries.c.seq.between(start, end - 1))
        .order_by(audit_entries.c.seq)
    )
    return [StoredEntry(seq, body, leaf, tuple(personal[seq])) for seq, body, leaf in rows]


def _as_bytes(column: ColumnElement[Any]) -> ColumnElement[bytes]:
    # Whatever somebody put there: text that is none would stop the reading.
    return cast(column, LargeBinary)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")


def _record(entry: StoredEntry) -> AuditRecord:
    try:
        body = json.loads(entry.body)
        return AuditRecord(
            entry.seq,
            body["ts_ms"],
            body["action"],
            body["outcome"],
            body["actor"],
            body["target"],
            body["details"],
            {value.field: value.value for value in entry.personal},
        )
    except (ValueError, KeyError, TypeError):
        raise Unavailable(DAMAGED) from None


def was_signed(database: Database) -> bool:
    """Return whether a checkpoint was ever kept."""
    return bool(
        database.read(lambda connection: connection.scalar(select(exists(audit_checkpoints.select()))))
    )
