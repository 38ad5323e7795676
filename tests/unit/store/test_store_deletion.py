"""What is deleted is gone from the files, while the database is open."""

import secrets
from pathlib import Path

import numpy as np

from fakes.audit import enrolled, removed
from fakes.clock import FakeClock
from securevision.domain.events import EventDraft, FacePayload
from securevision.domain.geometry import Box
from securevision.domain.people import Template
from securevision.store.database import Database
from securevision.store.events import SqlEventStore
from securevision.store.people import SqlPeopleStore

DRAFT = EventDraft(1, "gate", 1, FacePayload("somebody-seen", 0.5, Box(0, 0, 1, 1)))


def files_hold(path: Path, needle: bytes) -> bool:
    return any(needle in file.read_bytes() for file in path.parent.iterdir())


def test_deleted_crops_are_gone_from_the_files(path: Path, events: SqlEventStore, clock: FakeClock) -> None:
    # Repeated, since SQLite spreads a large crop over pages.
    old, kept = b"<deleted crop>" * 5000, b"<crop that stays>" * 5000
    for _ in range(120):
        events.add(DRAFT, old)
    assert files_hold(path, b"<deleted crop>")
    clock.advance(1)
    event = events.add(EventDraft(2, "gate", 2, FacePayload(None, None, Box(0, 0, 1, 1))), kept)

    assert events.delete_created_before(clock.now_ms()) == 120

    assert not files_hold(path, b"<deleted crop>")
    assert not files_hold(path, b"somebody-seen")
    assert files_hold(path, b"<crop that stays>")
    assert events.crop(event.id) == kept


def test_a_removed_person_is_gone_from_the_files(path: Path, database: Database) -> None:
    people = SqlPeopleStore(database, FakeClock(), secrets.token_bytes)
    embedding = np.random.default_rng(1).standard_normal(128).astype(np.float32)
    people.enrol([Template("somebody-known", embedding, "a" * 64)], enrolled)
    assert files_hold(path, embedding.tobytes()[:64])

    people.remove("somebody-known", removed)

    assert not files_hold(path, embedding.tobytes()[:64])
    assert not files_hold(path, b"somebody-known")


def test_a_long_reader_does_not_stop_a_deletion(
    database: Database, events: SqlEventStore, clock: FakeClock
) -> None:
    event = events.add(DRAFT, b"x")
    clock.advance(1)
    deleted = database.read(
        # The log cannot be cleared while this transaction looks at the past.
        lambda connection: (
            connection.exec_driver_sql("SELECT * FROM events").all(),
            events.delete_created_before(clock.now_ms()),
        )[1]
    )
    assert deleted == 1
    assert events.get(event.id) is None
