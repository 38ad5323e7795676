"""Cameras that give what a test says, in place of workers that read real ones."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from threading import Event

from securevision.cameras.addresses import parse_address
from securevision.cameras.network_policy import NetworkPolicy
from securevision.domain.camera_reports import CameraReport, CameraTrial, WorkerReport
from securevision.domain.frames import SourceState, SourceStatus
from securevision.domain.network_cameras import CameraStreams, FoundCamera, OfferedStream
from securevision.domain.ports.store import CameraStore
from securevision.domain.seal import Seal
from securevision.errors import SecureVisionError
from securevision.runtime.live_desk import LiveDesk
from securevision.runtime.messages import LiveData, LiveInit, Still

MIME = 'video/mp4; codecs="avc1.64001f"'
LIVE = SourceStatus(SourceState.LIVE, "All is well.")
SEALED = Seal(no_new_privileges=True, limits=True, system_calls=True, files=True, ports=True, landlock_abi=4)


def report(camera: str, status: SourceStatus = LIVE) -> CameraReport:
    """Return how a camera does that has run for a while."""
    return CameraReport(
        id=camera,
        status=status,
        since_ms=1_600_000_000_000,
        codec="h264",
        width=640,
        height=360,
        progress=None,
        packets_a_second=24.996,
        analysed_a_second=4.5,
        packets=1000,
        octets=5_000_000,
        pictures=200,
        moving=100,
        crowded=7,
        analysed=80,
        superseded=8,
        lost=5,
        latency_ms=125,
        viewers=0,
    )


def worker(name: str, *, failure: str = "", seal: Seal | None = SEALED) -> WorkerReport:
    """Return how a worker does; one that has failed has no process."""
    return WorkerReport(
        name, 0 if failure else 4711, restarts=2, failure=failure, seal=seal, resident_bytes=1 << 26
    )


@dataclass
class Watching:
    """The CameraReports, and the LiveOrders of a real LiveDesk."""

    live: LiveDesk
    jpeg: bytes
    """What every camera shows when it is asked for a picture."""
    told: dict[str, CameraReport] = field(default_factory=dict)
    workers: list[WorkerReport] = field(default_factory=lambda: [worker("media-1"), worker("recogniser")])
    sending: set[str] = field(default_factory=set)
    """Cameras that are asked for live video."""
    asked: Event = field(default_factory=Event)
    """Set once a camera was asked for live video."""
    stopped: Event = field(default_factory=Event)
    """Set once a camera was asked for no more."""
    answers: bool = True
    """Whether cameras give pictures when they are asked."""
    before_still: Callable[[], object] = lambda: None
    """Called before one is given."""

    def reports(self) -> Sequence[CameraReport]:
        return [replace(self.told[name], viewers=self.live.viewers(name)) for name in sorted(self.told)]

    def worker_reports(self) -> Sequence[WorkerReport]:
        return self.workers

    def begin_live(self, camera: str) -> None:
        self.sending.add(camera)
        self.asked.set()

    def end_live(self, camera: str) -> None:
        self.sending.discard(camera)
        self.stopped.set()

    def take_still(self, camera: str, request: int) -> bool:
        if not self.answers or camera not in self.told:
            return False
        self.before_still()
        self.live.take(Still(camera, request, self.jpeg))
        return True

    def start(self, camera: str, init: bytes = b"init") -> None:
        """Send what comes before the first fragment."""
        self.live.take(LiveInit(camera, MIME, init))

    def show(self, camera: str, ts_ms: int, data: bytes, *, keyframe: bool = True) -> None:
        """Send a picture."""
        self.live.take(LiveData(camera, ts_ms, keyframe, data))

    def keep_to(self, store: CameraStore) -> None:
        """Watch exactly the cameras that are kept and enabled."""
        enabled = [camera.config.id for camera in store.all() if camera.config.enabled]
        self.told = {name: self.told.get(name) or report(name) for name in enabled}


@dataclass
class Trials:
    """Tries cameras without reaching any."""

    outcome: CameraTrial = field(default_factory=lambda: CameraTrial("", "h264", 1280, 720, 24.996))
    tried: list[tuple[str, bool]] = field(default_factory=list)
    begun: Event = field(default_factory=Event)
    may_end: Event = field(default_factory=Event)
    """Set from the start; a test that clears it has the next trial last until it sets it again."""

    def __post_init__(self) -> None:
        self.may_end.set()

    def try_out(self, address: str, allow_loopback: bool) -> CameraTrial:
        self.tried.append((address, allow_loopback))
        self.begun.set()
        assert self.may_end.wait(10)
        return self.outcome


STREAM = OfferedStream("Main", "h264", 1920, 1080, 25.0, "rtsp://192.168.7.8:554/main?x=1")
STREAMS = CameraStreams("Acme", "Bullet", "V1", (STREAM,))
FOUND = (FoundCamera("Gate", "Bullet", ("http://192.168.7.8/onvif/device_service",)),)


@dataclass
class Searches:
    """The CameraSearch of a network with one camera."""

    failure: SecureVisionError | None = None
    """Raised in place of any answer."""
    asked: list[tuple[str, bool] | float] = field(default_factory=list)

    def find(self, wait_s: float) -> Sequence[FoundCamera]:
        self._ask(wait_s)
        return FOUND

    def shown(self, address: str, *, allow_loopback: bool) -> str:
        return shown_address(address, allow_loopback)

    def streams(self, address: str, *, allow_loopback: bool) -> CameraStreams:
        self._ask((address, allow_loopback))
        return STREAMS

    def _ask(self, question: tuple[str, bool] | float) -> None:
        self.asked.append(question)
        if self.failure is not None:
            raise self.failure


def shown_address(text: str, allow_loopback: bool) -> str:
    """Check an address as the server does."""
    address = parse_address(text)
    if address.host:
        NetworkPolicy(allow_loopback).check(address)
    return address.display
