"""Signed checkpoints: size and root of the log, as C2SP tlog-checkpoint writes them in a signed note.

securevision.local/audit
1234
<root in base64>

— securevision.local/audit <key id and signature in base64>

The first three lines are what is signed, with their newlines.
"""

import base64
import binascii
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, Self

from securevision.audit.tree import HASH_BYTES
from securevision.errors import InvalidInput

ORIGIN = "securevision.local/audit"
"""The name of the log; which installation's it is, its key says."""

KEY_BYTES = 32
SIGNATURE_BYTES = 64
_ED25519 = b"\x01"
_KEY_ID_BYTES = 4

VerifySignature = Callable[[bytes, bytes, bytes], bool]
"""Takes a public key, a signature and the message; returns whether they belong together. Raises nothing."""


class Signer(Protocol):
    """Holds an Ed25519 key."""

    @property
    def public_key(self) -> bytes:
        """Its public half, 32 bytes."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Return the signature, 64 bytes."""
        ...


@dataclass(frozen=True, slots=True)
class PublicKey:
    """Who signs a log; its text is a C2SP verifier key, `name+id+key`."""

    origin: str
    key: bytes

    @property
    def id(self) -> bytes:
        """Four bytes that tell keys apart."""
        return hashlib.sha256(self.origin.encode() + b"\n" + _ED25519 + self.key).digest()[:_KEY_ID_BYTES]

    def __str__(self) -> str:
        return f"{self.origin}+{self.id.hex()}+{_base64(_ED25519 + self.key)}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `str` gave. Raises InvalidInput."""
        origin, _, rest = text.partition("+")
        key = cls(origin, _bytes(rest.partition("+")[2], 1 + KEY_BYTES)[1:])
        if not _is_origin(origin) or str(key) != text:
            raise InvalidInput("The text is no public key of an audit log; use what `audit key` prints.")
        return key


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The log at one moment."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()
    """Further lines that the signature covers."""

    @property
    def text(self) -> str:
        """What is signed."""
        return "".join(f"{line}\n" for line in (self.origin, self.size, _base64(self.root), *self.extensions))


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint with its signature; `str` gives the note."""

    checkpoint: Checkpoint
    key_id: bytes
    signature: bytes

    def __str__(self) -> str:
        mark = _base64(self.key_id + self.signature)
        return f"{self.checkpoint.text}\n— {self.checkpoint.origin} {mark}\n"

    @classmethod
    def parse(cls, note: str) -> Self:
        """Read a note of one signature, in the one form that `str` gives. Says nothing of the signature.

        Raises InvalidInput.
        """
        text, _, last = note.partition("\n\n")
        origin, size, root, *extensions = [*text.split("\n"), "", ""]
        mark = _bytes(last.rstrip("\n").rpartition(" ")[2], _KEY_ID_BYTES + SIGNATURE_BYTES)
        # No log has 10**18 entries.
        number = int(size) if size.isascii() and size.isdigit() and len(size) <= 18 else -1  # noqa: PLR2004
        checkpoint = Checkpoint(origin, number, _bytes(root, HASH_BYTES), tuple(extensions[:-2]))
        signed = cls(checkpoint, mark[:_KEY_ID_BYTES], mark[_KEY_ID_BYTES:])
        if number < 0 or not _is_origin(origin) or str(signed) != note:
            raise InvalidInput("The text is no signed checkpoint of an audit log.")
        return signed

    def is_by(self, key: PublicKey, verify: VerifySignature) -> bool:
        """Return whether that key signed it."""
        return (
            self.checkpoint.origin == key.origin
            and self.key_id == key.id
            and verify(key.key, self.signature, self.checkpoint.text.encode())
        )


def sign_checkpoint(checkpoint: Checkpoint, signer: Signer) -> SignedCheckpoint:
    """Sign a checkpoint."""
    key = PublicKey(checkpoint.origin, signer.public_key)
    return SignedCheckpoint(checkpoint, key.id, signer.sign(checkpoint.text.encode()))


def _is_origin(text: str) -> bool:
    return bool(text) and text.isascii() and text.isprintable() and not set(text) & {" ", "+"}


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _bytes(text: str, length: int) -> bytes:
    """Return what base64 holds, or as many zeros: the caller compares with the whole text."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return bytes(length)
    return data if len(data) == length else bytes(length)
