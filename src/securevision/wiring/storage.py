"""The database and what is kept in it."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from securevision.clock import SystemClock
from securevision.settings import Settings
from securevision.store.cameras import SqlCameraStore
from securevision.store.database import Database
from securevision.store.epoch import SqlEpochReader
from securevision.store.events import SqlEventStore
from securevision.store.factors import SqlFactorStore
from securevision.store.one_time import SqlOneTimeStore
from securevision.store.people import SqlPeopleStore
from securevision.store.recordings import SqlRecordingStore
from securevision.store.sessions import SqlSessionStore
from securevision.store.tokens import SqlTokenStore
from securevision.store.users import SqlUserStore

_FILE = "securevision.db"
RESERVE_FILE = "audit.reserve"


@dataclass(frozen=True, slots=True)
class Storage:
    """The stores of one open database."""

    database: Database
    events: SqlEventStore
    people: SqlPeopleStore
    users: SqlUserStore
    factors: SqlFactorStore
    sessions: SqlSessionStore
    tokens: SqlTokenStore
    one_time: SqlOneTimeStore
    cameras: SqlCameraStore
    recordings: SqlRecordingStore
    epoch: SqlEpochReader


def database_path(settings: Settings) -> Path:
    """Return where the database is, or will be."""
    return settings.storage.directory / _FILE


@contextmanager
def open_storage(settings: Settings) -> Iterator[Storage]:
    """Open the database, made or upgraded as needed. Raises Unavailable."""
    clock, entropy = SystemClock(), secrets.token_bytes
    with Database.open(database_path(settings)) as database:
        # Whatever is changed here is logged, also when the disk is full.
        database.keep_reserve(RESERVE_FILE)
        yield Storage(
            database,
            SqlEventStore(database, clock),
            SqlPeopleStore(database, clock, entropy),
            SqlUserStore(database, clock, entropy),
            SqlFactorStore(database, clock, entropy),
            SqlSessionStore(database, clock, entropy),
            SqlTokenStore(database, clock, entropy),
            SqlOneTimeStore(database),
            SqlCameraStore(database, clock, entropy),
            SqlRecordingStore(database, clock, entropy),
            SqlEpochReader(database),
        )
