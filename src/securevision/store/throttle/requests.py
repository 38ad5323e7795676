"""Requests in the file of the counters: a storage for `limits`, and the RequestThrottle on it."""

import hashlib
import sqlite3
from typing import Final

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

from securevision.access.networks import network_key
from securevision.domain.ports.clock import Clock
from securevision.domain.ports.throttle import Allowance
from securevision.errors import Unavailable
from securevision.store.throttle.file import ThrottleFile

CAPACITY = 100_000
"""Windows that may be open at once. Beyond, networks that are new share one; principals, whom we made, never do."""

_SWEPT = 4
"""Windows that are over, removed by each request: more than it can open, so they never pile up."""
_NETWORK = "network"
_PRINCIPAL = "principal"
_SHARED = f"{_NETWORK}:shared"


class SqlWindowStorage(Storage):
    """Fixed windows that hold across processes. Raises Unavailable."""

    STORAGE_SCHEME = None

    def __init__(self, file: ThrottleFile, clock: Clock, *, capacity: int = CAPACITY) -> None:
        super().__init__()
        self._file = file
        self._clock = clock
        self._capacity = capacity

    @property
    def base_exceptions(self) -> type[Exception]:
        """What a failure is called."""
        return Unavailable

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count in the window of a key, which starts anew when it is over, and return how many there are."""
        now_ms, window_ms = self._clock.now_ms(), expiry * 1000

        def work(connection: sqlite3.Connection) -> int:
            _sweep(connection, now_ms)
            name = self._name(connection, key)
            # A window that ends later than one which began now was made before the clock was set back.
            (hits,) = connection.execute(
                "INSERT INTO windows VALUES (:name, :amount, :now + :window) ON CONFLICT(name) DO UPDATE SET"
                " hits = CASE WHEN gone_ms BETWEEN :now + 1 AND :now + :window THEN hits + :amount"
                " ELSE :amount END,"
                " gone_ms = CASE WHEN gone_ms BETWEEN :now + 1 AND :now + :window THEN gone_ms"
                " ELSE :now + :window END"
                " RETURNING hits",
                {"name": name, "amount": amount, "now": now_ms, "window": window_ms},
            ).fetchone()
            return int(hits)

        return self._file.run(work)

    def get(self, key: str) -> int:
        """Return how many were counted in the window of a key."""
        hits, gone_ms = self._window(key)
        return hits if gone_ms > self._clock.now_ms() else 0

    def get_expiry(self, key: str) -> float:
        """Return when the window of a key is over, seconds since the Unix epoch."""
        return max(self._window(key)[1], self._clock.now_ms()) / 1000

    def check(self) -> bool:
        """Return whether the file can be used."""
        try:
            return self._file.run(lambda _: True)
        except Unavailable:
            return False

    def reset(self) -> int | None:
        """Forget every window; return how many there were."""
        return self._file.run(lambda connection: connection.execute("DELETE FROM windows").rowcount)

    def clear(self, key: str) -> None:
        """Forget the window of a key."""
        self._file.run(lambda connection: connection.execute("DELETE FROM windows WHERE name = ?", (key,)))

    def _name(self, connection: sqlite3.Connection, key: str) -> str:
        if not key.startswith(f"{_NETWORK}/") or _row(connection, key) is not None:
            return key
        (size,) = connection.execute("SELECT size FROM sizes WHERE name = 'windows'").fetchone()
        return _SHARED if size >= self._capacity else key

    def _window(self, key: str) -> tuple[int, int]:
        def work(connection: sqlite3.Connection) -> tuple[int, int]:
            row = _row(connection, key)
            if row is None and key.startswith(f"{_NETWORK}/"):
                row = _row(connection, _SHARED)
            return row or (0, 0)

        return self._file.run(work, writes=False)


def _row(connection: sqlite3.Connection, name: str) -> tuple[int, int] | None:
    row: tuple[int, int] | None = connection.execute(
        "SELECT hits, gone_ms FROM windows WHERE name = ?", (name,)
    ).fetchone()
    return row


def _sweep(connection: sqlite3.Connection, now_ms: int) -> None:
    connection.execute(
        "DELETE FROM windows WHERE name IN"
        " (SELECT name FROM windows WHERE gone_ms <= ? ORDER BY gone_ms LIMIT ?)",
        (now_ms, _SWEPT),
    )


class SqlRequestThrottle:
    """The RequestThrottle of a ThrottleFile: a fixed window of a minute for each principal and network."""

    def __init__(
        self,
        file: ThrottleFile,
        clock: Clock,
        *,
        principal_limit: int = 600,
        network_limit: int = 60,
        capacity: int = CAPACITY,
    ) -> None:
        """Take how many requests a minute a principal may make, and a network that proved nothing."""
        self._clock = clock
        self._limiter = FixedWindowRateLimiter(SqlWindowStorage(file, clock, capacity=capacity))
        self._of_principal: Final[RateLimitItem] = RateLimitItemPerMinute(
            principal_limit, namespace=_PRINCIPAL
        )
        self._of_network: Final[RateLimitItem] = RateLimitItemPerMinute(network_limit, namespace=_NETWORK)

    def hit(self, who: str) -> Allowance:
        """Count a request of a principal, or of `network:<address>`."""
        kind, _, name = who.partition(":")
        is_network = kind == _NETWORK
        item = self._of_network if is_network else self._of_principal
        # Neither an address nor what a caller calls a principal is kept.
        counted = network_key(name) if is_network else who
        key = hashlib.sha256(counted.encode("utf-8", "surrogatepass")).hexdigest()
        allowed = self._limiter.hit(item, key)
        reset_at, remaining = self._limiter.get_window_stats(item, key)
        window_s = item.get_expiry()
        # Somebody else may have counted, or the window ended, since; the answer stays one that makes sense.
        reset_s = min(max(1, round(reset_at - self._clock.now_ms() / 1000 + 0.5)), window_s)
        return Allowance(allowed, item.amount, remaining if allowed else 0, reset_s, window_s)
