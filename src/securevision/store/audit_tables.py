"""The tables of the audit log. A change here needs a migration that makes the same change."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Named,
    Table,
    Text,
    TypedColumns,
)

from securevision.store.tables import metadata


class AuditEntryColumns(TypedColumns):
    """One row an entry; `body` is its canonical JSON, `leaf` the RFC 6962 hash of that."""

    seq = Column(Integer, primary_key=True, autoincrement=False)
    """The place in the log, from 0, without gaps."""
    ts_ms: Named[int]
    action: Named[str] = Column(Text)
    leaf: Named[bytes] = Column(LargeBinary)
    body: Named[str] = Column(Text)


audit_entries = Table(
    "audit_entries", metadata, AuditEntryColumns, CheckConstraint("length(leaf) = 32", name="ck_audit_leaf")
)
Index("ix_audit_entries_ts_ms", audit_entries.c.ts_ms)


class AuditPersonalColumns(TypedColumns):
    """What an entry says about a person: the entry itself holds only the salted hash. Erasable."""

    seq = Column(Integer, ForeignKey("audit_entries.seq"), primary_key=True, autoincrement=False)
    field = Column(Text, primary_key=True)
    subject: Named[str] = Column(Text)
    """Whom it is about, such as `user:3`; empty when nobody knows."""
    salt: Named[bytes] = Column(LargeBinary)
    value: Named[str] = Column(Text)


audit_personal = Table("audit_personal", metadata, AuditPersonalColumns)
Index("ix_audit_personal_subject", audit_personal.c.subject)


class AuditTreeColumns(TypedColumns):
    """At most one row: the size of the log and its compact range, the roots of the full subtrees, 32 bytes each."""

    id = Column(Integer, primary_key=True)
    size: Named[int]
    frontier: Named[bytes] = Column(LargeBinary)


audit_tree = Table(
    "audit_tree", metadata, AuditTreeColumns, CheckConstraint("id = 1", name="ck_audit_tree_one_row")
)


class AuditCheckpointColumns(TypedColumns):
    """One row a signed checkpoint."""

    size = Column(Integer, primary_key=True, autoincrement=False)
    ts_ms: Named[int]
    note: Named[str] = Column(Text)


audit_checkpoints = Table("audit_checkpoints", metadata, AuditCheckpointColumns)


class AuditRepeatColumns(TypedColumns):
    """One row a sort of entry that repeats: how many were written one by one, and how many only counted."""

    key = Column(Text, primary_key=True)
    first_ms: Named[int]
    last_ms: Named[int]
    written: Named[int]
    counted: Named[int]
    draft: Named[str] = Column(Text)
    """The entry as JSON, to be written with the count when its time is over."""


audit_repeats = Table("audit_repeats", metadata, AuditRepeatColumns)


class SealedSecretColumns(TypedColumns):
    """One row a key of ours, sealed for this row."""

    name = Column(Text, primary_key=True)
    sealed: Named[bytes] = Column(LargeBinary)


sealed_secrets = Table("sealed_secrets", metadata, SealedSecretColumns)
