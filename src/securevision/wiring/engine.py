"""All that watches and recognises: the workers, and the way from what they give to events."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import msgspec

from securevision.cameras.addresses import SourceAddress
from securevision.cameras.connecting import open_descriptor
from securevision.cameras.network_policy import NetworkPolicy
from securevision.clock import SystemClock
from securevision.domain.ports.cameras import Connect
from securevision.errors import InvalidInput
from securevision.runtime.analysis import Analysis, GalleryRefresh
from securevision.runtime.camera_hub import CameraHub
from securevision.runtime.clip_desk import ClipDesk
from securevision.runtime.live_desk import LiveDesk
from securevision.runtime.messages import FromMedia, FromRecogniser
from securevision.runtime.pipeline import Pipeline
from securevision.runtime.recognition_desk import RecognitionDesk
from securevision.runtime.recording import EventRecorder
from securevision.runtime.supervision import WorkerKind
from securevision.settings import Settings
from securevision.wiring.models import Models
from securevision.wiring.recogniser_job import RecogniserJob

_MEDIA_BYTES = 1 << 30
_RECOGNISER_BYTES = 3 << 30

MakePipeline = Callable[[str, Iterator[int]], Pipeline]


@dataclass(frozen=True, slots=True)
class Engine:
    """The parts; they run between `start` and `close`."""

    hub: CameraHub
    recognition: RecognitionDesk
    analysis: Analysis
    live: LiveDesk
    clips: ClipDesk | None

    def start(self) -> None:
        """Start the recogniser and the analysis; media workers start with their first camera."""
        self.analysis.start()
        self.recognition.worker.start()

    def close(self) -> None:
        """End everything in order: who reads, who recognises, who makes events of it, and what is recorded."""
        self.hub.close()
        self.analysis.close()
        if self.clips is not None:
            self.clips.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def make_engine(
    settings: Settings,
    models: Models,
    make_pipeline: MakePipeline,
    recorder: EventRecorder,
    *,
    refresh: GalleryRefresh | None = None,
    clips: ClipDesk | None = None,
) -> Engine:
    """Make the parts, and let them know each other."""
    clock, live = SystemClock(), LiveDesk()
    analysis = Analysis(make_pipeline, recorder, clock, refresh=refresh, clips=clips, live=live)
    recognition = RecognitionDesk(
        recogniser_kind(settings, models),
        clock,
        threads=settings.models.threads,
        deliver=analysis.look,
    )
    hub = CameraHub(media_kind(settings), recognition, analysis, clock)
    recognition.use(hub.free)
    live.use(hub)
    if clips is not None:
        clips.use(hub)
    return Engine(hub, recognition, analysis, live, clips)


def recogniser_kind(settings: Settings, models: Models) -> WorkerKind:
    """Return how a recogniser is started. Raises Unavailable when its models cannot be had, InvalidInput."""
    if not (settings.face.enabled or settings.plates.enabled):
        raise InvalidInput(
            "Neither faces nor plates are to be recognised; "
            "set SECUREVISION__FACE__ENABLED or SECUREVISION__PLATES__ENABLED to true."
        )
    job = RecogniserJob(
        models.face_files() if settings.face.enabled else None,
        models.plate_files() if settings.plates.enabled else None,
        settings.face_config,
        settings.plate_config,
        settings.models.threads,
    )
    command = ("-m", "securevision.wiring.recogniser", msgspec.json.encode(job).decode())
    return WorkerKind(command, FromRecogniser, _RECOGNISER_BYTES, allow_unsealed=may_be_unsealed(settings))


def media_kind(settings: Settings) -> WorkerKind:
    """Return how a media worker is started."""
    command = ("-m", "securevision.wiring.media")
    return WorkerKind(command, FromMedia, _MEDIA_BYTES, allow_unsealed=may_be_unsealed(settings))


def connector(
    address: SourceAddress, *, allow_loopback: bool = False, demo_clip: Path | None = None
) -> Connect:
    """Return how a camera is reached, or a file opened; each time its addresses are looked up and checked anew."""
    policy = NetworkPolicy(allow_loopback)
    return lambda: open_descriptor(address, policy, demo_clip)


def may_be_unsealed(settings: Settings) -> bool:
    """Whether workers may read what cameras send without a seal; `doctor`, health, log and audit log say so."""
    # Elsewhere than on Linux there is no such seal.
    return settings.sandbox.allow_unsealed or sys.platform != "linux"
