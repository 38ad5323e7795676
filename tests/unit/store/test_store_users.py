"""People in the database."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from fakes import demoting_process
from fakes.account_stores import ENTRY, HOUR_MS, NO_ID, NOW, AccountStores, at_once, digest
from fakes.clock import FakeClock
from fakes.databases import new_database
from securevision.domain.accounts import Purpose, User, UserChange, UserDraft, UserStatus
from securevision.domain.audit import AuditAction, AuditDraft
from securevision.domain.rights import ALL_CAMERAS, NO_CAMERAS, Cameras, Role
from securevision.errors import Conflict, InvalidInput, NotFound

PROGRAM = Path(demoting_process.__file__)
TWO = Cameras(frozenset({"gate", "garden ♣"}))


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("cameras", [ALL_CAMERAS, NO_CAMERAS, TWO])
def test_a_user_comes_back_as_they_were_made(stores: AccountStores, role: Role, cameras: Cameras) -> None:
    made = stores.users.add(UserDraft(" Ada ", role, cameras, NOW, "hash"), lambda _: ENTRY)

    assert made == User(made.id, "Ada", role, cameras, UserStatus.ACTIVE, NOW, "hash")
    assert stores.users.get(made.id) == made
    assert stores.users.find("aDA") == made
    assert stores.users.all() == [made]


def test_the_entry_of_a_new_user_can_name_their_number(stores: AccountStores) -> None:
    user = stores.users.add(
        UserDraft("ada", Role.VIEWER, NO_CAMERAS, NOW),
        lambda user: AuditDraft(AuditAction.USER_CREATED, "cli", target=f"user:{user.id}"),
    )
    [body] = stores.logged()
    assert f'"target":"user:{user.id}"' in body


@pytest.mark.parametrize("name", ["ada", "ADA", " Ada", "\uff21\uff24\uff21"])
def test_a_name_is_taken_whatever_its_case(stores: AccountStores, name: str) -> None:
    stores.user("Ada")
    with pytest.raises(Conflict, match="choose another name"):
        stores.user(name)
    assert len(stores.users.all()) == 1


@pytest.mark.parametrize("name", ["", "  ", "x" * 65, "a\nb", "a\u202eb", "a\ud800"])
def test_what_is_no_name_is_refused_and_found_nowhere(stores: AccountStores, name: str) -> None:
    with pytest.raises(InvalidInput):
        stores.user(name)
    assert stores.users.find(name) is None


@hypothesis_settings(max_examples=50, deadline=None)
@given(name=st.text(st.characters(), max_size=70) | st.text(st.characters(categories=["C"])))
def test_any_text_can_be_looked_for(find_in: AccountStores, name: str) -> None:
    assert find_in.users.find(name) is None


@pytest.mark.parametrize("camera", ["", "a\nb", " gate", "x" * 201, "\ud800"])
def test_a_camera_without_a_real_name_is_refused(stores: AccountStores, camera: str) -> None:
    user = stores.user()
    cameras = Cameras(frozenset({"gate", camera}))
    with pytest.raises(InvalidInput, match="camera"):
        stores.user("bob", cameras=cameras)
    with pytest.raises(InvalidInput, match="camera"):
        stores.users.change(user.id, UserChange(cameras=cameras), ENTRY)
    with pytest.raises(InvalidInput, match="camera"):
        stores.token(user, 1, cameras=cameras)


def test_only_the_first_user_is_made_by_the_set_up(stores: AccountStores) -> None:
    draft = UserDraft("ada", Role.ADMIN, ALL_CAMERAS, NOW, "hash")
    stores.users.add(draft, lambda _: ENTRY, only_if_first=True)
    with pytest.raises(Conflict, match="sign in"):
        stores.users.add(replace(draft, name="mallory"), lambda _: ENTRY, only_if_first=True)


def test_of_two_set_ups_at_once_one_wins(stores: AccountStores, other_process: AccountStores) -> None:
    def set_up(own: AccountStores, name: str) -> User:
        draft = UserDraft(name, Role.ADMIN, ALL_CAMERAS, NOW, "hash")
        return own.users.add(draft, lambda _: ENTRY, only_if_first=True)

    results = at_once(lambda: set_up(stores, "ada"), lambda: set_up(other_process, "mallory"))
    assert sorted(type(result).__name__ for result in results) == ["Conflict", "User"]
    assert len(stores.users.all()) == 1


@pytest.mark.parametrize(
    "change",
    [
        UserChange(role=Role.AUDITOR),
        UserChange(cameras=NO_CAMERAS),
        UserChange(cameras=ALL_CAMERAS),
        UserChange(cameras=Cameras(frozenset({"gate"}))),
        UserChange(status=UserStatus.DISABLED),
        UserChange(),
    ],
)
def test_a_change_is_kept_and_ends_all_sessions(stores: AccountStores, change: UserChange) -> None:
    user, other = stores.user(cameras=TWO), stores.user("bob")
    for number in range(2):
        stores.session(user, number)
    stores.session(other, 9)

    changed = stores.users.change(user.id, change, ENTRY)

    assert changed == replace(
        user,
        role=user.role if change.role is None else change.role,
        cameras=user.cameras if change.cameras is None else change.cameras,
        status=user.status if change.status is None else change.status,
    )
    assert stores.users.get(user.id) == changed
    assert stores.users.get(other.id) == other
    assert stores.sessions.find(digest(0)) is None
    assert stores.sessions.find(digest(1)) is None
    assert stores.sessions.find(digest(9)) is not None


def test_a_deleted_user_leaves_nothing_behind(stores: AccountStores) -> None:
    stores.user("root", Role.ADMIN)
    before = stores.rows()
    user = stores.user(cameras=TWO)
    stores.session(user, 1)
    stores.display_session(stores.token(user, 2, cameras=TWO), 3)
    stores.give_totp(user)
    stores.give_passkey(user, 1)
    stores.factors.set_recovery_codes(user.id, [digest(4)], ENTRY)
    stores.users.add_device(user.id, digest(5), NOW)
    stores.one_time.issue(digest(6), Purpose.INVITATION, str(user.id), NOW + HOUR_MS, NOW)

    stores.users.remove(user.id, ENTRY)

    after = stores.rows()
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"access_epoch", "audit_entries", "audit_tree"}


def test_the_number_of_a_deleted_user_names_nobody_again(stores: AccountStores) -> None:
    user = stores.user()
    stores.users.remove(user.id, ENTRY)
    assert stores.user().id > user.id


def test_a_new_password_ends_all_sessions_but_one(stores: AccountStores) -> None:
    user, other = stores.user(), stores.user("bob")
    kept, ended = stores.session(user, 1), stores.session(user, 2)
    others = stores.session(other, 3)

    stores.users.set_password(user.id, "new", ENTRY, keep_session=kept.id)
    assert [session.id for session in stores.sessions.of_user(user.id)] == [kept.id]
    stores.users.set_password(user.id, "newer", ENTRY, keep_session=others.id)
    assert stores.sessions.of_user(user.id) == []
    stores.session(user, 4)
    stores.users.set_password(user.id, "newest", ENTRY)
    assert stores.sessions.of_user(user.id) == []

    assert ended.id != kept.id
    assert stores.sessions.of_user(other.id) == [others]
    assert stores.users.get(user.id) == replace(user, password_hash="newest")
    assert stores.users.get(other.id) == other


@pytest.mark.parametrize("way", ["set_password", "reset", "disable"])
def test_an_old_invitation_cannot_undo_a_change(stores: AccountStores, way: str) -> None:
    user = stores.user()
    stores.one_time.issue(digest(1), Purpose.INVITATION, str(user.id), NOW + HOUR_MS, NOW)
    stores.one_time.issue(digest(2), Purpose.INVITATION, str(user.id + 1), NOW + HOUR_MS, NOW)
    match way:
        case "set_password":
            stores.users.set_password(user.id, "new", ENTRY)
        case "reset":
            stores.users.reset(user.id, None, ENTRY, remove_factors=False)
        case _:
            stores.users.change(user.id, UserChange(status=UserStatus.DISABLED), ENTRY)
    assert stores.one_time.redeem(digest(1), Purpose.INVITATION, NOW) is None
    assert stores.one_time.redeem(digest(2), Purpose.INVITATION, NOW) == str(user.id + 1)


def test_a_rehash_never_replaces_a_newer_password(stores: AccountStores) -> None:
    user = stores.user(password_hash="old")
    session = stores.session(user, 1)
    epoch = stores.epoch.epoch()
    stores.users.rehash(user.id, "old", "stronger")
    stores.users.rehash(user.id, "old", "of another password")
    assert stores.users.get(user.id) == replace(user, password_hash="stronger")
    assert stores.sessions.of_user(user.id) == [session]
    assert stores.epoch.epoch() == epoch


@pytest.mark.parametrize("password_hash", ["new", None])
@pytest.mark.parametrize("remove_factors", [True, False])
def test_a_reset_takes_away_what_was_given(
    stores: AccountStores, password_hash: str | None, remove_factors: bool
) -> None:
    user, other = stores.user(role=Role.ADMIN), stores.user("bob")
    for number, each in enumerate((user, other)):
        stores.session(each, 10 + number)
        stores.display_session(stores.token(each, 20 + number), 30 + number)
        stores.give_totp(each)
        stores.give_passkey(each, number)
        stores.factors.set_recovery_codes(each.id, [digest(40)], ENTRY)
        stores.users.add_device(each.id, digest(50), NOW)

    stores.users.reset(user.id, password_hash, ENTRY, remove_factors=remove_factors)

    left = 0 if remove_factors else 1
    reset = stores.users.get(user.id)
    assert reset is not None
    assert (reset.password_hash, reset.is_active, reset.role) == (password_hash, True, Role.ADMIN)
    assert (reset.has_totp, reset.passkeys, reset.recovery_codes) == (not remove_factors, left, left)
    assert stores.tokens.all(user.id) == []
    assert [stores.sessions.find(digest(number)) for number in (10, 30)] == [None, None]
    assert not stores.users.knows_device(user.id, digest(50))

    assert len(stores.tokens.all(other.id)) == 1
    assert None not in [stores.sessions.find(digest(number)) for number in (11, 31)]
    assert stores.users.knows_device(other.id, digest(50))
    unchanged = stores.users.get(other.id)
    assert unchanged is not None
    assert (unchanged.has_totp, unchanged.passkeys, unchanged.recovery_codes) == (True, 1, 1)


def test_the_newest_twenty_devices_are_known(stores: AccountStores) -> None:
    user, other = stores.user(), stores.user("bob")
    stores.users.add_device(other.id, digest(0), NOW)
    for number in range(20):
        stores.users.add_device(user.id, digest(number), NOW + number)
    stores.users.add_device(user.id, digest(0), NOW + 20)
    # A clock that was set back: the device of this very sign-in is kept all the same.
    stores.users.add_device(user.id, digest(20), NOW - 1)

    known = [number for number in range(21) if stores.users.knows_device(user.id, digest(number))]
    assert known == [0, *range(2, 21)]
    assert stores.users.knows_device(other.id, digest(0))
    assert not stores.users.knows_device(other.id, digest(2))


@pytest.mark.parametrize("user_id", NO_ID)
def test_a_user_who_is_not_there(stores: AccountStores, user_id: int) -> None:
    stores.user()
    before = stores.rows()
    assert stores.users.get(user_id) is None
    assert not stores.users.knows_device(user_id, digest(1))
    stores.users.add_device(user_id, digest(1), NOW)
    stores.users.rehash(user_id, "hash", "other")
    with pytest.raises(NotFound, match=str(user_id)):
        stores.users.change(user_id, UserChange(role=Role.ADMIN), ENTRY)
    with pytest.raises(NotFound, match=str(user_id)):
        stores.users.remove(user_id, ENTRY)
    with pytest.raises(NotFound, match=str(user_id)):
        stores.users.set_password(user_id, "new", ENTRY)
    with pytest.raises(NotFound, match=str(user_id)):
        stores.users.reset(user_id, None, ENTRY, remove_factors=True)
    assert stores.rows() == before


def test_the_last_administrator_stays(stores: AccountStores) -> None:
    ada = stores.user("ada", Role.ADMIN)
    stores.user("viewer", Role.VIEWER)
    stores.user("invited", Role.ADMIN, password_hash=None)
    disabled = stores.user("disabled", Role.ADMIN)
    stores.users.change(disabled.id, UserChange(status=UserStatus.DISABLED), ENTRY)
    stores.session(ada, 1)
    before = stores.rows()

    for change in (UserChange(role=Role.OPERATOR), UserChange(status=UserStatus.DISABLED)):
        with pytest.raises(Conflict, match="last administrator"):
            stores.users.change(ada.id, change, ENTRY)
    with pytest.raises(Conflict, match="last administrator"):
        stores.users.remove(ada.id, ENTRY)
    assert stores.rows() == before

    stores.users.change(ada.id, UserChange(cameras=NO_CAMERAS, role=Role.ADMIN), ENTRY)
    stores.users.change(disabled.id, UserChange(status=UserStatus.ACTIVE), ENTRY)
    stores.users.remove(ada.id, ENTRY)


def test_of_two_demotions_at_once_one_fails(stores: AccountStores, other_process: AccountStores) -> None:
    for number in range(5):
        pair = [stores.user(f"{name}{number}", Role.ADMIN) for name in "ab"]
        for user in stores.users.all():
            if user.role is Role.ADMIN and user not in pair:
                stores.users.remove(user.id, ENTRY)
        results = at_once(
            lambda: stores.users.change(pair[0].id, UserChange(role=Role.VIEWER), ENTRY),  # noqa: B023
            lambda: other_process.users.remove(pair[1].id, ENTRY),  # noqa: B023
        )
        assert sum(isinstance(result, Conflict) for result in results) == 1
        assert [user.role for user in stores.users.all()].count(Role.ADMIN) == 1


def test_two_processes_that_demote_two_administrators_leave_one(path: Path, stores: AccountStores) -> None:
    pair = [stores.user(name, Role.ADMIN) for name in ("ada", "bob")]
    processes = [
        subprocess.Popen(
            [sys.executable, str(PROGRAM), str(path), str(user.id)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={"PYTHONPATH": str(PROGRAM.parents[1])},
        )
        for user in pair
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    said = sorted(process.communicate(timeout=60)[0] for process in processes)

    assert said == ["conflict\n", "done\n"]
    assert sorted(user.role for user in stores.users.all()) == [Role.ADMIN, Role.VIEWER]


@pytest.fixture(scope="module")
def find_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AccountStores]:
    """A database that is only read."""
    with new_database(tmp_path_factory.mktemp("users") / "users.db") as database:
        stores = AccountStores.of(database, FakeClock())
        stores.user("ada" * 20)
        yield stores
