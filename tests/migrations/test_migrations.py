"""An upgraded database is the same as a fresh one, and one that is not ours is left as it is."""

import hashlib
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine

from fakes.clock import FakeClock
from securevision.domain.events import (
    CameraPayload,
    CameraState,
    Event,
    EventDraft,
    FacePayload,
    PlatePayload,
)
from securevision.domain.geometry import Box
from securevision.errors import Unavailable
from securevision.store import upgrade
from securevision.store.database import Database
from securevision.store.events import SqlEventStore
from securevision.store.files import alone_in
from securevision.store.schema import metadata

Rows = list[tuple[object, ...]]


def query(path: Path, sql: str) -> Rows:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def schema(path: Path) -> dict[str, tuple[str | None, Rows, Rows, Rows]]:
    """Each table's and index's own text with what SQLite understood of it; it quotes a name that was changed."""
    objects = query(path, "SELECT name, sql FROM sqlite_master WHERE name != 'alembic_version'")
    return {
        str(name): (
            None if sql is None else " ".join(str(sql).replace('"', "").split()),
            query(path, f"PRAGMA table_xinfo('{name}')"),
            query(path, f"PRAGMA foreign_key_list('{name}')"),
            query(path, f"PRAGMA index_xinfo('{name}')"),
        )
        for name, sql in objects
        if name != "sqlite_autoindex_alembic_version_1"
    }


def test_the_upgraded_schema_is_the_fresh_one(tmp_path: Path) -> None:
    upgraded, fresh = tmp_path / "upgraded.db", tmp_path / "fresh.db"
    Database.open(upgraded).close()
    engine = create_engine(f"sqlite:///{fresh}")
    metadata.create_all(engine)
    engine.dispose()

    assert schema(upgraded) == schema(fresh)
    names = {"events", "crops", "people", "templates", "gallery_revision", "users", "audit_entries"}
    assert names | {"cameras", "recordings"} <= schema(fresh).keys()


def test_alembic_sees_nothing_left_to_migrate(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    Database.open(path).close()
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        differences = compare_metadata(context, metadata)
    engine.dispose()
    assert differences == []


def of_revision(path: Path, revision: str) -> None:
    """Make a database as an older version left it."""
    config = upgrade._config()
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


OLD_EVENTS = """
    INSERT INTO events VALUES (1, 2, 'face_match', 'gate', 10, 20, 0.5, 1, 2, 3, 'ada', 0.75, NULL, NULL, NULL, NULL);
    INSERT INTO events VALUES (5, 1, 'plate_read', 'gate', 11, 21, 0, 1, 2, 3, NULL, NULL, 'SV26', 0.5, 'block', 'GB');
    INSERT INTO events VALUES (9, 1, 'face_match', 'gate', 12, 22, 0, 1, 2, 3, NULL, NULL, NULL, NULL, NULL, NULL);
    INSERT INTO crops VALUES (1, x'01'), (5, x'05'), (9, x'09');
    DELETE FROM events WHERE id = 9;
"""
OLD_ACCESS = """
    INSERT INTO users VALUES (3, 'Ada', 'ada', 'viewer', 1, 'active', NULL, 5);
    INSERT INTO totp VALUES (3, x'00', 1, 7);
    INSERT INTO sealed_secrets VALUES ('audit-signing-key', x'01');
    INSERT INTO audit_entries VALUES (0, 1, 'key.made', zeroblob(32), '{}');
"""


@pytest.mark.parametrize(("revision", "old"), [("0001", OLD_EVENTS), ("0002", OLD_EVENTS + OLD_ACCESS)])
def test_the_rows_of_older_versions_survive(tmp_path: Path, revision: str, old: str) -> None:
    path = tmp_path / "a.db"
    of_revision(path, revision)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.executescript(old)
    names = [str(name) for (name,) in query(path, "SELECT name FROM sqlite_master WHERE type = 'table'")]
    skipped = {"alembic_version", "credentials", "sqlite_sequence", "events"}
    before = {name: query(path, f"SELECT * FROM {name}") for name in names if name not in skipped}
    assert before["crops"] == [(1, b"\1"), (5, b"\5")]

    with Database.open(path) as database:
        assert {name: query(path, f"SELECT * FROM {name}") for name in before} == before
        events = SqlEventStore(database, FakeClock())
        face = FacePayload("ada", 0.75, Box(0.5, 1, 2, 3))
        assert events.get(1) == Event(1, 2, "gate", 10, 20, face)
        plate = events.get(5)
        assert plate is not None
        assert isinstance(plate.payload, PlatePayload)
        assert (plate.payload.plate_text, plate.payload.region) == ("SV26", "GB")
        assert (events.crop(1), events.crop(5)) == (b"\1", b"\5")
        # The id of an event that was deleted before names none afterwards.
        added = events.add(EventDraft(1, "gate", 1, CameraPayload(CameraState.DOWN, "")), None)
        assert added.id == 10
        # Crops still go with their events.
        assert events.delete_created_before(21) == 1
        assert query(path, "SELECT event_id FROM crops") == [(5,)]
    assert query(path, "PRAGMA foreign_key_check") == []
    assert query(path, "PRAGMA integrity_check") == [("ok",)]
    assert query(path, "SELECT name, seq FROM sqlite_sequence WHERE name LIKE '%events%'") == [("events", 10)]


def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    Database.open(path).close()
    before = path.read_bytes()
    Database.open(path).close()
    assert path.read_bytes() == before


def of_a_newer_version(path: Path) -> None:
    Database.open(path).close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")


def of_another_program(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")


def text(path: Path) -> None:
    path.write_text("Not a database. " * 500, encoding="ascii")


def cut_in_half(path: Path) -> None:
    Database.open(path).close()
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def garbled(path: Path) -> None:
    Database.open(path).close()
    content = bytearray(path.read_bytes())
    content[100:4096] = b"\xa5" * (4096 - 100)
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (of_a_newer_version, r"a\.db was written by a newer SecureVision; upgrade, or move the file away\."),
        (of_another_program, r"a\.db belongs to another program"),
        (text, r"a\.db is damaged or is not a database"),
        (cut_in_half, r"a\.db is damaged or is not a database"),
        (garbled, r"a\.db is damaged or is not a database"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_and_left_as_it_is(
    tmp_path: Path, make: Callable[[Path], None], sentence: str
) -> None:
    path = tmp_path / "a.db"
    make(path)
    before = hashlib.sha256(path.read_bytes()).digest()
    mode = path.stat().st_mode

    with pytest.raises(Unavailable, match=sentence):
        Database.open(path)

    assert hashlib.sha256(path.read_bytes()).digest() == before
    assert path.stat().st_mode == mode
    assert [file.name for file in tmp_path.iterdir()] == ["a.db"]


def test_an_upgrade_that_fails_half_way_leaves_the_old_tables(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        # Our migrations have not begun, and one of their last names is taken.
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        connection.execute("CREATE VIEW credentials AS SELECT 1")

    with pytest.raises(Exception, match="credentials"):
        Database.open(path)

    assert query(path, "SELECT name FROM sqlite_master ORDER BY name") == [
        ("alembic_version",),
        ("credentials",),
    ]
    assert query(path, "SELECT * FROM alembic_version") == []


def test_opening_waits_while_another_process_opens(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with ThreadPoolExecutor(1) as threads:
        with alone_in(tmp_path):
            opening = threads.submit(Database.open, path)
            assert wait([opening], timeout=0.5).done == set()
            assert not path.exists()
        opening.result(timeout=60).close()


def test_processes_that_start_at_once_all_get_the_database(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.db"
    program = (
        "import sys; from pathlib import Path; from securevision.store.database import Database\n"
        "print('ready', flush=True); sys.stdin.read(); Database.open(Path(sys.argv[1])).close()"
    )
    children = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.close()
        child.stdin = None
    for child in children:
        _, complaints = child.communicate(timeout=60)
        assert (child.returncode, complaints) == (0, "")
    assert query(path, "SELECT version_num FROM alembic_version") == [("0003",)]
