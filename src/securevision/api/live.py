"""Events over one open WebSocket."""

import asyncio
import contextlib
from collections.abc import Callable

from fastapi import WebSocket, WebSocketDisconnect

from securevision.api.held_rights import HeldRight
from securevision.api.services import ApiServices
from securevision.api.sockets import CloseCode, OpenSocket
from securevision.domain.events import Event

Render = Callable[[Event], str | None]
"""Returns the text to send for an event, or None to leave it out."""

MAX_WAITING = 1000
"""Events that wait for one client before it counts as too slow."""


class LiveSocket:
    """Sends each event as it is stored. A slow client slows nobody else."""

    def __init__(self, socket: WebSocket, services: ApiServices, right: HeldRight, render: Render) -> None:
        self._socket = socket
        self._feed = services.feed
        self._right = right
        self._render = render
        self._open = OpenSocket(socket, right, services.clock)
        self._waiting: asyncio.Queue[tuple[str, str]] = asyncio.Queue(MAX_WAITING)
        """Camera and text of the events to send."""
        self._full = asyncio.Event()

    async def serve(self) -> None:
        """Accept the socket and serve it to its end."""
        loop = asyncio.get_running_loop()

        def on_event(event: Event) -> None:
            # A pipeline must not fail because the server has just stopped.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._offer, event)

        # Before the handshake completes: a client that then asks for the past misses nothing between.
        unsubscribe = self._feed.subscribe(on_event)
        try:
            await self._open.serve(self._send, self._until_full)
        finally:
            unsubscribe()

    def _offer(self, event: Event) -> None:
        text = self._render(event)
        if text is None or event.source_id not in self._right.principal.cameras:
            return
        try:
            self._waiting.put_nowait((event.source_id, text))
        except asyncio.QueueFull:
            self._full.set()

    async def _until_full(self) -> CloseCode:
        await self._full.wait()
        return CloseCode.TOO_SLOW

    async def _send(self) -> CloseCode | None:
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                camera, text = await self._waiting.get()
                refusal = await self._open.refusal()
                if refusal is not None:
                    return refusal
                if camera in self._right.principal.cameras:
                    await self._socket.send_text(text)
        return None
