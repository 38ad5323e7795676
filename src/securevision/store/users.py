"""People, in the database."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from sqlalchemy import Connection, delete, exists, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from securevision.access.administrators import check_administrator_stays
from securevision.access.user_names import checked_name, name_key
from securevision.domain.accounts import Purpose, User, UserChange, UserDraft, UserStatus
from securevision.domain.audit import AuditDraft
from securevision.domain.ports.clock import Clock
from securevision.domain.rights import Role
from securevision.errors import Conflict, InvalidInput
from securevision.store.access_tables import (
    api_tokens,
    known_devices,
    one_time,
    passkeys,
    recovery_codes,
    sessions,
    totp,
    user_cameras,
    users,
)
from securevision.store.account_rows import USER_COLUMNS, the_user, user_of, user_or_none
from securevision.store.change_log import ChangeLog
from securevision.store.database import Database
from securevision.store.epoch import bump
from securevision.store.values import camera_names, int64

MAX_DEVICES = 20


class SqlUserStore:
    """The UserStore of a Database."""

    def __init__(self, database: Database, clock: Clock, entropy: Callable[[int], bytes]) -> None:
        self._database = database
        self._log = ChangeLog(clock, entropy)

    def add(
        self, draft: UserDraft, audit: Callable[[User], AuditDraft], *, only_if_first: bool = False
    ) -> User:
        """Make a user.

        Raises Conflict when the name is taken, or with `only_if_first` when there is anybody, and InvalidInput
        for a name that cannot be one.
        """
        name = checked_name(draft.name)
        key = name_key(name)
        cameras = camera_names(draft.cameras)

        def work(connection: Connection) -> User:
            if only_if_first and connection.scalar(select(exists().where(users.c.id.is_not(None)))):
                raise Conflict("The first user was made already; sign in, or ask an administrator.")
            if connection.scalar(select(exists().where(users.c.name_key == key))):
                raise Conflict(f"There is a user {name} already; choose another name.")
            (user_id,) = connection.execute(
                insert(users)
                .values(
                    name=name,
                    name_key=key,
                    role=draft.role.value,
                    all_cameras=draft.cameras.names is None,
                    status=UserStatus.ACTIVE.value,
                    password_hash=draft.password_hash,
                    created_ms=draft.created_ms,
                )
                .returning(users.c.id)
            ).one()
            _put_cameras(connection, user_id, cameras)
            user = the_user(connection, user_id)
            self._log.write(connection, audit(user))
            return user

        return self._database.write(work)

    def get(self, user_id: int) -> User | None:
        """Return a user, or None."""
        return self._database.read(lambda connection: user_or_none(connection, user_id))

    def find(self, name: str) -> User | None:
        """Return the user of that name, whatever its case, or None; also for what cannot be a name."""
        try:
            key = name_key(checked_name(name))
        except InvalidInput:
            return None
        statement = select(*USER_COLUMNS).where(users.c.name_key == key)
        row = self._database.read(lambda connection: connection.execute(statement).one_or_none())
        return None if row is None else user_of(row)

    def all(self) -> Sequence[User]:
        """Return everybody, by name."""
        statement = select(*USER_COLUMNS).order_by(users.c.name_key)
        rows = self._database.read(lambda connection: connection.execute(statement).all())
        return [user_of(row) for row in rows]

    def change(self, user_id: int, change: UserChange, audit: AuditDraft) -> User:
        """Change a user and end all their sessions. Raises NotFound, and Conflict for the last administrator."""
        cameras = None if change.cameras is None else camera_names(change.cameras)

        def work(connection: Connection) -> User:
            user = the_user(connection, user_id)
            after = replace(
                user,
                role=user.role if change.role is None else change.role,
                cameras=user.cameras if change.cameras is None else change.cameras,
                status=user.status if change.status is None else change.status,
            )
            check_administrator_stays(user, after, other_administrators(connection, user_id))
            connection.execute(
                update(users)
                .where(users.c.id == user_id)
                .values(
                    role=after.role.value,
                    all_cameras=after.cameras.names is None,
                    status=after.status.value,
                )
            )
            if cameras is not None:
                connection.execute(delete(user_cameras).where(user_cameras.c.user_id == user_id))
                _put_cameras(connection, user_id, cameras)
            _end_sessions(connection, user_id)
            if not after.is_active:
                _forget_invitation(connection, user_id)
            self._rights_changed(connection, audit)
            return after

        return self._database.write(work)

    def remove(self, user_id: int, audit: AuditDraft) -> None:
        """Delete a user with their sessions, factors and tokens. Raises NotFound, and Conflict as `change`."""

        def work(connection: Connection) -> None:
            user = the_user(connection, user_id)
            check_administrator_stays(user, None, other_administrators(connection, user_id))
            # The rest is deleted with them: every table of theirs says so.
            connection.execute(delete(users).where(users.c.id == user_id))
            _forget_invitation(connection, user_id)
            self._rights_changed(connection, audit)

        self._database.write(work)
        self._database.scrub()

    def set_password(
        self, user_id: int, password_hash: str, audit: AuditDraft, *, keep_session: int | None = None
    ) -> None:
        """Replace the password and end all sessions but one. Raises NotFound."""

        def work(connection: Connection) -> None:
            the_user(connection, user_id)
            connection.execute(update(users).where(users.c.id == user_id).values(password_hash=password_hash))
            _end_sessions(connection, user_id, but=keep_session)
            _forget_invitation(connection, user_id)
            self._rights_changed(connection, audit)

        self._database.write(work)

    def rehash(self, user_id: int, old_hash: str, new_hash: str) -> None:
        """Store the same password under newer parameters, if it is still the old hash. Ends no session."""
        statement = (
            update(users)
            .where(users.c.id == int64(user_id), users.c.password_hash == old_hash)
            .values(password_hash=new_hash)
        )
        self._database.write(lambda connection: connection.execute(statement))

    def reset(
        self, user_id: int, password_hash: str | None, audit: AuditDraft, *, remove_factors: bool
    ) -> None:
        """Set or clear the password and take away all that was given: sessions, tokens, known devices.

        With `remove_factors` the second factors and recovery codes too. Raises NotFound.
        """

        def work(connection: Connection) -> None:
            the_user(connection, user_id)
            connection.execute(update(users).where(users.c.id == user_id).values(password_hash=password_hash))
            _end_sessions(connection, user_id)
            _forget_invitation(connection, user_id)
            connection.execute(delete(api_tokens).where(api_tokens.c.owner_id == user_id))
            connection.execute(delete(known_devices).where(known_devices.c.user_id == user_id))
            if remove_factors:
                for table in (totp, passkeys, recovery_codes):
                    connection.execute(delete(table).where(table.c.user_id == user_id))
            self._rights_changed(connection, audit)

        self._database.write(work)
        self._database.scrub()

    def add_device(self, user_id: int, digest: str, now_ms: int) -> None:
        """Remember a device that this user signed in from; of each user the newest 20 are kept.

        Does nothing for a user who has gone.
        """
        of_user = known_devices.c.user_id == int64(user_id)
        newest = (
            select(known_devices.c.digest)
            .where(of_user)
            .order_by((known_devices.c.digest == digest).desc(), known_devices.c.seen_ms.desc())
            .limit(MAX_DEVICES)
        )

        def work(connection: Connection) -> None:
            if user_or_none(connection, user_id) is None:
                return
            connection.execute(
                sqlite_insert(known_devices)
                .values(user_id=user_id, digest=digest, seen_ms=now_ms)
                .on_conflict_do_update(
                    index_elements=[known_devices.c.digest, known_devices.c.user_id],
                    set_={"seen_ms": now_ms},
                )
            )
            connection.execute(delete(known_devices).where(of_user, known_devices.c.digest.not_in(newest)))

        self._database.write(work)

    def knows_device(self, user_id: int, digest: str) -> bool:
        """Return whether the user signed in from this device."""
        statement = select(func.count()).where(
            known_devices.c.user_id == int64(user_id), known_devices.c.digest == digest
        )
        return bool(self._database.read(lambda connection: connection.scalar(statement)))

    def _rights_changed(self, connection: Connection, audit: AuditDraft) -> None:
        bump(connection)
        self._log.write(connection, audit)


def other_administrators(connection: Connection, user_id: int) -> list[User]:
    """Return all administrators but one, active or not, for the rule of the last one."""
    statement = select(*USER_COLUMNS).where(users.c.role == Role.ADMIN.value, users.c.id != user_id)
    return [user_of(row) for row in connection.execute(statement)]


def _put_cameras(connection: Connection, user_id: int, names: Sequence[str]) -> None:
    if names:
        rows = [{"user_id": user_id, "camera": name} for name in names]
        connection.execute(insert(user_cameras), rows)


def _end_sessions(connection: Connection, user_id: int, *, but: int | None = None) -> None:
    statement = delete(sessions).where(sessions.c.user_id == user_id)
    if but is not None:
        statement = statement.where(sessions.c.id != int64(but))
    connection.execute(statement)


def _forget_invitation(connection: Connection, user_id: int) -> None:
    """Take back the link that sets the user's password: it was for how things were."""
    connection.execute(
        delete(one_time).where(
            one_time.c.purpose == Purpose.INVITATION.value, one_time.c.subject == str(user_id)
        )
    )
