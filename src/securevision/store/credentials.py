"""The hashes of secrets that callers show, such as the API token."""

import re

from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert

from securevision.errors import InvalidInput
from securevision.store.database import Database
from securevision.store.tables import credentials

_SHA256_HEX = re.compile(r"[0-9a-f]{64}")


class CredentialStore:
    """Name to SHA-256. Threads and errors are as in EventStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, name: str) -> str | None:
        """Return the hash, 64 lower-case hexadecimal digits, or None."""
        statement = select(credentials.c.sha256).where(credentials.c.name == name)
        return self._database.read(lambda connection: connection.scalar(statement))

    def put(self, name: str, sha256_hex: str) -> None:
        """Keep a hash, in place of the one before. Raises InvalidInput for anything else, such as the secret."""
        if not _SHA256_HEX.fullmatch(sha256_hex):
            raise InvalidInput(f"What is kept for {name!r} must be a SHA-256 in lower-case hexadecimal.")
        statement = (
            insert(credentials)
            .values(name=name, sha256=sha256_hex)
            .on_conflict_do_update(index_elements=[credentials.c.name], set_={"sha256": sha256_hex})
        )
        self._database.write(lambda connection: connection.execute(statement))
