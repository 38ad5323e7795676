"""Users, sessions and tokens for tests of the policy."""

from securevision.domain.accounts import (
    ApiToken,
    Session,
    SessionLevel,
    TokenKind,
    User,
    UserStatus,
)
from securevision.domain.rights import ALL_CAMERAS, Cameras, Permission, Role

NOW = 1_700_000_000_000
DAY = 24 * 60 * 60 * 1000


def user(
    role: Role = Role.VIEWER, cameras: Cameras = ALL_CAMERAS, status: UserStatus = UserStatus.ACTIVE
) -> User:
    return User(3, "Ada", role, cameras, status, NOW - DAY)


def session(level: SessionLevel = SessionLevel.FULL, *, proved_ms: int = NOW) -> Session:
    is_display = level is SessionLevel.DISPLAY
    return Session(
        id=9,
        user_id=None if is_display else 3,
        token_id=7 if is_display else None,
        level=level,
        created_ms=NOW,
        seen_ms=NOW,
        expires_ms=NOW + DAY,
        proved_ms=proved_ms,
        network="192.0.2.1",
        agent="a browser",
    )


def token(
    scopes: frozenset[Permission],
    cameras: Cameras = ALL_CAMERAS,
    *,
    kind: TokenKind = TokenKind.PROGRAM,
    owner_id: int | None = 3,
    network: str | None = None,
) -> ApiToken:
    return ApiToken(7, kind, "a token", owner_id, scopes, cameras, network, NOW, NOW + DAY, None)
