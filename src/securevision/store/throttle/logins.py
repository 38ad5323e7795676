"""Failed attempts in the file of the counters. What they mean is decided in `access.delays`."""

import sqlite3
from collections.abc import Mapping
from dataclasses import replace

from securevision.access.delays import Counter, CounterKind, CounterName, counters_of, mark
from securevision.domain.attempts import Attempt
from securevision.domain.ports.clock import Clock
from securevision.errors import TooManyRequests
from securevision.store.throttle.file import ThrottleFile

CAPACITY = 100_000
"""Counters that strangers may make: of accounts, which need not exist, and networks.

The counter of everybody lets some 9,000 failures a day pass, so there are never so many; but a mistake there must
not fill the disk. Beyond, new names share one counter of their kind, and so slow each other down: closed.
"""

_SWEPT = 4
"""Dead counters removed by each attempt: as many as it can make, so they never pile up."""
_SHARED = "shared"
"""Instead of a digest."""
_STRANGERS = frozenset({CounterKind.ACCOUNT, CounterKind.NETWORK, CounterKind.SITE})


class SqlLoginThrottle:
    """The LoginThrottle of a ThrottleFile."""

    def __init__(self, file: ThrottleFile, clock: Clock, *, capacity: int = CAPACITY) -> None:
        self._file = file
        self._clock = clock
        self._capacity = capacity

    def begin(self, attempt: Attempt) -> None:
        """Count an attempt as failed. Raises TooManyRequests, and counts nothing, while somebody has to wait.

        All of it is one transaction: of attempts made at once, each one sees those before it.
        """
        now_ms = self._clock.now_ms()

        def work(connection: sqlite3.Connection) -> int:
            _sweep(connection, now_ms)
            found = self._find(connection, attempt)
            wait_ms = 0
            for name, counter in found.items():
                until_ms = counter.at(name.rule, now_ms).until_ms
                wait_ms = max(wait_ms, until_ms - now_ms)
                if until_ms < counter.until_ms:
                    # The clock was set back. Without this the wait would begin anew with each look at it.
                    _save(connection, name, replace(counter, until_ms=until_ms))
            if wait_ms <= 0:
                for name, counter in found.items():
                    _save(connection, name, counter.counted(name.rule, now_ms, mark(attempt)))
            return wait_ms

        wait_ms = self._file.run(work)
        if wait_ms > 0:
            seconds = -(-wait_ms // 1000)
            raise TooManyRequests(f"There were too many attempts; try again in {seconds} s.", seconds)

    def take_back(self, attempt: Attempt) -> None:
        """Take back what `begin` counted, and forget nothing else."""
        self._undo(attempt, forget=frozenset())

    def succeed(self, attempt: Attempt) -> None:
        """Take back what `begin` counted, and forget the failures of the account, or of its known device."""
        self._undo(attempt, forget=frozenset({CounterKind.ACCOUNT, CounterKind.DEVICE}))

    def _undo(self, attempt: Attempt, *, forget: frozenset[CounterKind]) -> None:
        now_ms = self._clock.now_ms()

        def work(connection: sqlite3.Connection) -> None:
            for name, counter in self._find(connection, attempt).items():
                forgotten = name.kind in forget and name.digest != _SHARED
                left = Counter() if forgotten else counter.taken_back(name.rule, now_ms, mark(attempt))
                _save(connection, name, left)

        self._file.run(work)

    def _find(self, connection: sqlite3.Connection, attempt: Attempt) -> Mapping[CounterName, Counter]:
        found: dict[CounterName, Counter] = {}
        for name in counters_of(attempt):
            counter = _load(connection, name)
            if counter is None and name.kind in _STRANGERS and self._is_full(connection):
                shared = replace(name, digest=_SHARED)
                found[shared] = _load(connection, shared) or Counter()
            else:
                found[name] = counter or Counter()
        return found

    def _is_full(self, connection: sqlite3.Connection) -> bool:
        (size,) = connection.execute("SELECT size FROM sizes WHERE name = 'counters'").fetchone()
        return bool(size >= self._capacity)


def _sweep(connection: sqlite3.Connection, now_ms: int) -> None:
    connection.execute(
        "DELETE FROM counters WHERE name IN"
        " (SELECT name FROM counters WHERE gone_ms <= ? ORDER BY gone_ms LIMIT ?)",
        (now_ms, _SWEPT),
    )


def _load(connection: sqlite3.Connection, name: CounterName) -> Counter | None:
    row = connection.execute(
        "SELECT failures, until_ms, forgot_ms, last FROM counters WHERE name = ?", (str(name),)
    ).fetchone()
    return None if row is None else Counter(*row)


def _save(connection: sqlite3.Connection, name: CounterName, counter: Counter) -> None:
    if counter.failures == 0:
        connection.execute("DELETE FROM counters WHERE name = ?", (str(name),))
        return
    connection.execute(
        "INSERT INTO counters VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT(name) DO UPDATE SET"
        " failures = excluded.failures, until_ms = excluded.until_ms, forgot_ms = excluded.forgot_ms,"
        " last = excluded.last, gone_ms = excluded.gone_ms",
        (
            str(name),
            counter.failures,
            counter.until_ms,
            counter.forgot_ms,
            counter.last,
            counter.gone_ms(name.rule),
        ),
    )
