"""Live video of one camera over one open WebSocket, with the boxes of what is recognised.

The server sends, for each video format, the text `{"type": "start", "mime": ...}` and then the bytes before the first
fragment; for each picture bytes: PICTURE, then its fragment. Boxes are texts `{"type": "boxes", ...}`.
"""

import asyncio
import contextlib
import json
import struct
from collections import deque
from collections.abc import AsyncIterator
from typing import Literal, TypeAlias

from fastapi import WebSocket, WebSocketDisconnect
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from securevision.access import Permission
from securevision.api.camera_states import report_of
from securevision.api.held_rights import HeldRight
from securevision.api.services import ApiServices
from securevision.api.sockets import CloseCode, OpenSocket
from securevision.domain.camera_reports import CameraReport
from securevision.domain.events import SIGHTINGS, CameraPayload, Event, FacePayload
from securevision.domain.live import LiveFragment, LivePart, LiveStart
from securevision.domain.ports.watching import LiveViewer

PICTURE = struct.Struct(">QB")
"""Before each fragment: its capture time in milliseconds since the Unix epoch, and flags."""
KEYFRAME = 1
"""A flag: the picture needs none before it."""
TAKEN_WITHIN_S = 10.0
"""How long a viewer may take nothing before it counts as too slow."""
MAX_BOXES = 64
"""Events that wait for one viewer; older ones are dropped."""

Part: TypeAlias = LivePart | Event
"""Whatever is sent of a camera; a further kind has its source in LiveParts and its form in VideoSocket."""


class LiveBoxBody(BaseModel):
    """Something that was recognised; corners are shares of the picture's width and height."""

    kind: Literal["face", "plate"]
    name: str | None
    """Of a person, null for a stranger; of a plate, its text."""
    box: tuple[float, float, float, float]


class LiveBoxesBody(BaseModel):
    """What was recognised in a picture."""

    type: Literal["boxes"] = "boxes"
    ts_ms: int
    items: list[LiveBoxBody]


class LiveParts:
    """What waits for one viewer, whoever made it: video, and events of the camera."""

    def __init__(self, viewer: LiveViewer, events: deque[Event], woken: asyncio.Event) -> None:
        self._viewer = viewer
        self._events = events
        self._woken = woken

    def take(self) -> Part | None:
        """Return the next part, or None when nothing waits."""
        return self._events.popleft() if self._events else self._viewer.take()

    async def wait(self) -> None:
        """Wait until something may be there that was not when this was last called."""
        await self._woken.wait()
        self._woken.clear()


@contextlib.asynccontextmanager
async def live_parts(services: ApiServices, camera: str) -> AsyncIterator[LiveParts]:
    """View a camera for as long as the context lasts."""
    loop, woken = asyncio.get_running_loop(), asyncio.Event()
    events: deque[Event] = deque(maxlen=MAX_BOXES)

    def wake() -> None:
        # Whoever makes the parts must not fail because the server has just stopped.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(woken.set)

    def on_event(event: Event) -> None:
        if event.source_id == camera and event.type in SIGHTINGS:
            events.append(event)
            wake()

    unsubscribe = services.feed.subscribe(on_event)
    try:
        viewer = await run_in_threadpool(services.live.open, camera, wake)
        try:
            yield LiveParts(viewer, events, woken)
        finally:
            await run_in_threadpool(services.live.close, camera, viewer)
    finally:
        unsubscribe()


class VideoSocket:
    """Sends what one camera sees. A slow viewer slows nobody else: it misses pictures, up to a keyframe."""

    def __init__(self, socket: WebSocket, services: ApiServices, right: HeldRight, camera: str) -> None:
        self._socket = socket
        self._services = services
        self._right = right
        self._camera = camera
        self._open = OpenSocket(socket, right, services.clock)

    async def serve(self) -> None:
        """Accept the socket and serve it to its end."""
        async with live_parts(self._services, self._camera) as parts:
            await self._open.serve(lambda: self._send(parts))

    async def _send(self, parts: LiveParts) -> CloseCode | None:
        try:
            while True:
                await parts.wait()
                while (part := parts.take()) is not None:
                    refusal = await self._open.refusal()
                    if refusal is not None:
                        return refusal
                    async with asyncio.timeout(TAKEN_WITHIN_S):
                        await self._put(part)
        except TimeoutError:
            return CloseCode.TOO_SLOW
        except WebSocketDisconnect:
            return None

    async def _put(self, part: Part) -> None:
        match part:
            case LiveStart(mime, data):
                await self._socket.send_text(json.dumps({"type": "start", "mime": mime}))
                await self._socket.send_bytes(data)
            case LiveFragment(ts_ms, keyframe, data):
                await self._socket.send_bytes(PICTURE.pack(ts_ms, KEYFRAME if keyframe else 0) + data)
            case Event():
                boxes = await self._boxes(part)
                if boxes is not None:
                    await self._socket.send_text(boxes.model_dump_json())

    async def _boxes(self, event: Event) -> LiveBoxesBody | None:
        # Names are what events say: only for whoever may follow those.
        if Permission.STREAM_READ not in self._right.principal.permissions:
            return None
        report = await run_in_threadpool(report_of, self._services, self._camera)
        return live_boxes(event, report) if report is not None else None


def live_boxes(event: Event, report: CameraReport) -> LiveBoxesBody | None:
    """Return what an event shows; None when it shows nothing, or the size of the camera's picture is not known."""
    payload, width, height = event.payload, report.width, report.height
    if isinstance(payload, CameraPayload) or not (width and height):
        return None
    box = payload.bbox.clipped(width, height)
    item = LiveBoxBody(
        kind="face" if isinstance(payload, FacePayload) else "plate",
        name=payload.person_name if isinstance(payload, FacePayload) else payload.plate_text,
        box=(box.x1 / width, box.y1 / height, box.x2 / width, box.y2 / height),
    )
    return LiveBoxesBody(ts_ms=event.ts_ms, items=[item])
