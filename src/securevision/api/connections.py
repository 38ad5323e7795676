"""Connections, of which no network gets all: whoever holds theirs and says or takes nothing keeps nobody else out."""

import asyncio
from collections.abc import Callable
from functools import lru_cache
from typing import cast

from uvicorn.protocols.http.h11_impl import H11Protocol

from securevision.access.networks import network_key

MAX_CONNECTIONS = 256
"""Sockets that do nothing must not take the file descriptors that cameras and the store need."""
MAX_OF_A_NETWORK = 128
FIRST_REQUEST_WITHIN_S = 20.0
TAKEN_WITHIN_S = 60.0
"""So long an answer may lie here without its client taking any of it; a player that pauses asks again."""
ABORT = "securevision.abort"
"""In the state of a request or WebSocket: a function that cuts its connection at once, whatever still waits."""

_network_key = lru_cache(maxsize=1024)(network_key)


def fair_protocol(is_proxy: Callable[[str], bool]) -> type[asyncio.Protocol]:
    """Return uvicorn's protocol with the limits above; a proxy's connections are those of many."""

    class FairProtocol(H11Protocol):
        _cut: asyncio.TimerHandle

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            if self.client is not None and not is_proxy(self.client[0]) and self._network_has_enough():
                transport.abort()
                return
            self.app_state = {**self.app_state, ABORT: transport.abort}
            self.loop.call_later(FIRST_REQUEST_WITHIN_S, self._end_if_silent)

        def pause_writing(self) -> None:
            super().pause_writing()
            self._cut = self.loop.call_later(TAKEN_WITHIN_S, self.transport.abort)

        def resume_writing(self) -> None:
            self._cut.cancel()
            super().resume_writing()

        def _network_has_enough(self) -> bool:
            own = _network_key(self.client[0]) if self.client else ""
            theirs = (getattr(each, "client", None) for each in self.connections)
            return sum(1 for peer in theirs if peer and _network_key(peer[0]) == own) > MAX_OF_A_NETWORK

        def _end_if_silent(self) -> None:
            # None until the head of a first request is whole, whatever its type says.
            if cast("object", self.scope) is None:
                self.transport.abort()

    return FairProtocol
