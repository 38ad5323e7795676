"""API tokens and displays in the database."""

from dataclasses import replace

import pytest
from sqlalchemy import update

from fakes.account_stores import ENTRY, HOUR_MS, NO_ID, NOW, AccountStores, digest
from securevision.domain.accounts import ApiToken, ApiTokenDraft, Purpose, TokenKind
from securevision.domain.audit import AuditAction, AuditDraft
from securevision.domain.rights import ALL_CAMERAS, NO_CAMERAS, Cameras, Permission
from securevision.errors import Conflict, NotFound
from securevision.store.access_tables import api_tokens

TWO = Cameras(frozenset({"gate", "garden"}))


@pytest.mark.parametrize("kind", TokenKind)
@pytest.mark.parametrize("cameras", [ALL_CAMERAS, NO_CAMERAS, TWO])
@pytest.mark.parametrize("scopes", [frozenset(), frozenset(Permission)])
@pytest.mark.parametrize("network", [None, "2001:db8::/32"])
def test_a_token_comes_back_as_it_was_made(
    stores: AccountStores,
    kind: TokenKind,
    cameras: Cameras,
    scopes: frozenset[Permission],
    network: str | None,
) -> None:
    owner = stores.user(cameras=Cameras(frozenset({"yard"})))
    made = [
        stores.tokens.add(
            ApiTokenDraft(
                digest(number), kind, "door", owner_id, scopes, cameras, network, NOW, NOW + HOUR_MS
            ),
            lambda token: AuditDraft(AuditAction.TOKEN_CREATED, "cli", target=f"token:{token.id}"),
        )
        for number, owner_id in enumerate((owner.id, None))
    ]
    assert made[0] == ApiToken(
        made[0].id, kind, "door", owner.id, scopes, cameras, network, NOW, NOW + HOUR_MS, None
    )
    assert made[1] == replace(made[0], id=made[1].id, owner_id=None)
    assert stores.tokens.find(digest(0)) == stores.tokens.get(made[0].id) == (made[0], owner)
    assert stores.tokens.find(digest(1)) == stores.tokens.get(made[1].id) == (made[1], None)
    assert stores.tokens.find(digest(2)) is None
    assert stores.tokens.all() == [made[1], made[0]]
    assert stores.tokens.all(owner.id) == [made[0]]
    assert [f'"target":"token:{token.id}"' in stores.logged()[-2:][i] for i, token in enumerate(made)] == [
        True,
        True,
    ]


def test_a_scope_of_another_version_allows_nothing(stores: AccountStores) -> None:
    token = stores.token(stores.user(), 1)
    stores.database.write(
        lambda connection: connection.execute(update(api_tokens).values(scopes="events:read door:open"))
    )
    assert stores.tokens.all() == [replace(token, scopes=frozenset({Permission.EVENTS_READ}))]


def test_the_name_of_a_token_is_one_short_line(stores: AccountStores) -> None:
    draft = ApiTokenDraft(
        digest(1),
        TokenKind.PROGRAM,
        "a\r\nb\ud800" + "x" * 10**6,
        None,
        frozenset(),
        NO_CAMERAS,
        None,
        NOW,
        NOW,
    )
    assert stores.tokens.add(draft, lambda _: ENTRY).name == "ab" + "x" * 195


def test_a_use_is_noted(stores: AccountStores) -> None:
    token = stores.token(stores.user(), 1)
    epoch = stores.epoch.epoch()
    for now_ms in (NOW + 5, NOW - 5):
        stores.tokens.touch(token.id, now_ms)
    assert stores.tokens.all() == [replace(token, last_used_ms=NOW + 5)]
    assert stores.epoch.epoch() == epoch


def test_a_revoked_token_takes_its_displays_and_links_with_it(stores: AccountStores) -> None:
    owner = stores.user()
    token, other = (stores.token(owner, number, TokenKind.DISPLAY) for number in (1, 2))
    for number, each in enumerate((token, other)):
        stores.display_session(each, 10 + number)
        stores.one_time.issue(digest(20 + number), Purpose.DISPLAY, str(each.id), NOW + HOUR_MS, NOW)
    epoch = stores.epoch.epoch()

    assert stores.tokens.remove(token.id, ENTRY)

    assert stores.epoch.epoch() == epoch + 1
    assert stores.tokens.all() == [other]
    assert stores.tokens.find(digest(1)) is None
    assert stores.sessions.find(digest(10)) is None
    assert stores.sessions.find(digest(11)) is not None
    assert stores.one_time.redeem(digest(20), Purpose.DISPLAY, NOW) is None
    assert stores.one_time.redeem(digest(21), Purpose.DISPLAY, NOW) == str(other.id)
    assert not stores.tokens.remove(token.id, ENTRY)
    assert stores.epoch.epoch() == epoch + 1


def test_a_token_is_revoked_by_its_owner_alone(stores: AccountStores) -> None:
    ada, bob = stores.user(), stores.user("bob")
    owned, ownerless = stores.token(ada, 1), stores.token(None, 2)
    for token in (owned, ownerless):
        assert not stores.tokens.remove(token.id, ENTRY, owner_id=bob.id)
    assert stores.tokens.remove(owned.id, ENTRY, owner_id=ada.id)
    assert stores.tokens.remove(ownerless.id, ENTRY)


def test_the_tokens_of_a_deleted_user_are_gone(stores: AccountStores) -> None:
    ada, bob = stores.user(), stores.user("bob")
    token, _ = stores.token(bob, 1), stores.token(ada, 2)
    stores.users.remove(ada.id, ENTRY)
    assert stores.tokens.find(digest(2)) is None
    assert stores.tokens.all() == [token]


def test_a_user_has_a_hundred_tokens_at_most(stores: AccountStores) -> None:
    ada, bob = stores.user(), stores.user("bob")
    made = [stores.token(ada, number) for number in range(100)]
    with pytest.raises(Conflict, match="revoke one"):
        stores.token(ada, 100)
    stores.token(bob, 101)
    stores.token(None, 102)
    stores.tokens.remove(made[0].id, ENTRY)
    stores.token(ada, 100)


@pytest.mark.parametrize("number", NO_ID)
def test_a_token_that_is_not_there(stores: AccountStores, number: int) -> None:
    token = stores.token(stores.user(), 1)
    before = stores.rows()
    assert stores.tokens.get(number) is None
    assert stores.tokens.all(number) == []
    stores.tokens.touch(number, NOW)
    assert not stores.tokens.remove(number, ENTRY)
    assert not stores.tokens.remove(token.id, ENTRY, owner_id=number)
    draft = ApiTokenDraft(digest(2), TokenKind.PROGRAM, "x", number, frozenset(), NO_CAMERAS, None, NOW, NOW)
    with pytest.raises(NotFound):
        stores.tokens.add(draft, lambda _: ENTRY)
    assert stores.rows() == before
