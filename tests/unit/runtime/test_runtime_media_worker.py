"""A media worker's main thread, over a real socket, with cameras that a test wrote down."""

import os
import socket
import threading
from collections.abc import Iterator, Sequence
from typing import TypeVar

import pytest

from fakes.clips import numbered
from fakes.puppet import SEALED
from fakes.source import PaintedPicture, ScriptedSource
from securevision.clock import SystemClock
from securevision.domain.frames import SourceState, SourceStatus
from securevision.domain.ports.cameras import Connect, FrameSource, Item
from securevision.domain.video import VideoFormat
from securevision.errors import InvalidInput, SourceError, SourceRefused
from securevision.footage.fragments import Mp4Fragments
from securevision.footage.ring import PacketRing
from securevision.footage.stills import encode_still
from securevision.runtime.answers import AnswersRead, CameraAnswer, Described, NotAnswered
from securevision.runtime.camera_footage import CameraFootage
from securevision.runtime.camera_thread import INTERNAL_ERROR, CameraParts, CameraThread, Send
from securevision.runtime.link import Link
from securevision.runtime.media_worker import MediaWorker
from securevision.runtime.messages import (
    QUESTION,
    Beat,
    BeginLive,
    CameraBeat,
    Connected,
    Describe,
    Finished,
    FrameReady,
    FreeSlot,
    FromMedia,
    Message,
    NeedConnection,
    ReadAnswers,
    Ready,
    StateChanged,
    Still,
    Stop,
    TakeStill,
    ToMedia,
    Unwatch,
    Watch,
)
from securevision.runtime.slots import SLOT_BYTES, SLOTS, SlotMemory, make_slots
from unit.runtime.camera_parts import watch

PATIENCE = 15.0
FORMAT = VideoFormat("h264", 160, 96)
Wanted = TypeVar("Wanted", bound=Message)


class ConnectedSource:
    """A camera that is connected, and gives no more than that; then it is connected again."""

    keyframes_only, fps = False, 5.0
    live = True
    progress = None

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._closed = threading.Event()
        self.status = SourceStatus(SourceState.CONNECTING)

    def items(self) -> Iterator[Item | None]:
        while not self._closed.is_set():
            yield None
            try:
                os.close(self._connect())
                self.status = SourceStatus(SourceState.LIVE)
                yield PaintedPicture(0, numbered(0))
            except SourceRefused as error:
                self.status = SourceStatus(SourceState.REFUSED, str(error))
            except SourceError as error:
                self.status = SourceStatus(SourceState.BACKING_OFF, str(error))
        self.status = SourceStatus(SourceState.ENDED)

    def close(self) -> None:
        self._closed.set()


def make_camera(wanted: Watch, memory: int, connect: Connect, send: Send) -> CameraThread:
    slots = SlotMemory(memory, SLOT_BYTES, writable=True)
    pictures = [PaintedPicture(number, numbered(number)) for number in range(SLOTS)]

    def make_source() -> FrameSource:
        match wanted.address:
            case "good":
                return ScriptedSource([FORMAT, *pictures], live=True)
            case "connecting":
                return ConnectedSource(connect)
            case "bad":
                raise InvalidInput("The camera address is empty.")
            case _:
                raise ZeroDivisionError

    footage = CameraFootage("gate", PacketRing(5.0, 1 << 20), Mp4Fragments, send)
    return CameraThread(
        wanted,
        CameraParts(
            make_source=make_source,
            footage=footage,
            memory=slots,
            encode_still=encode_still,
            clock=SystemClock(),
            send=send,
        ),
    )


def answer(question: ReadAnswers | Describe, connect: Connect) -> AnswersRead | Described:
    """Read answers by counting them, and find that a camera is called what it sends."""
    if isinstance(question, ReadAnswers):
        return AnswersRead([CameraAnswer(source, "", []) for source, _ in question.answers])
    match question.address:
        case "bad":
            raise InvalidInput("The camera address is empty.")
        case "worse":
            raise ZeroDivisionError
    connection = connect()
    said = os.read(connection, 64).decode()
    os.close(connection)
    return Described("", said, "", [])


class Core:
    """The core's end, and the worker on a thread."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        self.link: Link[Message] = Link(ours, FromMedia | AnswersRead | Described | NotAnswered)
        self._ends = (ours, theirs)
        worker = MediaWorker(
            Link(theirs, ToMedia, takes_descriptors=True), make_camera, answer, SystemClock()
        )
        self.thread = threading.Thread(target=worker.run, args=(SEALED,))
        self.thread.start()

    def watch(self, camera: str, address: str, number: int) -> None:
        memory = make_slots()
        wanted = watch(gated=False)
        self.link.send(
            Watch(
                number,
                camera,
                address,
                wanted.fps,
                wanted.motion,
                keyframes_only=False,
                slot_bytes=SLOT_BYTES,
                paced=False,
                loop=False,
                gated=False,
            ),
            [memory],
        )
        os.close(memory)

    def next(self, kind: type[Wanted]) -> Wanted:
        deadline = SystemClock().monotonic() + PATIENCE
        # Beats come all the time.
        while (left := deadline - SystemClock().monotonic()) > 0:
            received = self.link.receive(left)
            if received is not None and isinstance(received.message, kind):
                return received.message
        pytest.fail(f"no {kind.__name__} came")

    def state(self, state: SourceState) -> StateChanged:
        while (message := self.next(StateChanged)).state is not state:
            pass
        return message

    def beat_of(self, *numbers: int) -> Sequence[CameraBeat]:
        """Wait for a beat of exactly these watches."""
        while True:
            cameras = self.next(Beat).cameras
            if sorted(each.watch for each in cameras) == sorted(numbers):
                return cameras

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


def test_it_says_how_it_is_sealed_and_beats_and_ends_when_it_is_asked_to(core: Core) -> None:
    first = core.link.receive(PATIENCE)
    assert first is not None
    assert first.message == Ready(SEALED)
    assert core.next(Beat).cameras == []


def test_all_that_it_says_of_a_camera_names_its_watch(core: Core) -> None:
    core.watch("gate", "good", 41)
    core.watch("yard", "good", 42)
    numbers = {"gate": 41, "yard": 42}
    for _ in range(2 * SLOTS):
        frame = core.next(FrameReady)
        assert frame.watch == numbers[frame.camera]
    assert {each.camera: each.watch for each in core.beat_of(41, 42)} == numbers


def test_orders_reach_the_camera_that_they_are_for(core: Core) -> None:
    core.watch("gate", "good", 41)
    slots = [core.next(FrameReady).slot for _ in range(SLOTS)]
    for message in (FreeSlot("gate", slots[0]), TakeStill("nobody", 1), BeginLive("nobody")):
        core.link.send(message)
    core.watch("yard", "connecting", 42)
    need = core.next(NeedConnection)
    core.link.send(TakeStill("yard", 7))
    # Its next picture comes when it is connected.
    reading, writing = os.pipe()
    core.link.send(Connected("yard", need.serial, "", refused=False), [reading])
    os.close(reading)
    still = core.next(Still)
    assert (still.camera, still.request) == ("yard", 7)
    os.close(writing)


def test_a_camera_that_cannot_be_begun_says_why_and_the_others_go_on(core: Core) -> None:
    core.watch("gate", "good", 41)
    core.watch("bad", "bad", 42)
    core.watch("worse", "worse", 43)
    assert core.next(Finished) == Finished("bad", "The camera address is empty.", watch=42)
    assert core.next(Finished) == Finished("worse", INTERNAL_ERROR, watch=43)
    core.beat_of(41)


def test_a_camera_that_is_watched_in_another_way_begins_anew_and_the_old_thread_ends(core: Core) -> None:
    core.watch("gate", "good", 41)
    core.next(FrameReady)
    core.watch("gate", "good", 42)
    assert core.next(Finished) == Finished("gate", "", watch=41)
    core.beat_of(42)


def test_a_camera_is_connected_by_the_core(core: Core) -> None:
    core.watch("gate", "connecting", 41)
    need = core.next(NeedConnection)
    assert (need.camera, need.watch) == ("gate", 41)
    reading, writing = os.pipe()
    core.link.send(Connected("gate", need.serial, "", refused=False), [reading])
    os.close(reading)
    assert core.state(SourceState.LIVE).camera == "gate"
    os.close(writing)
    core.link.send(Connected("gate", core.next(NeedConnection).serial, "Wrong password.", refused=True))
    assert core.state(SourceState.REFUSED).detail == "Wrong password."
    core.link.send(Connected("gate", core.next(NeedConnection).serial, "It is off.", refused=False))
    assert core.state(SourceState.BACKING_OFF).detail == "It is off."


def test_an_answer_to_an_earlier_watch_is_not_for_the_next_one(core: Core) -> None:
    """It may be a connection to an address that is not the camera's any more."""
    core.watch("gate", "connecting", 41)
    old = core.next(NeedConnection)
    core.watch("gate", "connecting", 42)
    while (new := core.next(NeedConnection)).watch != 42:
        pass
    assert new.serial != old.serial
    reading, writing = os.pipe()
    core.link.send(Connected("gate", old.serial, "", refused=False), [reading])
    core.link.send(Connected("attic", 1, "", refused=False), [reading])
    os.close(reading)
    core.link.send(Connected("gate", new.serial, "It is off.", refused=False))
    assert core.state(SourceState.BACKING_OFF).watch == 42
    with pytest.raises(BrokenPipeError):
        os.write(writing, b"everybody has closed the other end")
    os.close(writing)


def test_a_camera_that_is_connecting_can_be_taken_away_at_once(core: Core) -> None:
    core.watch("gate", "connecting", 41)
    core.next(NeedConnection)
    clock, begin = SystemClock(), SystemClock().monotonic()
    core.link.send(Unwatch("gate"))
    assert core.next(Finished).watch == 41
    core.beat_of()
    assert clock.monotonic() - begin < 2.0


def test_answers_of_cameras_are_read(core: Core) -> None:
    core.link.send(ReadAnswers([("192.168.77.5", b"x"), ("10.9.8.7", b"y")]))
    assert [each.name for each in core.next(AnswersRead).cameras] == ["192.168.77.5", "10.9.8.7"]


def test_a_camera_is_asked_over_a_connection_of_the_core_while_it_goes_on_beating(core: Core) -> None:
    core.watch("gate", "good", 41)
    core.link.send(Describe("good"))
    need = core.next(NeedConnection)
    assert need.camera == QUESTION
    reading, writing = os.pipe()
    core.link.send(Connected(QUESTION, need.serial, "", refused=False), [reading])
    os.close(reading)
    core.next(Beat)
    core.beat_of(41)
    os.write(writing, b"a slow camera")
    assert core.next(Described).model == "a slow camera"
    os.close(writing)


def test_a_question_without_an_answer_is_answered_too(core: Core) -> None:
    core.link.send(Describe("bad"))
    assert core.next(NotAnswered) == NotAnswered("The camera address is empty.", refused=False)
    core.link.send(Describe("worse"))
    assert core.next(NotAnswered) == NotAnswered(INTERNAL_ERROR, refused=False)
    core.link.send(Describe("refused"))
    serial = core.next(NeedConnection).serial
    core.link.send(Connected(QUESTION, serial, "It leads to a link-local address.", refused=True))
    assert core.next(NotAnswered) == NotAnswered("It leads to a link-local address.", refused=True)


def test_a_question_that_is_being_answered_keeps_nobody(core: Core) -> None:
    core.link.send(Describe("good"))
    core.next(NeedConnection)
    core.link.send(Stop())
    core.thread.join(PATIENCE)
    assert not core.thread.is_alive()


def test_it_ends_when_the_core_is_gone() -> None:
    core = Core()
    core.watch("gate", "good", 41)
    core.next(FrameReady)
    core.link.close()
    core.thread.join(PATIENCE)
    assert not core.thread.is_alive()
    core.close()
