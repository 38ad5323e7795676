"""The core's side of the recogniser: whose frame it looks at, and what comes of it."""

import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np

from securevision.domain.geometry import Box
from securevision.domain.looks import Crop, Look
from securevision.domain.observations import FaceObservation, PlateObservation
from securevision.domain.ports.clock import Clock
from securevision.domain.seal import Seal
from securevision.errors import InvalidInput, Unavailable
from securevision.runtime.frame_scheduler import FrameCounts, FrameScheduler, WaitingFrame
from securevision.runtime.messages import (
    Analyse,
    Attach,
    Detach,
    FaceSeen,
    LookAt,
    Looked,
    NotLooked,
    PlateSeen,
    RecogniserBeat,
)
from securevision.runtime.slots import SLOT_BYTES, make_slots
from securevision.runtime.supervision import Worker, WorkerKind

_log = logging.getLogger(__name__)
_STUCK_S = 20.0
_LOOKED_WITHIN_S = 60.0
_READY_WITHIN_S = 30.0
_MIN_NORM = 0.5


@dataclass(frozen=True, slots=True)
class Memory:
    """The slots of one camera, as the core keeps them for a new recogniser."""

    number: int
    descriptor: int


@dataclass(slots=True, eq=False)
class _Request:
    frame: WaitingFrame | None
    answer: "Future[Look] | None"
    look: Look | None = None
    """What came of a frame."""
    is_over: bool = False


class RecognitionDesk:
    """The WorkerOwner of the recogniser. Any thread."""

    def __init__(
        self,
        kind: WorkerKind,
        clock: Clock,
        *,
        threads: int,
        deliver: Callable[[Look], None],
    ) -> None:
        """`deliver` gets each look at a frame, those of one camera in order; it must be quick."""
        self._clock = clock
        self._threads = threads
        self._deliver = deliver
        self._free: Callable[[WaitingFrame], None] = _nobody
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._scheduler = FrameScheduler()
        self._memories: dict[str, Memory] = {}
        self._numbers = count(1)
        self._requests: dict[int, _Request] = {}
        self._order: dict[str, deque[_Request]] = {}
        """Of each camera, the looks that were not delivered yet, in the order of its frames."""
        self._delivering = threading.Lock()
        self._is_ready = False
        self.worker = Worker("recogniser", kind, self, clock)

    def use(self, free: Callable[[WaitingFrame], None]) -> None:
        """Take who gets each frame whose slot may be written again, once; no lock of ours is held then."""
        self._free = free

    def attach(self, camera: str) -> Memory:
        """Make new memory for a camera, in place of what it had; the descriptor stays ours."""
        memory = Memory(next(self._numbers), make_slots())
        with self._lock:
            self._discard(camera)
            if camera not in self._scheduler.counts:
                self._scheduler.add(camera)
            self._scheduler.forget_waiting(camera)
            self._memories[camera] = memory
            if self._is_ready:
                self.worker.send(Attach(camera, SLOT_BYTES), [memory.descriptor])
        return memory

    def detach(self, camera: str) -> None:
        """Forget a camera."""
        with self._lock:
            self._scheduler.remove(camera)
            self._order.pop(camera, None)
            self._discard(camera)
            if self._is_ready:
                self.worker.send(Detach(camera))

    def counts(self, camera: str) -> FrameCounts:
        """Return what became of the frames of a camera."""
        with self._lock:
            return self._scheduler.counts.get(camera) or FrameCounts()

    def offer(self, frame: WaitingFrame) -> None:
        """Take a frame that lies in a slot; the newest of a camera is looked at when its turn comes."""
        with self._lock:
            replaced = self._scheduler.offer(frame)
            self._pump()
        if replaced is not None:
            self._free(replaced)

    def wait_until_ready(self) -> None:
        """Wait for a recogniser that works. Raises Unavailable when none comes."""
        with self._lock:
            if not self._changed.wait_for(lambda: self._is_ready or self.worker.failure, _READY_WITHIN_S):
                raise Unavailable("The recogniser did not start; look at the log.")
            if not self._is_ready:
                raise Unavailable(f"The recogniser does not start: {self.worker.failure}")

    def look_at(self, data: bytes, name: str) -> Look:
        """Look at a picture file and wait for what it shows. Raises InvalidInput, Unavailable."""
        answer: Future[Look] = Future()
        with self._lock:
            number = next(self._numbers)
            self._requests[number] = _Request(None, answer)
            if not self.worker.send(LookAt(number, name, data)):
                self._requests.pop(number)
                raise Unavailable("Pictures cannot be looked at just now; try again in a few seconds.")
        try:
            return answer.result(_LOOKED_WITHIN_S)
        except TimeoutError:
            raise Unavailable(f"{name} took too long to look at; use a smaller picture.") from None

    def close(self) -> None:
        """End the recogniser, and give all memory back."""
        self.worker.close()
        with self._lock:
            for camera in list(self._memories):
                self._discard(camera)

    def started(self, seal: Seal) -> None:  # noqa: ARG002 - the worker keeps it
        """See WorkerOwner."""
        with self._lock:
            self._is_ready = True
            self._changed.notify_all()
            for camera, memory in self._memories.items():
                self.worker.send(Attach(camera, SLOT_BYTES), [memory.descriptor])
            self._pump()

    def received(self, message: Any) -> str:  # noqa: ANN401 - see WorkerOwner
        """See WorkerOwner."""
        match message:
            case RecogniserBeat():
                return "It is stuck with a picture." if message.still_s > _STUCK_S else ""
            case Looked():
                self._take(message)
            case NotLooked():
                if request := self._end(message.request):
                    self._give_up(request, InvalidInput(message.sentence))
        return ""

    def ended(self) -> None:
        """See WorkerOwner."""
        with self._lock:
            self._is_ready = False
            self._changed.notify_all()
            numbers = list(self._requests)
        for number in numbers:
            if request := self._end(number, lost=True):
                self._give_up(
                    request, Unavailable("The recogniser ended while it looked; try another picture.")
                )

    def _pump(self) -> None:
        """Give out frames as long as the recogniser has a thread for them. The lock must be held."""
        while self._is_ready and len(self._requests) < self._threads:
            frame = self._scheduler.next()
            if frame is None:
                return
            number = next(self._numbers)
            request = self._requests[number] = _Request(frame, None)
            self._order.setdefault(frame.camera, deque()).append(request)
            self.worker.send(Analyse(number, frame.camera, frame.slot, frame.width, frame.height))

    def _end(self, number: int, *, lost: bool = False) -> _Request | None:
        with self._lock:
            request = self._requests.pop(number, None)
            if request is not None:
                request.is_over = True
            if request is not None and request.frame is not None:
                self._scheduler.done(request.frame.camera, lost=lost)
            self._pump()
        if request is not None and request.frame is not None:
            self._free(request.frame)
        return request

    def _take(self, message: Looked) -> None:
        with self._lock:
            request = self._requests.get(message.request)
        if request is None:
            return
        frame = request.frame
        look = _look_of(message, frame.camera if frame else "", frame.ts_ms if frame else 0)
        if frame is not None:
            self.counts(frame.camera).latency_ms = max(0, self._clock.now_ms() - frame.ts_ms)
        request.look = look
        self._end(message.request)
        if request.answer is not None:
            request.answer.set_result(look)
        if frame is not None:
            self._deliver_in_order(frame.camera)

    def _give_up(self, request: _Request, error: Exception) -> None:
        if request.answer is not None:
            request.answer.set_exception(error)
        if request.frame is not None:
            self._deliver_in_order(request.frame.camera)

    def _deliver_in_order(self, camera: str) -> None:
        """Deliver what was seen in the frames of a camera, as far as none before them is still looked at."""
        with self._delivering:
            while True:
                with self._lock:
                    waiting = self._order.get(camera, deque())
                    if not waiting or not waiting[0].is_over:
                        return
                    look = waiting.popleft().look
                if look is not None:
                    self._deliver(look)

    def _discard(self, camera: str) -> None:
        if memory := self._memories.pop(camera, None):
            os.close(memory.descriptor)


def _nobody(_: WaitingFrame) -> None:
    """Take a frame that came from no camera."""


def _look_of(message: Looked, camera: str, ts_ms: int) -> Look:
    """Return what a recogniser says it saw, once it is of the form. Raises InvalidInput."""
    seen: Sequence[FaceSeen | PlateSeen] = [*message.faces, *message.plates]
    return Look(
        camera,
        ts_ms,
        message.width,
        message.height,
        [_face(face) for face in message.faces],
        [_plate(plate) for plate in message.plates],
        [Crop(_box(each.box), each.crop) for each in seen],
        message.picture,
    )


def _face(seen: FaceSeen) -> FaceObservation:
    embedding = np.frombuffer(seen.embedding, "<f4").astype(np.float32)
    norm = float(np.linalg.norm(embedding))
    if not np.isfinite(norm) or norm < _MIN_NORM:
        raise InvalidInput("The recogniser says what cannot be.")
    return FaceObservation(_box(seen.box), seen.detection, embedding / np.float32(norm))


def _plate(seen: PlateSeen) -> PlateObservation:
    if not (seen.text.isascii() and seen.text.isalnum()):
        raise InvalidInput("The recogniser says what cannot be.")
    return PlateObservation(_box(seen.box), seen.text, seen.confidence)


def _box(corners: tuple[float, float, float, float]) -> Box:
    if not all(np.isfinite(corners)):
        raise InvalidInput("The recogniser says what cannot be.")
    return Box(*corners)
