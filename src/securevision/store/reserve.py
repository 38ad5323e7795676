"""Room on the disk that is kept for the audit log."""

import os
from contextlib import suppress
from pathlib import Path

AUDITED = "carries an audit entry"
"""The key in a connection's `info` by which a transaction says that it may use the reserve."""

RESERVE_BYTES = 8 * 2**20
_STEP = 2**18
"""Bytes given at a time: enough for one change with its entry, so that events can't take all that was kept."""
_ROOM_FACTOR = 4
"""The reserve is made when this many times its size is free, so that making it fills no disk."""


class Reserve:
    """A file that takes room until it is needed. Any thread, any process; an error of the disk is no error of it.

    On a file system that compresses or copies on write the room may not be free again.
    """

    def __init__(self, path: Path, size: int = RESERVE_BYTES) -> None:
        self._path = path
        self._size = size

    def make(self) -> None:
        """Bring the file to its size, when the disk has room for it."""
        with suppress(OSError):
            if self._path.stat().st_size >= self._size:
                return
        with suppress(OSError):
            disk = os.statvfs(self._path.parent)
            if disk.f_bavail * disk.f_frsize < self._size * _ROOM_FACTOR:
                return
            descriptor = os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            try:
                os.fchmod(descriptor, 0o600)
                os.posix_fallocate(descriptor, 0, self._size)
            finally:
                os.close(descriptor)

    def give(self) -> bool:
        """Give some of the room back to the disk; return whether there was any."""
        try:
            left = self._path.stat().st_size - _STEP
            if left > 0:
                os.truncate(self._path, left)
            else:
                self._path.unlink()
        except OSError:
            return False
        return True
