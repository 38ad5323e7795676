"""Pictures from files, which anybody may have made."""

import stat
from pathlib import Path

import cv2
import numpy as np

from securevision.domain.frames import Pixels
from securevision.errors import InvalidInput
from securevision.recognition.picture_headers import NotAPicture, picture_size

MAX_BYTES = 64 * 1024 * 1024
MAX_PIXELS = 40_000_000

# OpenCV would write to stderr itself, past the log; what it has to say is in the result.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


def read_bytes(path: Path) -> bytes:
    """Return what a file holds. Raises InvalidInput when it cannot be read or is too large."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise InvalidInput(f"{path} is a directory; name a picture in it.")
        if not stat.S_ISREG(mode):
            raise InvalidInput(f"{path} is not a file; name a picture.")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise InvalidInput(f"{path} does not exist; check the path.") from None
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}.") from None
    if len(data) > MAX_BYTES:
        raise InvalidInput(f"{path} has more than {MAX_BYTES // 2**20} MiB; use a smaller picture.")
    if not data:
        raise InvalidInput(f"{path} is empty; use a JPEG or PNG picture.")
    return data


def decode_image(data: bytes, path: Path) -> Pixels:
    """Return a JPEG, PNG or WebP picture, upright. Raises InvalidInput when the bytes are none; `path` names them.

    Its size is known before any of it is decoded: a few kilobytes may hold gigabytes of pixels.
    """
    try:
        size = picture_size(data)
    except NotAPicture:
        raise InvalidInput(_unreadable(path)) from None
    if size.width * size.height > MAX_PIXELS:
        raise InvalidInput(f"{path} has more than {MAX_PIXELS // 10**6} megapixels; scale it down.")
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        pixels = None
    if pixels is None:
        raise InvalidInput(_unreadable(path))
    return np.ascontiguousarray(pixels, np.uint8)


def read_image(path: Path) -> Pixels:
    """Return a picture, upright. Raises InvalidInput when the file cannot be read as one."""
    return decode_image(read_bytes(path), path)


def _unreadable(path: Path) -> str:
    return f"{path} is not a picture that can be read; use a JPEG or PNG picture."
