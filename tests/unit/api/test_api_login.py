"""Signing in with a password, an authenticator app, a passkey or a recovery code."""

import unicodedata
from dataclasses import replace

import pytest

from fakes.authenticator import USER_PRESENT, SoftAuthenticator
from fakes.people import Person, Town, give_password, passkey_answer
from fakes.running_api import PASSWORD, QUICK
from fakes.visitor import Visitor
from securevision.api.cookies import DEVICE_COOKIE, SESSION_COOKIE
from securevision.domain.accounts import UserChange, UserStatus
from securevision.domain.audit import AuditAction, AuditDraft
from securevision.domain.rights import Role
from securevision.vault.passwords import Argon2Cost, Argon2Passwords

HOURS = 60 * 60
MINUTES = 60
ENTRY = AuditDraft(AuditAction.USER_CHANGED, "system")


def status_of(browser: Visitor) -> int:
    """Return whether somebody is signed in there."""
    return browser.get("/api/v1/session").status_code


def level_of(browser: Visitor) -> str:
    return str(browser.get("/api/v1/session").json()["level"])


# The password


def test_the_right_password_lets_in_who_needs_nothing_more(town: Town) -> None:
    ada = town.person()
    answer = ada.gives_password()
    assert (answer.status_code, answer.json()) == (200, {"next": "done", "methods": []})
    who = ada.browser.get("/api/v1/session").json()
    assert (who["name"], who["user_id"], who["role"], who["level"]) == (ada.name, ada.id, "viewer", "full")
    assert (who["ends_in"], who["step_up_left"]) == (12 * HOURS, 5 * MINUTES)


def test_wrong_unknown_and_disabled_look_the_same(town: Town) -> None:
    ada, gone, invited = town.person(), town.person(), town.person()
    town.api.access.users.change(gone.id, UserChange(status=UserStatus.DISABLED), ENTRY)
    town.api.access.users.reset(invited.id, None, ENTRY, remove_factors=False)
    answers = [
        ada.gives_password(password=PASSWORD + "!"),
        ada.gives_password(password=""),
        give_password(town.visitor(), f"nobody {ada.name}"),
        give_password(town.visitor(), ""),
        give_password(town.visitor(), "\u202eadA"),
        give_password(town.visitor(), "x" * 1024),
        gone.gives_password(),
        invited.gives_password(),
        invited.gives_password(password=""),
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert {answer.text for answer in answers} == {
        '{"detail":"Name or password is wrong.","code":"unauthenticated"}'
    }
    assert not any("set-cookie" in answer.headers for answer in answers)


@pytest.mark.parametrize(
    "change", [str.upper, str.lower, lambda name: f"  {name} ", lambda name: name + "\t"]
)
def test_a_name_is_the_same_in_any_case(town: Town, change: object) -> None:
    assert callable(change)
    ada = town.person()
    assert give_password(ada.browser, change(ada.name)).status_code == 200


@pytest.mark.parametrize("other", ["name", "code", "remember", "session"])
def test_a_body_with_a_name_that_is_not_known_is_refused(town: Town, other: str) -> None:
    body = {"name": "x", "password": PASSWORD} | ({other: "x"} if other != "name" else {"role": "admin"})
    assert town.visitor().post("/api/v1/login", body).status_code == 422


PASSWORDS = {
    "256 characters": "".join(chr(ord("a") + index * 7 % 26) for index in range(256)),
    "spaces": "   three spaces  before and two after  ",
    "other scripts": "пять зелёных крокодилов 🐊 и одна лампа",
    "composed": unicodedata.normalize("NFC", "café über naïve straße résumé"),
    "decomposed": unicodedata.normalize("NFD", "café über naïve straße résumé"),
}


@pytest.mark.parametrize("kind", PASSWORDS)
def test_every_character_of_a_password_counts(town: Town, kind: str) -> None:
    password, ada = PASSWORDS[kind], town.signed_in()
    changed = ada.browser.send("PUT", "/api/v1/account/password", {"current": PASSWORD, "new": password})
    assert changed.status_code == 204, changed.text
    for form in ("NFC", "NFD"):
        assert ada.gives_password(password=unicodedata.normalize(form, password)).status_code == 200
    for wrong in (password[:-1], password[1:], password + " ", password.swapcase(), password.strip() + "x"):
        assert ada.gives_password(password=wrong).status_code == 401
        town.api.clock.advance(HOURS)


def test_a_password_beyond_256_characters_is_wrong_and_one_beyond_1024_is_not_looked_at(town: Town) -> None:
    ada = town.person()
    town.passwords.taken()
    assert ada.gives_password(password="x" * 1024).status_code == 401
    assert town.passwords.taken() == 1
    refused = ada.gives_password(password="x" * 1025)
    assert refused.status_code == 422
    assert "xxx" not in refused.text
    assert town.passwords.taken() == 0


def test_a_password_gets_the_newest_parameters_when_it_is_given(town: Town) -> None:
    ada = town.person()
    old = ada.user.password_hash
    inner = town.passwords.inner
    town.passwords.inner = Argon2Passwords(Argon2Cost(QUICK.memory_kib * 2, QUICK.iterations + 1))
    try:
        assert ada.gives_password(password="wrong").status_code == 401
        assert ada.user.password_hash == old
        browser = ada.signs_in()
        new = ada.user.password_hash
        assert new is not None
        assert new != old
        assert "m=16,t=2" in new
        assert status_of(browser) == 200
        ada.signs_in()
        assert ada.user.password_hash == new
    finally:
        town.passwords.inner = inner


# The session


def test_the_cookies_are_for_this_host_alone_over_https_and_out_of_scripts_reach(town: Town) -> None:
    browser = town.person().signs_in()
    attributes = {cookie.partition("=")[0]: cookie.split("; ")[1:] for cookie in browser.set_cookies}
    rest = ["Path=/", "Secure", "HttpOnly", "SameSite=Lax"]
    assert attributes == {
        SESSION_COOKIE: [f"Max-Age={12 * HOURS}", *rest],
        DEVICE_COOKIE: [f"Max-Age={180 * 24 * HOURS}", *rest],
    }
    assert SESSION_COOKIE.startswith("__Host-")
    assert len(browser.session_secret) == 43


def test_a_half_signed_in_browser_is_not_remembered(town: Town) -> None:
    ada = town.with_totp()
    browser = town.visitor()
    ada.gives_password(browser)
    (cookie,) = browser.set_cookies
    assert cookie.startswith(f"{SESSION_COOKIE}=")
    assert f"Max-Age={10 * MINUTES}" in cookie


def test_each_step_gives_a_new_cookie_and_ends_the_one_before(town: Town) -> None:
    ada = town.with_totp()
    old = [ada.browser.session_secret]
    ada.gives_password()
    old.append(ada.browser.session_secret)
    ada.gives_code(ada.new_code())
    old.append(ada.browser.session_secret)
    assert ada.steps_up(password=PASSWORD, code=ada.new_code()).status_code == 204
    assert status_of(ada.browser) == 200
    assert len({*old, ada.browser.session_secret}) == 4
    for secret in old:
        before = town.visitor()
        before.cookies[SESSION_COOKIE] = secret
        assert status_of(before) == 401


def test_a_session_ends_after_30_minutes_without_use(town: Town) -> None:
    browser = town.person().signs_in()
    for _ in range(4):
        town.api.clock.advance(29 * MINUTES)
        assert status_of(browser) == 200
    town.api.clock.advance(30 * MINUTES)
    assert status_of(browser) == 401


def test_a_session_ends_after_12_hours_of_use(town: Town) -> None:
    browser = town.person().signs_in()
    for _ in range(12 * 3 - 1):
        town.api.clock.advance(20 * MINUTES)
        assert status_of(browser) == 200
    town.api.clock.advance(20 * MINUTES - 1)
    assert status_of(browser) == 200
    town.api.clock.advance(1)
    assert status_of(browser) == 401


def test_a_step_up_makes_no_session_last_longer(town: Town) -> None:
    ada = town.signed_in()
    for _ in range(12 * 3 - 1):
        town.api.clock.advance(20 * MINUTES)
        assert ada.steps_up(password=PASSWORD).status_code == 204
    assert ada.browser.get("/api/v1/session").json()["ends_in"] == 20 * MINUTES
    town.api.clock.advance(20 * MINUTES)
    assert status_of(ada.browser) == 401


def test_signing_in_again_ends_the_session_that_the_browser_had(town: Town) -> None:
    ada, grace = town.person(), town.person()
    browser = ada.signs_in()
    assert len(town.api.access.sessions.of_user(ada.id)) == 1
    grace.signs_in(browser)
    assert town.api.access.sessions.of_user(ada.id) == []
    # Somebody who fails to sign in stays who they were.
    ada.gives_password(browser, "wrong")
    assert browser.get("/api/v1/session").json()["name"] == grace.name


# An authenticator app


def test_password_and_code_together_let_in(town: Town) -> None:
    ada = town.with_totp()
    browser = town.visitor()
    first = ada.gives_password(browser)
    assert first.json() == {"next": "second_factor", "methods": ["totp", "recovery_code"]}
    second = ada.gives_code(ada.new_code(), browser)
    assert second.json() == {"next": "done", "methods": ["totp", "recovery_code"]}
    assert level_of(browser) == "full"


@pytest.mark.parametrize(
    ("steps_ago", "status"), [(0, 200), (1, 200), (2, 401), (3, 401), (-1, 401), (-2, 401)]
)
def test_the_code_of_now_and_the_one_before_are_right(town: Town, steps_ago: int, status: int) -> None:
    ada = town.with_totp()
    town.api.clock.advance(10 * MINUTES)
    browser = town.visitor()
    ada.gives_password(browser)
    assert ada.gives_code(ada.code(steps_ago=steps_ago), browser).status_code == status
    assert level_of(browser) == ("full" if status == 200 else "password")


def test_a_code_counts_once_for_all_browsers_and_for_step_ups(town: Town) -> None:
    ada = town.with_totp()
    browser, another = town.visitor(), town.visitor()
    for one in (browser, another):
        ada.gives_password(one)
    code = ada.new_code()
    assert ada.gives_code(code, browser).status_code == 200
    refused = ada.gives_code(code, another)
    assert (refused.status_code, level_of(another)) == (401, "password")
    assert ada.steps_up(password=PASSWORD, code=code).status_code == 401
    # Nor may one that is older than the newest that was used.
    assert ada.gives_code(ada.code(steps_ago=1), another).status_code == 401
    assert ada.gives_code(ada.new_code(), another).status_code == 200


def test_a_code_of_a_step_up_does_not_sign_in(town: Town) -> None:
    ada = town.with_totp()
    code = ada.new_code()
    assert ada.steps_up(password=PASSWORD, code=code).status_code == 204
    browser = town.visitor()
    ada.gives_password(browser)
    assert ada.gives_code(code, browser).status_code == 401


def test_the_code_that_confirmed_the_app_does_not_sign_in(town: Town) -> None:
    ada = town.with_totp()
    browser = town.visitor()
    ada.gives_password(browser)
    assert ada.gives_code(ada.code(), browser).status_code == 401


@pytest.mark.parametrize(
    "code", ["", "0", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "-12345", "12345.", "0x1234"]
)
def test_what_is_no_code_is_wrong(town: Town, code: str) -> None:
    ada = town.with_totp()
    browser = town.visitor()
    ada.gives_password(browser)
    answer = ada.gives_code(code, browser)
    assert answer.status_code == (422 if not code else 401)
    assert level_of(browser) == "password"


def test_half_a_character_is_no_text(town: Town) -> None:
    ada = town.with_totp()
    browser = town.visitor()
    ada.gives_password(browser)
    assert ada.gives_code("\ud800", browser).status_code == 422


def test_spaces_in_a_code_do_not_count(town: Town) -> None:
    ada = town.with_totp()
    browser = town.visitor()
    ada.gives_password(browser)
    code = ada.new_code()
    assert ada.gives_code(f" {code[:3]} {code[3:]} ", browser).status_code == 200


def test_the_code_of_somebody_else_is_wrong(town: Town) -> None:
    ada, eve = town.with_totp(), town.with_totp()
    browser = town.visitor()
    ada.gives_password(browser)
    assert ada.gives_code(eve.new_code(), browser).status_code == 401


@pytest.mark.parametrize("door", ["totp", "recovery-code"])
def test_a_code_without_a_password_before_it_is_nothing(town: Town, door: str) -> None:
    ada = town.with_totp()
    code = ada.new_code() if door == "totp" else ada.recovery_codes[0]
    for browser in (town.visitor(), ada.browser, town.signed_in().browser):
        before = browser.cookies.get(SESSION_COOKIE)
        assert browser.post(f"/api/v1/login/{door}", {"code": code}).status_code == 401
        assert browser.cookies.get(SESSION_COOKIE) == before
    # Nothing was used up.
    another = town.visitor()
    ada.gives_password(another)
    assert another.post(f"/api/v1/login/{door}", {"code": code}).status_code == 200


def test_a_half_signed_in_session_opens_nothing_and_lasts_ten_minutes(town: Town) -> None:
    ada = town.with_totp(Role.ADMIN)
    browser = town.visitor()
    ada.gives_password(browser)
    who = browser.get("/api/v1/session").json()
    assert (who["level"], who["next"], who["step_up_left"]) == ("password", "second_factor", 0)
    assert who["permissions"] == ["enter", "session:read"]
    for path in ("events", "cameras", "users", "tokens", "audit", "sessions", "account/passkeys", "health"):
        assert browser.get(f"/api/v1/{path}").status_code == 403
    assert browser.post("/api/v1/account/totp").status_code == 403
    assert browser.post("/api/v1/account/passkeys/options").status_code == 403
    assert browser.post("/api/v1/session/step-up", {"password": PASSWORD}).status_code == 403
    town.api.clock.advance(10 * MINUTES - 1)
    assert status_of(browser) == 200
    town.api.clock.advance(1)
    assert status_of(browser) == 401
    assert ada.gives_code(ada.code(), browser).status_code == 401


# Passkeys


def test_a_passkey_alone_lets_in(town: Town) -> None:
    ada = town.with_passkey()
    browser = town.visitor()
    answer = ada.gives_passkey(browser)
    assert answer.json() == {"next": "done", "methods": ["passkey", "recovery_code"]}
    who = browser.get("/api/v1/session").json()
    assert (who["name"], who["level"]) == (ada.name, "full")
    assert set(browser.cookies) == {SESSION_COOKIE, DEVICE_COOKIE}


def test_who_comes_without_a_name_is_asked_for_any_passkey(town: Town) -> None:
    ada = town.with_passkey()
    asked = town.visitor().post("/api/v1/login/passkey-options").json()["publicKey"]
    assert not asked.get("allowCredentials")
    assert (asked["rpId"], asked["userVerification"]) == ("localhost", "required")
    browser = town.visitor()
    ada.gives_password(browser)
    asked = browser.post("/api/v1/login/passkey-options").json()["publicKey"]
    assert len(asked["allowCredentials"]) == 1


def test_a_passkey_is_a_second_factor(town: Town) -> None:
    ada = town.with_passkey()
    browser = town.visitor()
    assert ada.gives_password(browser).json()["methods"] == ["passkey", "recovery_code"]
    half = browser.session_secret
    assert ada.gives_passkey(browser).json()["next"] == "done"
    assert level_of(browser) == "full"
    assert browser.session_secret != half
    # It went on with the session that was begun.
    assert len(town.api.access.sessions.of_user(ada.id)) == 2


@pytest.mark.parametrize("half", [False, True], ids=["alone", "as second factor"])
@pytest.mark.parametrize(
    "wrong",
    [
        {"flags": USER_PRESENT},
        {"flags": 0},
        {"origin": "https://evil.example"},
        {"origin": "http://127.0.0.1"},
        {"rp_id": "evil.example"},
        {"challenge": bytes(32)},
        {"cross_origin": True},
        {"user_handle": bytes(32)},
        {"credential_id": bytes(32)},
    ],
    ids=str,
)
def test_a_wrong_answer_of_a_passkey_is_refused(town: Town, wrong: dict[str, object], *, half: bool) -> None:
    ada = town.with_passkey()
    assert ada.passkey is not None
    browser = town.visitor()
    if half:
        ada.gives_password(browser)
    refused = ada.gives_passkey(browser, replace(ada.passkey, **wrong))  # type: ignore[arg-type]
    assert refused.status_code == 401
    assert not browser.set_cookies
    assert status_of(browser) == (200 if half else 401)
    if half:
        assert level_of(browser) == "password"
    assert ada.gives_passkey(browser).status_code == 200


def test_an_answer_of_a_passkey_works_once(town: Town) -> None:
    ada = town.with_passkey()
    assert ada.passkey is not None
    browser = town.visitor()
    answer = passkey_answer(browser, ada.passkey)
    body = {"credential": answer}
    assert browser.post("/api/v1/login/passkey", body).status_code == 200
    for again in (browser, town.visitor()):
        assert again.post("/api/v1/login/passkey", body).status_code == 401


@pytest.mark.parametrize(("minutes", "status"), [(4.99, 200), (5, 401)])
def test_a_challenge_is_answered_within_five_minutes(town: Town, minutes: float, status: int) -> None:
    ada = town.with_passkey()
    assert ada.passkey is not None
    browser = town.visitor()
    body = {"credential": passkey_answer(browser, ada.passkey)}
    town.api.clock.advance(minutes * MINUTES)
    assert browser.post("/api/v1/login/passkey", body).status_code == status


def test_a_challenge_of_another_purpose_is_none_for_signing_in(town: Town) -> None:
    ada = town.with_passkey()
    assert ada.passkey is not None
    step_up = ada.browser.post("/api/v1/session/step-up/passkey-options").json()["publicKey"]
    made = ada.browser.post("/api/v1/account/passkeys/options").json()["publicKey"]
    registration = {"challenge": made["challenge"], "rpId": made["rp"]["id"]}
    for options in (step_up, registration):
        body = {"credential": ada.passkey.get(options)}
        assert town.visitor().post("/api/v1/login/passkey", body).status_code == 401


def test_the_passkey_of_somebody_else_is_no_second_factor(town: Town) -> None:
    ada, eve = town.with_passkey(), town.with_passkey()
    browser = town.visitor()
    ada.gives_password(browser)
    assert ada.gives_passkey(browser, eve.passkey).status_code == 401
    assert level_of(browser) == "password"
    assert browser.get("/api/v1/session").json()["name"] == ada.name


def test_a_counter_that_fell_is_that_of_a_copy(town: Town) -> None:
    passkey = SoftAuthenticator(town.api.origin, counter=10)
    ada = town.with_passkey(passkey)
    copy = replace(passkey)
    assert ada.gives_passkey(town.visitor()).status_code == 200
    assert ada.gives_passkey(town.visitor()).status_code == 200
    assert copy.counter < passkey.counter
    assert ada.gives_passkey(town.visitor(), copy).status_code == 401
    assert ada.gives_passkey(town.visitor()).status_code == 200


def test_the_passkey_of_somebody_disabled_or_deleted_lets_nobody_in(town: Town) -> None:
    ada = town.with_passkey()
    town.api.access.users.change(ada.id, UserChange(status=UserStatus.DISABLED), ENTRY)
    assert ada.gives_passkey(town.visitor()).status_code == 401
    town.api.access.users.remove(ada.id, ENTRY)
    assert ada.gives_passkey(town.visitor()).status_code == 401


def test_a_passkey_that_was_removed_lets_nobody_in(town: Town) -> None:
    ada = town.with_passkey()
    (passkey,) = ada.browser.get("/api/v1/account/passkeys").json()["passkeys"]
    assert ada.browser.send("DELETE", f"/api/v1/account/passkeys/{passkey['id']}").status_code == 204
    assert ada.gives_passkey(town.visitor()).status_code == 401


@pytest.mark.parametrize(
    "credential",
    [
        {},
        {"id": "AAAA"},
        {"id": "AAAA", "rawId": "BBBB", "response": {}},
        {"id": "AAAA", "rawId": "AAAA", "response": []},
        {"id": "AAAA", "rawId": "AAAA", "response": {"clientDataJSON": "e30"}},
        {"id": 1, "rawId": 1, "response": {}},
        {"id": "!", "rawId": "!", "response": {}},
    ],
    ids=str,
)
def test_what_is_no_answer_of_a_passkey_is_refused(town: Town, credential: dict[str, object]) -> None:
    answer = town.visitor().post("/api/v1/login/passkey", {"credential": credential})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")


# Recovery codes


def spellings(code: str) -> list[str]:
    plain = code.replace("-", "")
    return [code, code.upper(), plain, plain.upper(), f" {code} ", " ".join(code.split("-")), "-".join(plain)]


def test_each_recovery_code_lets_in_once_however_it_is_written(town: Town) -> None:
    ada = town.with_totp()
    written = list(zip(ada.recovery_codes, spellings(ada.recovery_codes[0]), strict=False))
    for index, (code, _) in enumerate(written):
        browser = town.visitor()
        ada.gives_password(browser)
        assert ada.gives_recovery_code(spellings(code)[index], browser).status_code == 200
        assert level_of(browser) == "full"
        again = town.visitor()
        ada.gives_password(again)
        assert ada.gives_recovery_code(code, again).status_code == 401
        assert level_of(again) == "password"
    assert ada.user.recovery_codes == 10 - len(written)


def test_a_recovery_code_of_somebody_else_is_wrong(town: Town) -> None:
    ada, eve = town.with_totp(), town.with_totp()
    browser = town.visitor()
    ada.gives_password(browser)
    assert ada.gives_recovery_code(eve.recovery_codes[0], browser).status_code == 401
    assert eve.user.recovery_codes == 10


def test_with_the_last_code_the_method_is_gone(town: Town) -> None:
    ada = town.with_totp()
    browser = town.visitor()
    for code in ada.recovery_codes:
        ada.gives_password(browser)
        assert ada.gives_recovery_code(code, browser).status_code == 200
    assert ada.gives_password(browser).json()["methods"] == ["totp"]


def make_person_with_both(town: Town) -> Person:
    ada = town.with_totp()
    assert ada.adds_passkey().status_code == 201
    return ada


def test_who_has_both_may_use_either(town: Town) -> None:
    ada = make_person_with_both(town)
    browser = town.visitor()
    assert ada.gives_password(browser).json()["methods"] == ["totp", "passkey", "recovery_code"]
    assert ada.gives_code(ada.new_code(), browser).status_code == 200
    ada.gives_password(browser)
    assert ada.gives_passkey(browser).status_code == 200
