"""Encryption of single values in tables and files: AES-256-GCM, bound to the row that a value is in."""

import json
import os
import struct
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from securevision.errors import Unavailable

KEY_BYTES = 32

_VERSION = 1
_HEADER = struct.Struct(">BI")
_NONCE_BYTES = 12
_TAG_BYTES = 16


class Sealer:
    """Seals under the current key and opens under any key it has. Any thread.

    A sealed value is version (1 byte), key id (4 bytes, big-endian), nonce (12 random bytes), ciphertext and tag.
    The tag covers version, key id, table, column and row too, so that a value opens only where it was sealed.
    Random nonces are safe for 2**32 values a key (NIST SP 800-38D), far beyond what this product seals.
    """

    def __init__(self, keys: Mapping[int, bytes], current: int) -> None:
        """Raise ValueError for a key that has not 32 bytes, an id beyond 32 bits, or no key with the current id."""
        if current not in keys:
            raise ValueError("the current key is not among the keys")
        if any(not 0 <= key_id < 2**32 or len(key) != KEY_BYTES for key_id, key in keys.items()):
            raise ValueError("a key has 32 bytes, and an id of 32 bits")
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._current = current

    def seal(self, plain: bytes, *, table: str, column: str, row: int | str) -> bytes:
        """Encrypt a value for that place."""
        nonce = os.urandom(_NONCE_BYTES)
        place = _place(self._current, table, column, row)
        return (
            _HEADER.pack(_VERSION, self._current)
            + nonce
            + self._ciphers[self._current].encrypt(nonce, plain, place)
        )

    def open(self, sealed: bytes, *, table: str, column: str, row: int | str) -> bytes:
        """Decrypt a value of that place.

        Raises Unavailable when it was changed, is from another place or is not under a key we have.
        """
        where = f"The sealed value in {table}.{column}"
        if len(sealed) < _HEADER.size + _NONCE_BYTES + _TAG_BYTES:
            raise Unavailable(f"{where} is too short; restore the database from a backup.")
        version, key_id = _HEADER.unpack_from(sealed)
        if version != _VERSION:
            raise Unavailable(f"{where} has a form that this version of SecureVision does not know.")
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise Unavailable(
                f"{where} is sealed under key {key_id}, which is not here; restore the key file."
            )
        body = _HEADER.size + _NONCE_BYTES
        try:
            return cipher.decrypt(
                sealed[_HEADER.size : body], sealed[body:], _place(key_id, table, column, row)
            )
        except InvalidTag:
            raise Unavailable(
                f"{where} does not open: restore the key file it was sealed under, or the database."
            ) from None


def _place(key_id: int, table: str, column: str, row: int | str) -> bytes:
    """Return the associated data. JSON, since it tells 1 from "1" and where one part ends and the next begins."""
    return json.dumps([_VERSION, key_id, table, column, row], separators=(",", ":")).encode("ascii")
