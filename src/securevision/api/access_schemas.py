"""What the API says and takes about people, sessions and tokens, as JSON.

A body with a name that is not known is refused.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from securevision.api.schemas import MAX_INTEGER
from securevision.domain.accounts import SessionLevel, TokenKind, UserStatus
from securevision.domain.rights import Permission, Role

Name = Annotated[str, StringConstraints(min_length=1, max_length=64, strip_whitespace=True)]
Password = Annotated[str, StringConstraints(min_length=1, max_length=1024)]
"""The vault says what is wrong with it; this only bounds the work."""
Secret = Annotated[str, StringConstraints(min_length=1, max_length=200)]
CameraName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
CameraList = Annotated[list[CameraName], Field(max_length=1000)]
Credential = Annotated[dict[str, Any], Field(max_length=20)]
"""A browser's `PublicKeyCredential.toJSON()`."""
Method = Literal["totp", "passkey", "recovery_code"]


class Body(BaseModel):
    """Something that is sent to us: exactly these names, so that nobody can set a field that is not offered."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class SetupBody(Body):
    """The first administrator."""

    code: Secret
    name: Name
    password: Password


class InvitationBody(Body):
    """The password of somebody who was invited."""

    code: Secret
    password: Password


class LoginBody(Body):
    """Who somebody says they are."""

    name: Annotated[str, StringConstraints(max_length=1024)]
    password: Annotated[str, StringConstraints(max_length=1024)]


class CodeBody(Body):
    """A code: of an authenticator app, for recovery, or of a link."""

    code: Secret


class CredentialBody(Body):
    """What a passkey answered."""

    credential: Credential


class StepUpBody(Body):
    """A passkey; or the password and, by whoever has an authenticator app, its code."""

    password: Password | None = None
    code: Secret | None = None
    credential: Credential | None = None


class PasswordChangeBody(Body):
    """One's own password."""

    current: Password
    new: Password


class PasskeyBody(Body):
    """A new passkey and what to call it."""

    name: Name
    credential: Credential


class UserDraftBody(Body):
    """Somebody to be invited; `cameras` is null for all."""

    name: Name
    role: Role
    cameras: CameraList | None = None


class UserChangeBody(Body):
    """What is to change of a user; what is left out stays. `all_cameras` instead of a list means all."""

    role: Role | None = None
    status: UserStatus | None = None
    cameras: CameraList | None = None
    all_cameras: Literal[True] | None = None


class TokenDraftBody(Body):
    """A token to be made; `cameras` is null for all that its owner may see."""

    name: Name
    kind: TokenKind = TokenKind.PROGRAM
    scopes: Annotated[list[Permission], Field(max_length=20)] | None = None
    """For a program; a display has its own."""
    cameras: CameraList | None = None
    network: Annotated[str, StringConstraints(max_length=50)] | None = None
    expires_in_days: Annotated[int, Field(ge=1, le=365)] = 90


class SignInBody(BaseModel):
    """What is still to do: nothing (`done`), show a second factor, or set one up."""

    next: Literal["done", "second_factor", "enrol_factor"]
    methods: list[Method]
    """The second factors that this user has."""


class FactorsBody(BaseModel):
    """One's own second factors."""

    totp: bool
    passkeys: int
    recovery_codes: int
    required: bool
    """The last one cannot be removed."""
    passkeys_offered: bool
    """Whether browsers accept passkeys at the address that is set as the origin."""


class WhoBody(BaseModel):
    """Who is asking. `user_id` and `role` are null for a display."""

    name: str
    user_id: int | None
    role: Role | None
    level: SessionLevel
    next: Literal["done", "second_factor", "enrol_factor"]
    methods: list[Method]
    permissions: list[Permission]
    cameras: list[str] | None
    """Null for all."""
    ends_in: int
    """Seconds until the session ends even if it is used."""
    step_up_left: int
    """Seconds in which the most sensitive things are open without proving again who one is."""
    factors: FactorsBody | None


class SessionBody(BaseModel):
    """One signed-in browser."""

    id: int
    current: bool
    level: SessionLevel
    created_ms: int
    seen_ms: int
    network: str
    agent: str


class SessionsBody(BaseModel):
    """One's own sessions, newest use first."""

    sessions: list[SessionBody]


class TotpStartBody(BaseModel):
    """A seed for an authenticator app, shown this once."""

    seed: str
    uri: str
    qr_svg: str


class RecoveryCodesBody(BaseModel):
    """Recovery codes, shown this once; empty when those there were go on working."""

    recovery_codes: list[str]


class PasskeyInfoBody(BaseModel):
    """A passkey."""

    id: int
    name: str
    created_ms: int
    last_used_ms: int | None


class PasskeysBody(BaseModel):
    """One's own passkeys, oldest first."""

    passkeys: list[PasskeyInfoBody]


class OptionsBody(BaseModel):
    """What to give to the browser's passkey functions."""

    model_config = ConfigDict(populate_by_name=True)

    public_key: dict[str, Any] = Field(serialization_alias="publicKey")


class UserBody(BaseModel):
    """A user; `cameras` is null for all."""

    id: int
    name: str
    role: Role
    status: UserStatus
    cameras: list[str] | None
    created_ms: int
    has_password: bool
    totp: bool
    passkeys: int


class UsersBody(BaseModel):
    """Everybody, by name."""

    users: list[UserBody]


class LinkBody(BaseModel):
    """A link that works once; its code is in the fragment, which browsers do not send."""

    link: str
    expires_in: int


class InvitedBody(LinkBody):
    """A new user, and the link by which they set their password."""

    user: UserBody


class TokenInfoBody(BaseModel):
    """A token, without its secret."""

    id: int
    kind: TokenKind
    name: str
    owner_id: int | None
    scopes: list[Permission]
    cameras: list[str] | None
    network: str | None
    created_ms: int
    expires_ms: int
    last_used_ms: int | None


class NewTokenBody(TokenInfoBody):
    """A new token: the secret of a program's, or the link for a display's screen, shown this once."""

    token: str | None
    link: str | None


class TokensBody(BaseModel):
    """Tokens, newest first."""

    tokens: list[TokenInfoBody]


class TicketBody(BaseModel):
    """A ticket for one WebSocket and how many seconds it works."""

    ticket: str
    expires_in: int


class AuditEntryBody(BaseModel):
    """An entry of the audit log; personal values that were erased are missing."""

    seq: int
    ts_ms: int
    action: str
    outcome: str
    actor: str
    target: str
    details: dict[str, str]
    personal: dict[str, str]


class AuditPageBody(BaseModel):
    """Entries, newest first; `next_before` starts the next page."""

    size: int
    entries: list[AuditEntryBody]
    next_before: int | None


class AuditParameters(BaseModel):
    """Which entries are wanted."""

    before: Annotated[int, Field(ge=0, le=MAX_INTEGER)] | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 100
