"""A database and its stores."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.account_stores import AccountStores
from fakes.clock import FakeClock
from fakes.databases import new_database
from securevision.store.database import Database
from securevision.store.events import SqlEventStore

LOCK_TIMEOUT = 0.2


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "securevision.db"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    with new_database(path, lock_timeout=LOCK_TIMEOUT) as database:
        yield database


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def events(database: Database, clock: FakeClock) -> SqlEventStore:
    return SqlEventStore(database, clock)


@pytest.fixture
def stores(database: Database, clock: FakeClock) -> AccountStores:
    return AccountStores.of(database, clock)


@pytest.fixture
def other_process(path: Path, stores: AccountStores) -> Iterator[AccountStores]:
    """The same file, opened once more: all that two processes share."""
    with new_database(path) as database:
        yield AccountStores.of(database, FakeClock())
