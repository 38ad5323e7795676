"""Whose frame is looked at, and what comes of it, with a recogniser that says what a test lets it say."""

import mmap
import os
import queue
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any, TypeVar

import numpy as np
import pytest
from numpy.typing import NDArray

from fakes.puppet import SEALED, Puppet, Puppets
from securevision.clock import SystemClock
from securevision.domain.geometry import Box
from securevision.domain.looks import Crop, Look
from securevision.errors import InvalidInput, Unavailable
from securevision.runtime.frame_scheduler import WaitingFrame
from securevision.runtime.link import LinkBroken
from securevision.runtime.messages import (
    Analyse,
    Attach,
    Detach,
    FaceSeen,
    FromRecogniser,
    LookAt,
    Looked,
    NotLooked,
    PlateSeen,
    RecogniserBeat,
    ToRecogniser,
)
from securevision.runtime.recognition_desk import RecognitionDesk
from securevision.runtime.slots import SLOT_BYTES, SLOTS
from securevision.runtime.supervision import WorkerKind

PATIENCE = 15.0
THREADS = 2
BOX = (10.0, 20.0, 30.0, 40.0)
Taken = TypeVar("Taken")
EMBEDDING = np.eye(1, 128, 3, dtype="<f4")[0] * 2


class Desk:
    """A RecognitionDesk, what it delivered and what it gave back."""

    def __init__(self, puppets: Puppets) -> None:
        kind = WorkerKind(puppets.command, FromRecogniser, 1 << 30)
        self.delivered: queue.Queue[Look] = queue.Queue()
        self.freed: queue.Queue[WaitingFrame] = queue.Queue()
        self.desk = RecognitionDesk(kind, SystemClock(), threads=THREADS, deliver=self.delivered.put)
        self.desk.use(self.freed.put)
        self.desk.worker.start()
        self._times = count(1)

    def offer(self, camera: str, memory: int, *, slot: int = 0) -> WaitingFrame:
        frame = WaitingFrame(camera, memory, slot, next(self._times), 640, 360)
        self.desk.offer(frame)
        return frame

    def next_look(self) -> Look:
        return self.delivered.get(timeout=PATIENCE)

    def next_freed(self) -> WaitingFrame:
        return self.freed.get(timeout=PATIENCE)


@pytest.fixture
def puppets() -> Iterator[Puppets]:
    with Puppets(ToRecogniser, RecogniserBeat(0.0)) as puppets:
        yield puppets


@pytest.fixture
def desk(puppets: Puppets) -> Iterator[Desk]:
    desk = Desk(puppets)
    yield desk
    puppets.end(desk.desk.close)


def seen(request: int, *, faces: tuple[FaceSeen, ...] = (), plates: tuple[PlateSeen, ...] = ()) -> Looked:
    return Looked(request, 640, 360, list(faces), list(plates), b"whole" if faces or plates else b"")


def face(*, embedding: NDArray[np.float32], box: tuple[float, float, float, float] = BOX) -> FaceSeen:
    return FaceSeen(box, 0.9, embedding.astype("<f4").tobytes(), b"face")


def plate(text: str, *, box: tuple[float, float, float, float] = BOX) -> PlateSeen:
    return PlateSeen(box, text, 0.8, b"plate")


def test_what_a_frame_shows_is_delivered_with_its_time_and_its_pictures(desk: Desk, puppets: Puppets) -> None:
    memory = desk.desk.attach("gate")
    recogniser = puppets.next()
    frame = desk.offer("gate", memory.number, slot=2)
    asked = recogniser.next(Analyse)
    assert (asked.camera, asked.slot, asked.width, asked.height) == ("gate", 2, 640, 360)
    recogniser.say(seen(asked.request, faces=(face(embedding=EMBEDDING),), plates=(plate("AB12CDE"),)))
    look = desk.next_look()
    assert (look.source_id, look.ts_ms, look.width, look.height, look.picture) == (
        "gate",
        frame.ts_ms,
        640,
        360,
        b"whole",
    )
    [only] = look.faces
    assert (only.box, only.detection) == (Box(*BOX), 0.9)
    assert np.array_equal(only.embedding, EMBEDDING / 2), "it is brought to length 1"
    assert [(each.text, each.confidence) for each in look.plates] == [("AB12CDE", 0.8)]
    assert look.crops == [Crop(Box(*BOX), b"face"), Crop(Box(*BOX), b"plate")]
    assert desk.next_freed() == frame
    counts = desk.desk.counts("gate")
    assert (counts.offered, counts.analysed, counts.lost) == (1, 1, 0)
    assert counts.latency_ms > 0


def test_a_recogniser_is_given_the_memory_of_every_camera(desk: Desk, puppets: Puppets) -> None:
    memory = desk.desk.attach("gate")
    os.pwrite(memory.descriptor, b"a picture", SLOT_BYTES)
    recogniser = puppets.next()
    attached = recogniser.next_with(Attach)
    assert (attached.message.camera, attached.message.slot_bytes) == ("gate", SLOT_BYTES)
    [descriptor] = attached.descriptors
    with mmap.mmap(descriptor, SLOTS * SLOT_BYTES, prot=mmap.PROT_READ) as seen_there:
        assert seen_there[SLOT_BYTES : SLOT_BYTES + 9] == b"a picture"
    os.close(descriptor)
    desk.desk.attach("yard")
    again = recogniser.next_with(Attach)
    assert again.message.camera == "yard"
    os.close(again.descriptors[0])
    desk.desk.detach("yard")
    assert recogniser.next(Detach).camera == "yard"


def test_looks_at_one_camera_come_in_the_order_of_its_frames(desk: Desk, puppets: Puppets) -> None:
    memory = desk.desk.attach("gate")
    recogniser = puppets.next()
    frames = [desk.offer("gate", memory.number, slot=slot) for slot in range(2)]
    first, second = recogniser.next(Analyse), recogniser.next(Analyse)
    recogniser.say(seen(second.request))
    assert desk.next_freed() == frames[1], "its slot is free at once"
    assert desk.delivered.empty()
    recogniser.say(seen(first.request))
    assert [desk.next_look().ts_ms for _ in frames] == [frame.ts_ms for frame in frames]


def test_two_cameras_do_not_wait_for_each_other(desk: Desk, puppets: Puppets) -> None:
    gate, yard = desk.desk.attach("gate"), desk.desk.attach("yard")
    recogniser = puppets.next()
    desk.offer("gate", gate.number)
    later = desk.offer("yard", yard.number)
    recogniser.next(Analyse)
    recogniser.say(seen(recogniser.next(Analyse).request))
    assert desk.next_look().ts_ms == later.ts_ms


def test_a_frame_that_could_not_be_looked_at_holds_up_none_after_it(desk: Desk, puppets: Puppets) -> None:
    memory = desk.desk.attach("gate")
    recogniser = puppets.next()
    frames = [desk.offer("gate", memory.number, slot=slot) for slot in range(2)]
    first, second = recogniser.next(Analyse), recogniser.next(Analyse)
    recogniser.say(seen(second.request))
    recogniser.say(NotLooked(first.request, "There is no such frame."))
    assert desk.next_look().ts_ms == frames[1].ts_ms
    assert {desk.next_freed(), desk.next_freed()} == set(frames)


def test_no_more_is_asked_than_the_recogniser_has_threads_and_the_newest_waits(
    desk: Desk, puppets: Puppets
) -> None:
    memory = desk.desk.attach("gate")
    recogniser = puppets.next()
    frames = [desk.offer("gate", memory.number, slot=slot) for slot in range(SLOTS)]
    first = recogniser.next(Analyse)
    recogniser.next(Analyse)
    assert recogniser.hears_nothing()
    assert desk.next_freed() == frames[2], "a newer one replaced it"
    recogniser.say(seen(first.request))
    assert recogniser.next(Analyse).slot == 3
    assert desk.desk.counts("gate").superseded == 1


def test_the_frames_of_a_recogniser_that_ended_are_lost_and_free(desk: Desk, puppets: Puppets) -> None:
    memory = desk.desk.attach("gate")
    recogniser = puppets.next()
    first, second = (desk.offer("gate", memory.number, slot=slot) for slot in range(2))
    recogniser.next(Analyse)
    recogniser.say(seen(recogniser.next(Analyse).request))
    assert desk.next_freed() == second
    third, fourth = (desk.offer("gate", memory.number, slot=slot) for slot in range(2, 4))
    assert recogniser.next(Analyse).slot == 2
    recogniser.die()
    # What was seen in the second is told although the first is lost.
    assert desk.next_look().ts_ms == second.ts_ms
    again = puppets.next()
    os.close(again.next_with(Attach).descriptors[0])
    assert {desk.next_freed(), desk.next_freed()} == {first, third}
    asked = again.next(Analyse)
    assert asked.slot == 3, "the one that waited is looked at by the next"
    again.say(seen(asked.request))
    assert desk.next_look().ts_ms == fourth.ts_ms
    counts = desk.desk.counts("gate")
    assert (counts.analysed, counts.lost) == (2, 2)


def test_a_frame_is_given_back_once_and_never_as_one_of_another_memory(desk: Desk, puppets: Puppets) -> None:
    """Many frames of cameras whose workers are replaced at any time, and a recogniser that ends now and then."""
    rng = np.random.default_rng(11)
    memories = {name: desk.desk.attach(name).number for name in ("gate", "yard", "hall")}
    old: list[WaitingFrame] = []
    recogniser, asked = puppets.next(), list[Analyse]()
    offered: list[WaitingFrame] = []
    for step in range(300):
        name = str(rng.choice(list(memories)))
        match int(rng.integers(8)):
            case 0:
                forgotten = memories[name]
                memories[name] = desk.desk.attach(name).number
                old += [frame for frame in offered if frame.memory == forgotten]
            case 1 | 2 | 3 | 4:
                offered.append(desk.offer(name, memories[name], slot=int(rng.integers(SLOTS))))
            case _:
                if step % 100 == 99:
                    recogniser.die()
                    recogniser, asked = puppets.next(), []
        asked += drain(recogniser)
        rng.shuffle(asked)
        while asked and rng.random() < 0.6:
            recogniser.say(seen(asked.pop().request))
    while asked:
        recogniser.say(seen(asked.pop().request))
        asked += drain(recogniser)
    returned = Counter(take_all(desk.freed))
    assert set(returned) <= set(offered)
    assert max(returned.values()) == 1
    # One that waited in memory that is gone is gone with it; every other came back.
    assert {frame for frame in offered if frame not in returned} <= set(old)
    looks = Counter((look.source_id, look.ts_ms) for look in take_all(desk.delivered))
    assert max(looks.values()) == 1


def drain(recogniser: Puppet) -> list[Analyse]:
    asked = []
    while (received := recogniser.link.receive(0.005)) is not None:
        for descriptor in received.descriptors:
            os.close(descriptor)
        if isinstance(received.message, Analyse):
            asked.append(received.message)
    return asked


def take_all(waiting: "queue.Queue[Taken]") -> "list[Taken]":
    taken = []
    try:
        while True:
            taken.append(waiting.get(timeout=0.3))
    except queue.Empty:
        return taken


NOWHERE = (0.0, 0.0, float("nan"), 1.0)
ENDLESS = (0.0, 0.0, float("inf"), 1.0)


@pytest.mark.parametrize(
    "hostile",
    [
        {"faces": (face(embedding=np.full(128, np.nan, np.float32)),)},
        {"faces": (face(embedding=np.full(128, np.inf, np.float32)),)},
        {"faces": (face(embedding=np.full(128, 1e38, np.float32)),)},
        {"faces": (face(embedding=np.zeros(128, np.float32)),)},
        {"faces": (face(embedding=EMBEDDING, box=NOWHERE),)},
        {"faces": (face(embedding=EMBEDDING, box=ENDLESS),)},
        {"plates": (plate("AB12", box=NOWHERE),)},
        {"plates": (plate("AB-12"),)},
        {"plates": (plate("ÄB12"),)},
        {"plates": (plate("<b>"),)},
        {"plates": (plate(""),)},
        {"plates": (plate("A" * 33),)},
        {"faces": (FaceSeen(BOX, 1.5, EMBEDDING.tobytes(), b""),)},
        {"faces": (FaceSeen(BOX, 0.5, EMBEDDING.tobytes()[:-4], b""),)},
        {"plates": (PlateSeen(BOX, "AB12", float("nan"), b""),)},
    ],
    ids=str,
)
def test_a_recogniser_that_says_what_cannot_be_is_replaced(
    desk: Desk, puppets: Puppets, hostile: dict[str, Any]
) -> None:
    memory = desk.desk.attach("gate")
    recogniser = puppets.next()
    frame = desk.offer("gate", memory.number)
    recogniser.say(seen(recogniser.next(Analyse).request, **hostile))
    assert recogniser.is_gone()
    assert desk.next_freed() == frame
    again = puppets.next()
    assert desk.desk.worker.restarts == 1
    desk.offer("gate", memory.number, slot=1)
    again.say(seen(again.next(Analyse).request))
    desk.next_look()
    assert desk.delivered.empty()
    assert desk.freed.get(timeout=PATIENCE).slot == 1
    assert desk.freed.empty()


def test_an_answer_to_what_nobody_asked_is_no_answer(desk: Desk, puppets: Puppets) -> None:
    memory = desk.desk.attach("gate")
    recogniser = puppets.next()
    desk.offer("gate", memory.number)
    asked = recogniser.next(Analyse)
    recogniser.say(seen(asked.request + 1_000, faces=(face(embedding=EMBEDDING),)))
    recogniser.say(NotLooked(-1, "Nothing."))
    recogniser.say(seen(asked.request))
    recogniser.say(seen(asked.request, faces=(face(embedding=EMBEDDING),)))
    assert desk.next_look().faces == []
    desk.next_freed()
    recogniser.die()
    puppets.next()
    assert desk.delivered.empty()
    assert desk.freed.empty()


def test_what_was_seen_of_a_camera_that_went_is_told_to_nobody(desk: Desk, puppets: Puppets) -> None:
    memory = desk.desk.attach("gate")
    recogniser = puppets.next()
    desk.offer("gate", memory.number)
    asked = recogniser.next(Analyse)
    desk.desk.detach("gate")
    assert desk.desk.counts("gate").offered == 0
    recogniser.say(seen(asked.request))
    assert desk.next_freed().memory == memory.number
    new = desk.desk.attach("gate")
    # A frame of no camera that is known comes back at once.
    assert desk.offer("yard", 99) == desk.next_freed()
    desk.offer("gate", new.number)
    recogniser.say(seen(recogniser.next(Analyse).request))
    assert desk.next_look().ts_ms == 3
    assert desk.delivered.empty()


def test_a_recogniser_that_is_stuck_with_a_picture_is_replaced(desk: Desk, puppets: Puppets) -> None:
    recogniser = puppets.next()
    recogniser.say(RecogniserBeat(19.0))
    recogniser.say(RecogniserBeat(21.0))
    assert recogniser.is_gone()
    puppets.next()


def test_a_picture_file_is_looked_at_while_its_giver_waits(desk: Desk, puppets: Puppets) -> None:
    recogniser = puppets.next()
    desk.desk.wait_until_ready()
    with ThreadPoolExecutor() as pool:
        look = pool.submit(desk.desk.look_at, b"jpeg", "ada/1.jpg")
        asked = recogniser.next(LookAt)
        assert (asked.name, asked.data) == ("ada/1.jpg", b"jpeg")
        recogniser.say(seen(asked.request, faces=(face(embedding=EMBEDDING),)))
        assert len(look.result(PATIENCE).faces) == 1
        bad = pool.submit(desk.desk.look_at, b"text", "ada/2.jpg")
        recogniser.say(NotLooked(recogniser.next(LookAt).request, "ada/2.jpg is no picture."))
        with pytest.raises(InvalidInput, match="no picture"):
            bad.result(PATIENCE)
        lost = pool.submit(desk.desk.look_at, b"jpeg", "ada/3.jpg")
        recogniser.next(LookAt)
        recogniser.die()
        with pytest.raises(Unavailable, match="ended while it looked"):
            lost.result(PATIENCE)
    assert desk.delivered.empty()
    assert desk.freed.empty()


def test_without_a_recogniser_no_file_is_looked_at(desk: Desk, puppets: Puppets) -> None:
    puppets.unready()
    with pytest.raises(Unavailable, match="try again"):
        desk.desk.look_at(b"jpeg", "ada/1.jpg")


def test_whoever_waits_for_a_recogniser_is_told_why_there_is_none(desk: Desk, puppets: Puppets) -> None:
    def wait() -> str:
        try:
            desk.desk.wait_until_ready()
        except Unavailable as error:
            return str(error)
        return ""

    with ThreadPoolExecutor() as pool:
        waited = pool.submit(wait)
        puppets.unready().die()
        assert "The recogniser does not start" in waited.result(PATIENCE)
    again = puppets.next()
    again.say(RecogniserBeat(0.0))
    started = threading.Event()
    with ThreadPoolExecutor() as pool:
        pool.submit(wait).add_done_callback(lambda done: started.set() if done.result() == "" else None)
    assert started.is_set()
    assert desk.desk.worker.seal == SEALED


def test_closing_gives_all_memory_back(puppets: Puppets) -> None:
    desk = Desk(puppets)
    memory = desk.desk.attach("gate")
    recogniser = puppets.next()
    os.close(recogniser.next_with(Attach).descriptors[0])
    puppets.end(desk.desk.close)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(memory.descriptor)
    with pytest.raises(LinkBroken):
        recogniser.say(RecogniserBeat(0.0))
