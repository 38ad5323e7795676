from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.clock import FakeClock
from securevision.domain.events import EventDraft, EventQuery, FacePayload
from securevision.domain.geometry import Box
from securevision.runtime.retention import MS_A_DAY, delete_expired
from securevision.store.database import Database
from securevision.store.events import SqlEventStore


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database.open(tmp_path / "events.db")
    yield database
    database.close()


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
