"""Every credential that the server accepts, in one object."""

import re

from securevision.access.one_time import OneTimeSecrets
from securevision.access.principals import PROGRAM, Principal, page_principal
from securevision.access.sessions import PageSessions, PageToken
from securevision.access.tokens import Entropy, same_digest, token_digest
from securevision.errors import Forbidden, InvalidInput, Unauthenticated

CODE_LIFETIME_MS = 30 * 60 * 1000
TICKET_LIFETIME_MS = 30 * 1000

_LINK = "link"
"""What a code stands for: there is one page."""
_DIGEST = re.compile(r"[0-9a-f]{64}")


class Gate:
    """The API token's digest, one-time codes, page sessions and WebSocket tickets."""

    def __init__(self, *, api_token_digest: str, entropy: Entropy) -> None:
        """Raise InvalidInput for a digest that is not a SHA-256, or is the one of the empty text."""
        if not _DIGEST.fullmatch(api_token_digest) or api_token_digest == token_digest(""):
            raise InvalidInput("The digest of the API token is not that of a token.")
        self._api_token_digest = api_token_digest
        self._codes: OneTimeSecrets[str] = OneTimeSecrets(entropy, lifetime_ms=CODE_LIFETIME_MS, capacity=16)
        self._tickets: OneTimeSecrets[int] = OneTimeSecrets(
            entropy, lifetime_ms=TICKET_LIFETIME_MS, capacity=256
        )
        self._sessions = PageSessions(entropy)

    def authenticate(self, token: str, now_ms: int) -> Principal | None:
        """Return who sent this bearer token, or None when it proves nothing."""
        if same_digest(token_digest(token), self._api_token_digest):
            return PROGRAM
        session_id = self._sessions.find(token, now_ms)
        return None if session_id is None else page_principal(session_id)

    def is_valid(self, principal: Principal, now_ms: int) -> bool:
        """Return whether what the principal proved earlier still counts."""
        return principal.session_id is None or self._sessions.is_open(principal.session_id, now_ms)

    def new_code(self, now_ms: int) -> str:
        """Return a new one-time code for the page's link."""
        return self._codes.issue(_LINK, now_ms)

    def knows_code(self, code: str) -> bool:
        """Return whether this is one of our codes and was not used, be it too old or not."""
        return code in self._codes

    def sign_in_by_code(self, code: str, now_ms: int) -> PageToken:
        """Open a page session with a one-time code. Raises Unauthenticated."""
        known = self.knows_code(code)
        if self._codes.redeem(code, now_ms):
            return self._sessions.start(now_ms)
        if known:
            raise Unauthenticated("This link is too old; the terminal shows a new one now.")
        raise Unauthenticated("This link was used already or is not from this server; take the newest one.")

    def sign_in(self, principal: Principal, now_ms: int) -> PageToken:
        """Open a page session for a program, or renew the page's own. Raises Unauthenticated."""
        if principal.session_id is None:
            return self._sessions.start(now_ms)
        return self._sessions.renew(principal.session_id, now_ms)

    def sign_out(self, principal: Principal) -> None:
        """End the principal's page session, if it has one."""
        if principal.session_id is not None:
            self._sessions.end(principal.session_id)

    def new_ticket(self, principal: Principal, now_ms: int) -> str:
        """Return a one-time ticket for the WebSocket. Raises Forbidden without a page session."""
        if principal.session_id is None:
            raise Forbidden("Tickets are for the page; a program sends its token when it opens the stream.")
        return self._tickets.issue(principal.session_id, now_ms)

    def redeem_ticket(self, ticket: str, now_ms: int) -> Principal | None:
        """Return whose ticket this was, or None when it proves nothing; it never works again."""
        session_id = self._tickets.redeem(ticket, now_ms)
        if session_id is None or not self._sessions.is_open(session_id, now_ms):
            return None
        return page_principal(session_id)
