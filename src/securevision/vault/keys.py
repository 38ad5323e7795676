"""The key file: what everything sealed is sealed under."""

import os
from pathlib import Path

from securevision.errors import Unavailable
from securevision.vault.files import create_whole, make_private_folder, read_private
from securevision.vault.sealer import KEY_BYTES


def load_or_make_key(path: Path, *, may_make: bool) -> bytes:
    """Return the 32 bytes of a key file that only its owner can read; make one if there is none and we may.

    Pass `may_make=False` as soon as anything is sealed: a new key would open none of it. Processes that start
    at once get the same key. Raises Unavailable, with the remedy.
    """
    key = _load(path)
    if key is not None:
        return key
    if not may_make:
        raise Unavailable(
            f"Key file {path} is missing, and what it sealed cannot be opened without it:"
            " restore the file from a backup."
        )
    make_private_folder(path.parent)
    create_whole(path, os.urandom(KEY_BYTES))
    # Whoever won, the key in use is the one that is there now.
    key = _load(path)
    if key is None:
        raise Unavailable(f"Key file {path} was removed while it was made; start again.")
    return key


def _load(path: Path) -> bytes | None:
    key = read_private(path, KEY_BYTES + 1)
    if key is not None and len(key) != KEY_BYTES:
        raise Unavailable(f"Key file {path} has not exactly 32 bytes; restore it from a backup.")
    return key
