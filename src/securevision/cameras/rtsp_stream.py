"""A camera over RTSP: an open connection in, formats and access units out."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeAlias

from securevision.cameras.addresses import Scheme, SourceAddress
from securevision.cameras.camera_tls import secured
from securevision.cameras.failures import (
    ended,
    explain_opening,
    no_keyframe,
    not_understood,
    stalled,
)
from securevision.cameras.h264 import H264Depacketiser
from securevision.cameras.h265 import H265Depacketiser
from securevision.cameras.rtp import Frame, Interleaved, RtpReceiver
from securevision.cameras.rtsp_messages import Malformed
from securevision.cameras.rtsp_session import RtspSession
from securevision.domain.ports.clock import Clock
from securevision.domain.video import AccessUnit, VideoFormat
from securevision.errors import SourceError

KEYFRAME_WITHIN_S = 30.0
"""Cameras with a "smart" codec send one every ten seconds or so."""
_STEP_S = 1.0

Depacketiser: TypeAlias = H264Depacketiser | H265Depacketiser
_DEPACKETISERS: Mapping[str, Callable[[Iterable[bytes]], Depacketiser]] = {
    "h264": H264Depacketiser,
    "hevc": H265Depacketiser,
}


class RtspStream:
    """A Stream of H.264 or H.265 over RTSP and TCP, with TLS for `rtsps`.

    It opens nothing, neither sockets nor files nor names, so that it works in a sealed process.
    """

    def __init__(
        self,
        descriptor: int,
        address: SourceAddress,
        clock: Clock,
        *,
        open_timeout_s: float = 5.0,
        read_timeout_s: float = 5.0,
    ) -> None:
        """Take a socket that is connected to the camera, which is closed with the stream. Raises SourceError.

        The camera must have described and promised its video within `open_timeout_s`, and then each picture must
        come within `read_timeout_s`.
        """
        self._camera = address.display
        self._clock = clock
        self._open_timeout_s = open_timeout_s
        self._read_timeout_s = read_timeout_s
        self._session = RtspSession(address)
        self._wire = Interleaved()
        self._receiver: RtpReceiver | None = None
        self._depacketiser: Depacketiser | None = None
        self._lock = threading.Lock()
        self._reading = self._closed = False
        plain = socket.socket(fileno=descriptor)
        try:
            self._socket = secured(plain, address.host) if address.scheme is Scheme.RTSPS else plain
        except OSError:
            plain.close()
            raise SourceError(ended(self._camera)) from None

    def close(self) -> None:
        """See Stream."""
        with self._lock:
            self._closed = True
            with contextlib.suppress(OSError):
                # Not TLS's own, which must not be called while another thread reads.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
            if not self._reading:
                self._socket.close()

    def items(self) -> Iterator[VideoFormat | AccessUnit | None]:
        """See Stream."""
        with self._lock:
            if self._closed:
                return
            self._reading = True
        try:
            yield from self._open()
            yield from self._watch()
        except Malformed:
            raise not_understood(self._camera, "RTSP") from None
        except OSError:
            if not self._closed:
                raise SourceError(ended(self._camera)) from None
        finally:
            with contextlib.suppress(OSError):
                self._socket.setblocking(False)  # noqa: FBT003 - its only parameter
                self._socket.send(self._session.tear_down())
            with self._lock:
                self._reading = False
                self._socket.close()

    def _open(self) -> Iterator[VideoFormat | AccessUnit | None]:
        """Talk until the camera plays, however slowly it answers. Pictures may come before it says so."""
        deadline = self._clock.monotonic() + self._open_timeout_s
        if isinstance(self._socket, ssl.SSLSocket):
            while not self._shake_hands(self._socket, deadline):
                yield None
        self._socket.sendall(self._session.start())
        while not (self._session.playing or self._pictures):
            self._socket.settimeout(self._left(deadline))
            if not self._read():
                yield None
            yield from self._items()

    def _left(self, deadline: float) -> float:
        """Return how long to wait now."""
        left = deadline - self._clock.monotonic()
        if left <= 0.0:
            raise explain_opening(TimeoutError(), self._camera, self._open_timeout_s)
        return min(left, _STEP_S)

    def _shake_hands(self, connection: ssl.SSLSocket, deadline: float) -> bool:
        connection.settimeout(self._left(deadline))
        with contextlib.suppress(TimeoutError):
            connection.do_handshake()
            return True
        return False

    def _watch(self) -> Iterator[VideoFormat | AccessUnit | None]:
        """Yield what comes until the camera ends it."""
        begun = heard = told = kept = self._clock.monotonic()
        pictures, started = 0, False
        self._socket.settimeout(_STEP_S)
        while True:
            for item in self._items():
                started = True
                yield item
                # How long whoever takes it needed is not the camera's fault.
                heard = told = self._clock.monotonic()
            now = self._clock.monotonic()
            if pictures != self._pictures:
                pictures, heard = self._pictures, now
            if now - heard >= self._read_timeout_s:
                raise stalled(self._camera, self._read_timeout_s)
            if not started and now - begun >= KEYFRAME_WITHIN_S:
                raise no_keyframe(self._camera, KEYFRAME_WITHIN_S)
            if now - kept >= self._session.keepalive_s:
                kept = now
                self._socket.sendall(self._session.keep_alive())
            if now - told >= _STEP_S:
                told = now
                yield None
            self._read()

    @property
    def _pictures(self) -> int:
        """How many have come, those among them with which nothing can begin."""
        return self._depacketiser.units.pictures if self._depacketiser else 0

    def _read(self) -> bool:
        """Read what has come; return False when that is nothing. Raises OSError at the end."""
        try:
            count = self._socket.recv_into(self._wire.room())
        except TimeoutError:
            return False
        if not count:
            raise ConnectionResetError
        self._wire.fill(count)
        return True

    def _items(self) -> Iterator[VideoFormat | AccessUnit]:
        """Yield what is complete in what was read, and answer what the camera says in between."""
        wire, session, receiver, depacketiser = self._wire, self._session, self._receiver, self._depacketiser
        while (item := wire.next()) is not None:
            if not isinstance(item, Frame):
                if answer := session.receive(item):
                    self._socket.sendall(answer)
                receiver, depacketiser = self._video()
            elif receiver is not None and depacketiser is not None and item.channel == session.channel:
                packet = receiver.receive(item.data)
                if packet is not None:
                    yield from depacketiser.push(packet)

    def _video(self) -> tuple[RtpReceiver | None, Depacketiser | None]:
        """Return what takes the packets, once it is known what they are."""
        media = self._session.media
        if self._receiver is None and media is not None:
            self._receiver = RtpReceiver(media.payload_type, media.clock_rate)
            self._depacketiser = _DEPACKETISERS[media.codec](media.parameter_sets)
        return self._receiver, self._depacketiser
