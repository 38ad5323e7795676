"""Sessions in the database."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from fakes.account_stores import ENTRY, HOUR_MS, NO_ID, NOW, AccountStores, at_once, digest
from fakes.clock import FakeClock
from fakes.databases import new_database
from securevision.domain.accounts import (
    Session,
    SessionDraft,
    SessionLevel,
    TokenKind,
    UserChange,
    UserStatus,
)
from securevision.domain.rights import Cameras, Role
from securevision.errors import Conflict, NotFound

DRAFT = SessionDraft(digest(1), SessionLevel.FULL, NOW, NOW + HOUR_MS, "192.0.2.7", "Browser/1")


def test_a_session_comes_with_its_user(stores: AccountStores) -> None:
    user = stores.user(cameras=Cameras(frozenset({"gate", "garden"})))
    stores.give_totp(user)
    stores.give_passkey(user, 1)
    stores.factors.set_recovery_codes(user.id, [digest(1), digest(2)], ENTRY)
    made = stores.session(user, 1)

    assert made == Session(
        made.id, user.id, None, SessionLevel.FULL, NOW, NOW, NOW + HOUR_MS, NOW, "192.0.2.7", "Browser/1"
    )
    whole = replace(user, has_totp=True, passkeys=1, recovery_codes=2)
    assert stores.sessions.find(digest(1)) == (made, whole, None)
    assert stores.sessions.get(made.id) == (made, whole, None)
    assert stores.sessions.find(digest(2)) is None
    assert stores.sessions.find("' OR 1=1 --") is None


def test_a_display_comes_with_its_token_and_who_owns_it(stores: AccountStores) -> None:
    owner = stores.user(cameras=Cameras(frozenset({"gate"})))
    owned = stores.token(owner, 1, TokenKind.DISPLAY, Cameras(frozenset({"gate", "garden"})))
    ownerless = stores.token(None, 2, TokenKind.DISPLAY)
    first, second = stores.display_session(owned, 3), stores.display_session(ownerless, 4)
    assert stores.sessions.find(digest(3)) == (first, owner, owned)
    assert stores.sessions.find(digest(4)) == (second, None, ownerless)


def test_the_sessions_of_a_user_are_listed_by_their_use(stores: AccountStores) -> None:
    user, other = stores.user(), stores.user("bob")
    made = [stores.session(user, number) for number in range(3)]
    stores.session(other, 9)
    stores.sessions.touch(made[1].id, NOW + 60_000)
    listed = stores.sessions.of_user(user.id)
    assert [session.id for session in listed] == [made[1].id, made[2].id, made[0].id]
    assert listed[0].seen_ms == NOW + 60_000


def test_a_use_is_never_set_back(stores: AccountStores) -> None:
    user = stores.user()
    session = stores.session(user, 1)
    epoch = stores.epoch.epoch()
    for now_ms in (NOW + 5, NOW - 5):
        stores.sessions.touch(session.id, now_ms)
    assert stores.sessions.of_user(user.id) == [replace(session, seen_ms=NOW + 5)]
    assert stores.epoch.epoch() == epoch


def test_after_a_rotation_only_the_new_secret_works(stores: AccountStores) -> None:
    user = stores.user()
    session = stores.session(user, 1, SessionLevel.PASSWORD)
    epoch = stores.epoch.epoch()
    assert stores.sessions.rotate(
        session.id, digest(2), SessionLevel.FULL, NOW + 9, ENTRY, expires_ms=NOW + 2 * HOUR_MS
    )
    rotated = replace(
        session,
        level=SessionLevel.FULL,
        seen_ms=NOW + 9,
        proved_ms=NOW + 9,
        expires_ms=NOW + 2 * HOUR_MS,
    )
    assert stores.sessions.find(digest(1)) is None
    assert stores.sessions.find(digest(2)) == (rotated, user, None)
    assert stores.epoch.epoch() > epoch

    assert stores.sessions.rotate(session.id, digest(3), SessionLevel.FULL, NOW + 10, None)
    assert stores.sessions.of_user(user.id) == [replace(rotated, seen_ms=NOW + 10, proved_ms=NOW + 10)]


def test_a_session_whose_time_is_over_is_not_brought_back(stores: AccountStores) -> None:
    session = stores.session(stores.user(), 1)
    for now_ms in (session.expires_ms, session.expires_ms + 1):
        assert not stores.sessions.rotate(
            session.id, digest(2), SessionLevel.FULL, now_ms, ENTRY, expires_ms=now_ms + HOUR_MS
        )
    assert stores.sessions.find(digest(2)) is None
    assert len(stores.logged()) == 1


def test_a_session_is_ended_by_its_user_alone(stores: AccountStores) -> None:
    user, other = stores.user(), stores.user("bob")
    session = stores.session(user, 1)
    epoch = stores.epoch.epoch()
    assert not stores.sessions.end(session.id, ENTRY, user_id=other.id)
    assert stores.epoch.epoch() == epoch
    assert stores.sessions.end(session.id, ENTRY, user_id=user.id)
    assert not stores.sessions.end(session.id, ENTRY)
    assert stores.sessions.find(digest(1)) is None
    assert stores.epoch.epoch() == epoch + 1


def test_of_a_user_fifty_sessions_live(stores: AccountStores) -> None:
    user, other = stores.user(), stores.user("bob")
    stores.session(other, 99)
    made = [stores.session(user, number) for number in range(50)]
    stores.sessions.touch(made[0].id, NOW + 1)
    epoch = stores.epoch.epoch()

    stores.session(user, 50, created_ms=NOW + 2)

    left = {session.id for session in stores.sessions.of_user(user.id)}
    assert len(left) == 50
    assert {session.id for session in made} - left == {made[1].id}
    assert stores.sessions.find(digest(99)) is not None
    assert stores.epoch.epoch() == epoch + 1


def test_a_password_alone_ends_no_whole_session(stores: AccountStores) -> None:
    user = stores.user()
    whole = [stores.session(user, number) for number in range(30)]
    for number in range(60):
        stores.session(user, 100 + number, SessionLevel.PASSWORD, created_ms=NOW + 1 + number)
    left = stores.sessions.of_user(user.id)
    assert {session.id for session in whole} <= {session.id for session in left}
    assert len(left) == 50
    assert stores.sessions.find(digest(159)) is not None


def test_what_has_expired_makes_room_first(stores: AccountStores) -> None:
    user = stores.user()
    oldest = stores.session(user, 0)
    expired = [stores.session(user, 1 + n, created_ms=NOW + 1, expires_ms=NOW + 5).id for n in range(49)]
    stores.session(user, 50, created_ms=NOW + 9)
    left = {session.id for session in stores.sessions.of_user(user.id)}
    assert oldest.id in left
    assert len(left & set(expired)) == 48


def test_of_a_display_fifty_sessions_live(stores: AccountStores) -> None:
    token = stores.token(stores.user(), 1, TokenKind.DISPLAY)
    for number in range(51):
        stores.display_session(token, 10 + number)
    assert stores.sessions.find(digest(10)) is None
    assert stores.sessions.find(digest(11)) is not None


def test_a_password_that_was_changed_meanwhile_opens_nothing(stores: AccountStores) -> None:
    user = stores.user(password_hash="old")
    stores.users.set_password(user.id, "new", ENTRY)
    draft = replace(DRAFT, user_id=user.id)
    with pytest.raises(Conflict, match="sign in again"):
        stores.sessions.add(draft, ENTRY, password_hash="old")
    assert stores.sessions.of_user(user.id) == []
    stores.sessions.add(draft, ENTRY, password_hash="new")


def test_who_was_disabled_meanwhile_gets_no_session(stores: AccountStores) -> None:
    user = stores.user()
    stores.users.change(user.id, UserChange(status=UserStatus.DISABLED), ENTRY)
    with pytest.raises(Conflict, match="sign in again"):
        stores.session(user, 1)
    stores.users.remove(user.id, ENTRY)
    with pytest.raises(NotFound, match="User"):
        stores.session(user, 1)


def test_a_link_of_a_token_that_has_gone_opens_nothing(stores: AccountStores) -> None:
    token = stores.token(None, 1, TokenKind.DISPLAY)
    assert stores.tokens.remove(token.id, ENTRY)
    with pytest.raises(NotFound, match="Token"):
        stores.display_session(token, 2)


def test_what_the_client_says_is_kept_as_one_short_line(stores: AccountStores) -> None:
    draft = replace(
        DRAFT, user_id=stores.user().id, network="fe80::1\n", agent="a\r\nb\0\ud800" + "x" * 10**6
    )
    session = stores.sessions.add(draft, None)
    assert (session.network, session.agent) == ("fe80::1", "ab" + "x" * 194)


def test_sessions_that_ended_by_time_are_deleted(stores: AccountStores) -> None:
    user, token = stores.user(), stores.token(None, 1, TokenKind.DISPLAY)
    now_ms, idle_ms = NOW + HOUR_MS // 2, 60_000
    stores.session(user, 10, expires_ms=now_ms)
    stores.session(user, 11, expires_ms=now_ms + 1)
    kept = stores.session(user, 12)
    stores.sessions.touch(kept.id, now_ms - idle_ms + 1)
    stores.display_session(token, 13)
    epoch = stores.epoch.epoch()

    assert stores.sessions.delete_expired(now_ms, idle_ms) == 2
    assert [stores.sessions.find(digest(number)) is None for number in range(10, 14)] == [
        True,
        True,
        False,
        False,
    ]
    assert stores.sessions.delete_expired(NOW + HOUR_MS, HOUR_MS) == 2
    assert stores.sessions.delete_expired(2**62, 0) == 0
    assert stores.epoch.epoch() == epoch


def test_of_two_rotations_at_once_the_last_secret_is_the_one(
    stores: AccountStores, other_process: AccountStores
) -> None:
    user = stores.user()
    for number in range(5):
        session = stores.session(user, 100 + number)
        own, others = 200 + number, 300 + number
        at_once(
            lambda: stores.sessions.rotate(session.id, digest(own), SessionLevel.FULL, NOW, ENTRY),  # noqa: B023
            lambda: other_process.sessions.rotate(session.id, digest(others), SessionLevel.FULL, NOW, None),  # noqa: B023
        )
        works = [stores.sessions.find(digest(n)) is not None for n in (100 + number, own, others)]
        assert works in ([False, True, False], [False, False, True])


@pytest.mark.parametrize("number", NO_ID)
def test_a_session_that_is_not_there(stores: AccountStores, number: int) -> None:
    session = stores.session(stores.user(), 1)
    before = stores.rows()
    assert stores.sessions.get(number) is None
    assert stores.sessions.of_user(number) == []
    stores.sessions.touch(number, NOW + 1)
    assert not stores.sessions.rotate(number, digest(2), SessionLevel.FULL, NOW, ENTRY)
    assert not stores.sessions.end(number, ENTRY)
    assert not stores.sessions.end(session.id, ENTRY, user_id=number)
    with pytest.raises(NotFound):
        stores.sessions.add(replace(DRAFT, digest=digest(3), user_id=number), ENTRY)
    with pytest.raises(NotFound):
        stores.sessions.add(
            replace(DRAFT, digest=digest(3), level=SessionLevel.DISPLAY, token_id=number), ENTRY
        )
    assert stores.rows() == before


USERS = 3
who = st.integers(0, USERS - 1)
levels = st.sampled_from([SessionLevel.PASSWORD, SessionLevel.ENROLMENT, SessionLevel.FULL])


class SessionMachine(RuleBasedStateMachine):
    """The store beside a dictionary from live secrets to sessions."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.database = new_database(Path(self.folder.name) / "sessions.db")
        self.stores = AccountStores.of(self.database, FakeClock(NOW))
        self.users = [self.stores.user(f"user {number}", Role.VIEWER) for number in range(USERS)]
        self.now_ms = NOW
        self.issued = 0
        self.live: dict[str, Session] = {}
        self.dead: set[str] = set()

    def teardown(self) -> None:
        self.database.close()
        self.folder.cleanup()

    def _new_digest(self) -> str:
        self.issued += 1
        return digest(self.issued)

    def _end(self, secret: str) -> None:
        del self.live[secret]
        self.dead.add(secret)

    def _end_all_of(self, user_id: int, but: int | None = None) -> None:
        for secret, session in list(self.live.items()):
            if session.user_id == user_id and session.id != but:
                self._end(secret)

    def _pick(self, data: st.DataObject) -> tuple[str, Session]:
        return data.draw(st.sampled_from(sorted(self.live.items(), key=lambda item: item[0])))

    @rule(ms=st.integers(1, HOUR_MS // 2))
    def wait(self, ms: int) -> None:
        self.now_ms += ms

    @rule(user=who, level=levels, lasts_ms=st.integers(1, 2 * HOUR_MS))
    def sign_in(self, user: int, level: SessionLevel, lasts_ms: int) -> None:
        secret = self._new_digest()
        draft = SessionDraft(
            secret, level, self.now_ms, self.now_ms + lasts_ms, "::1", "B", self.users[user].id
        )
        self.live[secret] = self.stores.sessions.add(draft, ENTRY)

    @precondition(lambda self: self.live)
    @rule(data=st.data(), level=levels)
    def rotate(self, data: st.DataObject, level: SessionLevel) -> None:
        old, session = self._pick(data)
        new = self._new_digest()
        works = self.stores.sessions.rotate(session.id, new, level, self.now_ms, ENTRY)
        assert works == (self.now_ms < session.expires_ms)
        if works:
            self._end(old)
            self.live[new] = replace(session, level=level, seen_ms=self.now_ms, proved_ms=self.now_ms)
        else:
            self.dead.add(new)

    @precondition(lambda self: self.live)
    @rule(data=st.data())
    def use(self, data: st.DataObject) -> None:
        secret, session = self._pick(data)
        self.stores.sessions.touch(session.id, self.now_ms)
        self.live[secret] = replace(session, seen_ms=self.now_ms)

    @precondition(lambda self: self.live)
    @rule(data=st.data(), user=who)
    def end(self, data: st.DataObject, user: int) -> None:
        secret, session = self._pick(data)
        user_id = self.users[user].id
        ended = self.stores.sessions.end(session.id, ENTRY, user_id=user_id)
        assert ended == (session.user_id == user_id)
        if ended:
            self._end(secret)

    @precondition(lambda self: self.live)
    @rule(data=st.data(), user=who)
    def change_password(self, data: st.DataObject, user: int) -> None:
        _, kept = self._pick(data)
        self.stores.users.set_password(
            self.users[user].id, f"hash {self.issued}", ENTRY, keep_session=kept.id
        )
        self._end_all_of(self.users[user].id, but=kept.id)

    @rule(user=who, role=st.sampled_from([Role.VIEWER, Role.OPERATOR, Role.AUDITOR]))
    def change_role(self, user: int, role: Role) -> None:
        self.stores.users.change(self.users[user].id, UserChange(role=role), ENTRY)
        self._end_all_of(self.users[user].id)

    @rule(idle_ms=st.integers(1, HOUR_MS))
    def delete_expired(self, idle_ms: int) -> None:
        over = [
            secret
            for secret, session in self.live.items()
            if self.now_ms >= session.expires_ms or self.now_ms - session.seen_ms >= idle_ms
        ]
        assert self.stores.sessions.delete_expired(self.now_ms, idle_ms) == len(over)
        for secret in over:
            self._end(secret)

    @invariant()
    def live_secrets_find_their_session_and_dead_ones_nothing(self) -> None:
        for secret, session in self.live.items():
            found = self.stores.sessions.find(secret)
            assert found is not None
            assert found[0] == session
            assert found[1] is not None
            assert found[1].id == session.user_id
        assert all(self.stores.sessions.find(secret) is None for secret in self.dead)


SessionMachine.TestCase.settings = hypothesis_settings(max_examples=15, stateful_step_count=25, deadline=None)
TestSessionMachine = SessionMachine.TestCase
