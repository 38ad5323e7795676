from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import cv2
import numpy as np
import pytest

from fakes.clock import FakeClock
from fakes.looks import MemoryPictures, look_at
from fakes.recognisers import blank, embedding_of, paint
from securevision.domain.configs import IncidentConfig, TrackingConfig
from securevision.domain.events import Event, EventDraft, EventPage, EventQuery, FacePayload
from securevision.domain.frames import Tick
from securevision.domain.geometry import Box
from securevision.domain.looks import Look
from securevision.domain.people import Template
from securevision.domain.plates import PlateLists
from securevision.domain.ports.store import EventStore
from securevision.errors import StorageFull
from securevision.incidents.matching import Gallery
from securevision.incidents.reporter import Reporter
from securevision.runtime.feed import Feed
from securevision.runtime.pipeline import Pipeline
from securevision.runtime.recording import EventRecorder, PassingRecorder, StoringRecorder
from securevision.store.database import Database
from securevision.store.events import SqlEventStore
from securevision.tracking.evidence import FaceSum, PlateVote
from securevision.tracking.tracker import Tracker

ADA, STRANGER = 7, 9
STEP_MS = 200


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlEventStore]:
    database = Database.open(tmp_path / "events.db")
    yield SqlEventStore(database, FakeClock())
    database.close()


def make_pipeline(recorder: EventRecorder, *, known: bool = True) -> Pipeline:
    templates = [Template("ada", embedding_of(ADA), "00")] if known else []
    sightings = count(1)
    faces = Tracker(TrackingConfig(), "door", FaceSum, sightings)
    plates = Tracker(TrackingConfig(), "door", PlateVote, sightings)
    reporter = Reporter(IncidentConfig(cooldown_ms=10_000), Gallery(templates, threshold=0.4), PlateLists())
    return Pipeline(faces, plates, reporter, recorder)


def recorder_of(store: EventStore, feed: Feed | None = None) -> StoringRecorder:
    return StoringRecorder(store, MemoryPictures(), feed or Feed(), FakeClock())


def look(number: int, *faces: tuple[int, int]) -> Look:
    """Return a look at a frame with these faces: person and left edge."""
    pixels = blank()
    for person, x in faces:
        paint(pixels, x, 60, person)
    return look_at("door", number * STEP_MS, pixels)


def names(events: list[Event]) -> list[str | None]:
    return [e.payload.person_name for e in events if isinstance(e.payload, FacePayload)]


def test_a_face_that_walks_by_is_one_stored_event_with_its_picture(store: SqlEventStore) -> None:
    told: list[Event] = []
    feed = Feed()
    feed.subscribe(told.append)
    pictures = MemoryPictures()
    pipeline = make_pipeline(StoringRecorder(store, pictures, feed, FakeClock()))
    returned = [e for i in range(8) for e in pipeline.take(look(i, (ADA, 10 + 20 * i)))]
    returned += pipeline.finish()
    [event] = store.page(EventQuery()).events
    assert told == returned == [event]
    assert (event.version, event.source_id, event.ts_ms, names([event])) == (1, "door", 2 * STEP_MS, ["ada"])
    crop = cv2.imdecode(np.frombuffer(store.crop(event.id) or b"", np.uint8), cv2.IMREAD_COLOR)
    assert crop is not None
    assert crop.shape == (40, 40, 3)
    assert abs(int(crop.mean()) - ADA) <= 1
    picture = cv2.imdecode(np.frombuffer(pictures.get(event.id) or b"", np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape == (180, 320, 3)


def test_something_is_seen_from_its_confirmation_until_its_track_ends(store: SqlEventStore) -> None:
    pipeline = make_pipeline(recorder_of(store))
    seen = []
    for i in range(4):
        pipeline.take(look(i, (ADA, 10)))
        seen.append(pipeline.sees_something)
    assert seen == [False, False, True, True]
    pipeline.take(Tick("door", 5_000))
    assert not pipeline.sees_something


def test_time_that_goes_back_is_taken_for_none_that_passed(store: SqlEventStore) -> None:
    """A tick of the core may be a little ahead of a frame that was taken before it."""
    pipeline = make_pipeline(recorder_of(store))
    pipeline.take(Tick("door", 1_000))
    for i in range(3):
        pipeline.take(look(i, (ADA, 10)))
    [event] = store.page(EventQuery()).events
    assert event.ts_ms == 1_000


def test_a_clock_that_was_set_back_ends_what_was_followed_and_hides_nobody(store: SqlEventStore) -> None:
    """Whoever stamps pictures takes a clock that was set back slowly, but a new worker begins with it."""
    pipeline, begin, after = make_pipeline(recorder_of(store)), 10 * 86_400_000, 9 * 86_400_000

    def at(ts_ms: int, person: int) -> Look:
        return look_at("door", ts_ms, paint(blank(), 10, 60, person))

    for i in range(4):
        pipeline.take(at(begin + i * STEP_MS, ADA))
    assert pipeline.sees_something
    events = [e for i in range(4) for e in pipeline.take(at(after + i * STEP_MS, ADA))]
    assert names(events) == ["ada"]
    pipeline.take(Tick("door", after + 5_000))
    assert not pipeline.sees_something


def test_ticks_end_a_track_so_that_a_short_visit_of_a_stranger_is_told(store: SqlEventStore) -> None:
    pipeline = make_pipeline(recorder_of(store))
    for i in range(3):
        assert pipeline.take(look(i, (STRANGER, 10))) == []
    assert pipeline.take(Tick("door", 1000)) == []
    [event] = pipeline.take(Tick("door", 3000))
    assert names([event]) == [None]


def test_a_name_that_is_found_later_revises_the_event_and_is_told_again(store: SqlEventStore) -> None:
    told: list[Event] = []
    feed = Feed()
    feed.subscribe(told.append)
    pipeline = make_pipeline(recorder_of(store, feed), known=False)
    for i in range(6):
        pipeline.take(look(i, (ADA, 10)))
    pipeline.reporter.gallery = Gallery([Template("ada", embedding_of(ADA), "00")], threshold=0.4)
    pipeline.take(look(6, (ADA, 10)))
    assert [(e.id, e.version) for e in told] == [(told[0].id, 1), (told[0].id, 2)]
    assert names(told) == [None, "ada"]
    assert store.page(EventQuery()).events == (told[1],)


class FullStore:
    """An EventStore that has no room until a test makes some."""

    def __init__(self, store: SqlEventStore) -> None:
        self._store = store
        self.full = True

    def add(self, draft: EventDraft, crop: bytes | None) -> Event:
        if self.full:
            raise StorageFull("No room to store events.")
        return self._store.add(draft, crop)

    def revise(self, event_id: int, draft: EventDraft, crop: bytes | None) -> Event:
        return self._store.revise(event_id, draft, crop)

    def get(self, event_id: int) -> Event | None:
        return self._store.get(event_id)

    def crop(self, event_id: int) -> bytes | None:
        return self._store.crop(event_id)

    def page(self, query: EventQuery) -> EventPage:
        return self._store.page(query)

    def oldest_id(self) -> int:
        return self._store.oldest_id()

    def delete_created_before(self, created_ms: int) -> int:
        return self._store.delete_created_before(created_ms)


def test_events_wait_while_there_is_no_room_and_are_stored_in_order(
    store: SqlEventStore, caplog: pytest.LogCaptureFixture
) -> None:
    full = FullStore(store)
    pipeline = make_pipeline(recorder_of(full))
    for i in range(4):
        assert pipeline.take(look(i, (ADA, 10), (STRANGER, 200))) == []
    for i in range(4, 10):
        assert pipeline.take(look(i, (ADA, 10), (STRANGER, 200))) == []
    assert [r.getMessage() for r in caplog.records] == [
        "No room to store events. 1 event(s) wait in memory until then."
    ]
    full.full = False
    assert names(list(pipeline.take(Tick("door", 10 * STEP_MS)))) == ["ada", None]


def test_an_event_that_was_deleted_meanwhile_is_stored_anew(store: SqlEventStore) -> None:
    recorder = recorder_of(store)
    recorder.record(EventDraft(1, "door", 5, FacePayload(None, None, Box(0, 0, 1, 1))), None)
    [first] = recorder.flush()
    store.delete_created_before(FakeClock().now_ms() + 1)
    recorder.record(EventDraft(1, "door", 6, FacePayload("ada", 0.9, Box(0, 0, 1, 1))), None)
    [second] = recorder.flush()
    assert second.id != first.id
    assert second.version == 1


def test_without_a_store_events_are_numbered_and_revised_too() -> None:
    told: list[Event] = []
    feed = Feed()
    feed.subscribe(told.append)
    recorder = PassingRecorder(feed, FakeClock())
    for sighting, name in [(4, None), (9, "ada"), (4, "grace")]:
        recorder.record(EventDraft(sighting, "door", 5, FacePayload(name, 0.5, Box(0, 0, 1, 1))), None)
    assert [(e.id, e.version) for e in recorder.flush()] == [(1, 1), (2, 1), (1, 2)]
    assert recorder.flush() == []
    assert [(e.id, e.version) for e in told] == [(1, 1), (2, 1), (1, 2)]


def test_a_listener_that_left_is_told_nothing(store: SqlEventStore) -> None:
    told: list[Event] = []
    feed = Feed()
    leave: Callable[[], None] = feed.subscribe(told.append)
    leave()
    leave()
    feed.publish(store.add(EventDraft(1, "door", 5, FacePayload(None, None, Box(0, 0, 1, 1))), None))
    assert told == []
