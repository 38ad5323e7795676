"""The database: one writer, a few readers."""

import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool

from securevision.errors import Unavailable
from securevision.store.failures import in_our_words
from securevision.store.files import alone_in, connect, create, set_wal, tighten
from securevision.store.reserve import Reserve
from securevision.store.upgrade import needs_upgrade, upgrade
from securevision.store.writer import Writer

T = TypeVar("T")

_READERS = 4
_POOL_TIMEOUT = 10.0
_SCRUB_TIMEOUT = 1.0


class Database:
    """One SQLite file. Its methods may be called from any thread."""

    def __init__(self, path: Path, lock_timeout: float) -> None:
        """For `open`, which makes the file ready."""
        self._path = path
        self._writing = _engine(path, lock_timeout, begin="BEGIN IMMEDIATE", connections=1)
        self._reading = _engine(path, lock_timeout, begin="BEGIN", connections=_READERS)
        self._writer = Writer(self._writing, path.name)
        self._closed = False

    @classmethod
    def open(cls, path: Path, *, lock_timeout: float = 10.0) -> Self:
        """Open the file, making it and its folder when they are missing, and bring its tables up to date.

        `lock_timeout` is how many seconds a call waits while another process writes.

        Raises StorageFull, and Unavailable when the place is missing or not ours to write, or when the
        file is locked, damaged, another program's, or of a newer SecureVision; it is then left as it is.
        """
        database = cls(path, lock_timeout)
        try:
            with in_our_words(path.name):
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                with alone_in(path.parent):
                    create(path)
                    database._prepare(lock_timeout)
        except BaseException:
            database.close()
            raise
        return database

    def _prepare(self, lock_timeout: float) -> None:
        with self._reading.begin() as connection:
            old = needs_upgrade(connection, self._path.name)
        tighten(self._path)
        with closing(connect(self._path, lock_timeout)) as plain:
            if not set_wal(plain):
                raise Unavailable(
                    f"The database {self._path.name} cannot be used where it is; put it on a local disk."
                )
        if old:
            upgrade(self._writing)

    def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` on one consistent state of the database, which it cannot change, and return its result.

        Raises Unavailable, also after `close`.
        """
        if self._closed:
            raise Unavailable(f"The database {self._path.name} is closed.")
        with in_our_words(self._path.name), self._reading.begin() as connection:
            return work(connection)

    def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a transaction of its own, as `Writer.run` does."""
        return self._writer.run(work)

    def keep_reserve(self, name: str) -> None:
        """Keep room on the disk, in a file of that name beside the database, for changes with an audit entry."""
        reserve = Reserve(self._path.with_name(name))
        reserve.make()
        self._writer.reserve = reserve

    def scrub(self) -> None:
        """Clear the write-ahead log, where what was deleted can still be found. Does what it can, now.

        While others read it may not come through; the log is then overwritten as events come.
        """
        with suppress(sqlite3.Error), closing(connect(self._path, _SCRUB_TIMEOUT)) as plain:
            plain.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

    def close(self) -> None:
        """Finish the changes that were asked for, then let go of the file. Calling it twice is fine."""
        self._closed = True
        self._writer.close()
        self._writing.dispose()
        self._reading.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _engine(path: Path, lock_timeout: float, *, begin: str, connections: int) -> Engine:
    """Return a pool of connections whose transactions start with `begin`; only an IMMEDIATE one may write."""
    read_only = "IMMEDIATE" not in begin

    def creator() -> sqlite3.Connection:
        connection = connect(path, lock_timeout)
        if read_only:
            connection.execute("PRAGMA query_only = ON")
        return connection

    engine = create_engine(
        "sqlite+pysqlite://",
        creator=creator,
        poolclass=QueuePool,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=_POOL_TIMEOUT,
        # Errors name statements; what was to be stored is nobody's business.
        hide_parameters=True,
    )

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
