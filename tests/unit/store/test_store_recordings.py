"""Recordings in the database: logged with each change, there after a crash, and of cameras that may be gone."""

import os
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from fakes.account_stores import AccountStores, at_once
from fakes.clock import FakeClock
from securevision.domain.audit import AuditAction, AuditDraft
from securevision.domain.cameras import CameraConfig, SealedAddress
from securevision.domain.events import CameraPayload, CameraState, EventDraft
from securevision.domain.recordings import Recording, RecordingKind, RecordingQuery
from securevision.errors import Conflict, InvalidInput, NotFound, Unavailable
from securevision.store.cameras import SqlCameraStore
from securevision.store.database import Database
from securevision.store.events import SqlEventStore
from securevision.store.recordings import SqlRecordingStore

NOW = 1_700_000_000_000
KEPT = AuditDraft(AuditAction.RECORDING_KEPT, "user:3", target="recording:1")


@pytest.fixture
def recordings(database: Database, clock: FakeClock) -> SqlRecordingStore:
    return SqlRecordingStore(database, clock, os.urandom)


@pytest.fixture
def recording(recordings: SqlRecordingStore) -> Recording:
    growing = recordings.begin("gate", RecordingKind.EVENT, NOW, "video/mp4")
    return recordings.end(growing.id, NOW + 9, 7)


Change = Callable[[SqlRecordingStore, int, AuditDraft], object]
CHANGES: dict[str, Change] = {
    "keep": lambda recordings, number, audit: recordings.keep(number, audit, kept=True),
    "delete": lambda recordings, number, audit: recordings.delete(number, audit),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_is_logged_once_or_not_made(
    recordings: SqlRecordingStore, recording: Recording, stores: AccountStores, change: Change
) -> None:
    refused = replace(KEPT, personal={"network": "192.0.2.1"})
    before = stores.rows()
    with pytest.raises(InvalidInput, match="network"):
        change(recordings, recording.id, refused)
    assert stores.rows() == before

    with pytest.raises(NotFound):
        change(recordings, recording.id + 1, KEPT)
    assert stores.logged() == []
    change(recordings, recording.id, KEPT)
    assert stores.rows()["recordings"] != before["recordings"]
    [entry] = stores.logged()
    assert '"action":"recording.kept"' in entry


def test_what_cannot_be_logged_is_not_deleted(
    recordings: SqlRecordingStore, recording: Recording, stores: AccountStores
) -> None:
    stores.refuse_entries()
    with pytest.raises(Unavailable):
        recordings.delete(recording.id, KEPT)
    assert recordings.get(recording.id) == recording
    # Retention is not logged one by one.
    recordings.delete(recording.id, None)
    assert recordings.get(recording.id) is None


def test_growing_and_ending_are_not_logged(
    recordings: SqlRecordingStore, recording: Recording, stores: AccountStores
) -> None:
    recordings.grow(recordings.begin("gate", RecordingKind.CONTINUOUS, NOW, "video/mp4").id, 5)
    assert stores.logged() == []


def test_of_keeping_and_deleting_at_once_one_wins(
    recordings: SqlRecordingStore, recording: Recording, other_process: AccountStores, clock: FakeClock
) -> None:
    theirs = SqlRecordingStore(other_process.database, clock, os.urandom)
    results = at_once(
        lambda: recordings.keep(recording.id, KEPT, kept=True), lambda: theirs.delete(recording.id, None)
    )
    [error] = [result for result in results if isinstance(result, Exception)]
    assert isinstance(error, Conflict if recordings.get(recording.id) else NotFound)


def test_what_a_crash_left_growing_is_found_and_ended(
    recordings: SqlRecordingStore, recording: Recording, other_process: AccountStores, clock: FakeClock
) -> None:
    left = recordings.begin("gate", RecordingKind.CONTINUOUS, NOW, "video/mp4")
    after = SqlRecordingStore(other_process.database, clock, os.urandom)
    assert list(after.open_ones()) == [left]
    after.end(left.id, NOW + 1, 3)
    assert list(after.open_ones()) == []
    # Whoever still thinks that it grows is told.
    with pytest.raises(NotFound):
        recordings.grow(left.id, 4)


def test_recordings_and_events_of_a_removed_camera_stay(
    recordings: SqlRecordingStore,
    recording: Recording,
    events: SqlEventStore,
    database: Database,
    clock: FakeClock,
) -> None:
    cameras = SqlCameraStore(database, clock, os.urandom)
    cameras.add(CameraConfig("gate"), SealedAddress("demo:", b"x"), KEPT)
    event = events.add(EventDraft(1, "gate", NOW, CameraPayload(CameraState.DOWN, "")), None)
    cameras.remove("gate", KEPT)
    assert recordings.page(RecordingQuery()).recordings == (recording,)
    assert events.get(event.id) == event


@pytest.mark.parametrize(
    "values",
    [
        "1, 'gate', 'event', 5, 4, 0, 0, 'video/mp4'",
        "1, 'gate', 'event', NULL, 4, 0, 0, 'video/mp4'",
        "1, NULL, 'event', 5, 6, 0, 0, 'video/mp4'",
    ],
)
def test_the_table_takes_no_recording_that_cannot_be(database: Database, values: str) -> None:
    with pytest.raises(IntegrityError):
        database.write(
            lambda connection: connection.execute(text(f"INSERT INTO recordings VALUES ({values})"))
        )
