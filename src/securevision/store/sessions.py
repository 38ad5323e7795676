"""Sessions, in the database."""

from collections.abc import Callable, Sequence

from sqlalchemy import (
    Connection,
    Delete,
    Select,
    Update,
    bindparam,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)

from securevision.domain.accounts import ApiToken, Session, SessionDraft, SessionLevel, User
from securevision.domain.audit import AuditDraft
from securevision.domain.ports.clock import Clock
from securevision.errors import Conflict, NotFound
from securevision.store.access_tables import api_tokens, sessions, users
from securevision.store.account_rows import (
    SESSION_COLUMNS,
    TOKEN_COLUMNS,
    USER_COLUMNS,
    session_of,
    the_user,
    token_of,
    user_of,
)
from securevision.store.change_log import ChangeLog
from securevision.store.database import Database
from securevision.store.epoch import bump
from securevision.store.values import int64, one_line

MAX_SESSIONS = 50
"""Of one user, and of one display."""

_WITH_HOLDER = select(*SESSION_COLUMNS, *USER_COLUMNS, *TOKEN_COLUMNS).select_from(
    sessions.outerjoin(api_tokens, api_tokens.c.id == sessions.c.token_id).outerjoin(
        users, users.c.id == func.coalesce(sessions.c.user_id, api_tokens.c.owner_id)
    )
)
_BY_DIGEST = _WITH_HOLDER.where(sessions.c.digest == bindparam("digest"))
_BY_ID = _WITH_HOLDER.where(sessions.c.id == bindparam("session_id"))

_USER = len(SESSION_COLUMNS)
_TOKEN = _USER + len(USER_COLUMNS)


class SqlSessionStore:
    """The SessionStore of a Database."""

    def __init__(self, database: Database, clock: Clock, entropy: Callable[[int], bytes]) -> None:
        self._database = database
        self._log = ChangeLog(clock, entropy)

    def add(
        self, draft: SessionDraft, audit: AuditDraft | None, *, password_hash: str | None = None
    ) -> Session:
        """Make a session. Of one user at most 50 live; one more ends the one used longest ago.

        Those that are only half signed in go first: a password alone ends nobody's whole sessions. Raises NotFound
        when the user or the token has gone, and Conflict when the user may not sign in any more, or when
        `password_hash` is given and is no longer theirs: it was changed while the old one was being checked.
        """

        def work(connection: Connection) -> Session:
            _check_holder(connection, draft, password_hash)
            if _make_room(connection, draft):
                bump(connection)
            row = connection.execute(
                insert(sessions)
                .values(
                    digest=draft.digest,
                    user_id=draft.user_id,
                    token_id=draft.token_id,
                    level=draft.level.value,
                    created_ms=draft.created_ms,
                    seen_ms=draft.created_ms,
                    expires_ms=draft.expires_ms,
                    proved_ms=draft.created_ms,
                    network=one_line(draft.network),
                    agent=one_line(draft.agent),
                )
                .returning(*SESSION_COLUMNS)
            ).one()
            self._log.write(connection, audit)
            return session_of(row)

        return self._database.write(work)

    def find(self, digest: str) -> tuple[Session, User | None, ApiToken | None] | None:
        """Return a session with its user, or with its display's token and that token's owner.

        Expired or not; None when there is none.
        """
        return self._one(_BY_DIGEST, {"digest": digest})

    def get(self, session_id: int) -> tuple[Session, User | None, ApiToken | None] | None:
        """Return the same by the session's number."""
        return self._one(_BY_ID, {"session_id": int64(session_id)})

    def of_user(self, user_id: int) -> Sequence[Session]:
        """Return a user's sessions, newest use first."""
        statement = (
            select(*SESSION_COLUMNS)
            .where(sessions.c.user_id == int64(user_id))
            .order_by(sessions.c.seen_ms.desc(), sessions.c.id.desc())
        )
        rows = self._database.read(lambda connection: connection.execute(statement).all())
        return [session_of(row) for row in rows]

    def rotate(
        self,
        session_id: int,
        new_digest: str,
        level: SessionLevel,
        now_ms: int,
        audit: AuditDraft | None,
        *,
        expires_ms: int | None = None,
        proved: bool = True,
    ) -> bool:
        """Give a session a new secret and level; the old secret stops working.

        `expires_ms` replaces its end, and `proved` says that its user proved just now who they are. False when it
        has gone or its time is over.
        """
        changed: dict[str, object] = {"digest": new_digest, "level": level.value, "seen_ms": now_ms}
        if proved:
            changed["proved_ms"] = now_ms
        if expires_ms is not None:
            changed["expires_ms"] = expires_ms
        statement = (
            update(sessions)
            .where(sessions.c.id == int64(session_id), sessions.c.expires_ms > now_ms)
            .values(changed)
        )
        return self._change(statement, audit)

    def touch(self, session_id: int, now_ms: int) -> None:
        """Note a use, unless a later one was noted. Bumps no epoch."""
        statement = (
            update(sessions)
            .where(sessions.c.id == int64(session_id), sessions.c.seen_ms < now_ms)
            .values(seen_ms=now_ms)
        )
        self._database.write(lambda connection: connection.execute(statement))

    def end(self, session_id: int, audit: AuditDraft | None, *, user_id: int | None = None) -> bool:
        """End a session, with `user_id` only if it is theirs; False when there is none."""
        statement = delete(sessions).where(sessions.c.id == int64(session_id))
        if user_id is not None:
            statement = statement.where(sessions.c.user_id == int64(user_id))
        return self._change(statement, audit)

    def delete_expired(self, now_ms: int, idle_ms: int) -> int:
        """Delete the sessions that ended by time; return how many. A display's doesn't end by not being used."""
        idle = (sessions.c.level != SessionLevel.DISPLAY.value) & (sessions.c.seen_ms <= now_ms - idle_ms)
        statement = delete(sessions).where((sessions.c.expires_ms <= now_ms) | idle)
        return self._database.write(lambda connection: connection.execute(statement).rowcount)

    def _change(self, statement: Update | Delete, audit: AuditDraft | None) -> bool:
        """Run it and say so to every process and the log; False when it changed nothing."""

        def work(connection: Connection) -> bool:
            if not connection.execute(statement).rowcount:
                return False
            bump(connection)
            self._log.write(connection, audit)
            return True

        return self._database.write(work)

    def _one(
        self,
        statement: Select[*tuple[object, ...]],
        parameters: dict[str, object],
    ) -> tuple[Session, User | None, ApiToken | None] | None:
        row = self._database.read(lambda connection: connection.execute(statement, parameters).one_or_none())
        if row is None:
            return None
        return (
            session_of(row[:_USER]),
            None if row[_USER] is None else user_of(row[_USER:_TOKEN]),
            None if row[_TOKEN] is None else token_of(row[_TOKEN:]),
        )


def _check_holder(connection: Connection, draft: SessionDraft, password_hash: str | None) -> None:
    if draft.user_id is not None:
        user = the_user(connection, draft.user_id)
        if not user.is_active or password_hash not in (None, user.password_hash):
            raise Conflict("The account was changed meanwhile; sign in again.")
    elif not connection.scalar(select(exists().where(api_tokens.c.id == int64(draft.token_id or 0)))):
        raise NotFound(f"Token {draft.token_id} does not exist.")


def _make_room(connection: Connection, draft: SessionDraft) -> int:
    """End sessions so that there is room for the draft; return how many."""
    of_holder = (
        sessions.c.token_id == draft.token_id
        if draft.user_id is None
        else sessions.c.user_id == draft.user_id
    )
    kept = (
        select(sessions.c.id)
        .where(of_holder)
        .order_by(
            sessions.c.expires_ms > draft.created_ms,
            sessions.c.level.in_([SessionLevel.FULL.value, SessionLevel.DISPLAY.value]),
            sessions.c.seen_ms,
            sessions.c.id,
        )
    )
    count = connection.scalar(select(func.count()).select_from(sessions).where(of_holder)) or 0
    if count < MAX_SESSIONS:
        return 0
    first = kept.limit(count - MAX_SESSIONS + 1)
    return connection.execute(delete(sessions).where(sessions.c.id.in_(first))).rowcount
