"""From what cameras give to events, on one thread."""

import functools
import logging
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count

from securevision.domain.events import EventDraft
from securevision.domain.frames import SourceState, SourceStatus, Tick
from securevision.domain.live import LiveBoxes
from securevision.domain.looks import Look
from securevision.domain.ports.clock import Clock
from securevision.domain.ports.store import PeopleStore
from securevision.errors import SecureVisionError
from securevision.incidents.camera_watch import CameraNews, CameraWatch
from securevision.incidents.matching import Gallery
from securevision.runtime.clip_desk import ClipDesk
from securevision.runtime.live_desk import LiveDesk
from securevision.runtime.messages import ClipData, ClipEnded, LiveData, LiveInit, Still
from securevision.runtime.pipeline import Pipeline
from securevision.runtime.recording import EventRecorder

_log = logging.getLogger(__name__)
_TICK_S = 1.0
_SECONDS_BETWEEN_COMPLAINTS = 60.0

MakePipeline = Callable[[str, Iterator[int]], Pipeline]
"""Makes the pipeline of a camera; numbers of sightings come from the iterator."""


class GalleryRefresh:
    """Gives a new gallery when somebody was enrolled or removed, also by another process."""

    def __init__(self, people: PeopleStore, make: Callable[[], Gallery]) -> None:
        self._people = people
        self._make = make
        self._revision: int | None = None
        self._gallery: Gallery | None = None

    def apply(self, pipeline: Pipeline) -> None:
        """Look whether the gallery has changed, and load it if so; when that fails it stays as it is."""
        try:
            revision = self._people.revision()
            if self._gallery is None or revision != self._revision:
                self._gallery, self._revision = self._make(), revision
        except SecureVisionError as error:
            _log.error("The gallery stays as it is: %s", error)
        if self._gallery is not None:
            pipeline.reporter.gallery = self._gallery


@dataclass(slots=True)
class _Camera:
    pipeline: Pipeline
    watch: CameraWatch
    state: SourceState = SourceState.CONNECTING
    heard: tuple[float, int] | None = None
    """When something came, by the monotonic clock, and of which time it was."""
    failed: bool = False


class Analysis:
    """The CameraListener, and the thread behind it. Any thread may call."""

    def __init__(
        self,
        make_pipeline: MakePipeline,
        recorder: EventRecorder,
        clock: Clock,
        *,
        refresh: GalleryRefresh | None = None,
        clips: ClipDesk | None = None,
        live: LiveDesk | None = None,
    ) -> None:
        """Without `refresh` the gallery stays; `recorder` takes the events of cameras' own states."""
        self._make_pipeline = make_pipeline
        self._recorder = recorder
        self._clock = clock
        self._refresh = refresh
        self._clips = clips
        self._live = live
        self._sightings = count(1)
        self._cameras: dict[str, _Camera] = {}
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="analysis", daemon=True)
        self.finished_cameras: queue.SimpleQueue[tuple[str, str]] = queue.SimpleQueue()
        """Of sources that have an end: their name, and why they ended early."""
        self._complained = float("-inf")

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self) -> None:
        """Finish what is waiting, end all tracks, and end the thread."""
        self._jobs.put(None)
        self._thread.join()

    def look(self, look: Look) -> None:
        """Take what was seen in a frame."""
        self._jobs.put(lambda: self._analyse(look.source_id, look))

    def quiet(self, camera: str, ts_ms: int) -> None:
        """See CameraListener."""
        self._jobs.put(lambda: self._analyse(camera, Tick(camera, ts_ms)))

    def state(self, camera: str, status: SourceStatus) -> None:
        """See CameraListener."""
        self._jobs.put(lambda: self._take_state(camera, status))

    def tamper(self, camera: str, tamper: str, ts_ms: int) -> None:
        """See CameraListener."""
        self._jobs.put(lambda: self._tell(camera, self._of(camera).watch.tamper(tamper, ts_ms)))

    def finished(self, camera: str, detail: str) -> None:
        """See CameraListener."""
        self._jobs.put(lambda: self._finish(camera, detail))

    def footage(self, message: ClipData | ClipEnded | LiveInit | LiveData | Still) -> None:
        """See CameraListener."""
        match message:
            case ClipData() | ClipEnded():
                if self._clips is not None:
                    self._clips.take(message)
            case _:
                if self._live is not None:
                    self._live.take(message)

    def lost_footage(self, camera: str) -> None:
        """See CameraListener."""
        if self._clips is not None:
            self._clips.lost(camera)
        if self._live is not None:
            self._live.lost(camera)

    def viewers(self, camera: str) -> int:
        """See CameraListener."""
        return self._live.viewers(camera) if self._live is not None else 0

    def resumed(self, camera: str) -> None:
        """See CameraListener."""
        if self._clips is not None:
            self._clips.resumed(camera)
        if self._live is not None:
            self._live.resume(camera)

    def forget(self, camera: str) -> None:
        """End the tracks of a camera that is watched no more."""
        self._jobs.put(lambda: self._forget(camera))

    def _run(self) -> None:
        due = self._clock.monotonic() + _TICK_S
        while True:
            try:
                job = self._jobs.get(timeout=max(0.0, due - self._clock.monotonic()))
            except queue.Empty:
                due = self._clock.monotonic() + _TICK_S
                self._tick()
                continue
            if job is None:
                break
            self._do(job)
            if self._clock.monotonic() >= due:
                due = self._clock.monotonic() + _TICK_S
                self._tick()
        for camera in list(self._cameras):
            self._do(functools.partial(self._forget, camera))

    def _do(self, job: Callable[[], None]) -> None:
        try:
            job()
        except Exception:  # noqa: BLE001 - one bad look must not blind every camera
            if self._clock.monotonic() - self._complained >= _SECONDS_BETWEEN_COMPLAINTS:
                self._complained = self._clock.monotonic()
                _log.exception("What a camera shows could not be analysed.")

    def _of(self, camera: str) -> _Camera:
        if camera not in self._cameras:
            pipeline = self._make_pipeline(camera, self._sightings)
            self._cameras[camera] = _Camera(pipeline, CameraWatch(self._clock.now_ms()))
        return self._cameras[camera]

    def _analyse(self, name: str, item: Look | Tick) -> None:
        camera = self._of(name)
        camera.heard = (self._clock.monotonic(), item.ts_ms)
        if self._refresh is not None and isinstance(item, Look):
            self._refresh.apply(camera.pipeline)
        events = camera.pipeline.take(item)
        if self._live is not None and isinstance(item, Look):
            self._live.show(name, LiveBoxes(item.ts_ms, camera.pipeline.boxes))
        if self._clips is not None and (events or camera.pipeline.sees_something):
            self._clips.something_is_there(name)

    def _take_state(self, name: str, status: SourceStatus) -> None:
        camera = self._of(name)
        camera.state = status.state
        self._tell(name, camera.watch.take(status, self._clock.now_ms()))

    def _tick(self) -> None:
        for name in self._cameras:
            self._do(functools.partial(self._tick_camera, name))
        if self._clips is not None:
            self._do(self._clips.tick)

    def _tick_camera(self, name: str) -> None:
        camera, now_ms = self._cameras[name], self._clock.now_ms()
        # A camera that lives tells the time itself; of one that is silent it goes on from where it was. A file that is
        # read at once has a time of its own, and wall-clock time would be ahead of it.
        if camera.heard is not None and camera.state not in (SourceState.LIVE, SourceState.ENDED):
            heard_s, ts_ms = camera.heard
            if (silent_s := self._clock.monotonic() - heard_s) > _TICK_S:
                camera.pipeline.take(Tick(name, ts_ms + round(1000 * silent_s)))
        self._tell(name, camera.watch.tick(now_ms))

    def _tell(self, name: str, news: CameraNews | None) -> None:
        if news is not None:
            self._recorder.record(EventDraft(next(self._sightings), name, news.ts_ms, news.payload), None)
            self._recorder.flush()

    def _finish(self, name: str, detail: str) -> None:
        if name in self._cameras:
            self._cameras[name].pipeline.finish()
        self.finished_cameras.put((name, detail))

    def _forget(self, name: str) -> None:
        if camera := self._cameras.pop(name, None):
            camera.pipeline.finish()
