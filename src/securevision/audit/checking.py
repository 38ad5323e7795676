"""Going through a log entry by entry, and noticing the first thing that is wrong."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from securevision.audit.canonical import parse_canonical
from securevision.audit.checkpoints import PublicKey, SignedCheckpoint, VerifySignature
from securevision.audit.entries import BODY_VERSION, SALT_BYTES, StoredEntry
from securevision.audit.tree import CompactRange, leaf_hash
from securevision.errors import InvalidInput

_SHAPE = {
    "v": int,
    "seq": int,
    "ts_ms": int,
    "action": str,
    "outcome": str,
    "actor": str,
    "target": str,
    "details": dict,
    "personal": dict,
}


@dataclass(frozen=True, slots=True)
class Fault:
    """The first thing that is wrong."""

    where: str
    """Such as `Entry 5` or `The checkpoint`: the beginning of a sentence."""
    what: str
    """Its end, without the full stop."""

    def __str__(self) -> str:
        return f"{self.where} {self.what}."


class FaultFound(Exception):
    """Ends a check."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(where, what)
        self.fault = Fault(where, what)


@dataclass(slots=True)
class EntryCheck:
    """Takes the entries in order and grows their tree. Raises FaultFound."""

    earlier: Sequence[SignedCheckpoint] = ()
    """Checkpoints that the log must have gone through."""
    tree: CompactRange = field(default_factory=CompactRange)
    personal: int = 0
    """Personal values that are there."""
    erased: int = 0
    """And that no longer are."""
    _roots: dict[int, set[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for signed in self.earlier:
            self._roots.setdefault(signed.checkpoint.size, set()).add(signed.checkpoint.root)
        self._compare_with_earlier()

    def take(self, entry: StoredEntry) -> None:
        """Check one entry and add it."""
        expected = self.tree.size
        where = f"Entry {expected}"
        try:
            body = parse_canonical(entry.body)
        except InvalidInput as error:
            raise FaultFound(where, str(error)) from None
        _check_shape(where, body)
        seq = body["seq"]
        if seq != expected or entry.seq != expected:
            raise FaultFound(where, f"is not there; in its place is entry {seq}")
        if leaf_hash(entry.body) != entry.leaf:
            raise FaultFound(where, "was changed: it does not have the hash that is written beside it")
        self._check_personal(where, body["personal"], entry)
        self.tree = self.tree.append(entry.leaf)
        self._compare_with_earlier()

    def finish(self, tree: CompactRange) -> None:
        """Check that the entries are those of the tree, and that no kept checkpoint is of a longer log."""
        if self.tree != tree:
            raise FaultFound(
                "The log", f"holds {self.tree.size} entries, which are not those of its tree of {tree.size}"
            )
        longest, size = max(self._roots, default=0), self.tree.size
        if longest > size:
            raise FaultFound(
                "The log",
                f"ends after {size} entries, but a kept checkpoint was made of {longest}: the last ones were removed,"
                " or an old state was put back",
            )

    def _check_personal(self, where: str, commitments: dict[str, object], entry: StoredEntry) -> None:
        for value in entry.personal:
            if commitments.get(value.field) != value.commitment or len(value.salt) != SALT_BYTES:
                raise FaultFound(
                    where, f"has a personal value, {value.field!r}, that is not the one it was made with"
                )
        self.personal += len(entry.personal)
        self.erased += len(commitments) - len(entry.personal)

    def _compare_with_earlier(self) -> None:
        size = self.tree.size
        if any(root != self.tree.root for root in self._roots.get(size, ())):
            raise FaultFound(
                "The log", f"is not the one of a kept checkpoint: its first {size} entries were rewritten"
            )


def check_signature(where: str, signed: SignedCheckpoint, key: PublicKey, verify: VerifySignature) -> None:
    """Raise FaultFound unless that key signed the checkpoint."""
    if not signed.is_by(key, verify):
        raise FaultFound(where, f"was not signed with the key {key}")


def _check_shape(where: str, body: dict[str, object]) -> None:
    if body.keys() != _SHAPE.keys() or any(type(body[name]) is not kind for name, kind in _SHAPE.items()):
        raise FaultFound(where, "does not have the fields of an entry")
    if body["v"] != BODY_VERSION:
        raise FaultFound(where, f"has version {body['v']}, which this SecureVision does not know")
