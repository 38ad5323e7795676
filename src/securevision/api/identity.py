"""Who is asking: from a secret to a principal, remembered for as long as nobody's rights change."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from starlette.concurrency import run_in_threadpool

from securevision.access import Principal
from securevision.access.lifetimes import TOUCH_MS
from securevision.access.principals import LEGACY_PROGRAM, session_principal, token_principal
from securevision.access.tokens import is_program_token, same_digest, token_digest
from securevision.api.services import AccessServices
from securevision.domain.accounts import ApiToken, Purpose, Session, User
from securevision.domain.ports.clock import Clock
from securevision.errors import Unavailable

_MOST = 10_000


@dataclass(slots=True)
class _Known:
    """What the database said about a secret, and at which epoch."""

    epoch: int
    session: Session | None
    token: ApiToken | None
    user: User | None
    network: str = ""

    def principal(self, now_ms: int) -> Principal | None:
        if self.session is not None:
            return session_principal(self.session, self.user, self.token, now_ms)
        return None if self.token is None else token_principal(self.token, self.user, self.network, now_ms)


class Identities:
    """Finds principals. Its methods are called from the event loop; the database is asked on a thread.

    Raises Unavailable when the database cannot be asked, also for what is remembered.
    """

    def __init__(self, access: AccessServices, clock: Clock) -> None:
        self._access = access
        self._clock = clock
        self._known: dict[str, _Known] = {}

    async def of_cookie(self, secret: str) -> Principal | None:
        """Return whose session this is, or None."""
        digest = token_digest(secret)

        def look(epoch: int) -> _Known | None:
            found = self._access.sessions.find(digest)
            return None if found is None else _Known(epoch, found[0], found[2], found[1])

        return await self._find(f"session:{digest}", look)

    async def of_bearer(self, text: str, network: str) -> Principal | None:
        """Return whose API token this is, or None."""
        digest = token_digest(text)
        legacy = self._access.legacy_token_digest
        if legacy is not None and same_digest(digest, legacy):
            return LEGACY_PROGRAM
        if not is_program_token(text):
            return None

        def look(epoch: int) -> _Known | None:
            found = self._access.tokens.find(digest)
            return None if found is None else _Known(epoch, None, found[0], found[1], network)

        return await self._find(f"token:{digest}:{network}", look)

    async def of_ticket(self, ticket: str, network: str) -> Principal | None:
        """Return who asked for this ticket, or None; it never works again."""
        subject = await run_in_threadpool(
            self._access.one_time.redeem, token_digest(ticket), Purpose.TICKET, self._clock.now_ms()
        )
        return None if subject is None else await self._of_subject(subject, network)

    async def still(self, principal: Principal, network: str) -> Principal | None:
        """Return the principal as they are now; None when what they proved counts no more."""
        if principal.session is not None:
            return await self._of_subject(f"session:{principal.session.id}", network)
        if principal.token is not None:
            return await self._of_subject(f"token:{principal.token.id}", network)
        return principal

    async def _of_subject(self, subject: str, network: str) -> Principal | None:
        kind, _, number = subject.partition(":")

        def look(epoch: int) -> _Known | None:
            if kind == "session":
                by_id = self._access.sessions.get(int(number))
                return None if by_id is None else _Known(epoch, by_id[0], by_id[2], by_id[1])
            found = self._access.tokens.get(int(number))
            return None if found is None else _Known(epoch, None, found[0], found[1], network)

        return await self._find(f"{subject}:{network}", look)

    async def _find(self, key: str, look: Callable[[int], _Known | None]) -> Principal | None:
        # The epoch is read first: a change in between is noticed the next time.
        epoch, now_ms = await self._epoch(), self._clock.now_ms()
        known = self._known.get(key)
        principal = known.principal(now_ms) if known is not None and known.epoch == epoch else None
        if principal is None:
            # Not known, or it seems idle: another process may have seen it since.
            known = await run_in_threadpool(look, epoch)
            principal = known.principal(now_ms) if known is not None else None
        if known is None or principal is None:
            self._known.pop(key, None)
            return None
        self._remember(key, known)
        await self._touch(known, now_ms)
        return principal

    async def _epoch(self) -> int:
        try:
            return self._access.epoch.current()
        except Unavailable:
            # The watch may only be late, on a busy machine: the request looks for itself.
            await run_in_threadpool(self._access.epoch.look)
            return self._access.epoch.current()

    def _remember(self, key: str, known: _Known) -> None:
        self._known[key] = known
        while len(self._known) > _MOST:
            del self._known[next(iter(self._known))]

    async def _touch(self, known: _Known, now_ms: int) -> None:
        if known.session is not None and now_ms - known.session.seen_ms >= TOUCH_MS:
            known.session = replace(known.session, seen_ms=now_ms)
            await run_in_threadpool(self._access.sessions.touch, known.session.id, now_ms)
        elif known.session is None and known.token is not None and _unused(known.token, now_ms):
            known.token = replace(known.token, last_used_ms=now_ms)
            await run_in_threadpool(self._access.tokens.touch, known.token.id, now_ms)


def _unused(token: ApiToken, now_ms: int) -> bool:
    return token.last_used_ms is None or now_ms - token.last_used_ms >= TOUCH_MS
