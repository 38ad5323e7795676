"""Secrets that work once, in the database."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule
from sqlalchemy import func, select

from fakes.account_stores import NOW, AccountStores, at_once, digest
from fakes.databases import new_database
from securevision.domain.accounts import Purpose
from securevision.store.access_tables import one_time
from securevision.store.one_time import SqlOneTimeStore

LATER = NOW + 30_000


def kept(stores: AccountStores) -> int:
    statement = select(func.count()).select_from(one_time)
    return stores.database.read(lambda connection: connection.scalar(statement)) or 0


def test_a_secret_works_once(stores: AccountStores) -> None:
    stores.one_time.issue(digest(1), Purpose.TICKET, "session:3", LATER, NOW)
    assert stores.one_time.redeem(digest(2), Purpose.TICKET, NOW) is None
    assert stores.one_time.redeem(digest(1), Purpose.TICKET, LATER - 1) == "session:3"
    assert stores.one_time.redeem(digest(1), Purpose.TICKET, NOW) is None
    assert kept(stores) == 0


def test_an_empty_subject_is_one(stores: AccountStores) -> None:
    stores.one_time.issue(digest(1), Purpose.PASSKEY_SIGN_IN, "", LATER, NOW)
    assert stores.one_time.redeem(digest(1), Purpose.PASSKEY_SIGN_IN, NOW) == ""


@pytest.mark.parametrize("now_ms", [LATER, LATER + 1, 2**62])
def test_a_secret_that_is_too_old_is_none(stores: AccountStores, now_ms: int) -> None:
    stores.one_time.issue(digest(1), Purpose.INVITATION, "3", LATER, NOW)
    assert stores.one_time.redeem(digest(1), Purpose.INVITATION, now_ms) is None
    # Nor does it come back when the clock is set back.
    assert stores.one_time.redeem(digest(1), Purpose.INVITATION, NOW) is None


@pytest.mark.parametrize("purpose", Purpose)
def test_a_secret_is_of_no_use_for_another_purpose(stores: AccountStores, purpose: Purpose) -> None:
    stores.one_time.issue(digest(1), purpose, "3", LATER, NOW)
    for other in Purpose:
        if other is not purpose:
            assert stores.one_time.redeem(digest(1), other, NOW) is None
    assert stores.one_time.redeem(digest(1), purpose, NOW) == "3"


def test_a_ticket_is_redeemed_by_one_of_many_at_once(
    stores: AccountStores, other_process: AccountStores
) -> None:
    for number in range(10):
        stores.one_time.issue(digest(number), Purpose.TICKET, "session:3", LATER, NOW)
        results = at_once(
            *(
                lambda own=own, number=number: own.one_time.redeem(digest(number), Purpose.TICKET, NOW)
                for own in (stores, other_process, stores, other_process)
            )
        )
        assert sorted(map(repr, results)) == ["'session:3'", "None", "None", "None"]


def test_a_new_set_up_link_replaces_the_old_one(stores: AccountStores) -> None:
    for number in range(3):
        stores.one_time.issue(digest(number), Purpose.SETUP, "", LATER, NOW)
    assert [stores.one_time.redeem(digest(n), Purpose.SETUP, NOW) for n in range(3)] == [None, None, ""]


def test_a_new_invitation_replaces_the_old_one_of_the_same_user(stores: AccountStores) -> None:
    for number, subject in enumerate(["1", "2", "1"]):
        stores.one_time.issue(digest(number), Purpose.INVITATION, subject, LATER, NOW)
    stores.one_time.issue(digest(3), Purpose.DISPLAY, "1", LATER, NOW)
    assert [stores.one_time.redeem(digest(n), Purpose.INVITATION, NOW) for n in range(3)] == [None, "2", "1"]
    assert stores.one_time.redeem(digest(3), Purpose.DISPLAY, NOW) == "1"


def test_what_expired_is_deleted_with_the_next_one(stores: AccountStores) -> None:
    stores.one_time.issue(digest(1), Purpose.TICKET, "a", LATER, NOW)
    stores.one_time.issue(digest(2), Purpose.DISPLAY, "b", LATER + 1, NOW)
    stores.one_time.issue(digest(3), Purpose.TICKET, "c", LATER + 9, LATER)
    assert kept(stores) == 2


def test_of_each_purpose_a_thousand_are_kept(stores: AccountStores) -> None:
    stores.one_time.issue(digest(0), Purpose.DISPLAY, "1", NOW + 1, NOW)
    for number in range(1, 1002):
        expires_ms = LATER if number != 500 else LATER - 1
        stores.one_time.issue(digest(number), Purpose.TICKET, "a", expires_ms, NOW)
    assert kept(stores) == 1001
    assert stores.one_time.redeem(digest(500), Purpose.TICKET, NOW) is None
    assert stores.one_time.redeem(digest(1001), Purpose.TICKET, NOW) == "a"
    # A full set takes one that expires before all the others, and nothing of another purpose had to go.
    stores.one_time.issue(digest(2000), Purpose.TICKET, "b", NOW + 1, NOW)
    stores.one_time.issue(digest(2001), Purpose.TICKET, "b", NOW + 1, NOW)
    assert stores.one_time.redeem(digest(2001), Purpose.TICKET, NOW) == "b"
    assert stores.one_time.redeem(digest(0), Purpose.DISPLAY, NOW) == "1"


purposes = st.sampled_from(Purpose)
subjects = st.sampled_from(["", "1", "2"])


class OneTimeMachine(RuleBasedStateMachine):
    """The store beside a dictionary from live secrets to what they are for."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.database = new_database(Path(self.folder.name) / "one_time.db")
        self.store = SqlOneTimeStore(self.database)
        self.now_ms = NOW
        self.issued = 0
        self.live: dict[str, tuple[Purpose, str, int]] = {}

    def teardown(self) -> None:
        self.database.close()
        self.folder.cleanup()

    @rule(ms=st.integers(1, 40_000))
    def wait(self, ms: int) -> None:
        self.now_ms += ms

    @rule(purpose=purposes, subject=subjects, lasts_ms=st.integers(1, 60_000))
    def issue(self, purpose: Purpose, subject: str, lasts_ms: int) -> None:
        self.issued += 1
        self.store.issue(digest(self.issued), purpose, subject, self.now_ms + lasts_ms, self.now_ms)
        for secret, (other, other_subject, _) in list(self.live.items()):
            same = purpose is Purpose.SETUP or (purpose is Purpose.INVITATION and subject == other_subject)
            if other is purpose and same:
                del self.live[secret]
        self.live[digest(self.issued)] = (purpose, subject, self.now_ms + lasts_ms)

    @precondition(lambda self: self.issued)
    @rule(data=st.data(), purpose=purposes, right=st.booleans())
    def redeem(self, data: st.DataObject, purpose: Purpose, right: bool) -> None:
        secret = digest(data.draw(st.integers(1, self.issued)))
        live = self.live.get(secret)
        wanted = live[0] if live is not None and right else purpose
        redeemed = self.store.redeem(secret, wanted, self.now_ms)
        if live is None or live[0] is not wanted:
            assert redeemed is None
            return
        del self.live[secret]
        assert redeemed == (live[1] if self.now_ms < live[2] else None)


OneTimeMachine.TestCase.settings = hypothesis_settings(max_examples=20, stateful_step_count=30, deadline=None)
TestOneTimeMachine = OneTimeMachine.TestCase
