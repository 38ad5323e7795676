"""The audit log in the database: its writing side."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from sqlalchemy import Connection, delete, func, insert, select
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import IntegrityError

from securevision.audit.entries import NOBODY, SALT_BYTES, plain, seal_entry
from securevision.audit.tree import CompactRange
from securevision.domain.audit import AuditDraft
from securevision.domain.ports.clock import Clock
from securevision.errors import InvalidInput, Unavailable
from securevision.store.audit_repeats import (
    Counted,
    CountedRepeats,
    add_counts,
    drop_all,
    drop_those_over,
    note,
)
from securevision.store.audit_tables import audit_entries, audit_personal, audit_tree
from securevision.store.database import Database
from securevision.store.reserve import AUDITED

DAMAGED = (
    "The audit log does not fit its tree; see what `securevision audit verify` finds, and restore a backup."
)


def append(connection: Connection, draft: AuditDraft, ts_ms: int, salt: Callable[[], bytes]) -> int:
    """Add an entry inside the transaction of the change that it is about, and return its number.

    `salt` returns 32 secret random bytes, new ones at each call. Costs the same however long the log is.
    Raises Unavailable when somebody damaged the log.
    """
    connection.info[AUDITED] = True
    tree = load_tree(connection)
    entry = seal_entry(draft, tree.size, ts_ms, salt)
    try:
        connection.execute(
            insert(audit_entries).values(
                seq=entry.seq,
                ts_ms=ts_ms,
                action=draft.action.value,
                leaf=entry.leaf,
                body=entry.body.decode(),
            )
        )
    except IntegrityError:
        raise Unavailable(DAMAGED) from None
    rows = [
        {"seq": entry.seq, "field": p.field, "subject": p.subject, "salt": p.salt, "value": p.value}
        for p in entry.personal
    ]
    if rows:
        connection.execute(insert(audit_personal), rows)
    grown = tree.append(entry.leaf)
    kept = {"size": grown.size, "frontier": grown.frontier}
    connection.execute(
        sqlite_insert(audit_tree)
        .values(id=1, **kept)
        .on_conflict_do_update(index_elements=[audit_tree.c.id], set_=kept)
    )
    return entry.seq


def load_tree(connection: Connection) -> CompactRange:
    """Return the tree as it was left. Raises Unavailable when it cannot be one."""
    row = connection.execute(select(audit_tree.c.size, audit_tree.c.frontier)).one_or_none()
    try:
        return CompactRange() if row is None else CompactRange.from_bytes(*row)
    except (ValueError, TypeError):
        raise Unavailable(DAMAGED) from None


def forget(connection: Connection, subject: str) -> None:
    """Erase what the log says about a person, inside the transaction that erases them elsewhere."""
    connection.execute(delete(audit_personal).where(audit_personal.c.subject == subject))


class SqlAuditLog:
    """The AuditWriter of a Database, which can also forget persons."""

    def __init__(self, database: Database, clock: Clock, entropy: Callable[[int], bytes]) -> None:
        self._database = database
        self._clock = clock
        self._entropy = entropy
        self._repeats = CountedRepeats()

    def salt(self) -> bytes:
        """Return a new salt, for `append`."""
        return self._entropy(SALT_BYTES)

    def record(self, draft: AuditDraft) -> None:
        """Write an entry; it is safe on the disk when this returns."""
        now_ms = self._clock.now_ms()
        self._database.write(lambda connection: append(connection, draft, now_ms, self.salt))

    def record_repeating(self, draft: AuditDraft) -> None:
        """Write an entry, or count it when three of its sort came within ten minutes.

        Counts are written once a second at most: a crash may lose those of the last moment.
        """
        now_ms = self._clock.now_ms()
        if self._repeats.count(draft, now_ms):
            if self._repeats.is_due(now_ms):
                with self._repeats.taken(now_ms) as counts:
                    self._database.write(lambda c: add_counts(c, counts, now_ms, self._append_at(c, now_ms)))
            return

        def work(connection: Connection) -> int | None:
            return note(connection, draft, now_ms, self._append_at(connection, now_ms))

        full_since = self._database.write(work)
        if full_since is not None:
            self._repeats.learn(draft, full_since)

    def flush_repeats(self) -> None:
        """Write what was counted, and one entry for each sort whose ten minutes are over.

        To be called every minute or so, and before the process ends.
        """
        now_ms = self._clock.now_ms()

        def work(connection: Connection, counts: Mapping[str, Counted]) -> None:
            append_ = self._append_at(connection, now_ms)
            add_counts(connection, counts, now_ms, append_)
            drop_those_over(connection, now_ms, append_)

        with self._repeats.taken(now_ms) as counts:
            self._database.write(lambda connection: work(connection, counts))

    def erase(self, subject: str, audit: AuditDraft) -> int:
        """Forget what the log says about a person, such as `user:3`; return how many values that were.

        `unknown` stands for everybody whom nobody knew. The entry `audit` is stored with it. Proofs stay valid.
        """
        if not subject:
            raise InvalidInput("Say whose entries are to be erased, such as `user:3`, or `unknown`.")
        kept = "" if subject == NOBODY else plain(subject)
        now_ms = self._clock.now_ms()

        def work(connection: Connection, counts: Mapping[str, Counted]) -> int:
            append_ = self._append_at(connection, now_ms)
            add_counts(connection, counts, now_ms, append_)
            # Sorts that are being counted hold names too; each becomes an entry, whose names can go.
            drop_all(connection, append_)
            theirs = audit_personal.c.subject == kept
            found = connection.scalar(select(func.count()).select_from(audit_personal).where(theirs)) or 0
            append_(replace(audit, target_name="", details={**audit.details, "count": str(found)}))
            connection.execute(delete(audit_personal).where(theirs))
            return found

        with self._repeats.taken(now_ms) as counts:
            erased = self._database.write(lambda connection: work(connection, counts))
        self._database.scrub()
        return erased

    def _append_at(self, connection: Connection, now_ms: int) -> Callable[[AuditDraft], object]:
        return lambda draft: append(connection, draft, now_ms, self.salt)
