"""A camera over RTMP, read through a socket that is connected to it already."""

from collections.abc import Iterator

from securevision.cameras.addresses import SourceAddress
from securevision.cameras.camera_connection import CameraConnection
from securevision.cameras.failures import explain_end, no_keyframe
from securevision.cameras.rtmp_session import RtmpSession
from securevision.domain.ports.cameras import Connect
from securevision.domain.ports.clock import Clock
from securevision.domain.video import AccessUnit, VideoFormat
from securevision.errors import SourceError

KEYFRAME_WITHIN_S = 30.0
"""Cameras with a "smart" codec send one every ten seconds or so."""
_STEP_S = 1.0


class RtmpStream:
    """A Stream of a camera: H.264 or H.265 over RTMP. What is sent with it, such as sound, is left out."""

    def __init__(
        self,
        connect: Connect,
        address: SourceAddress,
        clock: Clock,
        *,
        open_timeout_s: float = 5.0,
        read_timeout_s: float = 5.0,
    ) -> None:
        """`connect` is called once, on the thread that takes the items.

        The camera must play within `open_timeout_s`, and then each picture must come within `read_timeout_s`.
        """
        self._connection = CameraConnection(connect, address, clock)
        self._address = address
        self._clock = clock
        self._open_timeout_s = open_timeout_s
        self._read_timeout_s = read_timeout_s

    def items(self) -> Iterator[VideoFormat | AccessUnit | None]:
        """See Stream."""
        session = RtmpSession(self._address)
        try:
            yield from self._watch(session)
        except (OSError, SourceError) as error:
            if not self._connection.ended:
                opened = session.playing
                limit_s = self._read_timeout_s if opened else self._open_timeout_s
                raise explain_end(error, self._address.display, opened=opened, limit_s=limit_s) from None
        finally:
            self._connection.close()

    def close(self) -> None:
        """See Stream."""
        self._connection.end()

    def _watch(self, session: RtmpSession) -> Iterator[VideoFormat | AccessUnit | None]:
        """Yield what comes until the camera ends it, and None every second without. Raises SourceError, OSError."""
        connection = self._connection
        deadline = yield from connection.open(self._open_timeout_s)
        begun = told = self._clock.monotonic()
        pictures, started = 0, False
        while not session.ended:
            if outgoing := session.take_outgoing():
                connection.send(outgoing, deadline)
            data = connection.receive(deadline)
            playing = session.playing
            for item in session.feed(data):
                yield item
                started = True
                told = self._clock.monotonic()
            now = self._clock.monotonic()
            if playing != session.playing or pictures != session.pictures:
                pictures, deadline = session.pictures, now + self._read_timeout_s
            if not started and now - begun >= KEYFRAME_WITHIN_S:
                raise no_keyframe(self._address.display, KEYFRAME_WITHIN_S)
            if now - told >= _STEP_S:
                told = now
                yield None
        raise ConnectionResetError
