"""Recordings and pictures, as files of their owner alone."""

import errno
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from securevision.errors import SecureVisionError, StorageFull, Unavailable

_log = logging.getLogger(__name__)
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_OWNER = 0o600


class RecordingFiles:
    """The FootageFiles in a directory of their own."""

    def __init__(self, directory: Path) -> None:
        """Make the directory if it is missing. Raises Unavailable."""
        self._directory = _made(directory)

    def create(self, number: int) -> BinaryIO:
        """See FootageFiles."""
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            return os.fdopen(os.open(self._path(number), flags, _OWNER), "wb")
        except OSError as error:
            raise _failure(self._directory, error) from None

    def finish(self, file: BinaryIO) -> None:
        """See FootageFiles."""
        try:
            with file:
                os.fsync(file.fileno())
        except OSError as error:
            _log.error("The end of a recording may not be on the disk: %s.", error.strerror)

    def open(self, number: int) -> BinaryIO | None:
        """See FootageFiles."""
        try:
            return self._path(number).open("rb")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _failure(self._directory, error) from None

    def measure(self, number: int) -> tuple[int, int]:
        """See FootageFiles."""
        try:
            information = self._path(number).stat()
        except OSError:
            return 0, 0
        return information.st_size, int(information.st_mtime * 1000)

    def delete(self, number: int) -> None:
        """See FootageFiles."""
        try:
            self._path(number).unlink(missing_ok=True)
        except OSError as error:
            raise _failure(self._directory, error) from None

    def delete_unknown(self, is_known: Callable[[int], bool]) -> None:
        """See FootageFiles."""
        for path in self._directory.glob("*.mp4"):
            if path.stem.isdecimal() and not is_known(int(path.stem)):
                self.delete(int(path.stem))

    def _path(self, number: int) -> Path:
        return self._directory / f"{number:d}.mp4"


class EventPictures:
    """The PictureStore in a directory of its own."""

    def __init__(self, directory: Path) -> None:
        """Make the directory if it is missing. Raises Unavailable."""
        self._directory = _made(directory)

    def put(self, event_id: int, jpeg: bytes) -> None:
        """See PictureStore."""
        path = self._path(event_id)
        new = path.with_suffix(".new")
        try:
            with os.fdopen(
                os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, _OWNER), "wb"
            ) as file:
                file.write(jpeg)
            new.replace(path)
        except OSError as error:
            raise _failure(self._directory, error) from None

    def get(self, event_id: int) -> bytes | None:
        """See PictureStore."""
        try:
            return self._path(event_id).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _failure(self._directory, error) from None

    def delete_before(self, event_id: int) -> None:
        """See PictureStore."""
        try:
            for path in self._directory.iterdir():
                if path.stem.isdecimal() and int(path.stem) < event_id:
                    path.unlink(missing_ok=True)
        except OSError as error:
            raise _failure(self._directory, error) from None

    def _path(self, event_id: int) -> Path:
        return self._directory / f"{event_id:d}.jpg"


def _made(directory: Path) -> Path:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _failure(directory, error) from None
    return directory


def _failure(directory: Path, error: OSError) -> SecureVisionError:
    if error.errno in _FULL:
        return StorageFull(
            f"There is no room left in {directory}; make room or set a smaller limit of recordings."
        )
    return Unavailable(f"{directory} cannot be used: {error.strerror}; check the disk and the rights.")
