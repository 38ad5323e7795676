"""A media worker: several cameras, each in a thread, and the main thread that listens to the core.

One that is asked about cameras which are not watched answers in a thread, too.
"""

import itertools
import logging
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

import msgspec

from securevision.domain.ports.cameras import Connect
from securevision.domain.ports.clock import Clock
from securevision.domain.seal import Seal
from securevision.errors import SecureVisionError, SourceError, SourceRefused
from securevision.runtime.answers import AnswersRead, Described, NotAnswered
from securevision.runtime.camera_thread import INTERNAL_ERROR, CameraThread, Send
from securevision.runtime.link import Link, LinkBroken
from securevision.runtime.messages import (
    QUESTION,
    Beat,
    BeginClip,
    BeginLive,
    Connected,
    Describe,
    EndClip,
    EndLive,
    Finished,
    FreeSlot,
    Message,
    NeedConnection,
    OfCamera,
    ReadAnswers,
    Ready,
    Stop,
    TakeStill,
    ToMedia,
    Unwatch,
    Watch,
)

_log = logging.getLogger(__name__)
_BEAT_S = 0.25
_CONNECTED_WITHIN_S = 12.0
_ENDED_WITHIN_S = 2.0
_MAX_SENTENCE = 500

MakeCamera = Callable[[Watch, int, Connect, Send], CameraThread]
"""Makes the thread of a camera from what is wanted, the descriptor of its memory, and its ways to the core."""
AnswerQuestion = Callable[[ReadAnswers | Describe, Connect], AnswersRead | Described]
"""Answers a question, with connections to the camera that it is about. Raises SecureVisionError."""


class Connecting:
    """How one camera's thread asks the core for a connection, and waits for it."""

    def __init__(self, camera: str, send: Send, serials: Iterator[int]) -> None:
        """Take numbers of questions from `serials`, which all cameras of a process share."""
        self._camera = camera
        self._send = send
        self._serials = serials
        self._serial = 0
        self._is_over = False
        self._answered = threading.Condition()
        self._answer: tuple[Connected, int] | None = None

    def __call__(self) -> int:
        """See Connect."""
        with self._answered:
            self._serial = next(self._serials)
            self._discard()
            if not self._is_over:
                self._send(NeedConnection(self._camera, self._serial))
            self._answered.wait_for(lambda: self._is_over or self._answer is not None, _CONNECTED_WITHIN_S)
            if self._is_over:
                self._discard()
                raise SourceError("The camera is not watched any more.")
            if self._answer is None:
                raise SourceError("The camera could not be connected in time.")
            (message, descriptor), self._answer = self._answer, None
        if message.failure:
            raise (SourceRefused if message.refused else SourceError)(message.failure)
        return descriptor

    def answer(self, message: Connected, descriptor: int) -> None:
        """Take the core's answer; one to an older question, or to one of somebody else, is closed."""
        with self._answered:
            if message.serial != self._serial:
                if descriptor >= 0:
                    os.close(descriptor)
                return
            self._answer = (message, descriptor)
            self._answered.notify()

    def give_up(self) -> None:
        """End the wait, and any later one."""
        with self._answered:
            self._is_over = True
            self._answered.notify()

    def _discard(self) -> None:
        if self._answer is not None and self._answer[1] >= 0:
            os.close(self._answer[1])
        self._answer = None


class MediaWorker:
    """Runs on the main thread of its process until the core asks it to stop or is gone."""

    def __init__(
        self, link: Link[ToMedia], make_camera: MakeCamera, answer: AnswerQuestion, clock: Clock
    ) -> None:
        self._link = link
        self._make_camera = make_camera
        self._answer = answer
        self._clock = clock
        self._cameras: dict[str, CameraThread] = {}
        self._connecting: dict[str, Connecting] = {}
        self._ending: list[CameraThread] = []
        self._serials = itertools.count(1)

    def run(self, seal: Seal) -> None:
        """Serve the core."""
        try:
            self._link.send(Ready(seal))
            due = self._clock.monotonic()
            while True:
                received = self._link.receive(max(0.0, due - self._clock.monotonic()))
                if received is not None:
                    if isinstance(received.message, Stop):
                        break
                    self._take(received.message, received.descriptors)
                if self._clock.monotonic() >= due:
                    due = self._clock.monotonic() + _BEAT_S
                    self._beat()
            self._drain()
        except LinkBroken:
            # The core is gone, and nobody wants to know anything any more.
            return

    def _beat(self) -> None:
        self._ending = [camera for camera in self._ending if camera.is_alive()]
        self._link.send(Beat([camera.beat() for camera in [*self._cameras.values(), *self._ending]]))

    def _drain(self) -> None:
        for name in list(self._connecting):
            self._unwatch(name)
        for camera in self._ending:
            camera.join(_ENDED_WITHIN_S)

    def _take(self, message: ToMedia, descriptors: Sequence[int]) -> None:
        if isinstance(message, Watch):
            self._unwatch(message.camera)
            self._watch(message, descriptors[0])
            return
        if isinstance(message, Connected):
            descriptor = descriptors[0] if descriptors else -1
            if connecting := self._connecting.get(message.camera):
                connecting.answer(message, descriptor)
            elif descriptors:
                os.close(descriptor)
            return
        if isinstance(message, Unwatch):
            self._unwatch(message.camera)
            return
        if isinstance(message, ReadAnswers | Describe):
            connecting = Connecting(QUESTION, self._link.send, self._serials)
            self._connecting[QUESTION] = connecting
            threading.Thread(target=self._ask, args=(message, connecting), daemon=True).start()
            return
        if not isinstance(message, Stop) and (camera := self._cameras.get(message.camera)):
            _pass_on(message, camera)

    def _watch(self, watch: Watch, memory: int) -> None:
        def send(message: Message) -> None:
            if isinstance(message, OfCamera):
                message = msgspec.structs.replace(message, watch=watch.number)
            self._link.send(message)

        connecting = Connecting(watch.camera, send, self._serials)
        try:
            camera = self._make_camera(watch, memory, connecting, send)
        except SecureVisionError as error:
            send(Finished(watch.camera, str(error)))
            return
        except Exception:  # noqa: BLE001 - one camera must not end the others
            _log.exception("Camera %s could not be begun.", watch.camera)
            send(Finished(watch.camera, INTERNAL_ERROR))
            return
        self._connecting[watch.camera], self._cameras[watch.camera] = connecting, camera
        camera.start()

    def _ask(self, question: ReadAnswers | Describe, connect: Connect) -> None:
        answer: AnswersRead | Described | NotAnswered
        try:
            answer = self._answer(question, connect)
        except SecureVisionError as error:
            answer = NotAnswered(str(error)[:_MAX_SENTENCE], refused=isinstance(error, SourceRefused))
        except Exception:  # noqa: BLE001 - somebody waits for an answer
            _log.exception("A question could not be answered.")
            answer = NotAnswered(INTERNAL_ERROR, refused=False)
        with suppress(LinkBroken):
            self._link.send(answer)

    def _unwatch(self, name: str) -> None:
        if connecting := self._connecting.pop(name, None):
            connecting.give_up()
        if camera := self._cameras.pop(name, None):
            camera.close()
            self._ending.append(camera)


def _pass_on(
    message: FreeSlot | BeginClip | EndClip | BeginLive | EndLive | TakeStill, camera: CameraThread
) -> None:
    match message:
        case FreeSlot():
            camera.free_slot(message.slot)
        case BeginClip():
            camera.begin_clip(message.clip, message.replaces)
        case EndClip():
            camera.end_clip(message.clip)
        case BeginLive():
            camera.begin_live()
        case EndLive():
            camera.end_live()
        case TakeStill():
            camera.take_still(message.request)
