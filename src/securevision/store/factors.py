"""Second factors, in the database."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, delete, exists, insert, select, update
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from securevision.access.administrators import check_administrator_stays
from securevision.domain.accounts import NewPasskey, Passkey, Totp
from securevision.domain.audit import AuditDraft
from securevision.domain.ports.clock import Clock
from securevision.errors import Conflict, NotFound
from securevision.store.access_tables import passkeys, recovery_codes, totp
from securevision.store.account_rows import the_user
from securevision.store.change_log import ChangeLog
from securevision.store.database import Database
from securevision.store.epoch import bump
from securevision.store.users import other_administrators
from securevision.store.values import int64, one_line

MAX_PASSKEYS = 20

_PASSKEY = select(
    passkeys.c.id,
    passkeys.c.user_id,
    passkeys.c.credential_id,
    passkeys.c.public_key,
    passkeys.c.sign_count,
    passkeys.c.name,
    passkeys.c.created_ms,
    passkeys.c.last_used_ms,
)


class SqlFactorStore:
    """The FactorStore of a Database. Raises NotFound when a factor is to be added to a user who has gone."""

    def __init__(self, database: Database, clock: Clock, entropy: Callable[[int], bytes]) -> None:
        self._database = database
        self._log = ChangeLog(clock, entropy)

    def totp(self, user_id: int) -> Totp | None:
        """Return the user's seed, confirmed or not, or None."""
        statement = select(totp.c.sealed_seed, totp.c.confirmed, totp.c.last_timecode).where(
            totp.c.user_id == int64(user_id)
        )
        row = self._database.read(lambda connection: connection.execute(statement).one_or_none())
        return None if row is None else Totp(*row)

    def begin_totp(self, user_id: int, sealed_seed: bytes) -> None:
        """Keep a seed that is still to be confirmed, in place of one that never was.

        Raises Conflict when a confirmed one is there.
        """

        def work(connection: Connection) -> None:
            if the_user(connection, user_id).has_totp:
                raise Conflict("One-time passwords are set up already; remove them first.")
            connection.execute(
                sqlite_insert(totp)
                .values(user_id=user_id, sealed_seed=sealed_seed, confirmed=False, last_timecode=0)
                .on_conflict_do_update(
                    index_elements=[totp.c.user_id], set_={"sealed_seed": sealed_seed, "last_timecode": 0}
                )
            )

        self._database.write(work)

    def confirm_totp(self, user_id: int, timecode: int, audit: AuditDraft) -> bool:
        """Make the seed count; False when there is none to confirm, or the code was used already."""
        statement = (
            update(totp)
            .where(
                totp.c.user_id == int64(user_id), ~totp.c.confirmed, totp.c.last_timecode < int64(timecode)
            )
            .values(confirmed=True, last_timecode=int64(timecode))
        )
        return self._database.write(lambda connection: self._changed(connection, statement, audit))

    def use_timecode(self, user_id: int, timecode: int) -> bool:
        """Note a used code by compare-and-set; False when this or a newer one was used before."""
        statement = (
            update(totp)
            .where(totp.c.user_id == int64(user_id), totp.c.confirmed, totp.c.last_timecode < int64(timecode))
            .values(last_timecode=int64(timecode))
        )
        return bool(self._database.write(lambda connection: connection.execute(statement).rowcount))

    def remove_totp(self, user_id: int, audit: AuditDraft) -> None:
        """Remove it. Raises NotFound, and Conflict when the last administrator would be without a factor."""
        statement = delete(totp).where(totp.c.user_id == int64(user_id))

        def work(connection: Connection) -> None:
            user = the_user(connection, user_id)
            after = replace(user, has_totp=False)
            check_administrator_stays(user, after, other_administrators(connection, user_id))
            if not self._changed(connection, statement, audit):
                raise NotFound(f"User {user_id} has no one-time passwords.")

        self._database.write(work)

    def passkeys(self, user_id: int) -> Sequence[Passkey]:
        """Return a user's passkeys, oldest first."""
        statement = _PASSKEY.where(passkeys.c.user_id == int64(user_id)).order_by(passkeys.c.id)
        rows = self._database.read(lambda connection: connection.execute(statement).all())
        return [Passkey(*row) for row in rows]

    def find_passkey(self, credential_id: bytes) -> Passkey | None:
        """Return the passkey of that credential, or None."""
        statement = _PASSKEY.where(passkeys.c.credential_id == credential_id)
        row = self._database.read(lambda connection: connection.execute(statement).one_or_none())
        return None if row is None else Passkey(*row)

    def add_passkey(
        self, user_id: int, name: str, new: NewPasskey, now_ms: int, audit: AuditDraft
    ) -> Passkey:
        """Add a passkey. Raises Conflict when the credential is known already, or the user has 20."""
        label = one_line(name)

        def work(connection: Connection) -> Passkey:
            if the_user(connection, user_id).passkeys >= MAX_PASSKEYS:
                raise Conflict(f"A user has {MAX_PASSKEYS} passkeys at most; remove one first.")
            if connection.scalar(select(exists().where(passkeys.c.credential_id == new.credential_id))):
                raise Conflict("This passkey is known already; use another device or security key.")
            row = connection.execute(
                insert(passkeys)
                .values(
                    user_id=user_id,
                    credential_id=new.credential_id,
                    public_key=new.public_key,
                    sign_count=new.sign_count,
                    name=label,
                    created_ms=now_ms,
                    last_used_ms=None,
                )
                .returning(passkeys.c.id)
            ).one()
            self._rights_changed(connection, audit)
            return Passkey(
                row[0], user_id, new.credential_id, new.public_key, new.sign_count, label, now_ms, None
            )

        return self._database.write(work)

    def use_passkey(self, passkey_id: int, old_count: int, new_count: int, now_ms: int) -> bool:
        """Note a use by compare-and-set of the counter; False when another use came between.

        A passkey that doesn't count stays at 0: that its challenge works once is then all that stops a replay.
        """
        statement = (
            update(passkeys)
            .where(passkeys.c.id == int64(passkey_id), passkeys.c.sign_count == int64(old_count))
            .values(sign_count=int64(new_count), last_used_ms=now_ms)
        )
        return bool(self._database.write(lambda connection: connection.execute(statement).rowcount))

    def remove_passkey(self, user_id: int, passkey_id: int, audit: AuditDraft) -> None:
        """Remove it. Raises NotFound, and Conflict as `remove_totp`."""
        statement = delete(passkeys).where(
            passkeys.c.id == int64(passkey_id), passkeys.c.user_id == int64(user_id)
        )

        def work(connection: Connection) -> None:
            user = the_user(connection, user_id)
            if not self._changed(connection, statement, audit):
                raise NotFound(f"User {user_id} has no passkey {passkey_id}.")
            after = the_user(connection, user_id)
            check_administrator_stays(user, after, other_administrators(connection, user_id))

        self._database.write(work)

    def set_recovery_codes(self, user_id: int, digests: Sequence[str], audit: AuditDraft) -> None:
        """Replace all recovery codes."""

        def work(connection: Connection) -> None:
            the_user(connection, user_id)
            connection.execute(delete(recovery_codes).where(recovery_codes.c.user_id == user_id))
            if digests:
                rows = [{"user_id": user_id, "sha256": digest} for digest in digests]
                connection.execute(insert(recovery_codes), rows)
            self._rights_changed(connection, audit)

        self._database.write(work)

    def use_recovery_code(self, user_id: int, digest: str, audit: AuditDraft) -> bool:
        """Use a code up; False when there is no such code."""
        statement = delete(recovery_codes).where(
            recovery_codes.c.user_id == int64(user_id), recovery_codes.c.sha256 == digest
        )
        return self._database.write(lambda connection: self._changed(connection, statement, audit))

    def _changed(self, connection: Connection, statement: Any, audit: AuditDraft) -> bool:  # noqa: ANN401
        """Return whether the statement changed a row; only then is it a change of rights."""
        if not connection.execute(statement).rowcount:
            return False
        self._rights_changed(connection, audit)
        return True

    def _rights_changed(self, connection: Connection, audit: AuditDraft) -> None:
        bump(connection)
        self._log.write(connection, audit)
