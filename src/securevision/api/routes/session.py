"""One's own session: who one is, proving it again, tickets for the WebSocket, and the other browsers."""

from typing import Annotated

from fastapi import Path, Response

from securevision.access import Permission, Principal
from securevision.access.decisions import STEP_UP_MS
from securevision.access.lifetimes import TICKET_MS
from securevision.access.tokens import mint_secret, token_digest
from securevision.api.access_schemas import (
    FactorsBody,
    OptionsBody,
    SessionBody,
    SessionsBody,
    StepUpBody,
    TicketBody,
    WhoBody,
)
from securevision.api.clients import KnownClient
from securevision.api.cookies import SESSION_COOKIE, clear_cookie
from securevision.api.guard import KnownPrincipal, Network
from securevision.api.routes.login import set_cookies
from securevision.api.schemas import MAX_INTEGER
from securevision.api.services import ApiServices
from securevision.api.sign_in import SignIn, methods_of, next_step
from securevision.domain.accounts import Purpose, Session, SessionLevel, User
from securevision.domain.audit import AuditAction, AuditDraft
from securevision.domain.rights import Cameras
from securevision.errors import Forbidden, NotFound

SessionId = Annotated[int, Path(alias="id", ge=1, le=MAX_INTEGER)]


def camera_names(cameras: Cameras) -> list[str] | None:
    """Return the names in order, or None for all cameras."""
    return None if cameras.names is None else sorted(cameras.names)


class SessionRoutes:
    """Handlers that wait for the store; the framework runs them on its threads."""

    def __init__(self, services: ApiServices) -> None:
        self._services = services
        self._access = services.access
        self._sign_in = SignIn(services)

    def who(self, principal: KnownPrincipal) -> WhoBody:
        """Return who is asking and what is still to do."""
        session, user = _session_of(principal), principal.user
        now_ms = self._services.clock.now_ms()
        return WhoBody(
            name=principal.name,
            user_id=user.id if user else None,
            role=user.role if user else None,
            level=session.level,
            next=next_step(session.level),
            methods=methods_of(user) if user else [],
            permissions=sorted(principal.permissions),
            cameras=camera_names(principal.cameras),
            ends_in=max(0, session.expires_ms - now_ms) // 1000,
            step_up_left=_step_up_left(session, now_ms),
            factors=self._factors(user) if user else None,
        )

    def end(self, principal: KnownPrincipal, network: Network, response: Response) -> None:
        """Sign out; the cookie and its WebSockets stop working."""
        session = _session_of(principal)
        draft = AuditDraft(
            AuditAction.SESSION_ENDED,
            principal.actor,
            actor_name=principal.name,
            target=f"session:{session.id}",
            network=network,
        )
        self._access.sessions.end(session.id, draft)
        set_cookies(response, [clear_cookie(SESSION_COOKIE)])

    def step_up(
        self, body: StepUpBody, principal: KnownPrincipal, client: KnownClient, response: Response
    ) -> None:
        """Prove again who one is; for five minutes the most sensitive things are open."""
        signed_in = self._sign_in.step_up(
            principal, client, password=body.password, code=body.code, credential=body.credential
        )
        set_cookies(response, signed_in.cookies)

    def step_up_options(self, principal: KnownPrincipal) -> OptionsBody:
        """Ask for a passkey to prove it with."""
        return OptionsBody(public_key=dict(self._sign_in.step_up_options(principal)))

    def ticket(self, principal: KnownPrincipal) -> TicketBody:
        """Return a ticket that opens one WebSocket, for a page that can send neither cookie nor header."""
        if principal.session is not None:
            subject = f"session:{principal.session.id}"
        elif principal.token is not None:
            subject = f"token:{principal.token.id}"
        else:
            raise Forbidden(
                "The static API token gets no tickets; make a token with `securevision token create`."
            )
        ticket, now_ms = mint_secret(self._access.entropy), self._services.clock.now_ms()
        self._access.one_time.issue(token_digest(ticket), Purpose.TICKET, subject, now_ms + TICKET_MS, now_ms)
        return TicketBody(ticket=ticket, expires_in=TICKET_MS // 1000)

    def list(self, principal: KnownPrincipal) -> SessionsBody:
        """Return one's own sessions."""
        user, current = _user_of(principal), _session_of(principal)
        return SessionsBody(
            sessions=[
                SessionBody(
                    id=session.id,
                    current=session.id == current.id,
                    level=session.level,
                    created_ms=session.created_ms,
                    seen_ms=session.seen_ms,
                    network=session.network,
                    agent=session.agent,
                )
                for session in self._access.sessions.of_user(user.id)
            ]
        )

    def revoke(self, session_id: SessionId, principal: KnownPrincipal, network: Network) -> None:
        """End one of one's own sessions."""
        user = _user_of(principal)
        draft = AuditDraft(
            AuditAction.SESSION_REVOKED,
            principal.actor,
            actor_name=principal.name,
            target=f"session:{session_id}",
            network=network,
        )
        if not self._access.sessions.end(session_id, draft, user_id=user.id):
            raise NotFound(f"You have no session {session_id}.")

    def _factors(self, user: User) -> FactorsBody:
        return FactorsBody(
            totp=user.has_totp,
            passkeys=user.passkeys,
            recovery_codes=user.recovery_codes,
            required=self._access.needs_factor(user),
            passkeys_offered=self._access.passkeys.offered,
        )


def _step_up_left(session: Session, now_ms: int) -> int:
    if session.level is not SessionLevel.FULL:
        return 0
    return max(0, session.proved_ms + STEP_UP_MS - now_ms) // 1000


def _session_of(principal: Principal) -> Session:
    if principal.session is None:
        raise Forbidden("Only a browser has a session.")
    return principal.session


def _user_of(principal: Principal) -> User:
    if principal.user is None:
        raise Forbidden(f"Only a user may do this; it needs `{Permission.ACCOUNT_MANAGE}`.")
    return principal.user
