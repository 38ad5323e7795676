"""Add people, sessions, tokens and the audit log."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables; the digest of the API token that 0001 made goes, as programs have tokens of their own."""
    op.drop_table("credentials")
    _people()
    _tokens_and_sessions()
    _audit()


def _of_user(*, primary_key: bool = False, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(
        "user_id",
        sa.Integer,
        sa.ForeignKey("users.id", ondelete="CASCADE"),
        primary_key=primary_key,
        nullable=nullable,
    )


def _people() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_key", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("all_cameras", sa.Boolean, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("password_hash", sa.Text),
        sa.Column("created_ms", sa.Integer, nullable=False),
        sa.UniqueConstraint("name_key", name="uq_users_name_key"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "user_cameras", _of_user(primary_key=True), sa.Column("camera", sa.Text, primary_key=True)
    )
    op.create_table(
        "totp",
        _of_user(primary_key=True),
        sa.Column("sealed_seed", sa.LargeBinary, nullable=False),
        sa.Column("confirmed", sa.Boolean, nullable=False),
        sa.Column("last_timecode", sa.Integer, nullable=False),
    )
    op.create_table(
        "passkeys",
        sa.Column("id", sa.Integer, primary_key=True),
        _of_user(),
        sa.Column("credential_id", sa.LargeBinary, nullable=False),
        sa.Column("public_key", sa.LargeBinary, nullable=False),
        sa.Column("sign_count", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("created_ms", sa.Integer, nullable=False),
        sa.Column("last_used_ms", sa.Integer),
        sa.UniqueConstraint("credential_id", name="uq_passkeys_credential_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_passkeys_user_id", "passkeys", ["user_id"])
    op.create_table(
        "recovery_codes", _of_user(primary_key=True), sa.Column("sha256", sa.Text, primary_key=True)
    )
    op.create_table(
        "known_devices",
        sa.Column("digest", sa.Text, primary_key=True),
        _of_user(primary_key=True),
        sa.Column("seen_ms", sa.Integer, nullable=False),
    )
    op.create_index("ix_known_devices_user_id", "known_devices", ["user_id", "seen_ms"])


def _tokens_and_sessions() -> None:
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("owner_id", sa.Integer, sa.ForeignKey("users.id", ondelete="CASCADE")),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("all_cameras", sa.Boolean, nullable=False),
        sa.Column("network", sa.Text),
        sa.Column("created_ms", sa.Integer, nullable=False),
        sa.Column("expires_ms", sa.Integer, nullable=False),
        sa.Column("last_used_ms", sa.Integer),
        sa.UniqueConstraint("digest", name="uq_api_tokens_digest"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_api_tokens_owner_id", "api_tokens", ["owner_id"])
    token = sa.ForeignKey("api_tokens.id", ondelete="CASCADE")
    op.create_table(
        "token_cameras",
        sa.Column("token_id", sa.Integer, token, primary_key=True),
        sa.Column("camera", sa.Text, primary_key=True),
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("digest", sa.Text, nullable=False),
        _of_user(nullable=True),
        sa.Column("token_id", sa.Integer, sa.ForeignKey("api_tokens.id", ondelete="CASCADE")),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("created_ms", sa.Integer, nullable=False),
        sa.Column("seen_ms", sa.Integer, nullable=False),
        sa.Column("expires_ms", sa.Integer, nullable=False),
        sa.Column("proved_ms", sa.Integer, nullable=False),
        sa.Column("network", sa.Text, nullable=False),
        sa.Column("agent", sa.Text, nullable=False),
        sa.UniqueConstraint("digest", name="uq_sessions_digest"),
        sa.CheckConstraint(
            "CASE level WHEN 'display' THEN user_id IS NULL AND token_id IS NOT NULL"
            " ELSE user_id IS NOT NULL AND token_id IS NULL END",
            name="ck_sessions_holder",
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_sessions_user_id", "sessions", ["user_id", "seen_ms"])
    op.create_index("ix_sessions_token_id", "sessions", ["token_id"])
    op.create_index("ix_sessions_expires_ms", "sessions", ["expires_ms"])
    op.create_table(
        "one_time",
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("expires_ms", sa.Integer, nullable=False),
    )
    op.create_index("ix_one_time_expires_ms", "one_time", ["purpose", "expires_ms"])
    op.create_table(
        "access_epoch",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.CheckConstraint("id = 1", name="ck_access_epoch_one_row"),
    )


def _audit() -> None:
    op.create_table(
        "audit_entries",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("ts_ms", sa.Integer, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("leaf", sa.LargeBinary, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.CheckConstraint("length(leaf) = 32", name="ck_audit_leaf"),
    )
    op.create_index("ix_audit_entries_ts_ms", "audit_entries", ["ts_ms"])
    op.create_table(
        "audit_personal",
        sa.Column(
            "seq", sa.Integer, sa.ForeignKey("audit_entries.seq"), primary_key=True, autoincrement=False
        ),
        sa.Column("field", sa.Text, primary_key=True),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("salt", sa.LargeBinary, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.create_index("ix_audit_personal_subject", "audit_personal", ["subject"])
    op.create_table(
        "audit_tree",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("frontier", sa.LargeBinary, nullable=False),
        sa.CheckConstraint("id = 1", name="ck_audit_tree_one_row"),
    )
    op.create_table(
        "audit_checkpoints",
        sa.Column("size", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("ts_ms", sa.Integer, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
    )
    op.create_table(
        "audit_repeats",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("first_ms", sa.Integer, nullable=False),
        sa.Column("last_ms", sa.Integer, nullable=False),
        sa.Column("written", sa.Integer, nullable=False),
        sa.Column("counted", sa.Integer, nullable=False),
        sa.Column("draft", sa.Text, nullable=False),
    )
    op.create_table(
        "sealed_secrets",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
    )
