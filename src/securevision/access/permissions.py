"""What can be allowed."""

from enum import StrEnum


class Permission(StrEnum):
    """One thing that a route does. Every route and WebSocket names one."""

    PUBLIC = "public"
    """Open to anybody: the bare health answer, the page's own files, and signing in."""
    ENTER = "enter"
    """Ask for anything that is not public, even what does not exist; every principal holds it."""
    EVENTS_READ = "events:read"
    EVENTS_DELETE = "events:delete"
    CROPS_READ = "crops:read"
    STREAM_READ = "stream:read"
    HEALTH_READ = "health:read"
    SCHEMA_READ = "schema:read"
    SESSION_MANAGE = "session:manage"
    """End one's own page session, and make a ticket for its WebSocket."""
