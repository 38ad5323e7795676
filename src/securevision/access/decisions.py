"""The one place that allows or denies."""

from dataclasses import dataclass
from enum import StrEnum

from securevision.access.principals import Principal
from securevision.domain.accounts import SessionLevel
from securevision.domain.rights import ALL_CAMERAS, Permission

STEP_UP_MS = 5 * 60 * 1000
"""For so long after somebody proved who they are, what is most sensitive is open to them."""


class Decision(StrEnum):
    """The answer to 'may they?'."""

    ALLOWED = "allowed"
    UNAUTHENTICATED = "unauthenticated"
    """Nobody proved who they are."""
    FORBIDDEN = "forbidden"
    """Somebody did, and may not."""
    STEP_UP_REQUIRED = "step_up_required"
    """They may once they have proved it again."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What a route asks of whoever calls it."""

    permission: Permission
    step_up: bool = False
    """Also that they proved within the last five minutes who they are; no token ever did."""
    all_cameras: bool = False
    """Also that they may see every camera, since what it does or says concerns them all."""
    legacy: bool = False
    """It is a route of version 0.1, which the static API token opens."""


def decide(
    principal: Principal | None, demand: Demand, now_ms: int, *, camera: str | None = None
) -> Decision:
    """Return whether the principal may; None stands for somebody who proved nothing.

    `camera` is the one that the thing asked for belongs to, where it belongs to one.
    """
    if demand.permission is Permission.PUBLIC:
        return Decision.ALLOWED
    if principal is None:
        return Decision.UNAUTHENTICATED
    if demand.permission not in principal.permissions:
        return Decision.FORBIDDEN
    if principal.legacy_only and not (demand.legacy or demand.permission is Permission.ENTER):
        return Decision.FORBIDDEN
    if camera is not None and camera not in principal.cameras:
        return Decision.FORBIDDEN
    if demand.all_cameras and not principal.cameras.covers(ALL_CAMERAS):
        return Decision.FORBIDDEN
    if demand.step_up and not _proved_lately(principal, now_ms):
        return Decision.FORBIDDEN if principal.session is None else Decision.STEP_UP_REQUIRED
    return Decision.ALLOWED


def _proved_lately(principal: Principal, now_ms: int) -> bool:
    session = principal.session
    if session is None:
        return False
    # Whoever must set up a factor first has none to step up with; that session is short.
    if session.level is SessionLevel.ENROLMENT:
        return True
    return session.level is SessionLevel.FULL and 0 <= now_ms - session.proved_ms < STEP_UP_MS
