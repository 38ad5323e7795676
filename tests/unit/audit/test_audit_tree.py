"""Roots and proofs are those of RFC 6962; pymerkle is the independent judge."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymerkle import (
    InmemoryTree,
)
from pymerkle import (
    verify_consistency as their_consistency,
)
from pymerkle import (
    verify_inclusion as their_inclusion,
)
from pymerkle.proof import MerkleProof

from securevision.audit.proofs import (
    consistency_proof,
    inclusion_proof,
    verify_consistency,
    verify_inclusion,
)
from securevision.audit.tree import EMPTY_ROOT, CompactRange, leaf_hash, node_hash

MAX = 70
ENTRIES = [b"entry %d" % i for i in range(MAX)]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]


def theirs(size: int) -> InmemoryTree:
    return InmemoryTree.init_from_entries(ENTRIES[:size], algorithm="sha256")


def root(size: int) -> bytes:
    tree = CompactRange()
    for leaf in LEAVES[:size]:
        tree = tree.append(leaf)
    return tree.root


def test_the_empty_log_has_the_hash_of_nothing() -> None:
    assert CompactRange().root == EMPTY_ROOT == hashlib.sha256(b"").digest()


def test_known_answers_of_the_certificate_transparency_test_vectors() -> None:
    inputs = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ]
    tree = CompactRange()
    for text in inputs:
        tree = tree.append(leaf_hash(bytes.fromhex(text)))
    assert tree.root.hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


@pytest.mark.parametrize("size", range(1, MAX))
def test_the_root_is_pymerkles_at_every_size(size: int) -> None:
    assert root(size) == theirs(size).get_root()


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=200))
@settings(deadline=None)
def test_the_root_is_pymerkles_for_any_entries(entries: list[bytes]) -> None:
    tree = CompactRange()
    for entry in entries:
        tree = tree.append(leaf_hash(entry))
    assert tree.root == InmemoryTree.init_from_entries(entries, algorithm="sha256").get_root()
    assert CompactRange.from_bytes(tree.size, tree.frontier) == tree


@given(st.data())
@settings(deadline=None)
def test_inclusion_proofs_are_pymerkles(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, MAX))
    index = data.draw(st.integers(0, size - 1))
    judge = theirs(size)
    their_proof = judge.prove_inclusion(index + 1, size)  # it counts from 1

    proof = inclusion_proof(LEAVES[:size], index)

    assert proof == their_proof.path[1:]
    their_inclusion(LEAVES[index], judge.get_root(), their_proof)
    assert verify_inclusion(LEAVES[index], index, size, proof, root(size))


@given(st.data())
@settings(deadline=None)
def test_consistency_proofs_prove_what_pymerkles_prove(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, MAX))
    old = data.draw(st.integers(1, size))
    judge = theirs(size)
    their_proof = judge.prove_consistency(old, size)
    their_consistency(judge.get_root(old), judge.get_root(size), their_proof)

    proof = consistency_proof(LEAVES[:size], old)

    assert verify_consistency(old, judge.get_root(old), size, judge.get_root(size), proof)
    # Theirs lists the same hashes, and those of full subtrees that ours leaves to be computed.
    assert set(proof) <= {*their_proof.path, *subtrees(their_proof)}


def subtrees(proof: MerkleProof) -> set[bytes]:
    found, so_far = set(), proof.path[0]
    for bit, sibling in zip(proof.rule, proof.path[1:], strict=False):
        so_far = node_hash(so_far, sibling) if bit == 0 else node_hash(sibling, so_far)
        found.add(so_far)
    return found


@pytest.mark.parametrize("size", range(9))
def test_a_proof_of_another_thing_is_none(size: int) -> None:
    for index in range(size):
        proof = inclusion_proof(LEAVES[:size], index)
        assert verify_inclusion(LEAVES[index], index, size, proof, root(size))
        wrong = [
            (LEAVES[index], other, size, proof, root(size))
            for other in (-1, *range(size + 2))
            if other != index
        ]
        wrong += [
            (LEAVES[MAX - 1], index, size, proof, root(size)),
            (LEAVES[index], index, size, proof, root(MAX)),
        ]
        wrong += [(LEAVES[index], index, size, [*proof, LEAVES[0]], root(size))]
        wrong += [(LEAVES[index], index, size, proof[:-1], root(size))] if proof else []
        assert not any(verify_inclusion(*arguments) for arguments in wrong)
    for old in range(size + 1):
        proof = consistency_proof(LEAVES[:size], old)
        assert verify_consistency(old, root(old), size, root(size), proof)
        assert not verify_consistency(old, root(MAX), size, root(size), proof)
        assert not verify_consistency(old, root(old), size, root(size), [*proof, LEAVES[0]])
        if old not in (0, size):
            assert not verify_consistency(old, root(old), size, root(MAX), proof)
            assert not verify_consistency(old, root(old), size, root(size), proof[:-1])
            assert not verify_consistency(old, root(old), size, root(size), [LEAVES[0], *proof[1:]])
    assert not verify_consistency(size + 1, root(size + 1), size, root(size), [])


def test_what_cannot_be_proved_is_refused() -> None:
    for index in (-1, 3):
        with pytest.raises(ValueError, match="no leaf"):
            inclusion_proof(LEAVES[:3], index)
    for old in (-1, 4):
        with pytest.raises(ValueError, match="no beginning"):
            consistency_proof(LEAVES[:3], old)


@pytest.mark.parametrize(("size", "frontier"), [(1, b""), (0, bytes(32)), (3, bytes(63)), (-1, bytes(32))])
def test_a_frontier_that_does_not_fit_its_size_is_refused(size: int, frontier: bytes) -> None:
    with pytest.raises(ValueError, match="frontier"):
        CompactRange.from_bytes(size, frontier)
