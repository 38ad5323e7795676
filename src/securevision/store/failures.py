"""SQLite's errors, said in our words. The only place that looks at them."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from securevision.errors import SecureVisionError, StorageFull, Unavailable

_NO_ROOM = (
    "No room to store events in {name}; free some disk space or lower SECUREVISION__EVENTS__RETENTION_DAYS."
)
_LOCKED = "The database {name} is in use by another program; close that program or try again."
_NO_ACCESS = "The database {name} cannot be opened or written; check that its folder exists and who owns it."
_DISK = "The database {name} cannot be read or written (disk I/O error); check the disk and its quota."
_DAMAGED = "The database {name} is damaged or is not a database; restore a backup, or move the file away."

_SENTENCES = {
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_PERM: _NO_ACCESS,
    sqlite3.SQLITE_READONLY: _NO_ACCESS,
    sqlite3.SQLITE_CANTOPEN: _NO_ACCESS,
    sqlite3.SQLITE_IOERR: _DISK,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
}
"""Primary result code to what Unavailable says."""


@contextmanager
def in_our_words(name: str) -> Iterator[None]:
    """Turn what SQLite and the file system say of the database file `name` into StorageFull or Unavailable.

    Anything else, such as a violated constraint, is a defect of ours and passes as it is.
    """
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        mapped = _of_sqlite(cause, name)
        if mapped is None:
            raise
        raise mapped from error
    except PoolTimeoutError as error:
        raise Unavailable(f"The database {name} is too busy; try again.") from error
    except OSError as error:
        no_room = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise (
            StorageFull(_NO_ROOM.format(name=name)) if no_room else Unavailable(_NO_ACCESS.format(name=name))
        ) from error


def _of_sqlite(error: BaseException | None, name: str) -> SecureVisionError | None:
    # Errors that Python's module raises by itself carry no code.
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK)
    primary = code & 0xFF
    # The second is a full disk when the index of the write-ahead log has to grow.
    if primary == sqlite3.SQLITE_FULL or code == sqlite3.SQLITE_IOERR_SHMSIZE:
        return StorageFull(_NO_ROOM.format(name=name))
    sentence = _SENTENCES.get(primary)
    return Unavailable(sentence.format(name=name)) if sentence else None
