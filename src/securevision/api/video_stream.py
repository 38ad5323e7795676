"""Live video of one camera over one open WebSocket, with the boxes of what is followed in it.

The server sends, for each video format, the text `{"type": "start", "mime": ...}` and then the bytes before the first
fragment; for each picture bytes: PICTURE, then its fragment. Boxes are texts, `{"type": "boxes", ...}`.
"""

import asyncio
import contextlib
import json
import struct

from fastapi import WebSocket, WebSocketDisconnect
from starlette.concurrency import run_in_threadpool

from securevision.access import Permission
from securevision.api.camera_schemas import live_boxes_body
from securevision.api.held_rights import HeldRight
from securevision.api.services import ApiServices
from securevision.api.sockets import CloseCode, OpenSocket
from securevision.domain.live import LiveBoxes, LiveFragment, LivePart, LiveStart
from securevision.domain.ports.watching import LiveViewer

PICTURE = struct.Struct(">QB")
"""Before each fragment: its capture time in milliseconds since the Unix epoch, and flags."""
KEYFRAME = 1
"""A flag: the picture needs none before it."""
TAKEN_WITHIN_S = 10.0
"""How long a viewer may take nothing before it counts as too slow."""


class VideoSocket:
    """Sends what one camera sees. A slow viewer slows nobody else: it misses pictures, up to a keyframe."""

    def __init__(self, socket: WebSocket, services: ApiServices, right: HeldRight, camera: str) -> None:
        self._socket = socket
        self._live = services.live
        self._right = right
        self._camera = camera
        self._open = OpenSocket(socket, right, services.clock)
        self._woken = asyncio.Event()
        """Set when something may be there to send."""

    async def serve(self) -> None:
        """Accept the socket and serve it to its end."""
        loop = asyncio.get_running_loop()

        def wake() -> None:
            # Whoever has the parts must not fail because the server has just stopped.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._woken.set)

        viewer = await run_in_threadpool(self._live.open, self._camera, wake)
        try:
            await self._open.serve(lambda: self._send(viewer))
        finally:
            await run_in_threadpool(self._live.close, self._camera, viewer)

    async def _send(self, viewer: LiveViewer) -> CloseCode | None:
        try:
            while True:
                await self._woken.wait()
                self._woken.clear()
                while (part := viewer.take()) is not None:
                    refusal = await self._open.refusal()
                    if refusal is not None:
                        return refusal
                    async with asyncio.timeout(TAKEN_WITHIN_S):
                        await self._put(part)
        except TimeoutError:
            return CloseCode.TOO_SLOW
        except WebSocketDisconnect:
            return None

    async def _put(self, part: LivePart) -> None:
        match part:
            case LiveStart(mime, data):
                await self._socket.send_text(json.dumps({"type": "start", "mime": mime}))
                await self._socket.send_bytes(data)
            case LiveFragment(ts_ms, keyframe, data):
                await self._socket.send_bytes(PICTURE.pack(ts_ms, KEYFRAME if keyframe else 0) + data)
            case LiveBoxes():
                # Names are what events say: for whoever may follow those.
                if Permission.STREAM_READ in self._right.principal.permissions:
                    await self._socket.send_text(live_boxes_body(part).model_dump_json())
