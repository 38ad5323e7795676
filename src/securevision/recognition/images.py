"""Pictures from files."""

from pathlib import Path

import cv2
import numpy as np

from securevision.domain.frames import Pixels
from securevision.errors import InvalidInput

_MAX_BYTES = 64 * 1024 * 1024
_MAX_PIXELS = 80_000_000


def read_bytes(path: Path) -> bytes:
    """Return what a file holds. Raises InvalidInput when it cannot be read or is too large."""
    try:
        size = path.stat().st_size
        if size > _MAX_BYTES:
            raise InvalidInput(f"{path} has more than {_MAX_BYTES // 2**20} MiB; use a smaller picture.")
        data = path.read_bytes()
    except FileNotFoundError:
        raise InvalidInput(f"{path} does not exist; check the path.") from None
    except IsADirectoryError:
        raise InvalidInput(f"{path} is a directory; name a picture in it.") from None
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}.") from None
    if not data:
        raise InvalidInput(f"{path} is empty; use a JPEG or PNG picture.")
    return data


def decode_image(data: bytes, path: Path) -> Pixels:
    """Return a picture, upright. Raises InvalidInput when the bytes are none; `path` names them."""
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        pixels = None
    if pixels is None:
        raise InvalidInput(f"{path} is not a picture that can be read; use a JPEG or PNG picture.")
    if pixels.shape[0] * pixels.shape[1] > _MAX_PIXELS:
        raise InvalidInput(f"{path} has more than {_MAX_PIXELS // 10**6} megapixels; scale it down.")
    return np.ascontiguousarray(pixels, np.uint8)


def read_image(path: Path) -> Pixels:
    """Return a picture, upright. Raises InvalidInput when the file cannot be read as one."""
    return decode_image(read_bytes(path), path)
