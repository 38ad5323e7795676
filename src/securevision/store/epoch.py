"""A number that grows whenever anybody's rights change."""

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert

from securevision.store.access_tables import access_epoch
from securevision.store.database import Database

_READ = select(access_epoch.c.epoch)
_BUMP = (
    insert(access_epoch)
    .values(id=1, epoch=1)
    .on_conflict_do_update(index_elements=[access_epoch.c.id], set_={"epoch": access_epoch.c.epoch + 1})
)


def bump(connection: Connection) -> None:
    """Say, in the transaction of the change, that what is remembered of anybody's rights is out of date."""
    connection.execute(_BUMP)


class SqlEpochReader:
    """The EpochReader of a Database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def epoch(self) -> int:
        """Return the number; 0 before the first change."""
        return self._database.read(lambda connection: connection.scalar(_READ)) or 0
