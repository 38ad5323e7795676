import secrets
import threading
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

import pytest

from fakes.audit import enrolled
from fakes.clock import FakeClock
from fakes.recognisers import PaintedFaces, blank, embedding_of, paint
from fakes.source import ScriptedSource
from securevision.domain.configs import IncidentConfig, TrackingConfig
from securevision.domain.events import EventDraft, EventQuery, FacePayload
from securevision.domain.frames import Frame, Pixels, SourceState, Tick
from securevision.domain.geometry import Box
from securevision.domain.observations import FaceObservation
from securevision.domain.people import Template
from securevision.domain.plates import PlateLists
from securevision.domain.ports.recognition import Recogniser
from securevision.errors import SourceError
from securevision.footage.crops import JpegCrops
from securevision.incidents.matching import Gallery
from securevision.incidents.reporter import Reporter
from securevision.runtime.camera_loop import CameraLoop, GalleryRefresh
from securevision.runtime.feed import Feed
from securevision.runtime.frame_queue import frames_of
from securevision.runtime.pipeline import Pipeline, Sight
from securevision.runtime.recording import StoringRecorder
from securevision.runtime.retention import MS_A_DAY, delete_expired
from securevision.store.database import Database
from securevision.store.events import SqlEventStore
from securevision.store.people import SqlPeopleStore
from securevision.tracking.evidence import FaceSum
from securevision.tracking.tracker import Tracker

ADA = 7
PATIENCE = 20.0


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database.open(tmp_path / "events.db")
    yield database
    database.close()


def frames(number: int) -> list[Frame | Tick]:
    return [Frame("door", i * 200, paint(blank(), 10, 10, ADA)) for i in range(number)]


def make_loop(
    database: Database, source: ScriptedSource, recogniser: Recogniser[FaceObservation] | None = None
) -> CameraLoop:
    people = SqlPeopleStore(database, FakeClock(), secrets.token_bytes)
    sight = Sight(recogniser or PaintedFaces(), Tracker(TrackingConfig(), "door", FaceSum, count(1)))
    recorder = StoringRecorder(SqlEventStore(database, FakeClock()), Feed(), FakeClock())
    empty = Gallery([], threshold=0.4)
    pipeline = Pipeline([sight], Reporter(IncidentConfig(), empty, PlateLists()), JpegCrops(), recorder)
    refresh = GalleryRefresh(people, lambda: Gallery(people.templates(), threshold=0.4))
    return CameraLoop(source, pipeline, refresh)


def stored_names(database: Database) -> list[str | None]:
    events = SqlEventStore(database, FakeClock()).page(EventQuery()).events
    return [e.payload.person_name for e in events if isinstance(e.payload, FacePayload)]


def test_a_file_is_analysed_whole_and_its_last_track_is_told(database: Database) -> None:
    loop = make_loop(database, ScriptedSource(frames(4)))
    loop.start()
    loop.join(PATIENCE)
    assert stored_names(database) == [None]
    assert loop.status.state is SourceState.ENDED
    assert loop.status.detail == ""


def test_somebody_who_is_enrolled_while_it_runs_is_named(database: Database) -> None:
    class EnrolsOnTheSecondFrame(PaintedFaces):
        seen = 0

        def observe(self, pixels: Pixels) -> Sequence[FaceObservation]:
            self.seen += 1
            if self.seen == 2:
                SqlPeopleStore(database, FakeClock(), secrets.token_bytes).enrol(
                    [Template("ada", embedding_of(ADA), "ab" * 32)], enrolled
                )
            return super().observe(pixels)

    loop = make_loop(database, ScriptedSource(frames(5)), EnrolsOnTheSecondFrame())
    loop.start()
    loop.join(PATIENCE)
    assert stored_names(database) == ["ada"]


def test_one_frame_that_cannot_be_analysed_does_not_end_the_camera(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    class FailsOnce(PaintedFaces):
        failed = False

        def observe(self, pixels: Pixels) -> Sequence[FaceObservation]:
            if not self.failed:
                self.failed = True
                raise ZeroDivisionError
            return super().observe(pixels)

    loop = make_loop(database, ScriptedSource(frames(5)), FailsOnce())
    loop.start()
    loop.join(PATIENCE)
    assert stored_names(database) == [None]
    assert [r.getMessage() for r in caplog.records] == ["A frame of camera door could not be analysed."]


def test_a_source_that_fails_for_good_is_said_in_the_status(database: Database) -> None:
    loop = make_loop(database, ScriptedSource(frames(1), error=SourceError("The file broke off.")))
    loop.start()
    loop.join(PATIENCE)
    assert (loop.status.state, loop.status.detail) == (SourceState.ENDED, "The file broke off.")


def test_a_live_source_is_read_on_while_the_analysis_is_slow_and_the_newest_frame_wins() -> None:
    source = ScriptedSource([Frame("door", i, blank()) for i in range(50)], live=True)
    items = frames_of(source)
    seen = [next(items).ts_ms]
    assert source.exhausted.wait(PATIENCE)  # the camera gave all it has while we looked at one frame
    source.close()
    seen += [item.ts_ms for item in items]
    assert len(seen) <= 2
    assert seen[-1] == 49


def test_a_tick_does_not_push_out_a_frame_that_waits() -> None:
    source = ScriptedSource([Frame("door", 1, blank()), Tick("door", 2), Tick("door", 3)], live=True)
    items = frames_of(source)
    first = next(items)
    assert source.exhausted.wait(PATIENCE)
    source.close()
    rest = [item.ts_ms for item in items]
    assert isinstance(first, Frame)
    assert rest in ([], [3], [2], [2, 3])


def test_an_error_of_a_live_source_reaches_the_analysis() -> None:
    source = ScriptedSource([], live=True, error=SourceError("No video."))
    with pytest.raises(SourceError, match="No video"):
        list(frames_of(source))


def test_closing_a_live_camera_ends_its_threads(database: Database) -> None:
    source = ScriptedSource(frames(2), live=True)
    loop = make_loop(database, source)
    before = threading.active_count()
    loop.start()
    assert source.exhausted.wait(PATIENCE)
    loop.close()
    assert threading.active_count() <= before
    assert loop.status.state is SourceState.ENDED


def test_events_older_than_the_retention_are_deleted_and_others_stay(database: Database) -> None:
    clock = FakeClock()
    store = SqlEventStore(database, clock)
    draft = EventDraft(1, "door", 5, FacePayload(None, None, Box(0, 0, 1, 1)))
    store.add(draft, None)
    clock.advance(MS_A_DAY / 1000)
    young = store.add(draft, None)
    clock.advance(29.5 * MS_A_DAY / 1000)
    assert delete_expired(store, clock, 30) == 1
    assert store.page(EventQuery()).events == (young,)
