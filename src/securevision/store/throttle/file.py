"""The file of the counters that slow down guessing: shared by every process, gone without loss."""

import logging
import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Self, TypeVar

from securevision.errors import Unavailable
from securevision.store.files import alone_in, connect, create, set_wal, tighten

T = TypeVar("T")

LOCK_TIMEOUT = 1.0
"""Seconds to wait for another process. A transaction takes some 50 microseconds; but of 16,000 attempts by four
processes that do nothing else, on two busy cores, two waited for longer than 250 milliseconds."""

_QUEUE_TIMEOUT = 2.0
"""Seconds to wait for other threads of this process."""
_NAP = 0.0005
_VERSION = 1
"""Of the tables. Counters are not worth a migration: at a start, those of another version are replaced."""
_TABLES = """
CREATE TABLE counters(
  name TEXT PRIMARY KEY, failures INTEGER NOT NULL, until_ms INTEGER NOT NULL, forgot_ms INTEGER NOT NULL,
  last TEXT NOT NULL, gone_ms INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX counters_gone ON counters(gone_ms);
CREATE TABLE windows(name TEXT PRIMARY KEY, hits INTEGER NOT NULL, gone_ms INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX windows_gone ON windows(gone_ms);
CREATE TABLE sizes(name TEXT PRIMARY KEY, size INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO sizes VALUES ('counters', 0), ('windows', 0);
CREATE TRIGGER counters_more AFTER INSERT ON counters
  BEGIN UPDATE sizes SET size = size + 1 WHERE name = 'counters'; END;
CREATE TRIGGER counters_less AFTER DELETE ON counters
  BEGIN UPDATE sizes SET size = size - 1 WHERE name = 'counters'; END;
CREATE TRIGGER windows_more AFTER INSERT ON windows
  BEGIN UPDATE sizes SET size = size + 1 WHERE name = 'windows'; END;
CREATE TRIGGER windows_less AFTER DELETE ON windows
  BEGIN UPDATE sizes SET size = size - 1 WHERE name = 'windows'; END;
"""

_CLOSED = "Nobody gets in while the counters that slow down guessing cannot be used: "
_BUSY = "{name} is in use by another program; close that program or try again."
_NO_ACCESS = "{name} cannot be opened or written; check that its folder exists, who owns it, and the disk."
_DAMAGED = "{name} is damaged; delete it, or restart SecureVision: it only holds the failures of some hours."
_SENTENCES = {
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_LOCKED: _BUSY,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
}
_log = logging.getLogger(__name__)


class _Damaged(sqlite3.DatabaseError):
    """The file is no database, a damaged one, or one of another version."""

    sqlite_errorcode = sqlite3.SQLITE_CORRUPT


class ThrottleFile:
    """One SQLite file. Its methods may be called from any thread; one transaction of a process runs at a time.

    Nothing waits for the disk: a power cut may lose or damage counters. A damaged file is replaced at a start,
    where somebody on the machine does that anyway, and never while the server runs: whatever a client could do
    to the file must not take back what was counted. A file that was deleted or replaced is opened anew.
    """

    def __init__(self, path: Path, lock_timeout: float) -> None:
        """For `open`, which makes the file ready."""
        self._path = path
        self._lock_timeout = lock_timeout
        self._lock = Lock()
        self._connection: sqlite3.Connection | None = None
        self._opened: tuple[int, int] | None = None
        self._closed = False

    @classmethod
    def open(cls, path: Path, *, lock_timeout: float = LOCK_TIMEOUT) -> Self:
        """Open the file, making it and its folder when they are missing; a damaged one is put aside.

        Raises Unavailable when the place is missing or not ours to write, or the file is locked.
        """
        file = cls(path, lock_timeout)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file._connect(replace_damaged=True)
        except (sqlite3.Error, OSError) as error:
            raise file._unavailable(error) from error
        return file

    def run(self, work: Callable[[sqlite3.Connection], T], *, writes: bool = True) -> T:
        """Run `work` in a transaction, or to read one thing without one, and return its result.

        Raises Unavailable, and nothing was changed, whenever that cannot be done.
        """
        if not self._lock.acquire(timeout=_QUEUE_TIMEOUT):
            raise Unavailable(self._sentence(_BUSY))
        try:
            connection = self._usable()
            if not writes:
                return self._patiently(lambda: work(connection))
            self._patiently(lambda: connection.execute("BEGIN IMMEDIATE"))
            return _finish(connection, work)
        except (sqlite3.Error, OSError) as error:
            if _primary_code(error) != sqlite3.SQLITE_BUSY:
                self._let_go()
            raise self._unavailable(error) from error
        finally:
            self._lock.release()

    def close(self) -> None:
        """Let go of the file. Calling it twice is fine."""
        with self._lock:
            self._closed = True
            self._let_go()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _patiently(self, act: Callable[[], T]) -> T:
        """Do it once the file is free. Many short naps: SQLite's own grow longer, and two busy servers starve."""
        deadline = time.monotonic() + self._lock_timeout
        while True:
            try:
                return act()
            except sqlite3.OperationalError as error:
                if _primary_code(error) != sqlite3.SQLITE_BUSY or time.monotonic() >= deadline:
                    raise
            time.sleep(_NAP)

    def _usable(self) -> sqlite3.Connection:
        """Return a connection to the file that is at the path now: two processes must not count apart."""
        if self._closed:
            raise Unavailable(self._sentence("{name} is closed."))
        if self._connection is not None and self._identity() == self._opened:
            return self._connection
        self._let_go()
        return self._connect(replace_damaged=False)

    def _identity(self) -> tuple[int, int] | None:
        try:
            status = os.stat(self._path)  # noqa: PTH116 - a third of the time, at each request
        except FileNotFoundError:
            return None
        return status.st_dev, status.st_ino

    def _connect(self, *, replace_damaged: bool) -> sqlite3.Connection:
        with alone_in(self._path.parent):
            try:
                self._connection = self._prepared()
            except sqlite3.DatabaseError as error:
                if not replace_damaged or not _is_damage(error):
                    raise
                _log.warning(
                    "%s was damaged and starts anew: earlier failures are forgotten.", self._path.name
                )
                self._put_aside()
                self._connection = self._prepared()
            self._opened = self._identity()
        return self._connection

    def _prepared(self) -> sqlite3.Connection:
        create(self._path)
        if not self._path.is_file():
            raise OSError(f"{self._path.name} is not a file")
        tighten(self._path)
        connection = connect(self._path, self._lock_timeout)
        try:
            self._prepare(connection)
            connection.execute("PRAGMA busy_timeout = 0")
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA synchronous = OFF")
        if not set_wal(connection):
            raise sqlite3.OperationalError("no write-ahead log here")
        if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise _Damaged("quick_check")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version == _VERSION:
            return
        if connection.execute("SELECT count(*) FROM sqlite_schema").fetchone() != (0,):
            raise _Damaged("another version")
        connection.executescript(f"BEGIN IMMEDIATE; {_TABLES} PRAGMA user_version = {_VERSION}; COMMIT;")

    def _put_aside(self) -> None:
        """Rename the file; the folder is held, so nobody else opens it meanwhile."""
        self._path.replace(self._path.with_name(f"{self._path.name}.damaged"))
        for suffix in ("-wal", "-shm"):
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)

    def _let_go(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error), closing(self._connection):
                self._connection = None

    def _unavailable(self, error: BaseException) -> Unavailable:
        return Unavailable(self._sentence(_SENTENCES.get(_primary_code(error), _NO_ACCESS)))

    def _sentence(self, what: str) -> str:
        return _CLOSED + what.format(name=self._path.name)


def _finish(connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
    try:
        result = work(connection)
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise
    return result


def _primary_code(error: BaseException) -> int:
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK)
    return code & 0xFF


def _is_damage(error: BaseException) -> bool:
    return _primary_code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
