"""Which worker reads which camera, with workers that say what a test lets them say."""

import os
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from fakes.clock import FakeClock
from fakes.puppet import Puppet, Puppets
from securevision.domain.frames import SourceState, SourceStatus
from securevision.domain.motion import MotionConfig
from securevision.domain.ports.cameras import Connect
from securevision.errors import SecureVisionError, SourceError, SourceRefused
from securevision.runtime.camera_hub import CameraHub, WatchedCamera
from securevision.runtime.camera_thread import INTERNAL_ERROR
from securevision.runtime.messages import (
    Analyse,
    Beat,
    BeginClip,
    BeginLive,
    CameraBeat,
    ClipData,
    ClipEnded,
    Connected,
    EndClip,
    EndLive,
    Finished,
    FrameReady,
    FreeSlot,
    FromMedia,
    FromRecogniser,
    LiveData,
    LiveInit,
    Looked,
    NeedConnection,
    Quiet,
    RecogniserBeat,
    StateChanged,
    Still,
    TakeStill,
    TamperChanged,
    ToMedia,
    ToRecogniser,
    Unwatch,
    Watch,
)
from securevision.runtime.recognition_desk import RecognitionDesk
from securevision.runtime.slots import SLOT_BYTES
from securevision.runtime.supervision import WorkerKind

PATIENCE = 15.0
LIVE, CONNECTING = SourceState.LIVE, SourceState.CONNECTING


@dataclass
class Listener:
    """Notes what it is told, in order."""

    told: "queue.Queue[tuple[object, ...]]" = field(default_factory=queue.Queue)

    def quiet(self, camera: str, ts_ms: int) -> None:
        self.told.put(("quiet", camera, ts_ms))

    def state(self, camera: str, status: SourceStatus) -> None:
        self.told.put(("state", camera, status.state, status.detail))

    def tamper(self, camera: str, tamper: str, ts_ms: int) -> None:
        self.told.put(("tamper", camera, tamper, ts_ms))

    def finished(self, camera: str, detail: str) -> None:
        self.told.put(("finished", camera, detail))

    def footage(self, message: ClipData | ClipEnded | LiveInit | LiveData | Still) -> None:
        self.told.put(("footage", message))

    def lost_footage(self, camera: str) -> None:
        self.told.put(("lost footage", camera))

    def viewers(self, camera: str) -> int:  # noqa: ARG002 - all are the same
        return 3

    def resumed(self, camera: str) -> None:
        self.told.put(("resumed", camera))

    def until(self, *wanted: object) -> list[tuple[object, ...]]:
        """Return what was told up to and with this."""
        told = [self.told.get(timeout=PATIENCE)]
        while told[-1][: len(wanted)] != wanted:
            told.append(self.told.get(timeout=PATIENCE))
        return told


class Hub:
    """A CameraHub with its surroundings."""

    def __init__(self, media: Puppets, recogniser: Puppets) -> None:
        self.media, self.recogniser = media, recogniser
        self.clock, self.listener = FakeClock(), Listener()
        self.recognition = RecognitionDesk(
            WorkerKind(recogniser.command, FromRecogniser, 1 << 30),
            self.clock,
            threads=2,
            deliver=lambda _: None,
        )
        kind = WorkerKind(media.command, FromMedia, 1 << 30)
        self.hub = CameraHub(kind, self.recognition, self.listener, self.clock, cameras_a_worker=2)
        self.recognition.use(self.hub.free)

    def watch(self, name: str, connect: Connect | None = None, address: str = "rtsp://a/") -> None:
        self.hub.watch(WatchedCamera(name, address, connect or refuse, fps=5.0))

    def begin(self, *names: str) -> tuple[Puppet, list[Watch]]:
        """Watch some cameras of one worker."""
        for name in names:
            self.watch(name)
        worker = self.media.next()
        return worker, [watched(worker) for _ in names]

    def state_of(self, name: str) -> SourceState:
        return next(report.status.state for report in self.hub.reports() if report.id == name)


def refuse() -> int:
    raise SourceError("Nobody is there.")


def watched(worker: Puppet) -> Watch:
    received = worker.next_with(Watch)
    for descriptor in received.descriptors:
        os.close(descriptor)
    return received.message


def live(watch: Watch) -> StateChanged:
    return StateChanged(watch.camera, LIVE, "", watch=watch.number)


def beat(watch: Watch, *, still_s: float = 0.0, packets: int = 0) -> CameraBeat:
    return CameraBeat(
        watch.camera, still_s, packets, 500, 40, 30, 2, "hevc", 640, 360, None, watch=watch.number
    )


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Puppets(ToMedia, Beat([])) as media, Puppets(ToRecogniser, RecogniserBeat(0.0)) as recogniser:
        hub = Hub(media, recogniser)
        yield hub
        media.end(lambda: recogniser.end(hub.hub.close))


def test_a_camera_is_handed_to_a_worker_with_all_that_it_needs(hub: Hub) -> None:
    motion = MotionConfig(sensitivity=0.7)
    hub.hub.watch(
        WatchedCamera("gate", "rtsp://ada:canary@a/", refuse, 4.0, motion, keyframes_only=True, loop=True)
    )
    received = hub.media.next().next_with(Watch)
    [memory] = received.descriptors
    assert os.lseek(memory, 0, os.SEEK_END) >= SLOT_BYTES
    os.close(memory)
    watch = received.message
    assert (watch.camera, watch.address, watch.fps) == ("gate", "rtsp://ada:canary@a/", 4.0)
    assert (watch.motion, watch.slot_bytes) == (motion, SLOT_BYTES)
    assert (watch.keyframes_only, watch.gated, watch.paced, watch.loop) == (True, True, True, True)
    assert hub.listener.until("resumed", "gate")[0] == ("state", "gate", CONNECTING, "")
    assert "canary" not in repr(hub.hub.watched()["gate"])


def test_what_a_worker_says_is_told_in_order(hub: Hub) -> None:
    worker, [watch] = hub.begin("gate")
    number = watch.number
    footage = [
        ClipData("gate", 1, b"x", "video/mp4", 1, 2, watch=number),
        ClipEnded("gate", 1, watch=number),
        LiveInit("gate", "video/mp4", b"x", watch=number),
        LiveData("gate", 1, keyframe=True, data=b"x", watch=number),
        Still("gate", 1, b"jpeg", watch=number),
    ]
    hub.listener.until("resumed", "gate")
    worker.say(live(watch))
    worker.say(Quiet("gate", 1_000, watch=number))
    worker.say(TamperChanged("gate", "covered", 2_000, watch=number))
    for message in footage:
        worker.say(message)
    worker.say(Finished("gate", "The end.", watch=number))
    assert hub.listener.until("finished") == [
        ("state", "gate", LIVE, ""),
        ("quiet", "gate", 1_000),
        ("tamper", "gate", "covered", 2_000),
        *(("footage", message) for message in footage),
        ("state", "gate", SourceState.ENDED, "The end."),
        ("lost footage", "gate"),
        ("finished", "gate", "The end."),
    ]


def test_states_are_told_when_they_change_and_hold_no_secret(hub: Hub) -> None:
    worker, [watch] = hub.begin("gate")
    hub.listener.until("resumed", "gate")
    begun = hub.clock.now_ms()
    for state, detail in (
        (CONNECTING, ""),
        (SourceState.BACKING_OFF, "rtsp://ada:canary@gate/ ended the connection."),
        (SourceState.BACKING_OFF, "rtsp://gate/ is off."),
    ):
        worker.say(StateChanged("gate", state, detail, watch=watch.number))
    told = hub.listener.until("state", "gate", SourceState.BACKING_OFF, "rtsp://gate/ is off.")
    assert len(told) == 2
    assert "canary" not in str(told)
    hub.clock.advance(5.0)
    worker.say(live(watch))
    hub.listener.until("state", "gate", LIVE)
    [report] = hub.hub.reports()
    assert (report.since_ms, report.viewers) == (begun + 5_000, 3)


def test_a_worker_gets_the_connection_that_it_asks_for(hub: Hub) -> None:
    def connect() -> int:
        reading, writing = os.pipe()
        os.write(writing, b"a camera")
        os.close(writing)
        return reading

    hub.watch("gate", connect)
    worker = hub.media.next()
    watch = watched(worker)
    worker.say(NeedConnection("gate", 41, watch=watch.number))
    answer = worker.next_with(Connected)
    assert answer.message == Connected("gate", 41, "", refused=False)
    [descriptor] = answer.descriptors
    assert os.read(descriptor, 100) == b"a camera"
    os.close(descriptor)


@pytest.mark.parametrize(
    ("error", "sentence", "refused"),
    [
        (SourceError("rtsp://ada:canary@gate/ is off."), "rtsp://***@gate/ is off.", False),
        (SourceRefused("The password is wrong."), "The password is wrong.", True),
        (ZeroDivisionError(), INTERNAL_ERROR, False),
    ],
)
def test_a_worker_is_told_why_it_gets_none(
    hub: Hub, error: SecureVisionError, sentence: str, refused: bool
) -> None:
    def connect() -> int:
        raise error

    hub.watch("gate", connect)
    worker = hub.media.next()
    watch = watched(worker)
    for serial in (1, 2):
        worker.say(NeedConnection("gate", serial, watch=watch.number))
        answer = worker.next_with(Connected)
        assert answer.message == Connected("gate", serial, sentence, refused=refused)
        assert list(answer.descriptors) == []


class Counting:
    """Counts who connects, and lets nobody before it is told to."""

    def __init__(self) -> None:
        self.asked, self.go = threading.Semaphore(0), threading.Event()

    def __call__(self) -> int:
        self.asked.release()
        assert self.go.wait(PATIENCE)
        return os.open("/dev/null", os.O_RDONLY)


def test_a_worker_gets_connections_of_its_own_cameras_alone(hub: Hub) -> None:
    connect = Counting()
    first, watches = hub.begin("gate", "yard")
    hub.watch("hall", connect)
    watch = watched(hub.media.next())
    for name, number in (("hall", watch.number), ("hall", 0), ("hall", watches[0].number), ("attic", 0)):
        first.say(NeedConnection(name, 1, watch=number))
    first.say(NeedConnection("gate", 7, watch=watches[0].number))
    assert first.next(Connected).camera == "gate"
    assert first.hears_nothing()
    assert not connect.asked.acquire(blocking=False)


def test_a_worker_cannot_have_many_connections_made_at_once(hub: Hub) -> None:
    connect = Counting()
    hub.watch("gate", connect)
    worker = hub.media.next()
    watch = watched(worker)
    for serial in range(50):
        worker.say(NeedConnection("gate", serial, watch=watch.number))
    worker.say(Quiet("gate", 1, watch=watch.number))
    hub.listener.until("quiet", "gate")
    assert connect.asked.acquire(timeout=PATIENCE)
    assert not connect.asked.acquire(blocking=False)
    connect.go.set()
    answer = worker.next_with(Connected)
    assert answer.message.serial == 0
    os.close(answer.descriptors[0])
    worker.say(NeedConnection("gate", 51, watch=watch.number))
    again = worker.next_with(Connected)
    os.close(again.descriptors[0])
    assert again.message.serial == 51


def test_a_connection_to_an_address_that_was_changed_meanwhile_is_given_to_nobody(hub: Hub) -> None:
    """The new login must not be sent to the old address."""
    connect = Counting()
    hub.watch("gate", connect, "rtsp://old/")
    worker = hub.media.next()
    worker.say(NeedConnection("gate", 1, watch=watched(worker).number))
    assert connect.asked.acquire(timeout=PATIENCE)
    hub.watch("gate", refuse, "rtsp://new/")
    watch = watched(worker)
    connect.go.set()
    worker.say(NeedConnection("gate", 1, watch=watch.number))
    answer = worker.next_with(Connected)
    assert (answer.message.failure, list(answer.descriptors)) == ("Nobody is there.", [])
    assert worker.hears_nothing()


def test_what_was_said_of_a_watch_that_has_ended_is_not_taken_for_the_next_one(hub: Hub) -> None:
    """The old thread's frame lies in memory that is gone, and its end is not the end of the camera."""
    worker, [old] = hub.begin("gate")
    hub.watch("gate")
    new = watched(worker)
    assert new.number != old.number
    worker.say(live(new))
    for message in (
        FrameReady("gate", 1, 1_000, 640, 360, watch=old.number),
        Quiet("gate", 1_000, watch=old.number),
        StateChanged("gate", SourceState.ENDED, "", watch=old.number),
        Finished("gate", "", watch=old.number),
        Beat([beat(old, packets=1_000), beat(new, packets=3), beat(old, packets=1_000)]),
        Quiet("gate", 2_000, watch=new.number),
    ):
        worker.say(message)
    told = hub.listener.until("quiet", "gate")
    assert told[-1] == ("quiet", "gate", 2_000)
    assert [each for each in told if each[0] == "finished"] == []
    [report] = hub.hub.reports()
    assert (report.status.state, report.packets) == (LIVE, 3)
    assert hub.recognition.counts("gate").offered == 0


def test_a_slot_goes_back_to_the_worker_whose_memory_it_is_in(hub: Hub) -> None:
    hub.recognition.worker.start()
    recogniser = hub.recogniser.next()
    worker, [watch] = hub.begin("gate")
    worker.say(FrameReady("gate", 2, 1_000, 640, 360, watch=watch.number))
    asked = recogniser.next(Analyse)
    assert (asked.camera, asked.slot) == ("gate", 2)
    recogniser.say(Looked(asked.request, 640, 360, [], [], b""))
    assert worker.next(FreeSlot) == FreeSlot("gate", 2)
    worker.say(FrameReady("gate", 3, 2_000, 640, 360, watch=watch.number))
    asked = recogniser.next(Analyse)
    hub.watch("gate")
    watched(worker)
    recogniser.say(Looked(asked.request, 640, 360, [], [], b""))
    assert worker.hears_nothing()


def test_a_camera_that_is_stuck_has_its_worker_replaced_and_is_handed_over_again(hub: Hub) -> None:
    worker, watches = hub.begin("gate", "yard")
    for watch in watches:
        worker.say(live(watch))
    worker.say(Beat([beat(watches[0], still_s=2.9), beat(watches[1])]))
    worker.say(Beat([beat(watches[0]), beat(watches[1], still_s=3.1)]))
    assert worker.is_gone()
    told = hub.listener.until("lost footage", "yard")
    assert ("lost footage", "gate") in told
    reports = hub.hub.reports()
    assert {report.status.state for report in reports} == {SourceState.BACKING_OFF}
    assert "being replaced" in reports[0].status.detail
    assert hub.hub.worker_reports()[0].failure.startswith("Camera yard is stuck in it.")
    again = hub.media.next()
    assert {watched(again).camera, watched(again).camera} == {"gate", "yard"}
    hub.listener.until("resumed", "yard")
    assert hub.hub.worker_reports()[0].restarts == 1


def test_a_camera_that_connects_has_more_time(hub: Hub) -> None:
    worker, [watch] = hub.begin("gate")
    worker.say(Beat([beat(watch, still_s=19.0)]))
    worker.say(Quiet("gate", 1, watch=watch.number))
    hub.listener.until("quiet", "gate")
    worker.say(Beat([beat(watch, still_s=21.0)]))
    assert worker.is_gone()


def test_a_camera_that_was_connecting_may_be_taken_away_without_harm_to_the_others(hub: Hub) -> None:
    worker, [gate, yard] = hub.begin("gate", "yard")
    hub.hub.unwatch("gate")
    # Sent before the worker knew of it.
    worker.say(Beat([beat(gate, still_s=9.0), beat(yard)]))
    worker.say(Quiet("yard", 1, watch=yard.number))
    hub.listener.until("quiet", "yard")
    worker.say(Beat([beat(yard), beat(gate, still_s=21.0)]))
    assert worker.is_gone(), "a thread that does not end is stuck all the same"


def test_workers_do_not_hear_of_each_other_and_one_that_ends_is_no_matter_to_the_other(hub: Hub) -> None:
    first, [gate, yard] = hub.begin("gate", "yard")
    second, [hall] = hub.begin("hall")
    for watch in (gate, yard):
        first.say(live(watch))
    second.say(live(hall))
    hub.listener.until("state", "hall", LIVE)
    # What it says of cameras that are not its own, or of nobody's, is no matter.
    first.say(StateChanged("hall", SourceState.ENDED, "", watch=hall.number))
    first.say(Quiet("attic", 1, watch=99))
    first.say(Beat([beat(hall, packets=9), beat(gate, packets=5)]))
    first.say(Quiet("gate", 1, watch=gate.number))
    hub.listener.until("quiet", "gate")
    reports = {report.id: report for report in hub.hub.reports()}
    assert (reports["hall"].status.state, reports["hall"].packets, reports["gate"].packets) == (LIVE, 0, 5)
    first.die()
    hub.listener.until("lost footage", "yard")
    assert hub.state_of("hall") is LIVE
    again = hub.media.next()
    assert {watched(again).camera, watched(again).camera} == {"gate", "yard"}
    assert second.hears_nothing()
    assert [report.restarts for report in hub.hub.worker_reports()] == [1, 0, 0]


def test_a_camera_that_is_taken_away_leaves_room_for_another(hub: Hub) -> None:
    worker, _ = hub.begin("gate", "yard")
    hub.hub.unwatch("gate")
    assert worker.next(Unwatch).camera == "gate"
    hub.listener.until("lost footage", "gate")
    assert [report.id for report in hub.hub.reports()] == ["yard"]
    hub.watch("hall")
    assert watched(worker).camera == "hall"
    hub.hub.unwatch("gate")
    assert len(hub.hub.worker_reports()) == 2


def test_orders_reach_the_worker_of_the_camera(hub: Hub) -> None:
    asks: list[Callable[[], object]] = [
        lambda: hub.hub.begin_clip("gate", 4, replaces=3),
        lambda: hub.hub.end_clip("gate", 4),
        lambda: hub.hub.begin_live("gate"),
        lambda: hub.hub.end_live("gate"),
        lambda: hub.hub.take_still("gate", 9),
    ]
    hub.watch("gate")
    assert not hub.hub.begin_clip("gate", 1)
    assert not hub.hub.take_still("gate", 1)
    worker = hub.media.next()
    watched(worker)
    for ask in asks:
        ask()
    orders = [BeginClip("gate", 4, 3), EndClip("gate", 4), BeginLive("gate"), EndLive("gate")]
    for order in (*orders, TakeStill("gate", 9)):
        received = worker.link.receive(PATIENCE)
        assert received is not None
        assert received.message == order
    assert not hub.hub.begin_clip("nobody", 1)


def test_a_report_has_counts_and_rates(hub: Hub) -> None:
    worker, [watch] = hub.begin("gate")
    worker.say(live(watch))
    for packets in (10, 60):
        worker.say(Beat([beat(watch, packets=packets)]))
        worker.say(Quiet("gate", packets, watch=watch.number))
        hub.listener.until("quiet", "gate", packets)
        hub.clock.advance(2.0)
    [report] = hub.hub.reports()
    assert (report.codec, report.width, report.height, report.progress) == ("hevc", 640, 360, None)
    assert (report.packets, report.octets, report.pictures) == (60, 500, 40)
    assert (report.moving, report.crowded) == (30, 2)
    assert report.packets_a_second == 25.0
