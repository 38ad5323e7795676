"""One open WebSocket, whatever it sends: rights are looked at again and again, and few words come in."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from enum import IntEnum

from fastapi import WebSocket, WebSocketDisconnect

from securevision.api.connections import ABORT
from securevision.api.credentials import PROTOCOL
from securevision.api.held_rights import HeldRight
from securevision.domain.ports.clock import Clock
from securevision.errors import ErrorKind, SecureVisionError

MESSAGES_PER_SECOND = 10
"""How many messages a client may send, on average and at once."""
LOOK_EVERY_S = 0.25
"""How often a socket looks whether its principal may still read it."""
CLOSE_WITHIN_S = 2.0
"""How long a client may take to accept the closing message; then its connection is cut."""


class CloseCode(IntEnum):
    """Why the server closed a socket."""

    NOT_TEXT = 1003
    TOO_SLOW = 1013
    CANNOT_LOOK = 1012
    """Nobody can tell who may read it now; try again."""
    SESSION_ENDED = 4401
    FORBIDDEN = 4403
    TOO_MANY_MESSAGES = 4429


Work = Callable[[], Awaitable[CloseCode | None]]
"""Goes on while the socket is open; what it returns is why it closes, None when the client went away."""

_CODES = {
    ErrorKind.UNAUTHENTICATED: CloseCode.SESSION_ENDED,
    ErrorKind.FORBIDDEN: CloseCode.FORBIDDEN,
}


class OpenSocket:
    """Serves one client until either side has had enough."""

    def __init__(self, socket: WebSocket, right: HeldRight, clock: Clock) -> None:
        self._socket = socket
        self._right = right
        self._allowance = _Allowance(clock)

    async def serve(self, *works: Work) -> None:
        """Accept the socket and do the works, until the first of them ends or the client may read no more."""
        offered = self._socket.scope["subprotocols"]
        await self._socket.accept(PROTOCOL if PROTOCOL in offered else None)
        code = await self._until_over(self._watch, self._receive, *works)
        if code is None:
            return
        try:
            async with asyncio.timeout(CLOSE_WITHIN_S):
                await self._socket.close(code)
        except TimeoutError:
            self._socket.scope["state"][ABORT]()
        except WebSocketDisconnect:
            pass

    async def refusal(self) -> CloseCode | None:
        """Look at the rights that the principal has now; return why the socket has to close, if it has to.

        To be asked before each message of ours.
        """
        try:
            await self._right.look()
        except SecureVisionError as error:
            return _CODES.get(error.kind, CloseCode.CANNOT_LOOK)
        return None

    async def _until_over(self, *works: Work) -> CloseCode | None:
        tasks = [asyncio.ensure_future(work()) for work in works]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            return next(task for task in tasks if task in done).result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _watch(self) -> CloseCode:
        while True:
            refusal = await self.refusal()
            if refusal is not None:
                return refusal
            await asyncio.sleep(LOOK_EVERY_S)

    async def _receive(self) -> CloseCode | None:
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                message = await self._socket.receive()
                if message["type"] == "websocket.disconnect":
                    return None
                if not self._allowance.take():
                    return CloseCode.TOO_MANY_MESSAGES
                text = message.get("text")
                if text is None:
                    return CloseCode.NOT_TEXT
                await self._socket.send_json({"type": "pong", "data": text})
        return None


class _Allowance:
    """A token bucket of client messages."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._left = float(MESSAGES_PER_SECOND)
        self._filled_s = clock.monotonic()

    def take(self) -> bool:
        now_s = self._clock.monotonic()
        gained = (now_s - self._filled_s) * MESSAGES_PER_SECOND
        self._left = min(self._left + gained, float(MESSAGES_PER_SECOND))
        self._filled_s = now_s
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True
