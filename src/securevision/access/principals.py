"""Who is asking, and what they hold."""

from dataclasses import dataclass
from ipaddress import IPv4Network, ip_address, ip_network

from securevision.access.lifetimes import is_live
from securevision.access.roles import (
    DEMO_SCOPES,
    DISPLAY_SCOPES,
    ENROLLING,
    HALF_SIGNED_IN,
    LEGACY,
    PROGRAM_SCOPES,
    ROLES,
    with_implied,
)
from securevision.domain.accounts import ApiToken, Session, SessionLevel, TokenKind, User
from securevision.domain.rights import ALL_CAMERAS, NO_CAMERAS, Cameras, Permission, Role


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who proved who they are."""

    actor: str
    """As the audit log names them: `user:3`, `token:7`, `display:2`, `legacy`."""
    name: str
    permissions: frozenset[Permission]
    cameras: Cameras
    user: User | None = None
    """The person, for a session of one; None for programs and displays."""
    session: Session | None = None
    token: ApiToken | None = None
    legacy_only: bool = False


LEGACY_PROGRAM = Principal("legacy", "static API token", LEGACY, ALL_CAMERAS, legacy_only=True)
"""Whoever holds the static token of version 0.1."""


def session_principal(
    session: Session, user: User | None, token: ApiToken | None, now_ms: int
) -> Principal | None:
    """Return whose session this is and what it allows now; None when it allows nothing any more.

    `user` is the person or, for a display, the owner of its token.
    """
    if not is_live(session, now_ms):
        return None
    if session.level is SessionLevel.DISPLAY:
        return None if token is None else _display(session, token, user, now_ms)
    if user is None or not user.is_active:
        return None
    if session.level is SessionLevel.ENROLMENT and user.has_factor:
        # One was set up since, maybe in another browser: from now on it has to be shown.
        return None
    permissions = {
        SessionLevel.PASSWORD: HALF_SIGNED_IN,
        SessionLevel.ENROLMENT: ENROLLING,
        SessionLevel.FULL: ROLES[user.role],
    }[session.level]
    return Principal(f"user:{user.id}", user.name, permissions, cameras_of(user), user, session)


def token_principal(token: ApiToken, owner: User | None, network: str, now_ms: int) -> Principal | None:
    """Return what a program with this token may do now, from that address; None when nothing."""
    if token.kind is not TokenKind.PROGRAM or owner is None or not owner.is_active:
        return None
    if now_ms >= token.expires_ms or not _is_from(network, token.network):
        return None
    permissions = (with_implied(token.scopes) & PROGRAM_SCOPES & ROLES[owner.role]) | {Permission.ENTER}
    return Principal(
        f"token:{token.id}", token.name, permissions, token.cameras & cameras_of(owner), token=token
    )


def cameras_of(user: User) -> Cameras:
    """Return the cameras that a user may see: all for an administrator, none for an auditor."""
    match user.role:
        case Role.ADMIN:
            return ALL_CAMERAS
        case Role.AUDITOR:
            return NO_CAMERAS
    return user.cameras


def _display(session: Session, token: ApiToken, owner: User | None, now_ms: int) -> Principal | None:
    if token.kind is not TokenKind.DISPLAY or now_ms >= token.expires_ms:
        return None
    if token.owner_id is None:
        allowed, cameras = DEMO_SCOPES, ALL_CAMERAS
    elif owner is None or not owner.is_active:
        return None
    else:
        allowed, cameras = DISPLAY_SCOPES, cameras_of(owner)
    return Principal(
        f"display:{token.id}",
        token.name,
        (with_implied(token.scopes) & allowed) | HALF_SIGNED_IN,
        token.cameras & cameras,
        session=session,
        token=token,
    )


def _is_from(address: str, network: str | None) -> bool:
    if network is None:
        return True
    try:
        client = ip_address(address)
        if client.version == 6 and client.ipv4_mapped and isinstance(ip_network(network), IPv4Network):  # noqa: PLR2004
            client = client.ipv4_mapped
        return client in ip_network(network)
    except ValueError:
        return False
