"""The stores of people, sessions and tokens on one database, and what tests put into them."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from threading import Barrier, Thread
from typing import Self, TypeVar

from sqlalchemy import select, text

from securevision.domain.accounts import (
    ApiToken,
    ApiTokenDraft,
    NewPasskey,
    Session,
    SessionDraft,
    SessionLevel,
    TokenKind,
    User,
    UserDraft,
)
from securevision.domain.audit import AuditAction, AuditDraft
from securevision.domain.ports.accounts import (
    EpochReader,
    FactorStore,
    OneTimeStore,
    SessionStore,
    TokenStore,
    UserStore,
)
from securevision.domain.ports.clock import Clock
from securevision.domain.rights import ALL_CAMERAS, Cameras, Permission, Role
from securevision.store.audit_tables import audit_entries
from securevision.store.database import Database
from securevision.store.epoch import SqlEpochReader
from securevision.store.factors import SqlFactorStore
from securevision.store.one_time import SqlOneTimeStore
from securevision.store.schema import metadata
from securevision.store.sessions import SqlSessionStore
from securevision.store.tokens import SqlTokenStore
from securevision.store.users import SqlUserStore

T = TypeVar("T")

ENTRY = AuditDraft(AuditAction.USER_CHANGED, "system", details={"test": "yes"})
NOW = 1_700_000_000_000
HOUR_MS = 3_600_000
NO_ID = [0, -1, 999, 2**63 - 1, 2**63, 2**70, -(2**70)]
"""Numbers of nothing."""


def digest(number: int) -> str:
    """Return something of the form of a SHA-256."""
    return f"{number:064x}"


@dataclass(frozen=True)
class AccountStores:
    """All of them."""

    database: Database
    users: UserStore
    factors: FactorStore
    sessions: SessionStore
    tokens: TokenStore
    one_time: OneTimeStore
    epoch: EpochReader

    @classmethod
    def of(cls, database: Database, clock: Clock) -> Self:
        own = (database, clock, os.urandom)
        return cls(
            database,
            SqlUserStore(*own),
            SqlFactorStore(*own),
            SqlSessionStore(*own),
            SqlTokenStore(*own),
            SqlOneTimeStore(database),
            SqlEpochReader(database),
        )

    def user(
        self,
        name: str = "ada",
        role: Role = Role.VIEWER,
        cameras: Cameras = ALL_CAMERAS,
        password_hash: str | None = "hash",
    ) -> User:
        draft = UserDraft(name, role, cameras, NOW, password_hash)
        return self.users.add(draft, lambda _: ENTRY)

    def session(
        self,
        user: User,
        number: int,
        level: SessionLevel = SessionLevel.FULL,
        *,
        created_ms: int = NOW,
        expires_ms: int = NOW + HOUR_MS,
    ) -> Session:
        draft = SessionDraft(digest(number), level, created_ms, expires_ms, "192.0.2.7", "Browser/1", user.id)
        return self.sessions.add(draft, None)

    def token(
        self,
        owner: User | None,
        number: int,
        kind: TokenKind = TokenKind.PROGRAM,
        cameras: Cameras = ALL_CAMERAS,
    ) -> ApiToken:
        scopes = frozenset({Permission.EVENTS_READ, Permission.STREAM_READ})
        owner_id = None if owner is None else owner.id
        draft = ApiTokenDraft(
            digest(number), kind, "door", owner_id, scopes, cameras, "192.0.2.0/24", NOW, NOW + HOUR_MS
        )
        return self.tokens.add(draft, lambda _: ENTRY)

    def display_session(self, token: ApiToken, number: int) -> Session:
        level = SessionLevel.DISPLAY
        draft = SessionDraft(digest(number), level, NOW, NOW + HOUR_MS, "::1", "TV", token_id=token.id)
        return self.sessions.add(draft, None)

    def give_totp(self, user: User) -> None:
        self.factors.begin_totp(user.id, b"sealed seed")
        assert self.factors.confirm_totp(user.id, 1, ENTRY)

    def give_passkey(self, user: User, number: int) -> int:
        new = NewPasskey(b"credential %d" % number, b"public key", 0)
        return self.factors.add_passkey(user.id, "key", new, NOW, ENTRY).id

    def logged(self) -> list[str]:
        """Return the bodies of all audit entries."""
        statement = select(audit_entries.c.body).order_by(audit_entries.c.seq)
        return list(self.database.read(lambda connection: connection.scalars(statement).all()))

    def rows(self) -> dict[str, set[tuple[object, ...]]]:
        """Return all that is stored."""
        return self.database.read(
            lambda connection: {
                table.name: {tuple(row) for row in connection.execute(select(table))}
                for table in metadata.sorted_tables
            }
        )

    def refuse_entries(self) -> None:
        """Make the audit log refuse every further entry."""
        refuse = "CREATE TRIGGER refuse BEFORE INSERT ON audit_entries BEGIN SELECT RAISE(ABORT, 'no'); END"
        self.database.write(lambda connection: connection.execute(text(refuse)))


def at_once(*calls: Callable[[], T]) -> list[T | BaseException]:
    """Make all calls at the same time, each on a thread, and return what each returned or raised."""
    barrier = Barrier(len(calls))
    results: list[T | BaseException] = []

    def run(call: Callable[[], T]) -> None:
        barrier.wait(10)
        try:
            results.append(call())
        except BaseException as error:  # noqa: BLE001 - handed to the test's own thread
            results.append(error)

    threads = [Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(results) == len(calls)
    return results
