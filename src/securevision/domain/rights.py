"""What can be allowed, and for which cameras."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self


class Permission(StrEnum):
    """One thing that a route does. Every route and WebSocket names one."""

    PUBLIC = "public"
    """Open to anybody: the bare health answer, the pages' own files, and the doors where people sign in."""
    ENTER = "enter"
    """Ask for anything that is not public, even what does not exist; every principal holds it."""
    EVENTS_READ = "events:read"
    EVENTS_DELETE = "events:delete"
    CROPS_READ = "crops:read"
    CROPS_LIVE = "crops:live"
    """See the picture of an event that has just happened; whoever may read pictures may do this too."""
    STREAM_READ = "stream:read"
    LIVE_VIEW = "live:view"
    """See what a camera sees now."""
    RECORDINGS_READ = "recordings:read"
    RECORDINGS_MANAGE = "recordings:manage"
    """Keep recordings for good, and delete them."""
    CAMERAS_READ = "cameras:read"
    """Where cameras are and how they are watched; how they are is `health:read`."""
    CAMERAS_MANAGE = "cameras:manage"
    HEALTH_READ = "health:read"
    METRICS_READ = "metrics:read"
    SCHEMA_READ = "schema:read"
    SESSION_READ = "session:read"
    """Ask who one is, and end one's own session; the only thing of somebody who is half signed in."""
    ACCOUNT_MANAGE = "account:manage"
    """One's own password, second factors and sessions."""
    FACTORS_ADD = "factors:add"
    """Set up a second factor of one's own."""
    TOKENS_MANAGE = "tokens:manage"
    """One's own API tokens and wall displays."""
    TOKENS_MANAGE_ALL = "tokens:manage-all"
    USERS_READ = "users:read"
    USERS_MANAGE = "users:manage"
    AUDIT_READ = "audit:read"
    AUDIT_EXPORT = "audit:export"


class Role(StrEnum):
    """What a user is. `access.roles` says which permissions each one holds."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"
    AUDITOR = "auditor"


@dataclass(frozen=True, slots=True)
class Cameras:
    """A set of cameras by their names; `names` is None for all, those to come included."""

    names: frozenset[str] | None

    def __contains__(self, camera: str) -> bool:
        return self.names is None or camera in self.names

    def __and__(self, other: Self) -> Self:
        if self.names is None:
            return other
        return self if other.names is None else type(self)(self.names & other.names)

    def covers(self, other: Self) -> bool:
        """Return whether every camera of the other set is in this one."""
        return self.names is None or (other.names is not None and other.names <= self.names)


ALL_CAMERAS = Cameras(None)
NO_CAMERAS = Cameras(frozenset())
