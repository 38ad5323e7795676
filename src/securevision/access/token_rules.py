"""What a user may give to a token of theirs: never more than they have."""

from collections.abc import Iterable
from ipaddress import ip_network

from securevision.access.principals import cameras_of
from securevision.access.roles import PROGRAM_SCOPES, ROLES
from securevision.domain.accounts import User
from securevision.domain.rights import Cameras, Permission
from securevision.errors import InvalidInput


def checked_scopes(wanted: Iterable[Permission], owner: User) -> frozenset[Permission]:
    """Return the scopes of a program's token. Raises InvalidInput."""
    scopes = frozenset(wanted)
    if not scopes:
        raise InvalidInput("Name the scopes of the token, such as `events:read`.")
    beyond = scopes - (PROGRAM_SCOPES & ROLES[owner.role])
    if beyond:
        raise InvalidInput(f"A token of {owner.name} cannot have: {', '.join(sorted(beyond))}.")
    return scopes


def checked_cameras(wanted: Iterable[str] | None, owner: User) -> Cameras:
    """Return the cameras of a token, with None the owner's. Raises InvalidInput, and doesn't tell which exist."""
    own = cameras_of(owner)
    cameras = own if wanted is None else Cameras(frozenset(wanted))
    if not own.covers(cameras):
        raise InvalidInput(f"{owner.name} cannot give a token a camera that they may not see.")
    return cameras


def checked_network(text: str | None) -> str | None:
    """Return the network that a token is bound to, in CIDR form. Raises InvalidInput."""
    try:
        return None if text is None else str(ip_network(text))
    except ValueError:
        raise InvalidInput("The network is not in CIDR form, such as 192.168.1.0/24.") from None
