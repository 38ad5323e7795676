"""Page sessions: one short-lived token at a time, renewed until the session's own end."""

from dataclasses import dataclass

from securevision.access.tokens import Entropy, mint_secret, token_digest
from securevision.errors import Unauthenticated

TOKEN_LIFETIME_MS = 15 * 60 * 1000
SESSION_LIFETIME_MS = 12 * 60 * 60 * 1000


@dataclass(frozen=True, slots=True)
class PageToken:
    """A token as it is given to the page, once."""

    text: str
    session_id: int
    lifetime_ms: int


@dataclass(slots=True)
class _Session:
    started_ms: int
    digest: str
    expires_ms: int


class PageSessions:
    """The sessions that are open, at most `capacity`; one more ends the one renewed longest ago."""

    def __init__(self, entropy: Entropy, *, capacity: int = 64) -> None:
        self._entropy = entropy
        self._capacity = capacity
        self._started = 0
        self._sessions: dict[int, _Session] = {}
        self._by_digest: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    def start(self, now_ms: int) -> PageToken:
        """Open a session and return its first token."""
        for session_id in [known for known in self._sessions if not self.is_open(known, now_ms)]:
            self.end(session_id)
        while len(self._sessions) >= self._capacity:
            self.end(next(iter(self._sessions)))
        self._started += 1
        return self._put_token(self._started, started_ms=now_ms, now_ms=now_ms)

    def find(self, token: str, now_ms: int) -> int | None:
        """Return the id of the open session whose token this is, or None."""
        session_id = self._by_digest.get(token_digest(token))
        return session_id if session_id is not None and self.is_open(session_id, now_ms) else None

    def is_open(self, session_id: int, now_ms: int) -> bool:
        """Return whether the session has a token that still works."""
        session = self._sessions.get(session_id)
        return session is not None and now_ms < session.expires_ms

    def renew(self, session_id: int, now_ms: int) -> PageToken:
        """Replace the token of an open session; the old one stops working.

        Raises Unauthenticated when the session is not open.
        """
        if not self.is_open(session_id, now_ms):
            raise Unauthenticated("This session has ended; sign in again.")
        started_ms = self._sessions[session_id].started_ms
        self.end(session_id)
        return self._put_token(session_id, started_ms=started_ms, now_ms=now_ms)

    def end(self, session_id: int) -> None:
        """Close a session; its token stops working. Closing it twice is fine."""
        session = self._sessions.pop(session_id, None)
        if session is not None:
            del self._by_digest[session.digest]

    def _put_token(self, session_id: int, *, started_ms: int, now_ms: int) -> PageToken:
        text = f"sv_page_{mint_secret(self._entropy)}"
        digest = token_digest(text)
        expires_ms = min(now_ms + TOKEN_LIFETIME_MS, started_ms + SESSION_LIFETIME_MS)
        self._sessions[session_id] = _Session(started_ms, digest, expires_ms)
        self._by_digest[digest] = session_id
        return PageToken(text, session_id, expires_ms - now_ms)
