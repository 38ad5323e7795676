"""The database's files: made for their owner alone, opened with the pragmas that keep them safe."""

import fcntl
import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

_PRAGMAS = (
    "PRAGMA foreign_keys = ON",
    # An event that was acknowledged survives a power cut.
    "PRAGMA synchronous = FULL",
    # What was deleted is overwritten, not only forgotten.
    "PRAGMA secure_delete = ON",
    "PRAGMA temp_store = MEMORY",
)


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Hold the folder, so that of two processes that start at once the second one waits.

    SQLite does not wait when two connections switch a new file to its write-ahead log: one of them fails.
    The lock is on the folder, not on the database: closing any descriptor of the database would drop
    SQLite's own locks on it. A process that dies lets go.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def create(path: Path) -> None:
    """Make an empty database that only its owner can read, unless there is a file. SQLite makes -wal and -shm alike."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
        path.chmod(0o600)  # whatever the umask took away


def tighten(path: Path) -> None:
    """Take the database away from everybody but its owner."""
    for suffix in ("", "-wal", "-shm"):
        file = path.with_name(path.name + suffix)
        with suppress(FileNotFoundError):
            if stat.S_IMODE(file.stat().st_mode) & 0o077:
                file.chmod(0o600)


def connect(path: Path, lock_timeout: float) -> sqlite3.Connection:
    """Open the file, which must exist. Transactions are the caller's; any one thread at a time may use it."""
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?mode=rw",
        uri=True,
        timeout=lock_timeout,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        for pragma in _PRAGMAS:
            connection.execute(pragma)
    except BaseException:
        connection.close()
        raise
    return connection


def set_wal(connection: sqlite3.Connection) -> bool:
    """Let readers go on while another connection writes; return whether the file system allows it."""
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    return bool(mode == "wal")
