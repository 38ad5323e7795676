"""Private files: made whole or not at all, for their owner alone."""

import errno
import fcntl
import logging
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from securevision.errors import Unavailable

_log = logging.getLogger(__name__)


def make_private_folder(folder: Path) -> None:
    """Make a folder of mode 0700; from one that is there, take away that others may put files into it.

    Raises Unavailable, with the remedy.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        facts = folder.stat()
        if facts.st_uid == os.geteuid() and facts.st_mode & 0o022:
            folder.chmod(stat.S_IMODE(facts.st_mode) & ~0o022)
            _log.warning("folder %s could be written by others, and no longer can", folder)
            facts = folder.stat()
    except OSError as error:
        raise Unavailable(f"Folder {folder} cannot be used: {error.strerror}.") from error
    if facts.st_uid not in {os.geteuid(), 0}:
        raise Unavailable(f"Folder {folder} belongs to another user; `chown` it to the one that runs this.")
    if facts.st_mode & 0o022:
        raise Unavailable(f"Folder {folder} can be written by others; run `chmod go-w {folder}`.")


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Hold the folder, so that of two processes that start at once the second one waits."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def read_private(path: Path, limit: int) -> bytes | None:
    """Return up to `limit` bytes of a file that only its owner can read; None when there is no file.

    Raises Unavailable, with the remedy, for a link, anything but a file, a file of another user, or one that
    others can read.
    """
    try:
        # Without O_NONBLOCK, a named pipe in its place would hold us for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise Unavailable(f"File {path} is a symbolic link; put the file itself there.") from error
        raise Unavailable(f"File {path} cannot be read: {error.strerror}.") from error
    try:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            raise Unavailable(f"{path} is not a file; remove it.")
        if facts.st_uid != os.geteuid():
            raise Unavailable(f"File {path} belongs to another user; `chown` it to the one that runs this.")
        if facts.st_mode & 0o077:
            raise Unavailable(
                f"File {path} can be read by others: run `chmod 600 {path}`, and make a new one if others did."
            )
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(limit)
    except OSError as error:
        raise Unavailable(f"File {path} cannot be read: {error.strerror}.") from error
    finally:
        os.close(descriptor)


def create_whole(path: Path, content: bytes) -> bool:
    """Put a new file of mode 0600 there, safe on the disk; return False when there is one already.

    Of several processes one wins, and nobody ever sees half a file. Raises Unavailable.
    """
    with _written(path, content, 0o600) as temporary:
        try:
            path.hardlink_to(temporary)
        except FileExistsError:
            return False
    return True


def replace_whole(path: Path, content: bytes, mode: int) -> None:
    """Put a file there in place of any other, safe on the disk. Raises Unavailable."""
    with _written(path, content, mode) as temporary:
        temporary.replace(path)


@contextmanager
def _written(path: Path, content: bytes, mode: int) -> Iterator[Path]:
    """Yield a file with that content next to `path`; whatever is left of it goes away."""
    temporary: Path | None = None
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        temporary = Path(name)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        yield temporary
        _sync_folder(path.parent)
    except OSError as error:
        raise Unavailable(f"File {path} cannot be written: {error.strerror}.") from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
