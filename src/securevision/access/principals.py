"""Who is asking, and what they hold."""

from dataclasses import dataclass

from securevision.access.permissions import Permission


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who proved who they are."""

    permissions: frozenset[Permission]
    session_id: int | None = None
    """The page session, or None for a program with the API token."""


_READ = frozenset(
    {
        Permission.ENTER,
        Permission.EVENTS_READ,
        Permission.CROPS_READ,
        Permission.STREAM_READ,
        Permission.HEALTH_READ,
    }
)

PROGRAM = Principal(_READ | {Permission.EVENTS_DELETE, Permission.SCHEMA_READ})
"""Whoever holds the API token."""


def page_principal(session_id: int) -> Principal:
    """Return the principal of a page session: it reads, and deletes nothing."""
    return Principal(_READ | {Permission.SESSION_MANAGE}, session_id)
