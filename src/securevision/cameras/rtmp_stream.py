"""A camera over RTMP, read through a socket that is connected to it already."""

import contextlib
import socket
import threading
from collections.abc import Iterator

from securevision.cameras.addresses import SourceAddress
from securevision.cameras.failures import ended, explain_opening, no_keyframe, stalled
from securevision.cameras.rtmp_session import RtmpSession
from securevision.domain.ports.clock import Clock
from securevision.domain.video import AccessUnit, VideoFormat
from securevision.errors import SourceError

KEYFRAME_WITHIN_S = 30.0
"""Cameras with a "smart" codec send one every ten seconds or so."""
_READ = 1 << 16
_STEP_S = 1.0


class RtmpStream:
    """A Stream of a camera: H.264 or H.265 over RTMP. What is sent with it, such as sound, is left out."""

    def __init__(
        self,
        descriptor: int,
        address: SourceAddress,
        clock: Clock,
        *,
        open_timeout_s: float = 5.0,
        read_timeout_s: float = 5.0,
    ) -> None:
        """Take a socket that is connected to the camera, which is closed with the stream.

        The camera must play within `open_timeout_s`, and then each picture must come within `read_timeout_s`.
        """
        self._socket = socket.socket(fileno=descriptor)
        self._address = address
        self._clock = clock
        self._open_timeout_s = open_timeout_s
        self._read_timeout_s = read_timeout_s
        self._lock = threading.Lock()
        self._reading = False
        self._closed = False

    def items(self) -> Iterator[VideoFormat | AccessUnit | None]:
        """See Stream."""
        with self._lock:
            self._reading = True
        session = RtmpSession(self._address)
        try:
            yield from self._watch(session)
        except (OSError, SourceError) as error:
            if not self._closed:
                raise self._explained(error, session) from None
        finally:
            with self._lock:
                self._reading = False
                self._socket.close()

    def close(self) -> None:
        """See Stream."""
        with self._lock:
            self._closed = True
            if self._reading:
                with contextlib.suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)
            else:
                self._socket.close()

    def _explained(self, error: OSError | SourceError, session: RtmpSession) -> SourceError:
        if isinstance(error, SourceError):
            return error
        if not isinstance(error, TimeoutError):
            return SourceError(ended(self._address.display))
        if session.playing:
            return stalled(self._address.display, self._read_timeout_s)
        return explain_opening(error, self._address.display, self._open_timeout_s)

    # Each of the following raises SourceError, OSError at the end of the connection, and TimeoutError after a silence.

    def _watch(self, session: RtmpSession) -> Iterator[VideoFormat | AccessUnit | None]:
        """Yield what comes until the camera ends it, and None every second without."""
        begun = heard = told = self._clock.monotonic()
        pictures, started = 0, False
        while not session.ended:
            limit_s = self._read_timeout_s if session.playing else self._open_timeout_s
            self._send(session.take_outgoing(), heard + limit_s)
            data = self._receive(heard + limit_s)
            playing = session.playing
            for item in session.feed(data):
                yield item
                started = True
                told = self._clock.monotonic()
            now = self._clock.monotonic()
            if playing != session.playing or pictures != session.pictures:
                pictures, heard = session.pictures, now
            if not started and now - begun >= KEYFRAME_WITHIN_S:
                raise no_keyframe(self._address.display, KEYFRAME_WITHIN_S)
            if now - told >= _STEP_S:
                told = now
                yield None
        raise ConnectionResetError

    def _send(self, data: bytes, deadline: float) -> None:
        if data:
            self._socket.settimeout(self._left(deadline))
            self._socket.sendall(data)

    def _receive(self, deadline: float) -> bytes:
        """Return what came, nothing when nothing came for a second."""
        self._socket.settimeout(min(self._left(deadline), _STEP_S))
        try:
            data = self._socket.recv(_READ)
        except TimeoutError:
            return b""
        if not data:
            raise ConnectionResetError
        return data

    def _left(self, deadline: float) -> float:
        left = deadline - self._clock.monotonic()
        if left <= 0.0:
            raise TimeoutError
        return left
