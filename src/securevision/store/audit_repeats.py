"""Entries of which somebody can make many: the first of a sort are written, the rest counted."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from ipaddress import IPv6Address, ip_address, ip_network
from threading import Lock

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from securevision.domain.audit import AuditAction, AuditDraft, Outcome
from securevision.store.audit_tables import audit_repeats
from securevision.store.reserve import AUDITED

WINDOW_MS = 600_000
FIRST = 3
"""How many of a sort are written one by one."""
MAX_SORTS = 64
"""Sorts of one action, outcome and actor that are told apart; further targets and networks are counted together."""
_WRITE_EVERY_MS = 1000

Append = Callable[[AuditDraft], object]


def note(connection: Connection, draft: AuditDraft, now_ms: int, append: Append) -> int | None:
    """Write an entry or count it. When it was counted under its own sort, return when the ten minutes began."""
    # A count is an entry that is not written yet: it may use the reserve as well.
    connection.info[AUDITED] = True
    own = _key(draft)
    key = own if _is_known(connection, own) or _has_room(connection, draft) else _key_of_the_rest(draft)
    drop_those_over(connection, now_ms, append, only=key)
    this = audit_repeats.c.key == key
    row = connection.execute(
        select(audit_repeats.c.first_ms, audit_repeats.c.written).where(this)
    ).one_or_none()
    if row is None:
        append(draft)
        kept = draft if key == own else _without_particulars(draft)
        connection.execute(
            insert(audit_repeats).values(
                key=key, first_ms=now_ms, last_ms=now_ms, written=1, counted=0, draft=_to_json(kept)
            )
        )
        return None
    first_ms, written = row
    if written < FIRST:
        append(draft)
        connection.execute(update(audit_repeats).where(this).values(written=written + 1, last_ms=now_ms))
        return None
    _add(connection, key, 1, now_ms)
    return first_ms if key == own else None


def drop_those_over(connection: Connection, now_ms: int, append: Append, *, only: str | None = None) -> None:
    """Forget the sorts whose ten minutes are over, writing an entry for what was counted."""
    # A clock that was set back ends them too.
    over = ~audit_repeats.c.first_ms.between(now_ms - WINDOW_MS + 1, now_ms)
    _drop(connection, over if only is None else over & (audit_repeats.c.key == only), append)


def drop_all(connection: Connection, append: Append) -> None:
    """Forget every sort now, writing an entry for what was counted."""
    _drop(connection, audit_repeats.c.key.is_not(None), append)


@dataclass(frozen=True, slots=True)
class Counted:
    """A sort of entry and how many of it are counted but not written."""

    first_ms: int
    draft: AuditDraft
    """Without names: another process may erase them meanwhile."""
    count: int = 0

    def is_over(self, now_ms: int) -> bool:
        """Return whether its ten minutes are over."""
        return not 0 <= now_ms - self.first_ms < WINDOW_MS


class CountedRepeats:
    """Counts what the database need not hear of each time: a flood costs it one write a second. Any thread."""

    def __init__(self) -> None:
        self._sorts: dict[str, Counted] = {}
        self._taken_ms = 0
        self._lock = Lock()

    def learn(self, draft: AuditDraft, first_ms: int) -> None:
        """From now on, until ten minutes after `first_ms`, only count these."""
        nameless = replace(draft, actor_name="", target_name="", network="", personal={})
        key = _key(draft)
        with self._lock:
            before = self._sorts.get(key)
            self._sorts[key] = Counted(first_ms, nameless, before.count if before else 0)

    def count(self, draft: AuditDraft, now_ms: int) -> bool:
        """Count an entry if its sort is known; else return False."""
        key = _key(draft)
        with self._lock:
            sort = self._sorts.get(key)
            if sort is None or sort.is_over(now_ms):
                return False
            self._sorts[key] = replace(sort, count=sort.count + 1)
            return True

    def is_due(self, now_ms: int) -> bool:
        """Return whether the counts should be written."""
        return abs(now_ms - self._taken_ms) >= _WRITE_EVERY_MS

    @contextmanager
    def taken(self, now_ms: int) -> Iterator[Mapping[str, Counted]]:
        """Give what was counted, to be written inside the context; keep it when that fails."""
        with self._lock:
            self._taken_ms = now_ms
            taken = {key: sort for key, sort in self._sorts.items() if sort.count}
            self._sorts = {
                key: replace(sort, count=0) for key, sort in self._sorts.items() if not sort.is_over(now_ms)
            }
        try:
            yield taken
        except BaseException:
            with self._lock:
                for key, sort in taken.items():
                    since = self._sorts.get(key, replace(sort, count=0))
                    self._sorts[key] = replace(since, count=since.count + sort.count)
            raise


def add_counts(connection: Connection, counts: Mapping[str, Counted], now_ms: int, append: Append) -> None:
    """Add counts to the sorts in the database or, for one that another process ended, write an entry."""
    for key, sort in counts.items():
        if not _add(connection, key, sort.count, now_ms):
            append(_summary(sort.draft, sort.count, sort.first_ms, now_ms))


def _add(connection: Connection, key: str, count: int, now_ms: int) -> bool:
    connection.info[AUDITED] = True
    changed = connection.execute(
        update(audit_repeats)
        .where(audit_repeats.c.key == key)
        .values(counted=audit_repeats.c.counted + count, last_ms=now_ms)
    )
    return changed.rowcount > 0


def _drop(connection: Connection, which: ColumnElement[bool], append: Append) -> None:
    rows = connection.execute(
        delete(audit_repeats)
        .where(which)
        .returning(
            audit_repeats.c.counted, audit_repeats.c.first_ms, audit_repeats.c.last_ms, audit_repeats.c.draft
        )
    ).all()
    for counted, first_ms, last_ms, draft in rows:
        if counted:
            append(_summary(_from_json(draft), counted, first_ms, last_ms))


def _summary(draft: AuditDraft, count: int, first_ms: int, last_ms: int) -> AuditDraft:
    times = {"count": str(count), "first_ms": str(first_ms), "last_ms": str(last_ms)}
    return replace(draft, details={**draft.details, **times})


def _is_known(connection: Connection, key: str) -> bool:
    return connection.scalar(select(audit_repeats.c.key).where(audit_repeats.c.key == key)) is not None


def _has_room(connection: Connection, draft: AuditDraft) -> bool:
    alike = audit_repeats.c.key.startswith(_prefix(draft), autoescape=True)
    return (connection.scalar(select(func.count()).where(alike)) or 0) < MAX_SORTS


def _prefix(draft: AuditDraft) -> str:
    return f"{draft.action.value} {draft.outcome.value} {draft.actor} "


def _key(draft: AuditDraft) -> str:
    particulars = json.dumps((draft.target, _network(draft.network), sorted(draft.details.items())))
    return _prefix(draft) + hashlib.sha256(particulars.encode()).hexdigest()


def _key_of_the_rest(draft: AuditDraft) -> str:
    return _prefix(draft) + "*"


def _without_particulars(draft: AuditDraft) -> AuditDraft:
    return replace(draft, target="", target_name="", network="", details={}, personal={})


def _network(address: str) -> str:
    """Return what one household has: an address, of IPv6 the first 64 bits."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    return str(ip_network((parsed, 64), strict=False)) if isinstance(parsed, IPv6Address) else address


def _to_json(draft: AuditDraft) -> str:
    return json.dumps({field.name: getattr(draft, field.name) for field in fields(draft)}, default=dict)


def _from_json(text: str) -> AuditDraft:
    values = json.loads(text)
    return AuditDraft(
        **{**values, "action": AuditAction(values["action"]), "outcome": Outcome(values["outcome"])}
    )
