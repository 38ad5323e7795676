"""Second factors in the database."""

import pytest

from fakes.account_stores import ENTRY, NO_ID, NOW, AccountStores, at_once, digest
from securevision.domain.accounts import NewPasskey, Passkey, Totp
from securevision.domain.rights import Role
from securevision.errors import Conflict, NotFound

NEW = NewPasskey(b"\0credential", b"\xff key", 7)


def factors_of(stores: AccountStores, user_id: int) -> tuple[bool, int, int]:
    user = stores.users.get(user_id)
    assert user is not None
    return user.has_totp, user.passkeys, user.recovery_codes


def test_a_seed_counts_once_it_is_confirmed(stores: AccountStores) -> None:
    user = stores.user()
    assert stores.factors.totp(user.id) is None
    stores.factors.begin_totp(user.id, b"first")
    stores.factors.begin_totp(user.id, b"second")

    assert stores.factors.totp(user.id) == Totp(b"second", confirmed=False, last_timecode=0)
    assert factors_of(stores, user.id) == (False, 0, 0)
    assert not stores.factors.use_timecode(user.id, 100)

    assert stores.factors.confirm_totp(user.id, 100, ENTRY)
    assert stores.factors.totp(user.id) == Totp(b"second", confirmed=True, last_timecode=100)
    assert factors_of(stores, user.id) == (True, 0, 0)


def test_a_confirmed_seed_cannot_be_replaced(stores: AccountStores) -> None:
    user = stores.user()
    stores.give_totp(user)
    with pytest.raises(Conflict, match="remove them first"):
        stores.factors.begin_totp(user.id, b"of an attacker")
    assert not stores.factors.confirm_totp(user.id, 999, ENTRY)
    assert stores.factors.totp(user.id) == Totp(b"sealed seed", confirmed=True, last_timecode=1)


@pytest.mark.parametrize("timecode", [100, 99, 0, -1, -(2**70)])
def test_a_replayed_totp_code_is_refused(stores: AccountStores, timecode: int) -> None:
    user = stores.user()
    stores.factors.begin_totp(user.id, b"seed")
    assert stores.factors.confirm_totp(user.id, 99, ENTRY)
    assert stores.factors.use_timecode(user.id, 100)
    assert not stores.factors.use_timecode(user.id, timecode)
    assert not stores.factors.confirm_totp(user.id, timecode, ENTRY)
    assert stores.factors.use_timecode(user.id, 101)


def test_of_two_uses_of_a_code_at_once_one_wins(stores: AccountStores, other_process: AccountStores) -> None:
    user = stores.user()
    stores.give_totp(user)
    for timecode in range(10, 20):
        results = at_once(
            *(
                lambda own=own, timecode=timecode: own.factors.use_timecode(user.id, timecode)
                for own in (stores, other_process, stores, other_process)
            )
        )
        assert sorted(map(repr, results)) == ["False"] * 3 + ["True"]


def test_totp_is_removed(stores: AccountStores) -> None:
    user, other = stores.user(), stores.user("bob")
    stores.give_totp(user)
    stores.give_totp(other)
    stores.factors.remove_totp(user.id, ENTRY)
    assert stores.factors.totp(user.id) is None
    assert stores.factors.totp(other.id) is not None
    with pytest.raises(NotFound, match="one-time passwords"):
        stores.factors.remove_totp(user.id, ENTRY)
    stores.factors.begin_totp(user.id, b"again")


def test_passkeys_come_back_as_they_were_added(stores: AccountStores) -> None:
    user, other = stores.user(), stores.user("bob")
    stores.give_passkey(other, 1)
    key = stores.factors.add_passkey(user.id, "Phone", NEW, NOW, ENTRY)
    second = stores.factors.add_passkey(user.id, "Key", NewPasskey(b"b", b"k", 0), NOW + 1, ENTRY)

    assert key == Passkey(key.id, user.id, NEW.credential_id, NEW.public_key, 7, "Phone", NOW, None)
    assert stores.factors.passkeys(user.id) == [key, second]
    assert stores.factors.find_passkey(NEW.credential_id) == key
    assert stores.factors.find_passkey(b"\0") is None
    assert stores.factors.find_passkey(b"") is None
    assert factors_of(stores, user.id) == (False, 2, 0)

    stores.factors.remove_passkey(user.id, key.id, ENTRY)
    assert stores.factors.passkeys(user.id) == [second]
    assert stores.factors.find_passkey(NEW.credential_id) is None


def test_a_credential_belongs_to_one_user(stores: AccountStores) -> None:
    user, other = stores.user(), stores.user("bob")
    key = stores.factors.add_passkey(user.id, "Phone", NEW, NOW, ENTRY)
    for each in (user, other):
        with pytest.raises(Conflict, match="known already"):
            stores.factors.add_passkey(each.id, "Phone", NEW, NOW, ENTRY)
    with pytest.raises(NotFound):
        stores.factors.remove_passkey(other.id, key.id, ENTRY)
    assert stores.factors.passkeys(user.id) == [key]


def test_a_user_has_twenty_passkeys_at_most(stores: AccountStores) -> None:
    user = stores.user()
    keys = [stores.give_passkey(user, number) for number in range(20)]
    with pytest.raises(Conflict, match="remove one first"):
        stores.give_passkey(user, 20)
    stores.factors.remove_passkey(user.id, keys[3], ENTRY)
    stores.give_passkey(user, 20)


def test_the_name_of_a_passkey_is_one_short_line(stores: AccountStores) -> None:
    user = stores.user()
    key = stores.factors.add_passkey(user.id, " a\r\nb\x1b[1m\u202e\ud800" + "x" * 10**6, NEW, NOW, ENTRY)
    assert key.name == "ab[1m" + "x" * 189
    assert stores.factors.passkeys(user.id) == [key]


def test_a_use_of_a_passkey_is_noted_by_its_counter(stores: AccountStores) -> None:
    user = stores.user()
    key = stores.factors.add_passkey(user.id, "Phone", NEW, NOW, ENTRY)
    assert stores.factors.use_passkey(key.id, 7, 9, NOW + 5)
    assert not stores.factors.use_passkey(key.id, 7, 8, NOW + 6)
    [used] = stores.factors.passkeys(user.id)
    assert (used.sign_count, used.last_used_ms) == (9, NOW + 5)


def test_of_two_uses_of_a_passkey_at_once_one_wins(
    stores: AccountStores, other_process: AccountStores
) -> None:
    passkey_id = stores.give_passkey(stores.user(), 1)
    for count in range(10):
        results = at_once(
            *(
                lambda own=own, count=count: own.factors.use_passkey(passkey_id, count, count + 1, NOW)
                for own in (stores, other_process)
            )
        )
        assert sorted(map(repr, results)) == ["False", "True"]


def test_a_recovery_code_works_once_and_for_its_user(stores: AccountStores) -> None:
    user, other = stores.user(), stores.user("bob")
    stores.factors.set_recovery_codes(user.id, [digest(n) for n in range(3)], ENTRY)
    assert factors_of(stores, user.id) == (False, 0, 3)

    assert not stores.factors.use_recovery_code(other.id, digest(1), ENTRY)
    assert not stores.factors.use_recovery_code(user.id, digest(9), ENTRY)
    assert stores.factors.use_recovery_code(user.id, digest(1), ENTRY)
    assert not stores.factors.use_recovery_code(user.id, digest(1), ENTRY)
    assert factors_of(stores, user.id) == (False, 0, 2)


def test_new_recovery_codes_replace_the_old_ones(stores: AccountStores) -> None:
    user, other = stores.user(), stores.user("bob")
    for each in (user, other):
        stores.factors.set_recovery_codes(each.id, [digest(0), digest(1)], ENTRY)
    stores.factors.set_recovery_codes(user.id, [digest(2)], ENTRY)
    assert not stores.factors.use_recovery_code(user.id, digest(0), ENTRY)
    assert stores.factors.use_recovery_code(user.id, digest(2), ENTRY)
    stores.factors.set_recovery_codes(user.id, [], ENTRY)
    assert factors_of(stores, user.id) == (False, 0, 0)
    assert factors_of(stores, other.id) == (False, 0, 2)


def test_of_two_uses_of_a_recovery_code_at_once_one_wins(
    stores: AccountStores, other_process: AccountStores
) -> None:
    user = stores.user()
    stores.factors.set_recovery_codes(user.id, [digest(n) for n in range(10)], ENTRY)
    for number in range(10):
        results = at_once(
            *(
                lambda own=own, number=number: own.factors.use_recovery_code(user.id, digest(number), ENTRY)
                for own in (stores, other_process)
            )
        )
        assert sorted(map(repr, results)) == ["False", "True"]


def test_the_last_administrator_keeps_a_factor(stores: AccountStores) -> None:
    ada, bob = stores.user("ada", Role.ADMIN), stores.user("bob", Role.ADMIN)
    stores.give_totp(ada)
    key = stores.give_passkey(ada, 1)
    stores.factors.remove_totp(ada.id, ENTRY)
    before = stores.rows()
    with pytest.raises(Conflict, match="only second factor"):
        stores.factors.remove_passkey(ada.id, key, ENTRY)
    assert stores.rows() == before

    # A seed that was never confirmed is no factor, neither to keep nor to be left with.
    stores.factors.begin_totp(ada.id, b"seed")
    with pytest.raises(Conflict, match="only second factor"):
        stores.factors.remove_passkey(ada.id, key, ENTRY)
    stores.factors.remove_totp(ada.id, ENTRY)

    stores.give_totp(bob)
    stores.factors.remove_passkey(ada.id, key, ENTRY)
    with pytest.raises(Conflict, match="only second factor"):
        stores.factors.remove_totp(bob.id, ENTRY)


def test_of_two_removals_of_a_last_factor_at_once_one_fails(
    stores: AccountStores, other_process: AccountStores
) -> None:
    ada, bob = stores.user("ada", Role.ADMIN), stores.user("bob", Role.ADMIN)
    for _ in range(5):
        for user in (ada, bob):
            if stores.factors.totp(user.id) is None:
                stores.give_totp(user)
        results = at_once(
            lambda: stores.factors.remove_totp(ada.id, ENTRY),
            lambda: other_process.factors.remove_totp(bob.id, ENTRY),
        )
        assert sum(isinstance(result, Conflict) for result in results) == 1
        assert results.count(None) == 1


@pytest.mark.parametrize("number", NO_ID)
def test_a_factor_that_is_not_there(stores: AccountStores, number: int) -> None:
    user = stores.user()
    before = stores.rows()
    factors = stores.factors
    assert factors.totp(number) is None
    assert not factors.confirm_totp(number, number, ENTRY)
    assert not factors.use_timecode(number, number)
    assert factors.passkeys(number) == []
    assert not factors.use_passkey(number, number, number, NOW)
    assert not factors.use_recovery_code(number, digest(1), ENTRY)
    for missing in (
        lambda: factors.begin_totp(number, b"seed"),
        lambda: factors.remove_totp(number, ENTRY),
        lambda: factors.add_passkey(number, "Phone", NEW, NOW, ENTRY),
        lambda: factors.remove_passkey(number, 1, ENTRY),
        lambda: factors.remove_passkey(user.id, number, ENTRY),
        lambda: factors.set_recovery_codes(number, [digest(1)], ENTRY),
    ):
        with pytest.raises(NotFound):
            missing()
    assert stores.rows() == before
