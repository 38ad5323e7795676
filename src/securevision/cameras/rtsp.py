"""An IP camera over RTSP."""

import contextlib
import random
import threading
from collections.abc import Iterator

import av
from av.container import InputContainer
from av.error import FFmpegError

from securevision.cameras.addresses import SourceAddress
from securevision.cameras.backoff import BackoffConfig, Connection
from securevision.cameras.decoding import CODECS, Decoder
from securevision.cameras.failures import explain_break, explain_opening, redirected, stalled
from securevision.cameras.handover import Handover
from securevision.cameras.network_policy import NetworkPolicy
from securevision.cameras.relay import Relay, connect
from securevision.cameras.timing import CaptureTime
from securevision.domain.frames import Frame, SourceStatus, Tick
from securevision.domain.ports.clock import Clock
from securevision.errors import SourceError, SourceRefused

_OPTIONS = {
    "rtsp_transport": "tcp",
    "allowed_media_types": "video",
    "format_whitelist": "rtsp",
    # Not `tls`: the relay speaks it.
    "protocol_whitelist": "rtsp,rtp,tcp",
    "codec_whitelist": CODECS,
    # The stream's description says what is in it; half a second of looking is enough.
    "analyzeduration": "500000",
    "fpsprobesize": "0",
}
_TICK_S = 0.9


class RtspSource:
    """A FrameSource of a camera: H.264 or H.265 over RTSP and TCP.

    A thread of its own reads the camera, so that `frames()` can tell the time and end at once while that
    thread is stuck in a read, for `read_timeout_s` at most. Frames nobody took in time are dropped.
    Each time it connects it looks the camera's name up once, checks what it finds, and uses no other address.
    """

    def __init__(
        self,
        address: SourceAddress,
        source_id: str,
        fps: float,
        clock: Clock,
        *,
        open_timeout_s: float = 5.0,
        read_timeout_s: float = 5.0,
        backoff: BackoffConfig | None = None,
        network: NetworkPolicy | None = None,
    ) -> None:
        """`fps` is how many frames of each second are given, at most."""
        self._address = address
        self._source_id = source_id
        self._fps = fps
        self._clock = clock
        self._open_timeout_s = open_timeout_s
        self._read_timeout_s = read_timeout_s
        self._backoff = backoff or BackoffConfig()
        self._network = network or NetworkPolicy()
        self._connection = Connection()
        self._closing = threading.Event()
        self._handover = Handover(source_id, CaptureTime(clock))

    @property
    def source_id(self) -> str:
        """See FrameSource."""
        return self._source_id

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
        self._closing.set()
        self._handover.close()

    def frames(self) -> Iterator[Frame | Tick]:
        """See FrameSource."""
        threading.Thread(target=self._read, name=f"camera-{self._source_id}", daemon=True).start()
        try:
            while (item := self._handover.take(_TICK_S)) is not None:
                yield item
        finally:
            self.close()

    def _read(self) -> None:
        try:
            while not self._closing.is_set():
                self._connection = self._try()
                chance = random.random()  # noqa: S311 - spreads load, protects nothing # nosec B311
                if self._closing.wait(self._connection.wait_s(self._backoff, chance)):
                    return
                self._connection = self._connection.trying()
        except Exception as error:  # noqa: BLE001 - raised again by whoever takes the frames
            self._handover.fail(error)

    def _try(self) -> Connection:
        """Read the camera until that fails; return what became of the connection."""
        try:
            with self._connect() as relay:
                self._watch(relay)
        except SourceRefused as error:
            return self._connection.refused(str(error))
        except SourceError as error:
            return self._connection.lost(str(error))
        return self._connection

    def _connect(self) -> Relay:
        address, limit = self._address, self._open_timeout_s
        begin = self._clock.monotonic()
        try:
            return Relay(connect(address, self._network.pin(address, limit), limit))
        except (OSError, ValueError) as error:
            waited = self._clock.monotonic() - begin
            raise explain_opening(error, address.display, waited, limit) from None

    def _watch(self, relay: Relay) -> None:
        try:
            with self._open(relay.port) as container:
                self._deliver(container)
        except SourceError:
            if relay.redirected:
                raise redirected(self._address.display) from None
            raise

    def _open(self, port: int) -> InputContainer:
        begin = self._clock.monotonic()
        try:
            return av.open(
                self._address.relayed_url(port),
                format="rtsp",
                metadata_errors="replace",
                # Both are needed: `timeout` bounds one read, and the outer ones end a camera that
                # keeps talking and sends no video.
                timeout=(self._open_timeout_s, self._read_timeout_s),
                options={**_OPTIONS, "timeout": str(round(self._open_timeout_s * 1_000_000))},
            )
        except (FFmpegError, OSError) as error:
            waited = self._clock.monotonic() - begin
            raise explain_opening(error, self._address.display, waited, self._open_timeout_s) from None

    def _deliver(self, container: InputContainer) -> None:
        """Hand frames over until the camera or the source ends."""
        camera, limit = self._address.display, self._read_timeout_s
        heard = seen = self._clock.monotonic()
        # A broken connection raises, or ends the pictures: both mean the same.
        with contextlib.suppress(FFmpegError):
            for picture in Decoder(container, self._fps, camera).pictures():
                if self._closing.is_set():
                    return
                heard = self._clock.monotonic()
                if picture is not None:
                    seen = heard
                    self._connection = self._connection.delivered()
                    self._handover.put(picture.pixels)
                elif heard - seen > max(limit, 2.0 / self._fps):
                    raise stalled(camera, limit)
        raise explain_break(camera, self._clock.monotonic() - heard, limit)
