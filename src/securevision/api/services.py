"""What the API needs from the rest."""

from collections.abc import Sequence
from dataclasses import dataclass

from securevision.access.tokens import Entropy
from securevision.api.client_address import ClientAddress
from securevision.domain.accounts import User
from securevision.domain.ports.accounts import (
    EpochWatch,
    FactorStore,
    OneTimeStore,
    SessionStore,
    TokenStore,
    UserStore,
)
from securevision.domain.ports.audit import AuditReader, AuditWriter
from securevision.domain.ports.clock import Clock
from securevision.domain.ports.feed import EventFeed
from securevision.domain.ports.store import (
    CameraStore,
    EventStore,
    FootageFiles,
    PictureStore,
    RecordingStore,
)
from securevision.domain.ports.throttle import LoginThrottle, RequestThrottle
from securevision.domain.ports.vault import PasskeyVault, PasswordHasher, TotpVault
from securevision.domain.ports.watching import CameraDesk, CameraReports, CameraSearch, LiveView
from securevision.domain.rights import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessServices:
    """Who there is, and how they prove it."""

    users: UserStore
    factors: FactorStore
    sessions: SessionStore
    tokens: TokenStore
    one_time: OneTimeStore
    epoch: EpochWatch
    audit: AuditWriter
    audit_log: AuditReader
    login_throttle: LoginThrottle
    request_throttle: RequestThrottle
    passwords: PasswordHasher
    totp: TotpVault
    passkeys: PasskeyVault
    entropy: Entropy
    factor_for_everyone: bool
    """Whether every user needs a second factor, and not administrators alone."""
    legacy_token_digest: str | None
    """SHA-256 of the static API token of 0.1, if one is set."""

    def needs_factor(self, user: User) -> bool:
        """Return whether the user must have a second factor."""
        return self.factor_for_everyone or user.role is Role.ADMIN


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiServices:
    """Everything that the routes use, built by wiring."""

    events: EventStore
    feed: EventFeed
    clock: Clock
    access: AccessServices
    cameras: CameraStore
    camera_desk: CameraDesk
    camera_search: CameraSearch
    watching: CameraReports
    live: LiveView
    recordings: RecordingStore
    recording_files: FootageFiles
    pictures: PictureStore
    retention_days: int
    """Age in days at which a cleanup deletes events."""
    origin: str
    """What browsers show as our address, such as `https://localhost:8443`: the only one where people sign in."""
    client_address: ClientAddress
    hsts: bool = False
    """Whether browsers are told to use HTTPS alone from now on."""
    allowed_origins: Sequence[str] = ()
    """Origins of other pages that may call the API and open the WebSocket, with a token or a ticket of their own."""
