"""Bringing a database to the newest revision of its tables."""

from threading import Lock

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect

from securevision.errors import Unavailable

# Alembic keeps what it is working on in module globals.
_ALEMBIC = Lock()


def needs_upgrade(connection: Connection, name: str) -> bool:
    """Return whether the tables are older than this program's. Changes nothing.

    Raises Unavailable for a database of a newer SecureVision or of another program.
    """
    revisions = set(MigrationContext.configure(connection).get_current_heads())
    scripts = ScriptDirectory.from_config(_config())
    if not revisions and set(inspect(connection).get_table_names()) - {"alembic_version"}:
        raise Unavailable(f"The database {name} belongs to another program; choose another file.")
    if not revisions <= {script.revision for script in scripts.walk_revisions()}:
        raise Unavailable(
            f"The database {name} was written by a newer SecureVision; upgrade, or move the file away."
        )
    return revisions != set(scripts.get_heads())


def upgrade(engine: Engine) -> None:
    """Run the migrations that are missing in one transaction: all of them or none.

    Foreign keys are off meanwhile, or a table that is made anew would take with it the rows that refer to it.
    """
    config = _config()
    with engine.connect() as connection:
        plain = connection.connection
        # Not possible inside a transaction.
        plain.execute("PRAGMA foreign_keys = OFF")
        config.attributes["connection"] = connection
        with _ALEMBIC, connection.begin():
            command.upgrade(config, "head")
        plain.execute("PRAGMA foreign_keys = ON")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "securevision.store:migrations")
    return config
