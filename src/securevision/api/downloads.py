"""A part of a file, in pieces, for as long as its reader may have it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import BinaryIO

from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from securevision.api.connections import ABORT
from securevision.api.held_rights import HeldRight
from securevision.api.places import Places
from securevision.api.ranges import Span
from securevision.errors import SecureVisionError

_PIECE_BYTES = 256 * 1024


class Download(StreamingResponse):
    """Reads on threads, and looks before each piece whether its reader still may; if not, it breaks off.

    The file is closed with it. Raises Unavailable, before it begins, when there is no place.
    """

    def __init__(
        self,
        file: BinaryIO,
        span: Span,
        right: HeldRight,
        places: Places,
        *,
        status_code: int,
        headers: Mapping[str, str],
    ) -> None:
        """Take all headers but the one of the length."""
        length = {"Content-Length": str(span.length)}
        super().__init__(self._pieces(), status_code, {**headers, **length})
        self._file = file
        self._span = span
        self._right = right
        self._places = places

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        self._abort = scope["state"][ABORT]
        with self._file, self._places.taken(self._right.principal.actor):
            await super().__call__(scope, receive, send)

    async def _pieces(self) -> AsyncIterator[bytes]:
        await run_in_threadpool(self._file.seek, self._span.first)
        left = self._span.length
        while left and await self._may_go_on():
            piece = await run_in_threadpool(self._file.read, min(_PIECE_BYTES, left))
            if not piece:
                break
            yield piece
            left -= len(piece)
        if left:
            # Whoever reads must not take what came for the whole.
            self._abort()
            await asyncio.Event().wait()

    async def _may_go_on(self) -> bool:
        try:
            await self._right.look()
        except SecureVisionError:
            return False
        return True
