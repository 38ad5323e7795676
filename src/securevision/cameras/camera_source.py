"""A camera, connected again and again."""

import random
import threading
from collections.abc import Callable, Iterator

from securevision.cameras.backoff import BackoffConfig, Connection
from securevision.cameras.decoding import Decoder
from securevision.cameras.failures import ended, silent
from securevision.cameras.timing import CaptureTime, PacketTime, Sampler
from securevision.domain.frames import SourceStatus
from securevision.domain.ports.cameras import Item, Stream
from securevision.domain.ports.clock import Clock
from securevision.domain.video import AccessUnit, VideoFormat
from securevision.errors import SourceError, SourceRefused

_STEP_S = 1.0
_STALLED_S = 2.0


class CameraSource:
    """A FrameSource of a camera, read and decoded on the thread that takes its items."""

    def __init__(
        self,
        open_stream: Callable[[], Stream],
        name: str,
        clock: Clock,
        *,
        fps: float,
        backoff: BackoffConfig | None = None,
    ) -> None:
        """`name` is how messages call it; at most `fps` pictures of each second are given."""
        self.keyframes_only = False
        self.fps = fps
        self._open_stream = open_stream
        self._name = name
        self._clock = clock
        self._backoff = backoff or BackoffConfig()
        self._connection = Connection()
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._stream: Stream | None = None
        self._capture = CaptureTime(clock)

    @property
    def live(self) -> bool:
        """A camera is live."""
        return True

    @property
    def status(self) -> SourceStatus:
        """See FrameSource."""
        connection = self._connection.ended() if self._closing.is_set() else self._connection
        return connection.status

    @property
    def progress(self) -> float | None:
        """A camera has no end."""
        return None

    def close(self) -> None:
        """See FrameSource."""
        with self._lock:
            self._closing.set()
            if self._stream is not None:
                self._stream.close()

    def items(self) -> Iterator[Item | None]:
        """See FrameSource."""
        while not self._closing.is_set():
            yield None
            try:
                yield from self._read()
                self._connection = self._connection.lost(ended(self._name))
            except SourceRefused as error:
                self._connection = self._connection.refused(str(error))
            except SourceError as error:
                self._connection = self._connection.lost(str(error))
            yield from self._wait()
            self._connection = self._connection.trying()

    def _wait(self) -> Iterator[None]:
        chance = random.random()  # noqa: S311 - spreads load, protects nothing # nosec B311
        until = self._clock.monotonic() + self._connection.wait_s(self._backoff, chance)
        while not self._closing.is_set() and (left := until - self._clock.monotonic()) > 0.0:
            yield None
            self._closing.wait(min(left, _STEP_S))

    def _read(self) -> Iterator[Item | None]:
        """Yield what one connection gives. Raises SourceError."""
        with self._lock:
            if self._closing.is_set():
                return
            self._stream = stream = self._open_stream()
        try:
            yield from self._unpacked(stream)
        finally:
            stream.close()

    def _unpacked(self, stream: Stream) -> Iterator[Item | None]:
        time, sampler = PacketTime(), Sampler()
        decoder: Decoder | None = None
        came = self._clock.monotonic()
        for item in stream.items():
            match item:
                case VideoFormat():
                    decoder = Decoder(item, self._name)
                    yield item
                case AccessUnit() if decoder is not None:
                    came = self._clock.monotonic()
                    self._connection = self._connection.delivered()
                    packet = time.place(item, self._capture.now_ms())
                    yield packet
                    if packet.keyframe or not self.keyframes_only:
                        yield from (
                            each for each in decoder.decode(packet) if sampler.wants(each.pts, self.fps)
                        )
                case _:
                    if self._clock.monotonic() - came > _STALLED_S:
                        self._connection = self._connection.stalled(silent(self._name))
                    yield None
