"""One open WebSocket: events out, a few words in."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from enum import IntEnum

from fastapi import WebSocket, WebSocketDisconnect

from securevision.access import Demand, Permission, Principal
from securevision.access.decisions import Decision, decide
from securevision.api.credentials import PROTOCOL
from securevision.api.services import ApiServices
from securevision.domain.events import Event
from securevision.domain.ports.clock import Clock
from securevision.errors import SecureVisionError

Render = Callable[[Event], str | None]
"""Returns the text to send for an event, or None to leave it out."""
Still = Callable[[], Awaitable[Principal | None]]
"""Returns the principal with the rights they have now; None when they have none."""

MAX_WAITING = 1000
"""Events that wait for one client before it counts as too slow."""
MESSAGES_PER_SECOND = 10
"""How many messages a client may send, on average and at once."""
LOOK_EVERY_S = 0.25
"""How often a socket looks whether its principal may still read it."""
CLOSE_WITHIN_S = 2.0
"""How long a client may take to accept the closing message."""
_READ = Demand(Permission.STREAM_READ, legacy=True)


class CloseCode(IntEnum):
    """Why the server closed a socket."""

    NOT_TEXT = 1003
    TOO_SLOW = 1013
    CANNOT_LOOK = 1012
    """Nobody can tell who may read it now; try again."""
    SESSION_ENDED = 4401
    FORBIDDEN = 4403
    TOO_MANY_MESSAGES = 4429


class LiveSocket:
    """Serves one client until either side has had enough. A slow client slows nobody else."""

    def __init__(
        self,
        socket: WebSocket,
        services: ApiServices,
        principal: Principal,
        still: Still,
        render: Render,
    ) -> None:
        self._socket = socket
        self._services = services
        self._principal = principal
        self._still = still
        self._render = render
        self._waiting: asyncio.Queue[tuple[str, str]] = asyncio.Queue(MAX_WAITING)
        """Camera and text of the events to send."""
        self._too_slow = asyncio.Event()
        self._allowance = _Allowance(services.clock)

    async def serve(self) -> None:
        """Accept the socket and serve it to its end."""
        loop = asyncio.get_running_loop()

        def on_event(event: Event) -> None:
            # A pipeline must not fail because the server has just stopped.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._offer, event)

        # Before the handshake completes: a client that then asks for the past misses nothing between.
        unsubscribe = self._services.feed.subscribe(on_event)
        try:
            offered = self._socket.scope["subprotocols"]
            await self._socket.accept(PROTOCOL if PROTOCOL in offered else None)
            code = await self._until_over()
            if code is not None:
                with contextlib.suppress(TimeoutError, WebSocketDisconnect):
                    async with asyncio.timeout(CLOSE_WITHIN_S):
                        await self._socket.close(code)
        finally:
            unsubscribe()

    async def _until_over(self) -> CloseCode | None:
        tasks = [asyncio.create_task(work) for work in (self._watch(), self._receive(), self._send())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            return next(task for task in tasks if task in done).result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _offer(self, event: Event) -> None:
        text = self._render(event)
        if text is None or event.source_id not in self._principal.cameras:
            return
        try:
            self._waiting.put_nowait((event.source_id, text))
        except asyncio.QueueFull:
            self._too_slow.set()

    async def _refusal(self) -> CloseCode | None:
        """Look at the rights that the principal has now; return why the socket has to close, if it has to."""
        try:
            principal = await self._still()
        except SecureVisionError:
            return CloseCode.CANNOT_LOOK
        if principal is None:
            return CloseCode.SESSION_ENDED
        self._principal = principal
        allowed = decide(principal, _READ, self._services.clock.now_ms())
        return None if allowed is Decision.ALLOWED else CloseCode.FORBIDDEN

    async def _watch(self) -> CloseCode:
        while True:
            refusal = await self._refusal()
            if refusal is not None:
                return refusal
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._too_slow.wait(), LOOK_EVERY_S)
                return CloseCode.TOO_SLOW

    async def _send(self) -> CloseCode | None:
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                camera, text = await self._waiting.get()
                refusal = await self._refusal()
                if refusal is not None:
                    return refusal
                if camera in self._principal.cameras:
                    await self._socket.send_text(text)
        return None

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
