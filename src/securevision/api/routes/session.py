"""Page sessions. The handlers are coroutines: the gate is used from the event loop only."""

from securevision.access.gate import TICKET_LIFETIME_MS
from securevision.access.sessions import PageToken
from securevision.api.guard import KnownPrincipal, MaybePrincipal
from securevision.api.schemas import CodeBody, SessionBody, TicketBody
from securevision.api.services import ApiServices
from securevision.errors import Unauthenticated


class SessionRoutes:
    """Signing in and out, and tickets for the WebSocket."""

    def __init__(self, services: ApiServices) -> None:
        self._services = services
        self._gate = services.gate

    async def start(self, principal: MaybePrincipal, body: CodeBody | None = None) -> SessionBody:
        """Open a session with a one-time code or the API token, or renew the session of a page token."""
        if body is not None:
            return _session_body(self._sign_in_by_code(body.code))
        if principal is None:
            raise Unauthenticated("Send a one-time code, the API token or a page token that still works.")
        return _session_body(self._gate.sign_in(principal, self._services.elapsed_ms()))

    async def end(self, principal: KnownPrincipal) -> None:
        """End the session; its token and its WebSockets stop working."""
        self._gate.sign_out(principal)

    async def ticket(self, principal: KnownPrincipal) -> TicketBody:
        """Return a ticket that opens one WebSocket."""
        ticket = self._gate.new_ticket(principal, self._services.elapsed_ms())
        return TicketBody(ticket=ticket, expires_in=TICKET_LIFETIME_MS // 1000)

    def _sign_in_by_code(self, code: str) -> PageToken:
        # A code of ours is gone after this, in time or too late: the terminal needs a new one.
        used_up = self._gate.knows_code(code)
        try:
            return self._gate.sign_in_by_code(code, self._services.elapsed_ms())
        finally:
            if used_up:
                self._services.on_new_code(self._services.new_code())


def _session_body(token: PageToken) -> SessionBody:
    return SessionBody(token=token.text, expires_in=token.lifetime_ms // 1000)
