"""Verifying a log offline: an export, line by line, or the entries of a database."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from securevision.audit.canonical import canonical, parse_canonical
from securevision.audit.checking import EntryCheck, Fault, FaultFound, check_signature
from securevision.audit.checkpoints import Checkpoint, PublicKey, SignedCheckpoint, VerifySignature
from securevision.audit.entries import PersonalValue, StoredEntry
from securevision.audit.export import FORMAT, FORMAT_VERSION, MAX_LINE, digest_extension
from securevision.audit.tree import CompactRange
from securevision.errors import InvalidInput

_HEADER = "The header"
_CHECKPOINT = "The checkpoint at the end"
_KEPT = "The kept checkpoint"
_END = "The file"


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of it."""

    fault: Fault | None
    """The first thing that is wrong, or None when all is well."""
    entries: int
    """How many entries were found well."""
    personal: int
    """Personal values that are there and fit."""
    erased: int
    """Personal values that were erased; the entries stay proved."""
    checkpoint: Checkpoint | None = None
    """What was signed at the end of an export."""
    key: PublicKey | None = None
    """Who signed it."""


def verify_export(
    lines: Iterable[bytes],
    verify: VerifySignature,
    *,
    held_key: PublicKey | None = None,
    earlier: Sequence[SignedCheckpoint] = (),
) -> Verification:
    """Verify an export. The lines include their newlines; memory is needed for one at a time.

    `held_key` is one that the user has from elsewhere: without it, an export that somebody made anew and signed
    with another key is found good. `earlier` are checkpoints that were kept, of this log and of the same key: the
    log must have grown from each, so a rollback, a truncation and a rewrite are found.
    """
    reading = _Reading(verify, held_key, earlier)
    try:
        reading.read(lines)
    except FaultFound as found:
        return reading.result(found.fault)
    return reading.result(None)


def verify_entries(
    entries: Iterable[StoredEntry],
    tree: CompactRange,
    key: PublicKey,
    verify: VerifySignature,
    *,
    stored: Sequence[SignedCheckpoint] = (),
    earlier: Sequence[SignedCheckpoint] = (),
) -> Verification:
    """Verify a log where it lies: its entries against the tree it goes on with and the checkpoints it stored.

    `earlier` are checkpoints that were kept elsewhere: who can write to the database cannot change those.
    """
    check: EntryCheck | None = None
    fault = None
    try:
        for signed in earlier:
            check_signature(_KEPT, signed, key, verify)
        for signed in stored:
            check_signature(f"The stored checkpoint of size {signed.checkpoint.size}", signed, key, verify)
        check = EntryCheck((*earlier, *stored))
        for entry in entries:
            check.take(entry)
        check.finish(tree)
    except FaultFound as found:
        fault = found.fault
    return _result(check, fault, None, key)


class _Reading:
    """Takes the lines of an export. Raises FaultFound."""

    def __init__(
        self, verify: VerifySignature, held_key: PublicKey | None, earlier: Sequence[SignedCheckpoint]
    ) -> None:
        self._verify = verify
        self._held_key = held_key
        self._earlier = earlier
        self._check: EntryCheck | None = None
        self._key: PublicKey | None = None
        self._checkpoint: Checkpoint | None = None
        self._digest = hashlib.sha256()

    def read(self, lines: Iterable[bytes]) -> None:
        number, last = 0, b""
        check, key = None, None
        for number, line in enumerate(lines, 1):
            # One line is held back: the last one is the checkpoint.
            if number == 2:  # noqa: PLR2004 - the line after the header's
                key = self._header(last)
                check = self._check = EntryCheck(self._earlier)
            elif check is not None:
                check.take(_entry(check.tree.size, last))
            self._digest.update(last)
            last = line
        if check is None or key is None:
            raise FaultFound(_END, "is empty" if number == 0 else "ends after its first line; it was cut off")
        self._end(check, key, last)

    def _header(self, line: bytes) -> PublicKey:
        header = _object(_HEADER, line)
        if header.get("format") != FORMAT or header.get("v") != FORMAT_VERSION:
            raise FaultFound(_HEADER, f"is not that of a {FORMAT} file of version {FORMAT_VERSION}")
        text = header.get("key")
        try:
            key = PublicKey.parse(text if isinstance(text, str) else "")
        except InvalidInput:
            raise FaultFound(_HEADER, "names no public key") from None
        if header.keys() != {"format", "v", "key", "created_ms"} or type(header["created_ms"]) is not int:
            raise FaultFound(_HEADER, "does not have the fields of a header")
        if self._held_key not in (None, key):
            raise FaultFound(_HEADER, f"names the key {key}, not the one that you hold")
        self._key = key
        for signed in self._earlier:
            check_signature(_KEPT, signed, key, self._verify)
        return key

    def _end(self, check: EntryCheck, key: PublicKey, line: bytes) -> None:
        found = _object(_CHECKPOINT, line)
        if found.keys() != {"checkpoint"}:
            raise FaultFound(
                _END, f"has no checkpoint at its end, after entry {check.tree.size}; it was cut off"
            )
        try:
            signed = SignedCheckpoint.parse(str(found["checkpoint"]))
        except InvalidInput:
            raise FaultFound(_CHECKPOINT, "is not a signed checkpoint") from None
        check_signature(_CHECKPOINT, signed, key, self._verify)
        checkpoint, tree = signed.checkpoint, check.tree
        if checkpoint.size != tree.size:
            lacking = "the last ones were removed" if checkpoint.size > tree.size else "some were added"
            raise FaultFound(
                _CHECKPOINT, f"was made of {checkpoint.size} entries, the file holds {tree.size}: {lacking}"
            )
        if checkpoint.root != tree.root:
            raise FaultFound(
                _CHECKPOINT, "does not fit the entries: one or more were rewritten with their hashes"
            )
        check.finish(tree)
        if checkpoint.extensions != (digest_extension(self._digest.digest()),):
            raise FaultFound(
                _CHECKPOINT,
                "does not fit the file: the header was changed, or personal values were taken out",
            )
        self._checkpoint = checkpoint

    def result(self, fault: Fault | None) -> Verification:
        return _result(self._check, fault, self._checkpoint, self._key)


def _result(
    check: EntryCheck | None, fault: Fault | None, checkpoint: Checkpoint | None, key: PublicKey | None
) -> Verification:
    if check is None:
        return Verification(fault, 0, 0, 0, None, key)
    return Verification(fault, check.tree.size, check.personal, check.erased, checkpoint, key)


def _object(where: str, line: bytes) -> dict[str, Any]:
    if len(line) > MAX_LINE:
        raise FaultFound(where, f"is longer than {MAX_LINE} bytes")
    if not line.endswith(b"\n"):
        raise FaultFound(where, "does not end with a newline; the file was cut off")
    try:
        return parse_canonical(line[:-1])
    except InvalidInput as error:
        raise FaultFound(where, str(error)) from None


def _entry(seq: int, line: bytes) -> StoredEntry:
    where = f"Entry {seq}"
    found = _object(where, line)
    if found.keys() != {"body", "leaf", "personal"} or not isinstance(found["personal"], dict):
        raise FaultFound(where, "is not there; in its place is a line that is no entry")
    personal = tuple(_personal(where, field, value) for field, value in found["personal"].items())
    return StoredEntry(seq, canonical(found["body"]), _hex(where, found["leaf"]), personal)


def _personal(where: str, field: str, value: object) -> PersonalValue:
    if (
        not isinstance(value, dict)
        or value.keys() != {"salt", "value"}
        or not isinstance(value["value"], str)
    ):
        raise FaultFound(where, f"has a personal value, {field!r}, without its salt or its text")
    return PersonalValue(field, "", _hex(where, value["salt"]), value["value"])


def _hex(where: str, text: object) -> bytes:
    try:
        data = bytes.fromhex(text) if isinstance(text, str) else b""
    except ValueError:
        data = b""
    if not data or data.hex() != text:
        raise FaultFound(where, "has a hash or a salt that is not lower-case hexadecimal")
    return data
