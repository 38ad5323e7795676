"""The recogniser: looks at frames in shared memory and at picture files, and says what it sees."""

import logging
import os
import queue
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from securevision.domain.ports.clock import Clock
from securevision.domain.seal import Seal
from securevision.errors import SecureVisionError
from securevision.runtime.link import Link, LinkBroken
from securevision.runtime.messages import (
    Analyse,
    Attach,
    Detach,
    FaceSeen,
    LookAt,
    Looked,
    Message,
    NotLooked,
    PlateSeen,
    Ready,
    RecogniserBeat,
    Stop,
    ToRecogniser,
)
from securevision.runtime.slots import SlotMemory

_log = logging.getLogger(__name__)
_BEAT_S = 0.25
_MIN_SIDE, _MAX_SIDE = 16, 8192
_MAX_SENTENCE = 500


@dataclass(frozen=True, slots=True)
class SeenIn:
    """What one picture shows."""

    width: int
    height: int
    faces: Sequence[FaceSeen]
    plates: Sequence[PlateSeen]
    picture: bytes


class Looker(Protocol):
    """Looks at one picture. Any thread; keeps no state between calls."""

    def frame(self, i420: memoryview, width: int, height: int) -> SeenIn:
        """Look at a frame of a camera; what lies in the memory may change meanwhile."""
        ...

    def file(self, data: bytes, name: str) -> SeenIn:
        """Look at a photo, more thoroughly. Raises InvalidInput when it is no picture; `name` names it."""
        ...


@dataclass(frozen=True, slots=True)
class _Job:
    message: Analyse | LookAt
    memory: SlotMemory | None


class RecogniserWorker:
    """Listens on the main thread of its process, and looks in others."""

    def __init__(self, link: Link[ToRecogniser], looker: Looker, clock: Clock, *, threads: int) -> None:
        self._link = link
        self._looker = looker
        self._clock = clock
        self._memories: dict[str, SlotMemory] = {}
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._begun: dict[int, float] = {}
        self._threads = [
            threading.Thread(target=self._look, name=f"look-{number}", daemon=True)
            for number in range(threads)
        ]

    def run(self, seal: Seal) -> None:
        """Serve the core until it asks us to stop or is gone."""
        for thread in self._threads:
            thread.start()
        try:
            self._link.send(Ready(seal))
            due = self._clock.monotonic()
            while True:
                received = self._link.receive(max(0.0, due - self._clock.monotonic()))
                if received is not None:
                    if isinstance(received.message, Stop):
                        break
                    self._take(received.message, received.descriptors)
                if (now := self._clock.monotonic()) >= due:
                    due = now + _BEAT_S
                    self._link.send(RecogniserBeat(now - min([now, *self._begun.copy().values()])))
        except LinkBroken:
            return
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()

    def _take(self, message: Attach | Detach | Analyse | LookAt, descriptors: Sequence[int]) -> None:
        match message:
            case Attach():
                self._memories[message.camera] = SlotMemory(
                    descriptors[0], message.slot_bytes, writable=False
                )
            case Detach():
                self._memories.pop(message.camera, None)
            case Analyse():
                self._jobs.put(_Job(message, self._memories.get(message.camera)))
            case LookAt():
                self._jobs.put(_Job(message, None))
        if not isinstance(message, Attach):
            for descriptor in descriptors:
                os.close(descriptor)

    def _look(self) -> None:
        while (job := self._jobs.get()) is not None:
            request = job.message.request
            self._begun[request] = self._clock.monotonic()
            try:
                answer = self._answer(job)
            except SecureVisionError as error:
                answer = NotLooked(request, str(error)[:_MAX_SENTENCE])
            except Exception:  # noqa: BLE001 - one bad picture must not end the thread
                _log.exception("A picture could not be looked at.")
                answer = NotLooked(
                    request, "The picture could not be looked at because of an internal error."
                )
            finally:
                self._begun.pop(request)
            try:
                self._link.send(answer)
            except LinkBroken:
                return

    def _answer(self, job: _Job) -> Message:
        message = job.message
        if isinstance(message, LookAt):
            return _looked(message.request, self._looker.file(message.data, message.name))
        width, height = message.width, message.height
        sides_fit = min(width, height) >= _MIN_SIDE and max(width, height) <= _MAX_SIDE
        if job.memory is None or not sides_fit:
            return NotLooked(message.request, "There is no such frame.")
        try:
            with job.memory.slot(message.slot, width * height * 3 // 2) as room:
                seen = self._looker.frame(room, width, height)
        except ValueError:
            return NotLooked(message.request, "There is no such frame.")
        return _looked(message.request, seen)


def _looked(request: int, seen: SeenIn) -> Looked:
    return Looked(request, seen.width, seen.height, list(seen.faces), list(seen.plates), seen.picture)
