import os
import sqlite3
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from fakes.clock import FakeClock
from securevision.domain.events import EventDraft, EventQuery, FacePayload
from securevision.domain.geometry import Box
from securevision.errors import StorageFull, Unavailable
from securevision.store.database import Database
from securevision.store.events import SqlEventStore
from securevision.store.tables import people

DRAFT = EventDraft(1, "gate", 1, FacePayload("ada", 0.5, Box(0, 0, 1, 1)))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o277])
def test_only_the_owner_can_read_the_files(path: Path, umask: int) -> None:
    before = os.umask(umask & ~0o200)  # without write and search the folder itself could not be made
    try:
        path.parent.mkdir(0o700)
        os.umask(umask)
        with Database.open(path) as database:
            SqlEventStore(database, FakeClock()).add(DRAFT, b"x")
            assert {file.name: mode(file) for file in path.parent.iterdir()} == {
                "securevision.db": 0o600,
                "securevision.db-wal": 0o600,
                "securevision.db-shm": 0o600,
            }
    finally:
        os.umask(before)


def test_a_folder_that_is_made_is_the_owners_alone(path: Path) -> None:
    before = os.umask(0)
    try:
        Database.open(path).close()
    finally:
        os.umask(before)
    assert mode(path.parent) == 0o700


def test_a_database_that_others_could_read_is_taken_from_them(path: Path) -> None:
    Database.open(path).close()
    path.chmod(0o666)
    with Database.open(path) as database:
        SqlEventStore(database, FakeClock()).add(DRAFT, b"x")
        assert {mode(file) for file in path.parent.iterdir()} == {0o600}


def test_closing_leaves_one_file(path: Path) -> None:
    database = Database.open(path)
    SqlEventStore(database, FakeClock()).add(DRAFT, b"x")
    database.close()
    database.close()
    assert [file.name for file in path.parent.iterdir()] == ["securevision.db"]


@pytest.mark.parametrize("name", ["a b.db", "50%41.db", "what?.db", "a#b&mode=memory.db", "ü.db"])
def test_any_file_name_will_do(tmp_path: Path, name: str) -> None:
    with Database.open(tmp_path / name) as database:
        event = SqlEventStore(database, FakeClock()).add(DRAFT, b"x")
    assert [file.name for file in tmp_path.iterdir()] == [name]
    with Database.open(tmp_path / name) as database:
        assert SqlEventStore(database, FakeClock()).get(event.id) == event


def a_file_where_the_folder_should_be(folder: Path) -> Path:
    (folder / "file").write_bytes(b"")
    return folder / "file" / "a.db"


def a_folder_where_the_file_should_be(folder: Path) -> Path:
    (folder / "a.db").mkdir(0o755)
    return folder / "a.db"


def a_place_where_nothing_can_be_made(_: Path) -> Path:
    return Path("/proc/none/a.db")


@pytest.mark.parametrize(
    "place",
    [a_file_where_the_folder_should_be, a_folder_where_the_file_should_be, a_place_where_nothing_can_be_made],
)
def test_a_place_that_cannot_hold_a_database(tmp_path: Path, place: Callable[[Path], Path]) -> None:
    path = place(tmp_path)
    with pytest.raises(Unavailable, match=r"^The database a\.db cannot be opened or written; check"):
        Database.open(path)
    assert not path.is_dir() or mode(path) == 0o755


def test_no_path_is_in_the_message(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as caught:
        Database.open(a_folder_where_the_file_should_be(tmp_path))
    assert str(tmp_path) not in str(caught.value)


def test_opening_a_locked_database(path: Path) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(Unavailable, match=r"securevision\.db is in use by another program"):
            Database.open(path, lock_timeout=0.05)
    Database.open(path).close()


def test_writing_to_a_locked_database_fails_and_works_again_afterwards(
    path: Path, database: Database, events: SqlEventStore
) -> None:
    event = events.add(DRAFT, b"x")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable, match="in use by another program"):
            events.add(DRAFT, None)
        assert events.get(event.id) == event
        with Database.open(path, lock_timeout=0.05) as second:
            assert SqlEventStore(second, FakeClock()).get(event.id) == event
    assert events.add(DRAFT, None).id == event.id + 1


def test_a_database_that_was_moved_away_is_not_made_anew(path: Path, database: Database) -> None:
    path.rename(path.with_name("moved"))
    with Database(path, 0.1) as late, pytest.raises(Unavailable, match="cannot be opened"):
        late.read(lambda connection: connection.execute(text("SELECT 1")))
    assert not path.exists()


def test_after_close_nothing_is_read_or_written(database: Database, events: SqlEventStore) -> None:
    event = events.add(DRAFT, b"x")
    database.close()
    with pytest.raises(Unavailable, match=r"securevision\.db is closed"):
        events.get(event.id)
    with pytest.raises(Unavailable, match=r"securevision\.db is closed"):
        events.add(DRAFT, None)


def test_close_finishes_what_was_asked_for(path: Path) -> None:
    database = Database.open(path)
    events = SqlEventStore(database, FakeClock())
    with ThreadPoolExecutor(8) as callers:
        calls = [callers.submit(events.add, DRAFT, b"x") for _ in range(40)]
        wait(calls[:1])
        database.close()
    stored = {call.result().id for call in calls if call.exception() is None}
    assert all(isinstance(call.exception(), Unavailable | None) for call in calls)
    assert stored
    with Database.open(path) as again:
        page = SqlEventStore(again, FakeClock()).page(EventQuery())
    assert {event.id for event in page.events} == stored


def test_a_change_that_fails_is_undone_and_harms_no_other(database: Database) -> None:
    def names() -> list[str]:
        return list(database.read(lambda connection: connection.scalars(select(people.c.name)).all()))

    database.write(lambda connection: connection.execute(insert(people).values(name="ada")))
    with pytest.raises(ZeroDivisionError):
        database.write(lambda c: c.execute(insert(people).values(name="bob")).rowcount // 0)
    with pytest.raises(IntegrityError):
        database.write(lambda connection: connection.execute(insert(people).values(name="ada")))
    database.write(lambda connection: connection.execute(insert(people).values(name="eve")))
    assert names() == ["ada", "eve"]


def test_reading_cannot_write(database: Database) -> None:
    with pytest.raises(Unavailable):
        database.read(lambda connection: connection.execute(insert(people).values(name="ada")))
    assert database.read(lambda connection: connection.scalars(select(people.c.name)).all()) == []


def test_an_error_does_not_repeat_what_was_to_be_stored(database: Database) -> None:
    statement = insert(people).values(name="5ec4e7")
    database.write(lambda connection: connection.execute(statement))
    with pytest.raises(DBAPIError) as caught:
        database.write(lambda connection: connection.execute(statement))
    assert "5ec4e7" not in str(caught.value)


@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        ("journal_mode", "wal"),
        ("foreign_keys", 1),
        ("synchronous", 2),
        ("secure_delete", 1),
        ("temp_store", 2),
        ("busy_timeout", 200),
    ],
)
def test_every_connection_has_the_pragmas(database: Database, pragma: str, value: object) -> None:
    def ask(connection: Connection) -> object:
        connection.execute(select(people.c.id))
        return connection.scalar(text(f"PRAGMA {pragma}"))

    assert database.write(ask) == value
    assert database.read(ask) == value


def test_a_full_database_refuses_and_goes_on_when_there_is_room(
    database: Database, events: SqlEventStore, clock: FakeClock
) -> None:
    crop = os.urandom(20_000)
    stored = {events.add(DRAFT, crop).id: crop}
    pages = database.read(lambda connection: connection.scalar(text("PRAGMA page_count")))
    assert pages is not None
    database.write(lambda connection: connection.execute(text(f"PRAGMA max_page_count = {pages + 20}")))

    def fill() -> None:
        while True:
            stored[events.add(DRAFT, crop).id] = crop

    with pytest.raises(StorageFull) as caught:
        fill()
    assert str(caught.value) == (
        "No room to store events in securevision.db; "
        "free some disk space or lower SECUREVISION__EVENTS__RETENTION_DAYS."
    )
    with pytest.raises(StorageFull):
        events.revise(1, DRAFT, os.urandom(200_000))

    assert {event.id: events.crop(event.id) for event in events.page(EventQuery()).events} == stored
    # Deleting makes room without a larger file.
    clock.advance(1)
    assert events.delete_created_before(clock.now_ms()) == len(stored)
    assert events.add(DRAFT, crop).id == max(stored) + 1
