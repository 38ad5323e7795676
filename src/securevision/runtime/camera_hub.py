"""The core's side of the media workers: which worker reads which camera, and what they all say."""

import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from securevision.domain.camera_reports import CameraReport, WorkerReport
from securevision.domain.frames import SourceState, SourceStatus
from securevision.domain.motion import MotionConfig
from securevision.domain.ports.cameras import Connect
from securevision.domain.ports.clock import Clock
from securevision.domain.seal import Seal
from securevision.runtime.camera_listener import CameraListener
from securevision.runtime.connection import connected
from securevision.runtime.frame_scheduler import WaitingFrame
from securevision.runtime.messages import (
    Beat,
    BeginClip,
    BeginLive,
    CameraBeat,
    EndClip,
    EndLive,
    Finished,
    FrameReady,
    FreeSlot,
    Message,
    NeedConnection,
    OfCamera,
    Quiet,
    StateChanged,
    TakeStill,
    TamperChanged,
    Unwatch,
    Watch,
)
from securevision.runtime.recognition_desk import RecognitionDesk
from securevision.runtime.slots import SLOT_BYTES
from securevision.runtime.supervision import Worker, WorkerKind
from securevision.telemetry.redaction import redact

CAMERAS_A_WORKER = 8
_STUCK_S = 3.0
_STUCK_CONNECTING_S = 20.0
_MEASURED_S = 2.0
"""Rates are of so long."""
_CONNECTING = SourceStatus(SourceState.CONNECTING)
_REPLACED = "The process that reads the camera is being replaced."


@dataclass(frozen=True, slots=True)
class WatchedCamera:
    """A camera or a file, and how it is watched."""

    id: str
    address: str = field(repr=False)
    """With its login."""
    connect: Connect = field(repr=False)
    fps: float
    motion: MotionConfig = field(default_factory=MotionConfig)
    keyframes_only: bool = False
    gated: bool = True
    """Analyse only what moves."""
    paced: bool = True
    """A file plays at its own pace, like a camera; else it is read as fast as it is analysed, once."""
    loop: bool = False


@dataclass(slots=True)
class _Seat:
    """One camera with its worker."""

    camera: WatchedCamera
    place: "_Place"
    memory: int = 0
    """The number of its memory, and of its Watch."""
    connecting: int = 0
    """The watch for which it is being connected; 0 while it is not."""
    status: SourceStatus = _CONNECTING
    since_ms: int = 0
    beat: CameraBeat | None = None
    packets_a_second: float = 0.0
    analysed_a_second: float = 0.0
    measured: tuple[float, int, int] | None = None
    """When, and packets and analysed frames until then."""


class CameraHub:
    """All cameras. Any thread."""

    def __init__(
        self,
        kind: WorkerKind,
        recognition: RecognitionDesk,
        listener: CameraListener,
        clock: Clock,
        *,
        cameras_a_worker: int = CAMERAS_A_WORKER,
    ) -> None:
        self._kind = kind
        self._recognition = recognition
        self._listener = listener
        self._clock = clock
        self._cameras_a_worker = cameras_a_worker
        self._lock = threading.RLock()
        self._seats: dict[str, _Seat] = {}
        self._places: list[_Place] = []

    def watch(self, camera: WatchedCamera) -> None:
        """Begin to watch a camera, or watch it in another way."""
        self.unwatch(camera.id)
        with self._lock:
            place = next((each for each in self._places if len(each.cameras) < self._cameras_a_worker), None)
            if place is None:
                place = _Place(f"media-{len(self._places) + 1}", self, self._kind, self._clock)
                self._places.append(place)
                place.worker.start()
            seat = self._seats[camera.id] = _Seat(camera, place, since_ms=self._clock.now_ms())
            place.cameras.add(camera.id)
            if is_ready := place.is_ready:
                self._hand_over(seat)
        self._listener.state(camera.id, seat.status)
        if is_ready:
            self._listener.resumed(camera.id)

    def unwatch(self, camera: str) -> None:
        """Watch a camera no more; one that is not watched is no matter."""
        with self._lock:
            seat = self._seats.pop(camera, None)
            if seat is None:
                return
            seat.place.cameras.discard(camera)
            seat.place.worker.send(Unwatch(camera))
            self._recognition.detach(camera)
        self._listener.lost_footage(camera)

    def watched(self) -> Mapping[str, WatchedCamera]:
        """Return what is watched, by name."""
        with self._lock:
            return {name: seat.camera for name, seat in self._seats.items()}

    def reports(self) -> Sequence[CameraReport]:
        """Return how each camera does, by name."""
        with self._lock:
            return [self._report(self._seats[name]) for name in sorted(self._seats)]

    def worker_reports(self) -> Sequence[WorkerReport]:
        """Return how each worker does, the recogniser last."""
        with self._lock:
            workers = [*(place.worker for place in self._places), self._recognition.worker]
        return [worker.report() for worker in workers]

    def begin_clip(self, camera: str, clip: int, *, replaces: int = 0) -> bool:
        """Ask for a clip; return whether somebody was there to ask. See BeginClip."""
        return self._send(camera, BeginClip(camera, clip, replaces))

    def end_clip(self, camera: str, clip: int) -> None:
        """Ask for the end of a clip."""
        self._send(camera, EndClip(camera, clip))

    def begin_live(self, camera: str) -> None:
        """Ask for live fragments."""
        self._send(camera, BeginLive(camera))

    def end_live(self, camera: str) -> None:
        """Ask for no more."""
        self._send(camera, EndLive(camera))

    def take_still(self, camera: str, request: int) -> bool:
        """Ask for a picture; return whether somebody was there to ask."""
        return self._send(camera, TakeStill(camera, request))

    def free(self, frame: WaitingFrame) -> None:
        """Give a slot back to the worker that owns its memory."""
        with self._lock:
            seat = self._seats.get(frame.camera)
            if seat is not None and seat.memory == frame.memory:
                seat.place.worker.send(FreeSlot(frame.camera, frame.slot))

    def close(self) -> None:
        """End all workers, in order: those that read first."""
        with self._lock:
            places = list(self._places)
        closing = [threading.Thread(target=place.worker.close) for place in places]
        for thread in closing:
            thread.start()
        for thread in closing:
            thread.join()
        self._recognition.close()

    def _send(self, camera: str, message: Message) -> bool:
        with self._lock:
            seat = self._seats.get(camera)
            return seat is not None and seat.place.worker.send(message)

    def _hand_over(self, seat: _Seat) -> None:
        """Tell a worker of a camera, with new memory for its frames. The lock must be held."""
        camera = seat.camera
        memory = self._recognition.attach(camera.id)
        seat.memory, seat.beat, seat.measured = memory.number, None, None
        message = Watch(
            memory.number,
            camera.id,
            camera.address,
            camera.fps,
            camera.motion,
            keyframes_only=camera.keyframes_only,
            slot_bytes=SLOT_BYTES,
            paced=camera.paced,
            loop=camera.loop,
            gated=camera.gated,
        )
        seat.place.worker.send(message, [memory.descriptor])

    def worker_started(self, place: "_Place") -> None:
        """Give a new worker its cameras."""
        with self._lock:
            place.is_ready = True
            cameras = sorted(place.cameras)
            for name in cameras:
                self._hand_over(self._seats[name])
        for name in cameras:
            self._listener.resumed(name)

    def worker_ended(self, place: "_Place") -> None:
        """Say of its cameras that nobody reads them just now."""
        with self._lock:
            # One that never was ready says why: whoever looks at the camera looks nowhere else.
            detail = (
                _REPLACED if place.is_ready else f"The process that reads the camera: {place.worker.failure}"
            )
            place.is_ready = False
            cameras = sorted(place.cameras)
        for camera in cameras:
            self._set_status(camera, SourceStatus(SourceState.BACKING_OFF, detail))
            self._listener.lost_footage(camera)

    def worker_said(self, place: "_Place", message: Any) -> str:  # noqa: ANN401 - FromMedia
        """Take a message of a worker; return why it must be replaced, or an empty string."""
        if isinstance(message, Beat):
            return self._take_beat(place, message)
        with self._lock:
            seat = self._seats.get(message.camera)
            if seat is None or not _is_of(message, seat, place):
                return ""
        match message:
            case NeedConnection():
                self._begin_to_connect(seat, message)
            case StateChanged():
                self._set_status(message.camera, SourceStatus(message.state, redact(message.detail)))
            case FrameReady():
                self._recognition.offer(
                    WaitingFrame(
                        message.camera,
                        seat.memory,
                        message.slot,
                        message.ts_ms,
                        message.width,
                        message.height,
                    )
                )
            case Quiet():
                self._listener.quiet(message.camera, message.ts_ms)
            case TamperChanged():
                self._listener.tamper(message.camera, message.tamper, message.ts_ms)
            case Finished():
                self._set_status(message.camera, SourceStatus(SourceState.ENDED, redact(message.detail)))
                self._listener.lost_footage(message.camera)
                self._listener.finished(message.camera, redact(message.detail))
            case _:
                self._listener.footage(message)
        return ""

    def _begin_to_connect(self, seat: _Seat, need: NeedConnection) -> None:
        with self._lock:
            if seat.connecting == need.watch:
                # A worker waits longer than this takes. One that does not must not fill us with threads.
                return
            seat.connecting = need.watch
        name = f"connect-{need.camera}"
        threading.Thread(target=self._connect, args=(seat, need), name=name, daemon=True).start()

    def _connect(self, seat: _Seat, need: NeedConnection) -> None:
        """Open the camera that a worker needs."""
        answer, descriptors = connected(need, seat.camera.connect)
        with self._lock:
            if seat.memory == need.watch and self._seats.get(seat.camera.id) is seat:
                seat.connecting = 0
                seat.place.worker.send(answer, descriptors)
        for descriptor in descriptors:
            os.close(descriptor)

    def _take_beat(self, place: "_Place", beat: Beat) -> str:
        now = self._clock.monotonic()
        with self._lock:
            for each in beat.cameras:
                seat = self._seats.get(each.camera)
                ours = seat if seat is not None and _is_of(each, seat, place) else None
                is_live = ours is not None and ours.status.state in (SourceState.LIVE, SourceState.STALLED)
                if each.still_s > (_STUCK_S if is_live else _STUCK_CONNECTING_S):
                    return f"Camera {each.camera} is stuck in it."
                if ours is not None:
                    ours.beat = each
                    self._measure(ours, each, now)
        return ""

    def _measure(self, seat: _Seat, beat: CameraBeat, now: float) -> None:
        packets, analysed = beat.packets, self._recognition.counts(seat.camera.id).analysed
        if seat.measured is None:
            seat.measured = (now, packets, analysed)
            return
        before, packets_before, analysed_before = seat.measured
        if (passed := now - before) >= _MEASURED_S:
            seat.packets_a_second = (packets - packets_before) / passed
            seat.analysed_a_second = (analysed - analysed_before) / passed
            seat.measured = (now, packets, analysed)

    def _set_status(self, camera: str, status: SourceStatus) -> None:
        with self._lock:
            seat = self._seats.get(camera)
            if seat is None or seat.status == status:
                return
            if seat.status.state is not status.state:
                seat.since_ms = self._clock.now_ms()
            seat.status = status
        self._listener.state(camera, status)

    def _report(self, seat: _Seat) -> CameraReport:
        name, beat = seat.camera.id, seat.beat or _NO_BEAT
        frames = self._recognition.counts(name)
        return CameraReport(
            id=name,
            status=seat.status,
            since_ms=seat.since_ms,
            codec=beat.codec,
            width=beat.width,
            height=beat.height,
            progress=beat.progress,
            packets_a_second=seat.packets_a_second,
            analysed_a_second=seat.analysed_a_second,
            packets=beat.packets,
            octets=beat.octets,
            pictures=beat.pictures,
            moving=beat.moving,
            crowded=beat.crowded,
            analysed=frames.analysed,
            superseded=frames.superseded,
            lost=frames.lost,
            latency_ms=frames.latency_ms,
            viewers=self._listener.viewers(name),
        )


def _is_of(message: OfCamera, seat: _Seat, place: "_Place") -> bool:
    """Whether it is about this watch: not about one that has ended, and not what is no business of that worker."""
    return seat.place is place and seat.memory == message.watch


_NO_BEAT = CameraBeat("", 0.0, 0, 0, 0, 0, 0, "", 0, 0, None)


class _Place:
    """The WorkerOwner of one media worker."""

    def __init__(self, name: str, hub: CameraHub, kind: WorkerKind, clock: Clock) -> None:
        self._hub = hub
        self.cameras: set[str] = set()
        self.is_ready = False
        self.worker = Worker(name, kind, self, clock)

    def started(self, seal: Seal) -> None:  # noqa: ARG002 - the worker keeps it
        """See WorkerOwner."""
        self._hub.worker_started(self)

    def received(self, message: Any) -> str:  # noqa: ANN401 - see WorkerOwner
        """See WorkerOwner."""
        return self._hub.worker_said(self, message)

    def ended(self) -> None:
        """See WorkerOwner."""
        self._hub.worker_ended(self)
