"""Logs and exports for tests, made without a database."""

from collections.abc import Callable, Sequence
from itertools import count

from securevision.audit.checkpoints import Checkpoint, PublicKey, SignedCheckpoint, sign_checkpoint
from securevision.audit.entries import StoredEntry, seal_entry
from securevision.audit.export import export
from securevision.audit.tree import CompactRange
from securevision.domain.audit import AuditAction, AuditDraft, Outcome
from securevision.vault.signing import Ed25519Signer

ORIGIN = "test.example/audit"
SIGNER = Ed25519Signer(bytes(range(32)))
OTHER_SIGNER = Ed25519Signer(bytes(range(1, 33)))
KEY = PublicKey(ORIGIN, SIGNER.public_key)

DRAFTS = (
    AuditDraft(AuditAction.SERVER_STARTED, "system"),
    AuditDraft(
        AuditAction.LOGIN_FAILED,
        "unknown",
        Outcome.REFUSED,
        target="user:3",
        target_name="ada",
        network="192.0.2.7",
    ),
    AuditDraft(AuditAction.USER_CREATED, "user:1", actor_name="root", details={"role": "viewer"}),
    AuditDraft(AuditAction.EVENTS_VIEWED, "user:1", actor_name="root", personal={"query": "Grace Ü. Hopper"}),
    AuditDraft(AuditAction.SERVER_STOPPED, "system"),
)


def salts() -> Callable[[], bytes]:
    """Return a source of salts that are different, and the same in each run."""
    numbers = count(1)
    return lambda: b"\xab" * 24 + next(numbers).to_bytes(8, "big")


def entries_of(drafts: Sequence[AuditDraft] = DRAFTS) -> list[StoredEntry]:
    """Seal drafts, one second apart."""
    salt = salts()
    return [seal_entry(draft, seq, 1_700_000_000_000 + 1000 * seq, salt) for seq, draft in enumerate(drafts)]


def tree_of(entries: Sequence[StoredEntry]) -> CompactRange:
    """Grow the tree of entries."""
    tree = CompactRange()
    for entry in entries:
        tree = tree.append(entry.leaf)
    return tree


def export_of(entries: Sequence[StoredEntry], signer: Ed25519Signer = SIGNER) -> list[bytes]:
    """Return the lines of an export."""
    tree = tree_of(entries)
    return list(
        export(
            entries,
            origin=ORIGIN,
            size=tree.size,
            root=tree.root,
            created_ms=1_700_000_000_000,
            signer=signer,
        )
    )


def checkpoint_of(entries: Sequence[StoredEntry], signer: Ed25519Signer = SIGNER) -> SignedCheckpoint:
    """Return the signed checkpoint of a log."""
    tree = tree_of(entries)
    return sign_checkpoint(Checkpoint(ORIGIN, tree.size, tree.root), signer)
