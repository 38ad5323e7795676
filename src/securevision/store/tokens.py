"""API tokens and displays, in the database."""

from collections.abc import Callable, Sequence

from sqlalchemy import Connection, Select, bindparam, delete, func, insert, select, update

from securevision.domain.accounts import ApiToken, ApiTokenDraft, Purpose, User
from securevision.domain.audit import AuditDraft
from securevision.domain.ports.clock import Clock
from securevision.errors import Conflict
from securevision.store.access_tables import api_tokens, one_time, token_cameras, users
from securevision.store.account_rows import TOKEN_COLUMNS, USER_COLUMNS, the_user, token_of, user_of
from securevision.store.change_log import ChangeLog
from securevision.store.database import Database
from securevision.store.epoch import bump
from securevision.store.values import camera_names, int64, one_line

MAX_TOKENS = 100
"""Of one user."""

_TOKEN = select(*TOKEN_COLUMNS)
_WITH_OWNER = select(*TOKEN_COLUMNS, *USER_COLUMNS).select_from(
    api_tokens.outerjoin(users, users.c.id == api_tokens.c.owner_id)
)
_BY_DIGEST = _WITH_OWNER.where(api_tokens.c.digest == bindparam("digest"))
_BY_ID = _WITH_OWNER.where(api_tokens.c.id == bindparam("token_id"))

_USER = len(TOKEN_COLUMNS)


class SqlTokenStore:
    """The TokenStore of a Database."""

    def __init__(self, database: Database, clock: Clock, entropy: Callable[[int], bytes]) -> None:
        self._database = database
        self._log = ChangeLog(clock, entropy)

    def add(self, draft: ApiTokenDraft, audit: Callable[[ApiToken], AuditDraft]) -> ApiToken:
        """Make a token. Raises NotFound when its owner has gone, and Conflict when they have 100."""
        cameras = camera_names(draft.cameras)

        def work(connection: Connection) -> ApiToken:
            _check_owner(connection, draft.owner_id)
            (token_id,) = connection.execute(
                insert(api_tokens)
                .values(
                    digest=draft.digest,
                    kind=draft.kind.value,
                    name=one_line(draft.name),
                    owner_id=draft.owner_id,
                    scopes=" ".join(sorted(scope.value for scope in draft.scopes)),
                    all_cameras=draft.cameras.names is None,
                    network=draft.network,
                    created_ms=draft.created_ms,
                    expires_ms=draft.expires_ms,
                    last_used_ms=None,
                )
                .returning(api_tokens.c.id)
            ).one()
            if cameras:
                rows = [{"token_id": token_id, "camera": name} for name in cameras]
                connection.execute(insert(token_cameras), rows)
            token = token_of(connection.execute(_TOKEN.where(api_tokens.c.id == token_id)).one())
            self._log.write(connection, audit(token))
            return token

        return self._database.write(work)

    def find(self, digest: str) -> tuple[ApiToken, User | None] | None:
        """Return a token with its owner, expired or not; None when there is none."""
        return self._one(_BY_DIGEST, {"digest": digest})

    def get(self, token_id: int) -> tuple[ApiToken, User | None] | None:
        """Return a token with its owner, or None."""
        return self._one(_BY_ID, {"token_id": int64(token_id)})

    def all(self, owner_id: int | None = None) -> Sequence[ApiToken]:
        """Return the tokens of one user or, with None, of everybody; newest first."""
        statement = _TOKEN.order_by(api_tokens.c.id.desc())
        if owner_id is not None:
            statement = statement.where(api_tokens.c.owner_id == int64(owner_id))
        rows = self._database.read(lambda connection: connection.execute(statement).all())
        return [token_of(row) for row in rows]

    def touch(self, token_id: int, now_ms: int) -> None:
        """Note a use, unless a later one was noted. Bumps no epoch."""
        statement = (
            update(api_tokens)
            .where(
                api_tokens.c.id == int64(token_id),
                api_tokens.c.last_used_ms.is_(None) | (api_tokens.c.last_used_ms < now_ms),
            )
            .values(last_used_ms=now_ms)
        )
        self._database.write(lambda connection: connection.execute(statement))

    def remove(self, token_id: int, audit: AuditDraft, *, owner_id: int | None = None) -> bool:
        """Revoke a token with its display's sessions and links, with `owner_id` only if it is theirs.

        False when there is none.
        """
        statement = delete(api_tokens).where(api_tokens.c.id == int64(token_id))
        if owner_id is not None:
            statement = statement.where(api_tokens.c.owner_id == int64(owner_id))
        links = delete(one_time).where(
            one_time.c.purpose == Purpose.DISPLAY.value, one_time.c.subject == str(token_id)
        )

        def work(connection: Connection) -> bool:
            if not connection.execute(statement).rowcount:
                return False
            connection.execute(links)
            bump(connection)
            self._log.write(connection, audit)
            return True

        return self._database.write(work)

    def _one(
        self,
        statement: Select[*tuple[object, ...]],
        parameters: dict[str, object],
    ) -> tuple[ApiToken, User | None] | None:
        row = self._database.read(lambda connection: connection.execute(statement, parameters).one_or_none())
        if row is None:
            return None
        return token_of(row[:_USER]), None if row[_USER] is None else user_of(row[_USER:])


def _check_owner(connection: Connection, owner_id: int | None) -> None:
    if owner_id is not None:
        the_user(connection, owner_id)
    count = select(func.count()).select_from(api_tokens).where(api_tokens.c.owner_id.is_(owner_id))
    if (connection.scalar(count) or 0) >= MAX_TOKENS:
        raise Conflict(f"A user has {MAX_TOKENS} tokens at most; revoke one that is not needed.")
