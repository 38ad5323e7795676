"""The key that signs the log is made once, kept sealed, and missed when it is gone."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from fakes.clock import FakeClock
from securevision.audit.checkpoints import SignedCheckpoint
from securevision.errors import Unavailable
from securevision.settings import Settings, StorageSettings
from securevision.store.database import Database
from securevision.vault.sealer import Sealer
from securevision.vault.signing import verify_signature
from securevision.wiring.audit import make_audit, open_audit
from securevision.wiring.keys import KEY_FILE
from securevision.wiring.storage import RESERVE_FILE, database_path

SEALER = Sealer({1: bytes(32)}, current=1)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(storage=StorageSettings(directory=tmp_path / "data"))


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    with Database.open(database_path(settings)) as database:
        yield database


def test_the_key_is_made_once_and_logged(database: Database) -> None:
    first = make_audit(database, SEALER, FakeClock())
    again = make_audit(database, SEALER, FakeClock())
    assert first.reader.key == again.reader.key
    (record,) = first.reader.page(None, 10).records
    assert (record.action, record.target) == ("key.made", "key:audit")
    assert record.details == {"public_key": str(first.reader.key)}
    assert SignedCheckpoint.parse(again.reader.checkpoint()).is_by(first.reader.key, verify_signature)


def test_two_that_start_at_once_get_one_key(settings: Settings) -> None:
    def start(_: int) -> str:
        with open_audit(settings) as audit:
            return str(audit.reader.key)

    with ThreadPoolExecutor(4) as starts:
        assert len(set(starts.map(start, range(4)))) == 1


def test_the_private_key_lies_in_no_file_unsealed(settings: Settings, database: Database) -> None:
    audit = make_audit(database, SEALER, FakeClock())
    with closing(sqlite3.connect(database_path(settings))) as plain:
        ((sealed,),) = plain.execute("SELECT sealed FROM sealed_secrets").fetchall()
    private = SEALER.open(sealed, table="sealed_secrets", column="sealed", row="audit-signing-key")
    assert len(private) == 32
    assert not any(private in file.read_bytes() for file in database_path(settings).parent.iterdir())
    assert audit.reader.key.key != private


def test_a_key_of_another_seal_does_not_open(database: Database) -> None:
    make_audit(database, SEALER, FakeClock())
    with pytest.raises(Unavailable, match="sealed_secrets"):
        make_audit(database, Sealer({1: bytes(31) + b"x"}, current=1), FakeClock())


def test_a_log_that_was_signed_gets_no_new_key(settings: Settings, database: Database) -> None:
    make_audit(database, SEALER, FakeClock())
    with closing(sqlite3.connect(database_path(settings))) as plain, plain:
        plain.execute("DELETE FROM sealed_secrets")
    with pytest.raises(Unavailable, match="restore the database from a backup"):
        make_audit(database, SEALER, FakeClock())


def test_without_its_key_file_nothing_is_made_anew(settings: Settings) -> None:
    with open_audit(settings):
        pass
    (settings.storage.directory / KEY_FILE).unlink()
    with pytest.raises(Unavailable, match=KEY_FILE), open_audit(settings):
        pass
    assert not (settings.storage.directory / KEY_FILE).exists()


def test_every_file_is_its_owners_alone(settings: Settings) -> None:
    with open_audit(settings):
        modes = {file.name: file.stat().st_mode & 0o777 for file in settings.storage.directory.iterdir()}
    assert modes[RESERVE_FILE] == modes[KEY_FILE] == 0o600
    assert set(modes.values()) == {0o600}
