"""The Merkle tree of RFC 6962, grown entry by entry."""

import hashlib
from dataclasses import dataclass
from functools import reduce
from typing import Self

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of an entry; its prefix keeps an entry from passing for a node."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash over two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class CompactRange:
    """What is needed to go on and to know the root: the roots of the full subtrees, largest first.

    There is one for each bit that is set in `size`.
    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    @classmethod
    def from_bytes(cls, size: int, frontier: bytes) -> Self:
        """Return what `frontier` kept. Raises ValueError when there are not as many hashes as the size needs."""
        hashes = tuple(frontier[i : i + HASH_BYTES] for i in range(0, len(frontier), HASH_BYTES))
        if size < 0 or len(frontier) != size.bit_count() * HASH_BYTES:
            raise ValueError("a frontier has 32 bytes for each bit that is set in the size")
        return cls(size, hashes)

    @property
    def frontier(self) -> bytes:
        """The hashes, one after the other."""
        return b"".join(self.hashes)

    @property
    def root(self) -> bytes:
        """The root of the whole tree."""
        if not self.hashes:
            return EMPTY_ROOT
        return reduce(lambda right, left: node_hash(left, right), reversed(self.hashes))

    def append(self, leaf: bytes) -> Self:
        """Return the tree with one more leaf."""
        hashes = [*self.hashes, leaf]
        full = self.size
        while full & 1:
            right = hashes.pop()
            hashes.append(node_hash(hashes.pop(), right))
            full >>= 1
        return type(self)(self.size + 1, tuple(hashes))
