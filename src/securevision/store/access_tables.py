"""The tables of people, sessions and tokens. A change here needs a migration that makes the same change."""

from sqlalchemy import (
    Boolean,
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
    UniqueConstraint,
)

from securevision.store.tables import metadata


class UserColumns(TypedColumns):
    """One row a person with an account."""

    id = Column(Integer, primary_key=True)
    name: Named[str] = Column(Text)
    name_key: Named[str] = Column(Text)
    """The name as it is compared."""
    role: Named[str] = Column(Text)
    all_cameras: Named[bool] = Column(Boolean)
    status: Named[str] = Column(Text)
    password_hash: Named[str | None] = Column(Text)
    created_ms: Named[int]


users = Table(
    "users",
    metadata,
    UserColumns,
    UniqueConstraint("name_key", name="uq_users_name_key"),
    # AUTOINCREMENT, here and below: the number of somebody who was deleted never names somebody else.
    sqlite_autoincrement=True,
)


class UserCameraColumns(TypedColumns):
    """One row a camera that a user may see, unless they may see all."""

    user_id = Column(Integer, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    camera = Column(Text, primary_key=True)


user_cameras = Table("user_cameras", metadata, UserCameraColumns)


class TotpColumns(TypedColumns):
    """At most one row a user. The seed is sealed for this row."""

    user_id = Column(Integer, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    sealed_seed: Named[bytes] = Column(LargeBinary)
    confirmed: Named[bool] = Column(Boolean)
    last_timecode: Named[int]


totp = Table("totp", metadata, TotpColumns)


class PasskeyColumns(TypedColumns):
    """One row a WebAuthn credential."""

    id = Column(Integer, primary_key=True)
    user_id: Named[int] = Column(ForeignKey("users.id", ondelete="CASCADE"))
    credential_id: Named[bytes] = Column(LargeBinary)
    public_key: Named[bytes] = Column(LargeBinary)
    sign_count: Named[int]
    name: Named[str] = Column(Text)
    created_ms: Named[int]
    last_used_ms: Named[int | None]


passkeys = Table(
    "passkeys",
    metadata,
    PasskeyColumns,
    UniqueConstraint("credential_id", name="uq_passkeys_credential_id"),
    sqlite_autoincrement=True,
)
Index("ix_passkeys_user_id", passkeys.c.user_id)


class RecoveryCodeColumns(TypedColumns):
    """One row a code that was not used yet."""

    user_id = Column(Integer, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    sha256 = Column(Text, primary_key=True)


recovery_codes = Table("recovery_codes", metadata, RecoveryCodeColumns)


class KnownDeviceColumns(TypedColumns):
    """One row a browser that a user signed in from."""

    digest = Column(Text, primary_key=True)
    user_id = Column(Integer, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    seen_ms: Named[int]


known_devices = Table("known_devices", metadata, KnownDeviceColumns)
Index("ix_known_devices_user_id", known_devices.c.user_id, known_devices.c.seen_ms)


class ApiTokenColumns(TypedColumns):
    """One row a token of a program or a display. Scopes are separated by spaces."""

    id = Column(Integer, primary_key=True)
    digest: Named[str] = Column(Text)
    kind: Named[str] = Column(Text)
    name: Named[str] = Column(Text)
    owner_id: Named[int | None] = Column(ForeignKey("users.id", ondelete="CASCADE"))
    scopes: Named[str] = Column(Text)
    all_cameras: Named[bool] = Column(Boolean)
    network: Named[str | None] = Column(Text)
    created_ms: Named[int]
    expires_ms: Named[int]
    last_used_ms: Named[int | None]


api_tokens = Table(
    "api_tokens",
    metadata,
    ApiTokenColumns,
    UniqueConstraint("digest", name="uq_api_tokens_digest"),
    sqlite_autoincrement=True,
)
Index("ix_api_tokens_owner_id", api_tokens.c.owner_id)


class TokenCameraColumns(TypedColumns):
    """One row a camera that a token may see, unless it may see all."""

    token_id = Column(Integer, ForeignKey("api_tokens.id", ondelete="CASCADE"), primary_key=True)
    camera = Column(Text, primary_key=True)


token_cameras = Table("token_cameras", metadata, TokenCameraColumns)


class SessionColumns(TypedColumns):
    """One row a signed-in browser: a user's, or a display's."""

    id = Column(Integer, primary_key=True)
    digest: Named[str] = Column(Text)
    user_id: Named[int | None] = Column(ForeignKey("users.id", ondelete="CASCADE"))
    token_id: Named[int | None] = Column(ForeignKey("api_tokens.id", ondelete="CASCADE"))
    level: Named[str] = Column(Text)
    created_ms: Named[int]
    seen_ms: Named[int]
    expires_ms: Named[int]
    proved_ms: Named[int]
    network: Named[str] = Column(Text)
    agent: Named[str] = Column(Text)


sessions = Table(
    "sessions",
    metadata,
    SessionColumns,
    UniqueConstraint("digest", name="uq_sessions_digest"),
    CheckConstraint(
        "CASE level WHEN 'display' THEN user_id IS NULL AND token_id IS NOT NULL"
        " ELSE user_id IS NOT NULL AND token_id IS NULL END",
        name="ck_sessions_holder",
    ),
    sqlite_autoincrement=True,
)
Index("ix_sessions_user_id", sessions.c.user_id, sessions.c.seen_ms)
Index("ix_sessions_token_id", sessions.c.token_id)
Index("ix_sessions_expires_ms", sessions.c.expires_ms)


class OneTimeColumns(TypedColumns):
    """One row a secret that works once."""

    digest = Column(Text, primary_key=True)
    purpose: Named[str] = Column(Text)
    subject: Named[str] = Column(Text)
    expires_ms: Named[int]


one_time = Table("one_time", metadata, OneTimeColumns)
Index("ix_one_time_expires_ms", one_time.c.purpose, one_time.c.expires_ms)


class EpochColumns(TypedColumns):
    """At most one row: how often anybody's rights changed."""

    id = Column(Integer, primary_key=True)
    epoch: Named[int]


access_epoch = Table(
    "access_epoch", metadata, EpochColumns, CheckConstraint("id = 1", name="ck_access_epoch_one_row")
)
