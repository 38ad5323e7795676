"""From what cameras give to events, with the tracker, the rules, the recordings and the live view of the product."""

import queue
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from fakes.clock import FakeClock
from fakes.looks import MemoryPictures
from fakes.recognisers import embedding_of
from fakes.stores import MemoryEventStore, MemoryPeopleStore, MemoryRecordingStore
from securevision.domain.audit import AuditAction, AuditDraft
from securevision.domain.cameras import RecordingMode
from securevision.domain.events import (
    CameraPayload,
    CameraState,
    Event,
    EventDraft,
    EventQuery,
    EventType,
    FacePayload,
)
from securevision.domain.frames import SourceState, SourceStatus
from securevision.domain.live import LiveBoxes, LiveFragment, LiveStart
from securevision.domain.people import Template
from securevision.domain.ports.store import PeopleStore
from securevision.errors import Unavailable
from securevision.incidents.camera_watch import GRACE_MS
from securevision.incidents.matching import Gallery
from securevision.runtime.analysis import Analysis, GalleryRefresh
from securevision.runtime.clip_desk import POST_ROLL_S, ClipDesk
from securevision.runtime.feed import Feed
from securevision.runtime.live_desk import LiveDesk
from securevision.runtime.messages import ClipData, ClipEnded, LiveData, LiveInit
from securevision.runtime.pipeline import Pipeline
from securevision.runtime.recording import Evidence, StoringRecorder
from securevision.store.footage_files import RecordingFiles
from unit.runtime.pipelines import STEP_MS, THRESHOLD, look, make_pipeline

PATIENCE = 15.0
ADA, STRANGER = 7, 9
LIVE = SourceStatus(SourceState.LIVE)
LOST = SourceStatus(SourceState.BACKING_OFF, "gate ended the connection.")


class Broken:
    """An EventRecorder with a bug in it."""

    def record(self, draft: EventDraft, evidence: Evidence | None) -> None:  # noqa: ARG002 - see EventRecorder
        raise ZeroDivisionError

    def flush(self) -> Sequence[Event]:
        raise ZeroDivisionError


class Orders:
    """Cameras that note what they are asked for."""

    def __init__(self) -> None:
        self.begun: list[tuple[str, int]] = []
        self.ended: list[int] = []
        self.live: list[str] = []

    def begin_clip(self, camera: str, clip: int, *, replaces: int = 0) -> bool:  # noqa: ARG002 - see ClipOrders
        self.begun.append((camera, clip))
        return True

    def end_clip(self, camera: str, clip: int) -> None:  # noqa: ARG002 - clips have numbers of their own
        self.ended.append(clip)

    def begin_live(self, camera: str) -> None:
        self.live.append(camera)

    def end_live(self, camera: str) -> None:
        """Nobody looks any more."""

    def take_still(self, camera: str, request: int) -> bool:  # noqa: ARG002 - see LiveOrders
        return False


class Analysing:
    """An Analysis with its surroundings; its clock stands still until a test lets it go on."""

    def __init__(self, directory: Path, people: PeopleStore | None = None) -> None:
        self.clock, self.orders = FakeClock(), Orders()
        self.store, self.recordings = MemoryEventStore(self.clock), MemoryRecordingStore()
        self.told: list[Event] = []
        feed = Feed()
        feed.subscribe(self.told.append)
        recorder = StoringRecorder(self.store, MemoryPictures(), feed, self.clock)
        self.clips = ClipDesk(self.recordings, RecordingFiles(directory), self.clock)
        self.clips.use(self.orders)
        self.live = LiveDesk()
        self.live.use(self.orders)

        def pipeline(camera: str, sightings: Iterator[int]) -> Pipeline:
            if camera == "broken":
                return make_pipeline(Broken(), camera=camera, sightings=sightings)
            return make_pipeline(recorder, [template("ada", ADA)], camera=camera, sightings=sightings)

        refresh = None
        if people is not None:
            refresh = GalleryRefresh(people, lambda: Gallery(people.templates(), threshold=THRESHOLD))
        self.analysis = Analysis(
            pipeline, recorder, self.clock, refresh=refresh, clips=self.clips, live=self.live
        )
        self.analysis.start()

    def show(self, camera: str, count: int, *people: int, begin_ms: int = 0) -> None:
        """Let a camera see people in some pictures."""
        for number in range(count):
            self.analysis.look(look(camera, number, *people, begin_ms=begin_ms))

    def settle(self) -> None:
        """Wait until everything so far was taken."""
        self.analysis.finished("nobody", "")
        assert self.analysis.finished_cameras.get(timeout=PATIENCE) == ("nobody", "")

    def pass_time(self, seconds: float) -> None:
        """Let time pass after all that was so far, and let the analysis see what time it is."""
        self.settle()
        self.clock.advance(seconds)
        self.settle()
        self.settle()

    @property
    def events(self) -> list[Event]:
        """What is stored, oldest first."""
        return sorted(self.store.page(EventQuery()).events, key=lambda event: event.id)


def template(name: str, person: int) -> Template:
    return Template(name, embedding_of(person), "00")


def names(events: Sequence[Event]) -> list[str | None]:
    return [event.payload.person_name for event in events if isinstance(event.payload, FacePayload)]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Analysing]]:
    made: list[Analysing] = []

    def begin(people: PeopleStore | None = None) -> Analysing:
        made.append(Analysing(tmp_path / str(len(made)), people))
        return made[-1]

    yield begin
    for each in made:
        each.analysis.close()
        each.clips.close()


@pytest.fixture
def analysing(make: Callable[..., Analysing]) -> Analysing:
    return make()


def test_what_is_seen_becomes_an_event_of_its_camera(analysing: Analysing) -> None:
    analysing.show("gate", 4, ADA)
    analysing.show("yard", 4, ADA)
    analysing.settle()
    assert [(event.source_id, names([event])) for event in analysing.told] == [
        ("gate", ["ada"]),
        ("yard", ["ada"]),
    ]
    assert analysing.events == analysing.told


def test_tracks_of_a_camera_that_has_gone_silent_end_with_time(analysing: Analysing) -> None:
    now = analysing.clock.now_ms()
    analysing.analysis.state("gate", LIVE)
    analysing.show("gate", 4, STRANGER, begin_ms=now)
    analysing.analysis.state("gate", LOST)
    analysing.pass_time(1.0)
    assert analysing.events == []
    analysing.pass_time(3.0)
    assert names(analysing.events) == [None]


@pytest.mark.parametrize("state", [SourceState.LIVE, SourceState.ENDED])
def test_a_camera_that_lives_tells_the_time_itself_and_a_file_has_its_own(
    analysing: Analysing, state: SourceState
) -> None:
    now = analysing.clock.now_ms()
    analysing.analysis.state("gate", SourceStatus(state))
    analysing.show("gate", 4, STRANGER, begin_ms=now)
    analysing.pass_time(100.0)
    assert analysing.events == []
    analysing.analysis.quiet("gate", now + 3_000)
    analysing.settle()
    assert names(analysing.events) == [None]


def test_a_camera_that_stays_away_and_comes_back_is_told_of(analysing: Analysing) -> None:
    analysing.analysis.state("gate", LIVE)
    analysing.settle()
    lost_ms = analysing.clock.now_ms()
    analysing.analysis.state("gate", LOST)
    analysing.pass_time(GRACE_MS / 1000 - 1)
    assert analysing.events == []
    analysing.pass_time(2.0)
    analysing.pass_time(60.0)
    analysing.analysis.state("gate", LIVE)
    analysing.settle()
    down, up = analysing.events
    assert (down.type, up.type) == (EventType.CAMERA_DOWN, EventType.CAMERA_UP)
    assert down.payload == CameraPayload(CameraState.DOWN, LOST.detail)
    assert (down.source_id, down.ts_ms, up.ts_ms) == ("gate", lost_ms, analysing.clock.now_ms())
    assert analysing.told == [down, up]


def test_a_camera_that_was_tampered_with_is_told_of(analysing: Analysing) -> None:
    analysing.analysis.tamper("gate", "covered", 5_000)
    analysing.analysis.tamper("gate", "", 9_000)
    analysing.settle()
    [event] = analysing.told
    assert (event.type, event.ts_ms) == (EventType.CAMERA_TAMPERED, 5_000)
    assert analysing.events == [event]


def test_a_camera_whose_looks_meet_a_bug_blinds_no_other(
    analysing: Analysing, caplog: pytest.LogCaptureFixture
) -> None:
    analysing.clips.set_mode("gate", RecordingMode.EVENTS)
    # Each of its looks and each of its ticks fails.
    analysing.analysis.state("broken", LOST)
    analysing.analysis.state("gate", LIVE)
    analysing.show("broken", 4, STRANGER)
    analysing.show("gate", 4, ADA)
    analysing.settle()
    assert names(analysing.events) == ["ada"]
    analysing.analysis.state("gate", LOST)
    analysing.pass_time(POST_ROLL_S + 1)
    assert [record.exc_info is not None for record in caplog.records] == [True], "it is said once"
    # Others are ticked, and recordings end, though it comes before them.
    assert analysing.orders.ended == [clip for _, clip in analysing.orders.begun]
    assert [event.type for event in analysing.events if event.source_id == "gate"] == [
        EventType.FACE_MATCH,
        EventType.CAMERA_DOWN,
    ]


def test_a_recording_begins_when_something_is_there_and_goes_on_as_long_as_it_is(
    analysing: Analysing,
) -> None:
    analysing.clips.set_mode("gate", RecordingMode.EVENTS)
    analysing.analysis.state("gate", LIVE)
    analysing.show("gate", 2, STRANGER)
    analysing.settle()
    assert analysing.orders.begun == [], "two looks may be mistaken"
    for number in range(2, 100):
        analysing.analysis.look(look("gate", number, STRANGER))
        analysing.pass_time(STEP_MS / 1000)
    assert analysing.orders.begun == [("gate", 1)]
    assert analysing.orders.ended == []
    analysing.analysis.quiet("gate", 100_000)
    analysing.pass_time(POST_ROLL_S)
    assert analysing.orders.ended == [1]


def test_what_a_camera_sends_of_clips_and_live_view_reaches_who_wanted_it(analysing: Analysing) -> None:
    analysing.clips.set_mode("gate", RecordingMode.CONTINUOUS)
    woken: queue.SimpleQueue[bool] = queue.SimpleQueue()
    viewer = analysing.live.open("gate", lambda: woken.put(True))
    analysing.analysis.resumed("gate")
    assert (analysing.orders.begun, analysing.orders.live) == ([("gate", 1)], ["gate", "gate"])
    assert analysing.analysis.viewers("gate") == 1
    analysing.analysis.footage(ClipData("gate", 1, b"clip", "video/mp4", 1_000, 2_000))
    analysing.analysis.footage(LiveInit("gate", "video/mp4", b"init"))
    analysing.analysis.footage(LiveData("gate", 1_000, keyframe=True, data=b"picture"))
    analysing.show("gate", 3, ADA)
    analysing.settle()
    assert viewer.take() == LiveStart("video/mp4", b"init")
    assert viewer.take() == LiveFragment(1_000, True, b"picture")
    boxes = [viewer.take() for _ in range(3)]
    assert [each.ts_ms for each in boxes if isinstance(each, LiveBoxes)] == [0, STEP_MS, 2 * STEP_MS]
    assert isinstance(boxes[2], LiveBoxes)
    assert [box.label for box in boxes[2].boxes] == ["ada"]
    analysing.analysis.lost_footage("gate")
    [recording] = analysing.recordings.overlapping("gate", 0, 10_000, 10)
    assert (recording.end_ms, recording.size) == (2_000, 4)
    analysing.analysis.footage(ClipEnded("gate", 1))
    assert len(analysing.orders.begun) == 1


def test_whoever_is_enrolled_is_known_from_the_next_look_on(make: Callable[..., Analysing]) -> None:
    people = MemoryPeopleStore()
    analysing = make(people)
    entry = AuditDraft(AuditAction.PERSON_ENROLLED, "system")
    analysing.show("gate", 6, STRANGER)
    analysing.settle()
    assert names(analysing.events) == [None]
    people.enrol([template("grace", STRANGER)], lambda *_: entry)
    analysing.show("gate", 1, STRANGER, begin_ms=6 * STEP_MS)
    analysing.settle()
    assert names(analysing.told) == [None, "grace"]
    people.remove("grace", lambda _: entry)
    analysing.analysis.quiet("gate", 60_000)
    analysing.show("gate", 6, STRANGER, begin_ms=60_000)
    analysing.settle()
    assert names(analysing.told) == [None, "grace", None]


class Flaky(MemoryPeopleStore):
    """A database that is not there for a while."""

    failing = False

    def revision(self) -> int:
        if self.failing:
            raise Unavailable("The database is locked.")
        return super().revision()


def test_a_gallery_that_cannot_be_read_stays_as_it_is(
    make: Callable[..., Analysing], caplog: pytest.LogCaptureFixture
) -> None:
    people = Flaky()
    people.enrol([template("ada", ADA)], lambda *_: AuditDraft(AuditAction.PERSON_ENROLLED, "system"))
    analysing = make(people)
    analysing.show("gate", 1, ADA)
    analysing.settle()
    people.failing = True
    analysing.show("gate", 3, ADA, begin_ms=STEP_MS)
    analysing.settle()
    assert names(analysing.events) == ["ada"]
    assert "The gallery stays as it is: The database is locked." in caplog.text


def test_a_file_that_has_ended_has_told_everything_before_its_end_is_told(analysing: Analysing) -> None:
    analysing.show("clip", 4, STRANGER)
    analysing.analysis.finished("clip", "It breaks off.")
    assert analysing.analysis.finished_cameras.get(timeout=PATIENCE) == ("clip", "It breaks off.")
    assert names(analysing.told) == [None]


def test_the_tracks_of_a_camera_that_is_watched_no_more_end_and_it_is_never_down(
    analysing: Analysing,
) -> None:
    analysing.analysis.state("gate", LOST)
    analysing.show("gate", 4, STRANGER)
    analysing.analysis.forget("gate")
    analysing.analysis.forget("nobody")
    analysing.pass_time(60.0)
    assert names(analysing.events) == [None]
    assert len(analysing.events) == 1


def test_closing_ends_every_track_of_every_camera(analysing: Analysing) -> None:
    for camera in ("gate", "broken", "yard"):
        analysing.show(camera, 4, STRANGER)
    analysing.analysis.close()
    assert [event.source_id for event in analysing.events] == ["gate", "yard"]


@pytest.mark.parametrize("jump", [86_400.0, -86_400.0])
def test_a_clock_that_jumps_by_a_day_makes_no_news_of_a_camera_that_lives(
    analysing: Analysing, jump: float
) -> None:
    analysing.clock.advance(10 * 86_400.0)
    analysing.analysis.state("gate", LIVE)
    analysing.settle()
    analysing.clock.jump(jump)
    analysing.pass_time(2.0)
    analysing.analysis.state("gate", LOST)
    analysing.clock.jump(jump)
    analysing.pass_time(1.0)
    analysing.pass_time(6.0)
    analysing.analysis.state("gate", LIVE)
    analysing.settle()
    assert [event.type for event in analysing.events] == [EventType.CAMERA_DOWN, EventType.CAMERA_UP]


def test_two_people_in_one_picture_are_two_events(analysing: Analysing) -> None:
    analysing.show("gate", 6, ADA, STRANGER)
    analysing.settle()
    assert sorted(str(name) for name in names(analysing.events)) == ["None", "ada"]


def test_waiting_for_a_source_does_not_make_its_time_run_ahead(analysing: Analysing) -> None:
    """A file that is read at once begins when it is opened, and may be known to be live a good while later."""
    opened_ms = analysing.clock.now_ms()
    analysing.analysis.state("gate", SourceStatus(SourceState.CONNECTING))
    analysing.pass_time(3)
    analysing.analysis.state("gate", LIVE)
    analysing.show("gate", 4, ADA, begin_ms=opened_ms)
    analysing.settle()
    [event] = analysing.events
    assert opened_ms <= event.ts_ms < opened_ms + 1_000
