"""A camera over RTSP: an open connection in, formats and access units out."""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from typing import TypeAlias

from securevision.cameras.addresses import SourceAddress
from securevision.cameras.camera_connection import CameraConnection
from securevision.cameras.failures import (
    explain_end,
    no_keyframe,
    not_understood,
)
from securevision.cameras.h264 import H264Depacketiser
from securevision.cameras.h265 import H265Depacketiser
from securevision.cameras.rtp import Frame, Interleaved, RtpReceiver
from securevision.cameras.rtsp_messages import Malformed
from securevision.cameras.rtsp_session import RtspSession
from securevision.domain.ports.cameras import Connect
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
        connect: Connect,
        address: SourceAddress,
        clock: Clock,
        *,
        open_timeout_s: float = 5.0,
        read_timeout_s: float = 5.0,
    ) -> None:
        """`connect` connects to the camera, twice at most, on the thread that takes the items.

        The camera must have described and promised its video within `open_timeout_s`, the time that `connect` takes
        not counted, and then each picture must come within `read_timeout_s`.
        """
        self._connection = CameraConnection(connect, address, clock)
        self._camera = address.display
        self._clock = clock
        self._open_timeout_s = open_timeout_s
        self._read_timeout_s = read_timeout_s
        self._session = RtspSession(address)
        self._wire = Interleaved()
        self._receiver: RtpReceiver | None = None
        self._depacketiser: Depacketiser | None = None

    def close(self) -> None:
        """See Stream."""
        self._connection.end()

    def items(self) -> Iterator[VideoFormat | AccessUnit | None]:
        """See Stream."""
        opened = False
        try:
            deadline = yield from self._begin()
            yield from self._open(deadline)
            opened = True
            yield from self._watch()
        except Malformed:
            raise not_understood(self._camera, "RTSP") from None
        except (OSError, SourceError) as error:
            if not self._connection.ended:
                limit_s = self._read_timeout_s if opened else self._open_timeout_s
                raise explain_end(error, self._camera, opened=opened, limit_s=limit_s) from None
        finally:
            self._connection.say_farewell(self._session.tear_down())
            self._connection.close()

    # Each of the following raises Malformed, SourceError, and OSError as CameraConnection does.

    def _begin(self) -> Generator[None, None, float]:
        """Connect and ask the first question; return by when the camera must play."""
        deadline = yield from self._connection.open(self._open_timeout_s)
        self._connection.send(self._session.start(), deadline)
        return deadline

    def _open(self, deadline: float) -> Iterator[VideoFormat | AccessUnit | None]:
        """Talk until the camera plays, however slowly it answers. Pictures may come before it says so."""
        while not (self._session.playing or self._pictures):
            try:
                if not self._read(deadline):
                    yield None
            except ConnectionResetError:
                deadline = yield from self._begin_again(deadline)
            yield from self._items(deadline)

    def _begin_again(self, deadline: float) -> Generator[None, None, float]:
        """Connect again to a camera that asked for a login and hung up."""
        question = self._session.ask_again()
        if not question:
            raise ConnectionResetError
        self._wire = Interleaved()
        deadline = yield from self._connection.open(deadline - self._clock.monotonic())
        self._connection.send(question, deadline)
        return deadline

    def _watch(self) -> Iterator[VideoFormat | AccessUnit | None]:
        """Yield what comes until the camera ends it."""
        begun = heard = told = kept = self._clock.monotonic()
        pictures, started = 0, False
        while True:
            for item in self._items(heard + self._read_timeout_s):
                started = True
                yield item
                # How long whoever takes it needed is not the camera's fault.
                heard = told = self._clock.monotonic()
            now = self._clock.monotonic()
            if pictures != self._pictures:
                pictures, heard = self._pictures, now
            if not started and now - begun >= KEYFRAME_WITHIN_S:
                raise no_keyframe(self._camera, KEYFRAME_WITHIN_S)
            if now - kept >= self._session.keepalive_s:
                kept = now
                self._connection.send(self._session.keep_alive(), heard + self._read_timeout_s)
            if now - told >= _STEP_S:
                told = now
                yield None
            self._read(heard + self._read_timeout_s)

    @property
    def _pictures(self) -> int:
        """How many have come, those among them with which nothing can begin."""
        return self._depacketiser.units.pictures if self._depacketiser else 0

    def _read(self, deadline: float) -> bool:
        """Read what has come; return False when that is nothing."""
        count = self._connection.receive_into(self._wire.room(), deadline)
        self._wire.fill(count)
        return count > 0

    def _items(self, deadline: float) -> Iterator[VideoFormat | AccessUnit]:
        """Yield what is complete in what was read, and answer what the camera says in between."""
        wire, session, receiver, depacketiser = self._wire, self._session, self._receiver, self._depacketiser
        while (item := wire.next()) is not None:
            if not isinstance(item, Frame):
                if answer := session.receive(item):
                    self._connection.send(answer, deadline)
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
