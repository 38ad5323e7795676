"""Requests to one camera, with the login in the form that it asks for (ONVIF Core 5.9)."""

import secrets
from collections.abc import Sequence

from securevision.cameras.addresses import SourceAddress
from securevision.cameras.authentication import Login
from securevision.cameras.failures import explain_opening, not_understood, redirected
from securevision.cameras.onvif.device import utc_ms
from securevision.cameras.onvif.element import NAMESPACES, Element, Malformed
from securevision.cameras.onvif.exchange import Reply, exchange
from securevision.cameras.onvif.soap import Fault, content, envelope, username_token
from securevision.domain.ports.cameras import Connect
from securevision.domain.ports.clock import Clock
from securevision.errors import SourceError, SourceRefused

_REDIRECTS = range(300, 400)
_REFUSALS = range(400, 600)
_UNAUTHORIZED = (401, 403)
_NONCE_BYTES = 16


class _Unauthorized(Exception):
    """The camera wants a login, or another one."""

    def __init__(self, challenges: Sequence[str]) -> None:
        super().__init__()
        self.challenges = challenges


class Session:
    """Asks each question over a connection of its own; all must be answered before the time limit.

    A login is sent when the camera asks for one, and a wrong one is sent once: cameras lock accounts.
    """

    def __init__(
        self, connect: Connect, address: SourceAddress, login: Login | None, clock: Clock, limit_s: float
    ) -> None:
        self._connect, self._address, self._login, self._clock = connect, address, login, clock
        self._limit_s = limit_s
        self._deadline = clock.monotonic() + limit_s
        self._challenges: Sequence[str] | None = None
        """What the camera asked for the login with; None until it did."""
        self._accepted = False
        self._ahead_ms = 0
        """What the camera's clock is ahead of ours."""

    def learn_time(self, path: str) -> None:
        """Ask the camera its time, by which it judges logins; without a login, and one that does not tell is right."""
        try:
            told = utc_ms(self._answer(path, "tds:GetSystemDateAndTime", ""))
        except (Fault, _Unauthorized):
            return
        if told is not None:
            self._ahead_ms = told - self._clock.now_ms()

    def ask(self, path: str, operation: str, arguments: str = "") -> Element:
        """Return the answer of an operation such as `tds:GetServices`; `arguments` is XML.

        Raises Fault when the camera says no, SourceRefused when it wants another login or sends us elsewhere,
        SourceError.
        """
        try:
            return self._answer(path, operation, arguments)
        except _Unauthorized as refusal:
            if self._login is None:
                raise SourceRefused(
                    f"{self._address.display} wants a user name and password; give those of one of its ONVIF users."
                ) from None
            # Also when a login was accepted before: a nonce grows old, and another service may have its own.
            self._challenges = refusal.challenges
        try:
            answer = self._answer(path, operation, arguments)
        except (_Unauthorized, Fault) as no:
            if isinstance(no, Fault) and self._accepted:
                raise
            # Some say anything but that it was the login; the next question would be the second try.
            raise self._refused() from None
        self._accepted = True
        return answer

    def _refused(self) -> SourceRefused:
        return SourceRefused(
            f"{self._address.display} refuses the user name or password; check both, "
            "and that the camera allows this user ONVIF: many keep users of their own for it."
        )

    def _answer(self, path: str, operation: str, arguments: str) -> Element:
        camera = self._address.display
        reply = self._sent(path, operation, f"<{operation}>{arguments}</{operation}>")
        if reply.status in _REDIRECTS:
            raise redirected(camera)
        if reply.status in _UNAUTHORIZED:
            raise _Unauthorized(reply.challenges)
        try:
            answer = content(reply.body)
            if answer.name == f"{operation}Response":
                return answer
        except Fault as fault:
            if fault.unauthorized:
                raise _Unauthorized(reply.challenges) from None
            raise
        except Malformed:
            if reply.status in _REFUSALS:
                raise Fault from None
        raise not_understood(camera, "ONVIF")

    def _sent(self, path: str, operation: str, body: str) -> Reply:
        """Send a question and return what came."""
        camera = self._address.display
        request = self._request(path, operation, body)
        try:
            return exchange(self._connect(), self._address, request, self._clock, self._deadline)
        except Malformed:
            raise not_understood(camera, "ONVIF") from None
        except TimeoutError as error:
            raise explain_opening(error, camera, self._limit_s) from None
        except OSError:
            raise SourceError(
                f"{camera} ended the connection; check its port, and whether http:// or https:// is right."
            ) from None

    def _request(self, path: str, operation: str, body: str) -> bytes:
        prefix, _, action = operation.partition(":")
        token, authorization = self._proof(path)
        message = envelope(body, token)
        lines = (
            f"POST {path} HTTP/1.1",
            f"Host: {self._address.host}:{self._address.port}",
            f'Content-Type: application/soap+xml; charset=utf-8; action="{NAMESPACES[prefix]}/{action}"',
            f"Content-Length: {len(message)}",
            "Connection: close",
            *authorization,
        )
        return "".join(f"{line}\r\n" for line in (*lines, "")).encode("utf-8", "surrogateescape") + message

    def _proof(self, path: str) -> tuple[str, tuple[str, ...]]:
        """Return what proves who asks: a header of the message, or a line of HTTP. Never the password itself."""
        if self._login is None or self._challenges is None:
            return "", ()
        answer = self._login.answer(self._challenges, "POST", path) or ""
        if answer.startswith("Digest "):
            return "", (f"Authorization: {answer}",)
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return username_token(self._login, self._clock.now_ms() + self._ahead_ms, nonce), ()
