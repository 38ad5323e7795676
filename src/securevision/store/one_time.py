"""Secrets that work once, in the database."""

from sqlalchemy import Connection, delete, insert, select

from securevision.domain.accounts import Purpose
from securevision.store.access_tables import one_time
from securevision.store.database import Database
from securevision.store.values import int64

MAX_SECRETS = 1000
"""Of one purpose."""


class SqlOneTimeStore:
    """The OneTimeStore of a Database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def issue(self, digest: str, purpose: Purpose, subject: str, expires_ms: int, now_ms: int) -> None:
        """Keep a secret's digest; those that expired before `now_ms` are deleted.

        Of each purpose at most 1000 are kept, the first to expire goes first; of SETUP one: a new one
        replaces the old, and of INVITATION one for each subject.
        """
        of_purpose = one_time.c.purpose == purpose.value

        def work(connection: Connection) -> None:
            connection.execute(delete(one_time).where(one_time.c.expires_ms <= now_ms))
            if purpose is Purpose.SETUP:
                connection.execute(delete(one_time).where(of_purpose))
            elif purpose is Purpose.INVITATION:
                connection.execute(delete(one_time).where(of_purpose, one_time.c.subject == subject))
            # One more will be added; those that expire last are kept.
            kept = (
                select(one_time.c.digest)
                .where(of_purpose)
                .order_by(one_time.c.expires_ms.desc(), one_time.c.digest)
                .limit(MAX_SECRETS - 1)
            )
            connection.execute(delete(one_time).where(of_purpose, one_time.c.digest.not_in(kept)))
            connection.execute(
                insert(one_time).values(
                    digest=digest, purpose=purpose.value, subject=subject, expires_ms=int64(expires_ms)
                )
            )

        self._database.write(work)

    def peek(self, digest: str, purpose: Purpose, now_ms: int) -> str | None:
        """Return the subject and leave the secret as it is; None as `redeem`."""
        statement = select(one_time.c.subject).where(
            one_time.c.digest == digest, one_time.c.purpose == purpose.value, one_time.c.expires_ms > now_ms
        )
        return self._database.read(lambda connection: connection.scalar(statement))

    def redeem(self, digest: str, purpose: Purpose, now_ms: int) -> str | None:
        """Return the subject and forget the secret; None when unknown, used, too old or of another purpose."""
        statement = (
            delete(one_time)
            .where(one_time.c.digest == digest, one_time.c.purpose == purpose.value)
            .returning(one_time.c.subject, one_time.c.expires_ms)
        )
        row = self._database.write(lambda connection: connection.execute(statement).one_or_none())
        return row.subject if row is not None and now_ms < row.expires_ms else None
