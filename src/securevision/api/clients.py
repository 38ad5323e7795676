"""Where a request comes from, as routes that sign people in need to know it."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from securevision.access.tokens import token_digest
from securevision.api.cookies import DEVICE_COOKIE, SESSION_COOKIE, read_cookie
from securevision.api.guard import network_of
from securevision.domain.ports.accounts import SessionStore

_LONGEST_AGENT = 200


@dataclass(frozen=True, slots=True)
class Client:
    """A browser."""

    network: str
    """Its address."""
    agent: str
    """What it calls itself."""
    device: str | None
    """Digest of the cookie by which we know it again; anybody can send any."""
    session: str | None
    """Digest of the session cookie that it sent, whether that works or not."""


async def _client_of(connection: HTTPConnection) -> Client:
    headers = connection.headers
    device, session = (read_cookie(headers, name) for name in (DEVICE_COOKIE, SESSION_COOKIE))
    return Client(
        network=await network_of(connection),
        agent=headers.get("user-agent", "")[:_LONGEST_AGENT],
        device=token_digest(device) if device else None,
        session=token_digest(session) if session else None,
    )


def end_session_before(client: Client, sessions: SessionStore) -> None:
    """End the session that a browser has before it gets a new one: it has one at a time."""
    found = sessions.find(client.session) if client.session else None
    if found is not None:
        sessions.end(found[0].id, None)


KnownClient = Annotated[Client, Depends(_client_of)]
