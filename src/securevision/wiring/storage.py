"""The database and what is kept in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from securevision.clock import SystemClock
from securevision.settings import Settings
from securevision.store.credentials import CredentialStore
from securevision.store.database import Database
from securevision.store.events import SqlEventStore
from securevision.store.people import SqlPeopleStore

_FILE = "securevision.db"


@dataclass(frozen=True, slots=True)
class Storage:
    """The stores of one open database."""

    database: Database
    events: SqlEventStore
    people: SqlPeopleStore
    credentials: CredentialStore


def database_path(settings: Settings) -> Path:
    """Return where the database is, or will be."""
    return settings.storage.directory / _FILE


@contextmanager
def open_storage(settings: Settings) -> Iterator[Storage]:
    """Open the database, made or upgraded as needed. Raises Unavailable."""
    clock = SystemClock()
    database = Database.open(database_path(settings))
    try:
        yield Storage(
            database,
            SqlEventStore(database, clock),
            SqlPeopleStore(database),
            CredentialStore(database),
        )
    finally:
        database.close()
