"""Each change of people, factors, sessions and tokens is logged once, with the change or not at all."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from sqlalchemy import select

from fakes.account_stores import ENTRY, HOUR_MS, NOW, AccountStores, digest
from securevision.domain.accounts import (
    ApiToken,
    ApiTokenDraft,
    NewPasskey,
    Session,
    SessionDraft,
    SessionLevel,
    TokenKind,
    Totp,
    User,
    UserChange,
    UserDraft,
    UserStatus,
)
from securevision.domain.audit import AuditAction, AuditDraft
from securevision.domain.rights import ALL_CAMERAS, Cameras, Role
from securevision.errors import InvalidInput, Unavailable
from securevision.store.audit_tables import audit_personal

HASH = "$argon2id$v=19$m=65536,t=3,p=1$c2FsdHNhbHRzYWx0$Y2FuYXJ5"
SEED = b"canary seed"
KEY = b"canary key"
SECRETS = (HASH, digest(0xC0FFEE), SEED.decode(), KEY.decode())


@dataclass(frozen=True)
class There:
    """What is there before a change."""

    stores: AccountStores
    user: User
    session: Session
    token: ApiToken
    passkey_id: int


@pytest.fixture
def there(stores: AccountStores) -> There:
    stores.user("root", Role.ADMIN)
    user = stores.user("ada", Role.OPERATOR, Cameras(frozenset({"gate"})), HASH)
    session, token = stores.session(user, 1), stores.token(user, 2, TokenKind.DISPLAY)
    stores.factors.begin_totp(user.id, SEED)
    assert stores.factors.confirm_totp(user.id, 1, ENTRY)
    passkey_id = stores.give_passkey(user, 1)
    stores.factors.set_recovery_codes(user.id, [digest(0xC0FFEE)], ENTRY)
    return There(stores, user, session, token, passkey_id)


def confirm(there: There, audit: AuditDraft) -> object:
    bob = there.stores.users.find("bob")
    assert bob is not None
    return there.stores.factors.confirm_totp(bob.id, 5, audit)


Change = Callable[[There, AuditDraft], object]
TOKEN = ApiTokenDraft(
    digest(0xC0FFEE), TokenKind.PROGRAM, "t", None, frozenset(), Cameras(frozenset({"gate"})), None, NOW, NOW
)

ADDING: dict[str, Change] = {
    "users.add": lambda t, audit: t.stores.users.add(
        UserDraft("eve", Role.VIEWER, Cameras(frozenset({"gate"})), NOW, HASH), lambda _: audit
    ),
    "sessions.add": lambda t, audit: t.stores.sessions.add(
        SessionDraft(digest(0xC0FFEE), SessionLevel.FULL, NOW, NOW + HOUR_MS, "::1", "B", t.user.id),
        audit,
    ),
    "tokens.add": lambda t, audit: t.stores.tokens.add(TOKEN, lambda _: audit),
}
CHANGING: dict[str, Change] = {
    "users.change role": lambda t, audit: t.stores.users.change(
        t.user.id, UserChange(role=Role.VIEWER), audit
    ),
    "users.change cameras": lambda t, audit: t.stores.users.change(
        t.user.id, UserChange(cameras=ALL_CAMERAS), audit
    ),
    "users.change status": lambda t, audit: t.stores.users.change(
        t.user.id, UserChange(status=UserStatus.DISABLED), audit
    ),
    "users.remove": lambda t, audit: t.stores.users.remove(t.user.id, audit),
    "users.set_password": lambda t, audit: t.stores.users.set_password(t.user.id, HASH + "2", audit),
    "users.reset": lambda t, audit: t.stores.users.reset(t.user.id, HASH + "2", audit, remove_factors=True),
    "factors.confirm_totp": confirm,
    "factors.remove_totp": lambda t, audit: t.stores.factors.remove_totp(t.user.id, audit),
    "factors.add_passkey": lambda t, audit: t.stores.factors.add_passkey(
        t.user.id, "Phone", NewPasskey(b"new", KEY, 0), NOW, audit
    ),
    "factors.remove_passkey": lambda t, audit: t.stores.factors.remove_passkey(
        t.user.id, t.passkey_id, audit
    ),
    "factors.set_recovery_codes": lambda t, audit: t.stores.factors.set_recovery_codes(
        t.user.id, [digest(n) for n in range(10)], audit
    ),
    "factors.use_recovery_code": lambda t, audit: t.stores.factors.use_recovery_code(
        t.user.id, digest(0xC0FFEE), audit
    ),
    "sessions.rotate": lambda t, audit: t.stores.sessions.rotate(
        t.session.id, digest(0xC0FFEE), SessionLevel.FULL, NOW, audit
    ),
    "sessions.end": lambda t, audit: t.stores.sessions.end(t.session.id, audit),
    "tokens.remove": lambda t, audit: t.stores.tokens.remove(t.token.id, audit),
}
ALL = ADDING | CHANGING


@pytest.fixture(autouse=True)
def bob(there: There) -> None:
    """Somebody with a seed that is to be confirmed."""
    there.stores.factors.begin_totp(there.stores.user("bob").id, SEED)


@pytest.mark.parametrize("change", ALL.values(), ids=ALL)
def test_a_change_is_logged_once(there: There, change: Change) -> None:
    before, others = there.stores.logged(), there.stores.rows()
    audit = AuditDraft(AuditAction.USER_CHANGED, "user:7", target="user:8", details={"why": "test"})
    change(there, audit)
    [entry] = there.stores.logged()[len(before) :]
    assert '"details":{"why":"test"}' in entry
    assert '"actor":"user:7"' in entry
    after = there.stores.rows()
    assert {name for name in after if after[name] != others[name]} - {"audit_entries", "audit_tree"}


@pytest.mark.parametrize("change", CHANGING.values(), ids=CHANGING)
def test_a_change_of_rights_bumps_the_epoch(there: There, change: Change) -> None:
    epoch = there.stores.epoch.epoch()
    change(there, ENTRY)
    assert there.stores.epoch.epoch() > epoch


@pytest.mark.parametrize("change", ALL.values(), ids=ALL)
def test_a_change_that_cannot_be_logged_is_not_made(there: There, change: Change) -> None:
    # The name of a personal field that an entry has anyway: the log refuses the entry.
    refused = AuditDraft(AuditAction.USER_CHANGED, "cli", personal={"network": "192.0.2.1"})
    before = there.stores.rows()
    with pytest.raises(InvalidInput, match="network"):
        change(there, refused)
    assert there.stores.rows() == before

    there.stores.refuse_entries()
    with pytest.raises(Unavailable):
        change(there, ENTRY)
    assert there.stores.rows() == before


@pytest.mark.parametrize("change", ALL.values(), ids=ALL)
def test_no_secret_is_in_the_log(there: There, change: Change) -> None:
    change(there, AuditDraft(AuditAction.USER_CHANGED, "cli", actor_name="root", network="::1"))
    values = there.stores.database.read(
        lambda connection: list(connection.scalars(select(audit_personal.c.value)))
    )
    text = "\n".join([*there.stores.logged(), *values])
    assert "root" in text
    assert [secret for secret in SECRETS if secret in text] == []


def test_no_secret_is_shown_of_what_is_stored(there: There) -> None:
    stores = there.stores
    found = stores.sessions.find(digest(1)), stores.tokens.find(digest(2))
    shown = repr([stores.users.all(), stores.factors.passkeys(there.user.id), found])
    shown += repr(stores.factors.totp(there.user.id)) + repr(
        UserDraft("a", Role.VIEWER, ALL_CAMERAS, 0, HASH)
    )
    shown += repr(NewPasskey(b"id", KEY, 0))
    assert "ada" in shown
    assert isinstance(stores.factors.totp(there.user.id), Totp)
    assert [secret for secret in (*SECRETS, "public key") if secret in shown] == []


def test_another_process_sees_the_epoch_grow(there: There, other_process: AccountStores) -> None:
    epoch = other_process.epoch.epoch()
    there.stores.sessions.end(there.session.id, None)
    assert other_process.epoch.epoch() == epoch + 1
    assert other_process.sessions.find(digest(1)) is None
