"""The one place that allows or denies."""

from enum import StrEnum

from securevision.access.permissions import Permission
from securevision.access.principals import Principal


class Decision(StrEnum):
    """The answer to 'may they?'."""

    ALLOWED = "allowed"
    UNAUTHENTICATED = "unauthenticated"
    """Nobody proved who they are."""
    FORBIDDEN = "forbidden"
    """Somebody did, and may not."""


def decide(principal: Principal | None, permission: Permission) -> Decision:
    """Return whether the principal may; None stands for somebody who proved nothing."""
    if permission is Permission.PUBLIC:
        return Decision.ALLOWED
    if principal is None:
        return Decision.UNAUTHENTICATED
    return Decision.ALLOWED if permission in principal.permissions else Decision.FORBIDDEN
