"""The connection of a stream to its camera."""

import socket
import ssl
import threading
from collections.abc import Callable, Generator
from contextlib import suppress
from typing import TypeVar

from securevision.cameras.addresses import Scheme, SourceAddress
from securevision.cameras.camera_tls import secured
from securevision.domain.ports.cameras import Connect
from securevision.domain.ports.clock import Clock

_STEP_S = 1.0
_TLS = frozenset({Scheme.RTSPS, Scheme.HTTPS})
_READ = 1 << 16
_Got = TypeVar("_Got", int, bytes)


class CameraConnection:
    """Used by one thread, and ended by any. A deadline is of the clock's monotonic time.

    All but `end` and `close` raise TimeoutError after the deadline, and OSError when the connection is over.
    """

    def __init__(self, connect: Connect, address: SourceAddress, clock: Clock) -> None:
        """Connect nothing yet. With TLS where the address says so."""
        self._connect, self._address, self._clock = connect, address, clock
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self.ended = False
        """Somebody called `end`."""

    def open(self, limit_s: float) -> Generator[None, None, float]:
        """Connect, anew if it was before, and return the deadline for whatever else it takes to begin.

        That is in `limit_s`; the time that `connect` takes is not counted. Yields now and then while the camera is
        slow. Raises SourceError too.
        """
        self.close()
        plain = socket.socket(fileno=self._connect())
        with self._lock:
            self._socket = plain
            if self.ended:
                raise ConnectionAbortedError
            if self._address.scheme in _TLS:
                self._socket = secured(plain, self._address.host)
        deadline = self._clock.monotonic() + limit_s
        if isinstance(self._socket, ssl.SSLSocket):
            yield from self._shake_hands(self._socket, deadline)
        return deadline

    def send(self, data: bytes, deadline: float) -> None:
        """Send all of it."""
        self._open_one.settimeout(self._left(deadline))
        self._open_one.sendall(data)

    def receive(self, deadline: float) -> bytes:
        """Return what came, nothing when nothing came for a second."""
        return self._read(lambda connection: connection.recv(_READ), deadline) or b""

    def receive_into(self, room: memoryview, deadline: float) -> int:
        """Return how many bytes came into the room, 0 when nothing came for a second."""
        return self._read(lambda connection: connection.recv_into(room), deadline) or 0

    def say_farewell(self, data: bytes) -> None:
        """Send it if that can be done at once."""
        with suppress(OSError):
            self._open_one.setblocking(False)  # noqa: FBT003 - its only parameter
            self._open_one.send(data)

    def end(self) -> None:
        """End whatever the other thread waits for, and let it connect no more. Calling it twice is fine."""
        with self._lock:
            self.ended = True
            if self._socket is not None:
                with suppress(OSError):
                    # Not TLS's own, which must not be called while another thread reads.
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def close(self) -> None:
        """Hang up."""
        with self._lock:
            if self._socket is not None:
                self._socket.close()
            self._socket = None

    @property
    def _open_one(self) -> socket.socket:
        if self._socket is None:
            raise ConnectionAbortedError
        return self._socket

    def _read(self, read: Callable[[socket.socket], _Got], deadline: float) -> _Got | None:
        self._open_one.settimeout(min(self._left(deadline), _STEP_S))
        try:
            got = read(self._open_one)
        except TimeoutError:
            return None
        if not got:
            raise ConnectionResetError
        return got

    def _left(self, deadline: float) -> float:
        left = deadline - self._clock.monotonic()
        if left <= 0.0:
            raise TimeoutError
        return left

    def _shake_hands(self, connection: ssl.SSLSocket, deadline: float) -> Generator[None, None, None]:
        while True:
            connection.settimeout(min(self._left(deadline), _STEP_S))
            with suppress(TimeoutError):
                connection.do_handshake()
                return
            yield None
