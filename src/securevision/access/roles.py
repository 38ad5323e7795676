"""Which permissions each role holds, and what can be handed on to tokens and displays. One table, by hand."""

from collections.abc import Mapping

from securevision.domain.rights import Permission, Role

_SELF = frozenset(
    {
        Permission.ENTER,
        Permission.SESSION_READ,
        Permission.ACCOUNT_MANAGE,
        Permission.FACTORS_ADD,
    }
)
_VIEWER = _SELF | {
    Permission.EVENTS_READ,
    Permission.CROPS_READ,
    Permission.CROPS_LIVE,
    Permission.STREAM_READ,
    Permission.LIVE_VIEW,
    Permission.RECORDINGS_READ,
    Permission.HEALTH_READ,
    Permission.SCHEMA_READ,
    Permission.TOKENS_MANAGE,
}
_OPERATOR = _VIEWER | {Permission.EVENTS_DELETE, Permission.RECORDINGS_MANAGE}
_AUDITOR = _SELF | {Permission.AUDIT_READ, Permission.AUDIT_EXPORT}

ROLES: Mapping[Role, frozenset[Permission]] = {
    Role.VIEWER: _VIEWER,
    Role.OPERATOR: _OPERATOR,
    Role.ADMIN: _OPERATOR
    | {
        Permission.CAMERAS_READ,
        Permission.CAMERAS_MANAGE,
        Permission.METRICS_READ,
        Permission.USERS_READ,
        Permission.USERS_MANAGE,
        Permission.TOKENS_MANAGE_ALL,
        Permission.AUDIT_READ,
        Permission.AUDIT_EXPORT,
    },
    Role.AUDITOR: _AUDITOR,
}
"""Role to permissions. An administrator sees all cameras; an auditor sees none."""

HALF_SIGNED_IN = frozenset({Permission.ENTER, Permission.SESSION_READ})
"""Whoever still owes a second factor."""

ENROLLING = HALF_SIGNED_IN | {Permission.FACTORS_ADD}
"""Whoever must set one up first."""

LEGACY = frozenset(
    {Permission.ENTER, Permission.EVENTS_READ, Permission.EVENTS_DELETE, Permission.STREAM_READ}
)
"""Whoever holds the static API token of version 0.1; on the routes of 0.1 alone."""

DISPLAY_SCOPES = frozenset(
    {Permission.STREAM_READ, Permission.CROPS_LIVE, Permission.LIVE_VIEW, Permission.HEALTH_READ}
)
"""A screen on a wall: what happens now, and nothing of the past."""

PROGRAM_SCOPES = frozenset(
    {
        Permission.EVENTS_READ,
        Permission.EVENTS_DELETE,
        Permission.CROPS_READ,
        Permission.CROPS_LIVE,
        Permission.STREAM_READ,
        Permission.LIVE_VIEW,
        Permission.HEALTH_READ,
        Permission.SCHEMA_READ,
        Permission.METRICS_READ,
        Permission.AUDIT_READ,
    }
)
"""What a program can be given. Nothing that needs a step-up: no bearer token ever satisfies one."""

DEMO_SCOPES = PROGRAM_SCOPES - {Permission.EVENTS_DELETE, Permission.METRICS_READ, Permission.AUDIT_READ}
"""The screen that the demo's link opens, which may also show what has been."""


def with_implied(scopes: frozenset[Permission]) -> frozenset[Permission]:
    """Return scopes with what they are worth nothing without: all pictures are also those of this moment."""
    return scopes | {Permission.CROPS_LIVE} if Permission.CROPS_READ in scopes else scopes
