"""Reading credentials from a request. Query strings are never looked at."""

import re

from starlette.datastructures import Headers
from starlette.types import Scope

PROTOCOL = "securevision.v1"
"""The WebSocket subprotocol that a page names next to its ticket."""

_BEARER = re.compile(r"bearer +([!-~]+)", re.IGNORECASE)
_TICKET = "ticket."


def bearer_token(headers: Headers) -> str | None:
    """Return the token of the one Authorization header; None when there is none, or more than one."""
    values = headers.getlist("authorization")
    match = _BEARER.fullmatch(values[0]) if len(values) == 1 else None
    return match[1] if match else None


def stream_ticket(scope: Scope) -> str | None:
    """Return the ticket that a page put into its list of subprotocols, or None."""
    tickets = [name for name in scope["subprotocols"] if name.startswith(_TICKET)]
    return tickets[0].removeprefix(_TICKET) if len(tickets) == 1 else None


def origin_allowed(scope: Scope, headers: Headers, allowed: tuple[str, ...]) -> bool:
    """Return whether the page that opens a WebSocket may: it is ours, or listed, or no page at all.

    Browsers always send Origin with a WebSocket, so its absence means a program.
    """
    origins, hosts = headers.getlist("origin"), headers.getlist("host")
    if not origins:
        return True
    if len(origins) > 1 or len(hosts) != 1:
        return False
    scheme = "https" if scope["scheme"] in ("wss", "https") else "http"
    return origins[0] == f"{scheme}://{hosts[0]}" or origins[0] in allowed
