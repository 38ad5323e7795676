"""A recogniser's process, over a real socket, with one that looks and sees what a test says."""

import os
import socket
import threading
from collections.abc import Iterator
from typing import TypeVar

import pytest

from fakes.puppet import SEALED
from securevision.clock import SystemClock
from securevision.errors import InvalidInput
from securevision.runtime.link import Link
from securevision.runtime.messages import (
    Analyse,
    Attach,
    Detach,
    FromRecogniser,
    LookAt,
    Looked,
    Message,
    NotLooked,
    Ready,
    RecogniserBeat,
    Stop,
    ToRecogniser,
)
from securevision.runtime.recogniser_worker import RecogniserWorker, SeenIn
from securevision.runtime.slots import SLOT_BYTES, SlotMemory, make_slots

PATIENCE = 15.0
WIDTH, HEIGHT = 64, 32
OCTETS = WIDTH * HEIGHT * 3 // 2
Wanted = TypeVar("Wanted", bound=Message)


class Looker:
    """Shows what it was given; a picture that begins with `!` meets a bug."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.go.set()

    def frame(self, i420: memoryview, width: int, height: int) -> SeenIn:
        assert self.go.wait(PATIENCE)
        return self._seen(bytes(i420), width, height)

    def file(self, data: bytes, name: str) -> SeenIn:
        if not data:
            raise InvalidInput(f"{name} is no picture." + "x" * 1_000)
        return self._seen(data, 1, 1)

    def _seen(self, data: bytes, width: int, height: int) -> SeenIn:
        if data.startswith(b"!"):
            raise ZeroDivisionError
        return SeenIn(width, height, [], [], data)


class Core:
    """The core's end, and the worker on threads."""

    def __init__(self, threads: int = 1) -> None:
        ours, theirs = socket.socketpair()
        self.looker = Looker()
        self.link: Link[Message] = Link(ours, FromRecogniser)
        self._ends = (ours, theirs)
        link: Link[Message] = Link(theirs, ToRecogniser, takes_descriptors=True)
        worker = RecogniserWorker(link, self.looker, SystemClock(), threads=threads)  # type: ignore[arg-type]
        self.thread = threading.Thread(target=worker.run, args=(SEALED,))
        self.thread.start()

    def attach(self, camera: str, picture: bytes) -> None:
        memory = make_slots()
        with SlotMemory(os.dup(memory), SLOT_BYTES, writable=True) as slots, slots.slot(1, OCTETS) as room:
            room[:] = picture.ljust(OCTETS, b".")
        self.link.send(Attach(camera, SLOT_BYTES), [memory])
        os.close(memory)

    def ask(self, request: int, camera: str = "gate", *, slot: int = 1, width: int = WIDTH) -> None:
        self.link.send(Analyse(request, camera, slot, width, HEIGHT))

    def next(self, kind: type[Wanted]) -> Wanted:
        while True:
            received = self.link.receive(PATIENCE)
            assert received is not None
            if isinstance(received.message, kind):
                return received.message

    def close(self) -> None:
        for end in self._ends:
            end.close()


@pytest.fixture
def core() -> Iterator[Core]:
    core = Core()
    yield core
    core.link.send(Stop())
    core.thread.join(PATIENCE)
    assert not core.thread.is_alive()
    core.close()


def test_it_says_how_it_is_sealed_and_beats(core: Core) -> None:
    first = core.link.receive(PATIENCE)
    assert first is not None
    assert first.message == Ready(SEALED)
    assert core.next(RecogniserBeat).still_s == 0.0


def test_it_looks_at_what_lies_in_the_slot_of_that_camera(core: Core) -> None:
    core.attach("gate", b"gate")
    core.attach("yard", b"yard")
    core.ask(1, "yard")
    core.ask(2, "gate")
    looks = [core.next(Looked) for _ in range(2)]
    assert [(look.request, look.picture[:4], len(look.picture)) for look in looks] == [
        (1, b"yard", OCTETS),
        (2, b"gate", OCTETS),
    ]
    core.attach("yard", b"new ")
    core.ask(3, "yard")
    assert core.next(Looked).picture[:4] == b"new "


@pytest.mark.parametrize(
    ("camera", "slot", "width"),
    [
        ("nobody", 1, WIDTH),
        ("gate", 4, WIDTH),
        ("gate", -1, WIDTH),
        ("gate", 1, 8),
        ("gate", 1, 8_193),
        ("gate", 1, 1 << 40),
        ("gate", 1, -64),
    ],
)
def test_there_is_no_frame_but_in_a_slot(core: Core, camera: str, slot: int, width: int) -> None:
    core.attach("gate", b"gate")
    core.ask(1, camera, slot=slot, width=width)
    assert core.next(NotLooked) == NotLooked(1, "There is no such frame.")


def test_a_camera_that_went_has_no_frames(core: Core) -> None:
    core.attach("gate", b"gate")
    core.link.send(Detach("gate"))
    core.ask(1)
    assert core.next(NotLooked).request == 1


def test_a_file_that_is_no_picture_is_said_to_be_none(core: Core) -> None:
    core.link.send(LookAt(5, "ada.jpg", b""))
    answer = core.next(NotLooked)
    assert answer.sentence.startswith("ada.jpg is no picture.")
    assert len(answer.sentence) == 500


def test_a_bug_that_a_picture_meets_ends_neither_the_thread_nor_the_wait(
    core: Core, caplog: pytest.LogCaptureFixture
) -> None:
    """There is one thread: were it gone, nothing would ever be recognised again, and nobody would know."""
    core.attach("gate", b"!")
    core.ask(1)
    core.link.send(LookAt(2, "ada.jpg", b"!"))
    for request in (1, 2):
        answer = core.next(NotLooked)
        assert answer.request == request
        assert "internal error" in answer.sentence
    assert "ZeroDivisionError" in caplog.text
    core.link.send(LookAt(3, "ada.jpg", b"good"))
    assert core.next(Looked).request == 3


def test_a_beat_tells_how_long_the_longest_look_has_taken(core: Core) -> None:
    core.attach("gate", b"gate")
    core.looker.go.clear()
    core.ask(1)
    while core.next(RecogniserBeat).still_s == 0.0:
        pass
    core.looker.go.set()
    core.next(Looked)
    while core.next(RecogniserBeat).still_s > 0.0:
        pass


def test_it_ends_when_the_core_is_gone() -> None:
    core = Core(threads=2)
    core.next(Ready)
    core.link.close()
    core.thread.join(PATIENCE)
    assert not core.thread.is_alive()
    core.close()
