"""The log as one file: lines of canonical JSON, each ending in a newline.

    {"created_ms":...,"format":"securevision-audit","key":"<verifier key>","v":1}
    {"body":{...},"leaf":"<hex>","personal":{"network":{"salt":"<hex>","value":"..."}}}     one an entry
    {"checkpoint":"<signed note>"}

The note has a line `sha256 <base64>` over all bytes before its own line, so that the signature covers every byte:
the header too, and which personal values were still there.
"""

import base64
import hashlib
from collections.abc import Iterable, Iterator

from securevision.audit.canonical import canonical, parse_canonical
from securevision.audit.checkpoints import Checkpoint, PublicKey, Signer, sign_checkpoint
from securevision.audit.entries import StoredEntry
from securevision.errors import InvalidInput

FORMAT = "securevision-audit"
FORMAT_VERSION = 1
MAX_LINE = 2**20
"""Bytes of one line, its newline included."""


def export(
    entries: Iterable[StoredEntry], *, origin: str, size: int, root: bytes, created_ms: int, signer: Signer
) -> Iterator[bytes]:
    """Yield the lines of an export of the tree of that size and root; `entries` are its entries, in order."""
    key = PublicKey(origin, signer.public_key)
    digest = hashlib.sha256()
    header = {"format": FORMAT, "v": FORMAT_VERSION, "key": str(key), "created_ms": created_ms}
    first = canonical(header) + b"\n"
    digest.update(first)
    yield first
    for entry in entries:
        line = entry_line(entry)
        digest.update(line)
        yield line
    checkpoint = Checkpoint(origin, size, root, (digest_extension(digest.digest()),))
    yield canonical({"checkpoint": str(sign_checkpoint(checkpoint, signer))}) + b"\n"


def entry_line(entry: StoredEntry) -> bytes:
    """Return the line of one entry; its body is taken as it is, right or not."""
    personal = {value.field: {"salt": value.salt.hex(), "value": value.value} for value in entry.personal}
    return b"".join(
        (
            b'{"body":',
            entry.body,
            b',"leaf":"',
            entry.leaf.hex().encode(),
            b'","personal":',
            canonical(personal),
            b"}\n",
        )
    )


def digest_extension(digest: bytes) -> str:
    """Return the line of the note that says what the SHA-256 of all before it is."""
    return f"sha256 {base64.b64encode(digest).decode('ascii')}"


def checkpoint_in(last_line: bytes) -> str:
    """Return the note in the last line of an export; empty when it is another line. Verifies nothing."""
    try:
        note = parse_canonical(last_line.removesuffix(b"\n")).get("checkpoint")
    except InvalidInput:
        return ""
    return note if isinstance(note, str) else ""
