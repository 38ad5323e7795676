"""Connections, of which no network gets all: whoever holds theirs and says nothing keeps nobody else out."""

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

_network_key = lru_cache(maxsize=1024)(network_key)


def fair_protocol(is_proxy: Callable[[str], bool]) -> type[asyncio.Protocol]:
    """Return uvicorn's protocol with the limits above; a proxy's connections are those of many."""

    class FairProtocol(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            if self.client is not None and not is_proxy(self.client[0]) and self._network_has_enough():
                transport.abort()
                return
            self.loop.call_later(FIRST_REQUEST_WITHIN_S, self._end_if_silent)

        def _network_has_enough(self) -> bool:
            own = _network_key(self.client[0]) if self.client else ""
            theirs = (getattr(each, "client", None) for each in self.connections)
            return sum(1 for peer in theirs if peer and _network_key(peer[0]) == own) > MAX_OF_A_NETWORK

        def _end_if_silent(self) -> None:
            # None until the head of a first request is whole, whatever its type says.
            if cast("object", self.scope) is None:
                self.transport.abort()

    return FairProtocol
