"""People, their sessions and second factors, and the tokens of programs. Times are wall-clock milliseconds."""

from dataclasses import dataclass, field
from enum import StrEnum

from securevision.domain.rights import Cameras, Permission, Role


class UserStatus(StrEnum):
    """Whether a user may sign in."""

    ACTIVE = "active"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class User:
    """A person with an account."""

    id: int
    name: str
    role: Role
    cameras: Cameras
    status: UserStatus
    created_ms: int
    password_hash: str | None = field(default=None, repr=False)
    """Argon2id in PHC form; None until an invitation was taken up."""
    has_totp: bool = False
    passkeys: int = 0
    recovery_codes: int = 0
    """How many are left."""

    @property
    def has_factor(self) -> bool:
        """Whether there is a second factor; recovery codes only stand in for one."""
        return self.has_totp or self.passkeys > 0

    @property
    def is_active(self) -> bool:
        """Whether the user may sign in."""
        return self.status is UserStatus.ACTIVE


@dataclass(frozen=True, slots=True)
class UserDraft:
    """A user to be made."""

    name: str
    role: Role
    cameras: Cameras
    created_ms: int
    password_hash: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class UserChange:
    """What is to change of a user; None leaves a thing as it is."""

    role: Role | None = None
    cameras: Cameras | None = None
    status: UserStatus | None = None


class SessionLevel(StrEnum):
    """How far somebody has come in."""

    PASSWORD = "password"  # noqa: S105 - a level, not a secret
    """The password was right; the second factor is still to come. Opens nothing."""
    ENROLMENT = "enrolment"
    """The password was right and a second factor must be set up first. Opens nothing else."""
    FULL = "full"
    DISPLAY = "display"
    """A screen on a wall, let in by a link."""


@dataclass(frozen=True, slots=True)
class Session:
    """A browser that somebody signed in with. Its secret is in a cookie; only the SHA-256 is kept."""

    id: int
    user_id: int | None
    """None for a display."""
    token_id: int | None
    """The display's token; None for a user."""
    level: SessionLevel
    created_ms: int
    seen_ms: int
    """Last use, to the minute."""
    expires_ms: int
    """When it ends even if it is used."""
    proved_ms: int
    """When its user last proved who they are: at the sign-in and at each step-up."""
    network: str
    """The client's address when it was made."""
    agent: str
    """The browser, as it names itself."""


@dataclass(frozen=True, slots=True)
class SessionDraft:
    """A session to be made. `digest` is the SHA-256 of its secret in hexadecimal."""

    digest: str
    level: SessionLevel
    created_ms: int
    expires_ms: int
    network: str
    agent: str
    user_id: int | None = None
    token_id: int | None = None


class TokenKind(StrEnum):
    """What a token is for."""

    PROGRAM = "program"
    """Sent as `Authorization: Bearer`."""
    DISPLAY = "display"
    """A screen: never sent; one-time links open display sessions that live as long as the token."""


@dataclass(frozen=True, slots=True)
class ApiToken:
    """What lets a program or a display in. Only the SHA-256 of its secret is kept."""

    id: int
    kind: TokenKind
    name: str
    owner_id: int | None
    """The user who made it; it can do no more than they can. None for the link of the demo."""
    scopes: frozenset[Permission]
    cameras: Cameras
    network: str | None
    """The only network it works from, in CIDR form."""
    created_ms: int
    expires_ms: int
    last_used_ms: int | None
    """To the minute."""


@dataclass(frozen=True, slots=True)
class ApiTokenDraft:
    """A token to be made. `digest` is the SHA-256 of its secret in hexadecimal."""

    digest: str
    kind: TokenKind
    name: str
    owner_id: int | None
    scopes: frozenset[Permission]
    cameras: Cameras
    network: str | None
    created_ms: int
    expires_ms: int


@dataclass(frozen=True, slots=True)
class Totp:
    """A user's time-based one-time passwords. `sealed_seed` is opened by the vault alone."""

    sealed_seed: bytes = field(repr=False)
    confirmed: bool
    """False until the user has shown a code: it counts for nothing before."""
    last_timecode: int
    """The newest 30-second step whose code was used; an older or equal one is a replay."""


@dataclass(frozen=True, slots=True)
class NewPasskey:
    """A credential that a browser has made and the vault has verified."""

    credential_id: bytes
    public_key: bytes = field(repr=False)
    """COSE."""
    sign_count: int


@dataclass(frozen=True, slots=True)
class Passkey:
    """A user's WebAuthn credential."""

    id: int
    user_id: int
    credential_id: bytes
    public_key: bytes = field(repr=False)
    """COSE."""
    sign_count: int
    name: str
    created_ms: int
    last_used_ms: int | None


class Purpose(StrEnum):
    """What a one-time secret is for; one of another purpose is never accepted in its place."""

    SETUP = "setup"
    """Makes the first administrator. Subject: empty."""
    INVITATION = "invitation"
    """Sets a user's password. Subject: the user's id."""
    DISPLAY = "display"
    """Opens a display session. Subject: the token's id."""
    TICKET = "ticket"
    """Opens one WebSocket. Subject: `session:ID` or `token:ID`."""
    PASSKEY_REGISTRATION = "passkey_registration"
    """Challenge. Subject: the session's id."""
    PASSKEY_SIGN_IN = "passkey_sign_in"
    """Challenge. Subject: empty, or the session's id for a step-up."""
