"""The last administrator stays, and keeps a second factor."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securevision.access.administrators import check_administrator_stays, is_administrator
from securevision.domain.accounts import User, UserStatus
from securevision.domain.rights import ALL_CAMERAS, Role
from securevision.errors import Conflict

ADMIN = User(1, "ada", Role.ADMIN, ALL_CAMERAS, UserStatus.ACTIVE, 0, "hash")
SECURED = replace(ADMIN, has_totp=True)
OTHER = replace(ADMIN, id=2, name="bob")


def refused(user: User, after: User | None, *others: User) -> str:
    with pytest.raises(Conflict) as caught:
        check_administrator_stays(user, after, others)
    return str(caught.value)


LESS = [None, replace(ADMIN, role=Role.OPERATOR), replace(ADMIN, status=UserStatus.DISABLED)]


@pytest.mark.parametrize("after", LESS, ids=["deleted", "demoted", "disabled"])
@pytest.mark.parametrize(
    "other",
    [
        replace(OTHER, role=Role.OPERATOR),
        replace(OTHER, status=UserStatus.DISABLED),
        replace(OTHER, password_hash=None),
    ],
    ids=["no administrator", "disabled", "only invited"],
)
def test_the_last_administrator_stays(after: User | None, other: User) -> None:
    assert refused(ADMIN, after, other) == refused(ADMIN, after)
    assert "make somebody else one first" in refused(ADMIN, after)


@pytest.mark.parametrize("after", LESS, ids=["deleted", "demoted", "disabled"])
def test_another_administrator_is_enough(after: User | None) -> None:
    check_administrator_stays(ADMIN, after, [OTHER])


def test_who_is_no_administrator_may_go() -> None:
    for user in (replace(ADMIN, role=Role.VIEWER), replace(ADMIN, status=UserStatus.DISABLED)):
        check_administrator_stays(user, None, [])


def test_an_administrator_without_a_password_may_go_when_another_has_one() -> None:
    check_administrator_stays(replace(ADMIN, password_hash=None), None, [OTHER])


def test_the_only_factor_among_administrators_stays() -> None:
    assert "add another one first" in refused(SECURED, ADMIN)
    assert "add another one first" in refused(SECURED, ADMIN, OTHER)
    assert refused(replace(ADMIN, passkeys=1), replace(ADMIN, recovery_codes=10))
    assert refused(SECURED, ADMIN, replace(OTHER, has_totp=True, status=UserStatus.DISABLED))


def test_a_factor_may_go_while_there_is_another() -> None:
    check_administrator_stays(replace(SECURED, passkeys=1), replace(ADMIN, passkeys=1), [])
    check_administrator_stays(SECURED, ADMIN, [replace(OTHER, passkeys=1)])


def test_who_has_no_factor_loses_none() -> None:
    check_administrator_stays(ADMIN, ADMIN, [])


people = st.builds(
    User,
    id=st.just(1),
    name=st.just("ada"),
    role=st.sampled_from(Role),
    cameras=st.just(ALL_CAMERAS),
    status=st.sampled_from(UserStatus),
    created_ms=st.just(0),
    password_hash=st.sampled_from([None, "hash"]),
    has_totp=st.booleans(),
    passkeys=st.integers(0, 1),
)


@given(user=people, after=st.none() | people, others=st.lists(people, max_size=3))
def test_no_change_that_is_allowed_leaves_nobody(user: User, after: User | None, others: list[User]) -> None:
    before = [user, *others]
    left = [*others] if after is None else [after, *others]
    try:
        check_administrator_stays(user, after, others)
    except Conflict:
        assert is_administrator(user)
    else:
        assert any(map(is_administrator, left)) or not any(map(is_administrator, before))
