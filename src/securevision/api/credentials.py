"""Reading credentials from a request. Query strings are never looked at."""

import re

from starlette.datastructures import Headers
from starlette.types import Scope

PROTOCOL = "securevision.v1"
"""The WebSocket subprotocol that a page names, next to its ticket if it has one."""
CSRF_HEADER = "x-sv-csrf"

_BEARER = re.compile(r"bearer +([!-~]+)", re.IGNORECASE)
_TICKET = "ticket."
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def bearer_token(headers: Headers) -> str | None:
    """Return the token of the one Authorization header; None when there is none, or more than one."""
    values = headers.getlist("authorization")
    match = _BEARER.fullmatch(values[0]) if len(values) == 1 else None
    return match[1] if match else None


def stream_ticket(scope: Scope) -> str | None:
    """Return the ticket that a page put into its list of subprotocols, or None."""
    tickets = [name for name in scope["subprotocols"] if name.startswith(_TICKET)]
    return tickets[0].removeprefix(_TICKET) if len(tickets) == 1 else None


def one_origin(headers: Headers) -> str | None:
    """Return the Origin header; an empty text, which is no origin, when there are several."""
    origins = headers.getlist("origin")
    return None if not origins else origins[0] if len(origins) == 1 else ""


def is_unsafe(scope: Scope) -> bool:
    """Return whether a request may change something."""
    return scope["type"] == "http" and scope["method"] not in _SAFE


def from_our_page(headers: Headers, origin: str) -> bool:
    """Return whether our own page's script sent this request, and not another site through the same browser.

    The browser says so in `Sec-Fetch-Site`, or an older one in `Origin`; and only a script of ours, or one that
    CORS let through, can have set our header.
    """
    sites, sent_by = headers.getlist("sec-fetch-site"), one_origin(headers)
    is_ours = sites == ["same-origin"] and sent_by in (None, origin) if sites else sent_by == origin
    return is_ours and headers.getlist(CSRF_HEADER) == ["1"]
