"""Cameras as the product watches them: sealed media workers, events, recordings; and a recogniser without models."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from fakes import seeing_recogniser
from fakes.stores import MemoryEventStore, MemoryRecordingStore
from securevision.cameras.addresses import parse_address
from securevision.clock import SystemClock
from securevision.domain.camera_reports import CameraReport, WorkerReport
from securevision.domain.cameras import RecordingMode
from securevision.domain.events import CameraPayload, CameraState, Event, EventQuery, FacePayload
from securevision.domain.frames import SourceState, SourceStatus
from securevision.domain.looks import Look
from securevision.domain.people import Template
from securevision.domain.ports.cameras import Connect
from securevision.domain.ports.clock import Clock
from securevision.domain.recordings import Recording
from securevision.runtime.analysis import Analysis, MakePipeline
from securevision.runtime.camera_hub import CameraHub, WatchedCamera
from securevision.runtime.clip_desk import ClipDesk
from securevision.runtime.feed import Feed
from securevision.runtime.live_desk import LiveDesk
from securevision.runtime.messages import FromRecogniser
from securevision.runtime.pipeline import Pipeline
from securevision.runtime.recognition_desk import RecognitionDesk
from securevision.runtime.recording import EventRecorder, StoringRecorder
from securevision.runtime.supervision import WorkerKind
from securevision.settings import Settings
from securevision.store.footage_files import EventPictures, RecordingFiles
from securevision.wiring.engine import connector, media_kind
from unit.runtime.pipelines import make_pipeline

PATIENCE_S = 30.0
_LOOK_S = 0.02
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Moment:
    """A state that a camera was in, and since when."""

    state: SourceState
    detail: str
    at_s: float
    """Monotonic."""


class WatchedAnalysis(Analysis):
    """Keeps what it is told of states, in order."""

    def __init__(
        self,
        make_pipeline: MakePipeline,
        recorder: EventRecorder,
        clock: Clock,
        *,
        clips: ClipDesk,
        live: LiveDesk,
    ) -> None:
        super().__init__(make_pipeline, recorder, clock, clips=clips, live=live)
        self.moments: dict[str, list[Moment]] = {}
        self.strangers: Counter[str] = Counter()
        """How many each camera showed, in all its looks."""
        self.changed = threading.Condition()
        self._own_clock = clock

    def state(self, camera: str, status: SourceStatus) -> None:
        """See CameraListener."""
        with self.changed:
            moment = Moment(status.state, status.detail, self._own_clock.monotonic())
            self.moments.setdefault(camera, []).append(moment)
            self.changed.notify_all()
        super().state(camera, status)

    def look(self, look: Look) -> None:
        """Count who is not known, in each picture by itself, and pass it on."""
        self.strangers[look.source_id] += sum(
            bool(face.embedding[seeing_recogniser.STRANGER]) for face in look.faces
        )
        super().look(look)


@dataclass
class CameraEngine:
    """The parts, and what became of cameras."""

    hub: CameraHub
    analysis: WatchedAnalysis
    recognition: RecognitionDesk
    clips: ClipDesk
    events_kept: MemoryEventStore
    recordings_kept: MemoryRecordingStore
    clock: Clock

    def watch(
        self,
        name: str,
        address: str,
        *,
        connect: Connect | None = None,
        record: bool = False,
        gated: bool = True,
    ) -> None:
        """Watch a camera on this machine; `connect` stands in for the way to it."""
        self.clips.set_mode(name, RecordingMode.CONTINUOUS if record else RecordingMode.OFF)
        reach = connect or connector(parse_address(address), allow_loopback=True)
        self.hub.watch(WatchedCamera(name, address, reach, fps=5.0, gated=gated))

    def unwatch(self, name: str) -> None:
        """Watch it no more."""
        self.hub.unwatch(name)
        self.analysis.forget(name)

    def report(self, name: str) -> CameraReport:
        """How a camera does."""
        return next(each for each in self.hub.reports() if each.id == name)

    def workers(self) -> Sequence[WorkerReport]:
        """The media workers."""
        return self.hub.worker_reports()[:-1]

    def moments(self, name: str) -> list[Moment]:
        """All states of a camera so far."""
        with self.analysis.changed:
            return list(self.analysis.moments.get(name, []))

    def until_state(self, name: str, state: SourceState, *, after: int = 0, hint: str = "") -> Moment:
        """Wait for a state, with these words in its detail, that came after the first so many; return it."""

        def found() -> Moment | None:
            told = self.analysis.moments.get(name, [])[after:]
            return next((each for each in told if each.state is state and hint in each.detail), None)

        with self.analysis.changed:
            moment = self.analysis.changed.wait_for(found, PATIENCE_S)
        assert moment is not None, (name, state, self.moments(name)[after:])
        return moment

    def until(self, condition: Callable[[], T | None]) -> T:
        """Wait until something is so; return it."""
        deadline, pause = self.clock.monotonic() + PATIENCE_S, threading.Event()
        while self.clock.monotonic() < deadline:
            if found := condition():
                return found
            pause.wait(_LOOK_S)
        raise AssertionError("it never came to that")

    def until_seen(self, name: str) -> list[str | None]:
        """Wait until somebody was seen; return who."""
        return self.until(lambda: self.faces(name))

    def until_told(self, name: str, state: CameraState) -> None:
        """Wait for an event of the camera itself."""
        self.until(lambda: state in self.camera_states(name))

    def until_analysed(self, name: str) -> None:
        """Wait for a frame to be analysed from now on."""
        before = self.report(name).analysed
        self.until(lambda: self.report(name).analysed > before)

    def until_size(self, name: str, width: int, height: int) -> None:
        """Wait for pictures of this size."""
        self.until(lambda: (self.report(name).width, self.report(name).height) == (width, height))

    def events(self, name: str) -> list[Event]:
        """The stored events of a camera, oldest first."""
        page = self.events_kept.page(EventQuery(limit=1000))
        return sorted((each for each in page.events if each.source_id == name), key=lambda event: event.id)

    def camera_states(self, name: str) -> list[CameraState]:
        """What events say of the camera itself, in order."""
        return [each.payload.state for each in self.events(name) if isinstance(each.payload, CameraPayload)]

    def faces(self, name: str) -> list[str | None]:
        """Who was seen, in order."""
        return [
            each.payload.person_name for each in self.events(name) if isinstance(each.payload, FacePayload)
        ]

    def recordings(self, name: str) -> list[Recording]:
        """Its recordings, oldest first."""
        return sorted(
            self.recordings_kept.overlapping(name, 0, 1 << 62, 1000), key=lambda each: each.begin_ms
        )


@contextmanager
def camera_engine(
    folder: Path,
    *,
    media: WorkerKind | None = None,
    recogniser: WorkerKind | None = None,
    cameras_a_worker: int = 8,
    clock: Clock | None = None,
) -> Iterator[CameraEngine]:
    """Start everything, and end it in order. Without a kind of its own, a worker is as usual, see above."""
    clock = clock or SystemClock()
    events, recordings, live = MemoryEventStore(clock), MemoryRecordingStore(), LiveDesk()
    recorder = StoringRecorder(events, EventPictures(folder / "pictures"), Feed(), clock)
    clips = ClipDesk(recordings, RecordingFiles(folder / "recordings"), clock)
    ada = Template("ada", seeing_recogniser.embedding(), "00")

    def pipeline(camera: str, sightings: Iterator[int]) -> Pipeline:
        return make_pipeline(recorder, [ada], camera=camera, sightings=sightings)

    analysis = WatchedAnalysis(pipeline, recorder, clock, clips=clips, live=live)
    seeing = WorkerKind(seeing_recogniser.COMMAND, FromRecogniser, 1 << 30)
    recognition = RecognitionDesk(recogniser or seeing, clock, threads=2, deliver=analysis.look)
    hub = CameraHub(
        media or media_kind(Settings()), recognition, analysis, clock, cameras_a_worker=cameras_a_worker
    )
    recognition.use(hub.free)
    live.use(hub)
    clips.use(hub)
    analysis.start()
    recognition.worker.start()
    try:
        yield CameraEngine(hub, analysis, recognition, clips, events, recordings, clock)
    finally:
        hub.close()
        analysis.close()
        clips.close()
