"""Signing in: every factor, and what is said when one is wrong."""

import pytest

from browser.visits import (
    ACCOUNT,
    CONNECTED,
    SECOND_STEP,
    SIGN_IN,
    add_app,
    arrive,
    code_of,
    fault,
    give_session,
    opened,
    send_code,
    send_password,
    sign_in,
)
from browser.webdriver import Browser
from fakes.running_api import PASSWORD, RunningApi
from securevision.access.tokens import recovery_code_digest
from securevision.api.cookies import SESSION_COOKIE
from securevision.domain.accounts import SessionLevel, User
from securevision.domain.audit import AuditAction, AuditDraft
from securevision.domain.rights import Role

pytestmark = pytest.mark.needs_chromium

CODE = "abcd-efgh-ijkl-mnop-qrst-uvwx"


def add_recovery_code(api: RunningApi, user: User) -> None:
    draft = AuditDraft(AuditAction.RECOVERY_CODES_MADE, "system")
    api.access.factors.set_recovery_codes(user.id, [recovery_code_digest(CODE)], draft)


def add_passkey(page: Browser, api: RunningApi, user: User) -> str:
    """Plug in a device and make a passkey of it on the account page, then sign out."""
    device = page.plug_in_authenticator()
    arrive(page, api, user, "/account")
    page.wait(ACCOUNT)
    page.click("[aria-label='Add: Passkey']")
    opened(page, "passkey")
    page.click("#passkey-form button")
    opened(page, "codes")
    page.click("#codes [data-closes]")
    page.wait("document.querySelector('[aria-label=\"Remove: Chrome on Linux\"]')")
    page.click("#sign-out")
    page.wait(SIGN_IN)
    return device


def test_name_and_password_let_a_viewer_in(page: Browser, api: RunningApi) -> None:
    api.add_user("Ada")
    page.open(api.origin)
    page.wait(SIGN_IN)
    assert page.run("return document.activeElement.id") == "name"
    sign_in(page, api, "ada")
    page.wait(CONNECTED)
    assert page.text("#account") == "Ada"


def test_whoever_is_signed_in_goes_to_the_events(page: Browser, api: RunningApi) -> None:
    give_session(page, api, api.add_user("Ada"))
    page.open(f"{api.origin}/sign-in")
    page.wait(CONNECTED)


@pytest.mark.parametrize(("name", "password"), [("Ada", "wrong"), ("Nobody", PASSWORD)])
def test_a_wrong_name_or_password_gets_one_sentence(
    page: Browser, api: RunningApi, name: str, password: str
) -> None:
    api.add_user("Ada")
    sign_in(page, api, name, password)
    assert fault(page, "#password-form") == "Name or password is wrong."
    page.wait("document.activeElement.id === 'password' && document.activeElement.value === ''")
    assert page.url == f"{api.origin}/sign-in"


def test_an_administrator_without_a_factor_must_set_one_up(page: Browser, api: RunningApi) -> None:
    api.add_user("Olga", Role.ADMIN)
    sign_in(page, api, "Olga")
    page.wait(ACCOUNT)
    assert "needs a second factor" in page.text("#factors-lead")


def test_the_code_of_the_app_is_the_second_step_and_works_once(page: Browser, api: RunningApi) -> None:
    seed = add_app(api, api.add_user("Olga", Role.ADMIN))
    sign_in(page, api, "Olga")
    page.wait(SECOND_STEP)
    field = "document.querySelector('#totp-form [name=code]')"
    assert page.run(
        f"return [document.activeElement === {field}, {field}.inputMode, {field}.autocomplete]"
    ) == [
        True,
        "numeric",
        "one-time-code",
    ]
    send_code(page, "totp-form", "000000")
    assert "The code is wrong" in fault(page, "#totp-form")
    send_code(page, "totp-form", f" {code_of(api, seed)} ")
    page.wait(CONNECTED)
    page.click("#sign-out")
    page.wait(SIGN_IN)
    sign_in(page, api, "Olga")
    page.wait(SECOND_STEP)
    send_code(page, "totp-form", code_of(api, seed))
    assert "used already" in fault(page, "#totp-form")


def test_a_recovery_code_stands_in_for_the_app_once(page: Browser, api: RunningApi) -> None:
    user = api.add_user("Olga", Role.ADMIN)
    add_app(api, user)
    add_recovery_code(api, user)
    sign_in(page, api, "Olga")
    page.wait(SECOND_STEP)
    page.click("#use-recovery")
    assert page.text("#totp-form") == ""
    send_code(page, "recovery-form", "abcd-wrong")
    assert "recovery code is wrong" in fault(page, "#recovery-form")
    send_code(page, "recovery-form", CODE.upper())
    page.wait(CONNECTED)
    page.click("#sign-out")
    page.wait(SIGN_IN)
    sign_in(page, api, "Olga")
    page.wait(SECOND_STEP)
    assert page.text("#use-recovery") == ""


def test_a_passkey_alone_signs_in(page: Browser, api: RunningApi) -> None:
    add_passkey(page, api, api.add_user("Olga", Role.ADMIN))
    page.click("#passkey-alone button")
    page.wait(CONNECTED)
    assert page.text("#account") == "Olga"


def test_a_passkey_is_a_second_step_too(page: Browser, api: RunningApi) -> None:
    add_passkey(page, api, api.add_user("Olga", Role.ADMIN))
    sign_in(page, api, "Olga")
    page.wait(SECOND_STEP)
    page.click("#passkey-second button")
    page.wait(CONNECTED)


def test_a_passkey_whose_user_is_not_verified_does_not_sign_in(page: Browser, api: RunningApi) -> None:
    device = add_passkey(page, api, api.add_user("Olga", Role.ADMIN))
    page.stop_verifying(device)
    page.click("#passkey-alone button")
    assert "The passkey was not given" in fault(page, "#passkey-alone")
    assert SESSION_COOKIE not in page.cookies(api.origin)


def test_a_passkey_works_where_the_browser_cannot_convert(page: Browser, api: RunningApi) -> None:
    page.before_each_page(
        "for (const name of ['parseCreationOptionsFromJSON', 'parseRequestOptionsFromJSON'])"
        " delete PublicKeyCredential[name]; delete PublicKeyCredential.prototype.toJSON;"
    )
    add_passkey(page, api, api.add_user("Olga", Role.ADMIN))
    assert page.run("return 'toJSON' in PublicKeyCredential.prototype") is False
    page.click("#passkey-alone button")
    page.wait(CONNECTED)


def test_no_passkey_is_offered_at_a_number(page: Browser, api: RunningApi) -> None:
    page.open(f"{api.url}/sign-in")
    page.wait(SIGN_IN)
    assert page.run("return [isSecureContext, 'PublicKeyCredential' in window]") == [True, True]
    assert page.text("#passkey-alone") == ""


def test_too_many_attempts_are_told_when_to_come_back(page: Browser, api: RunningApi) -> None:
    api.add_user("Ada")
    sign_in(page, api, "Ada", "wrong")
    for _ in range(12):
        sentence = fault(page, "#password-form")
        if "too many attempts" in sentence:
            break
        send_password(page, "wrong")
    assert "try again in" in sentence
    assert "Not before" in sentence


def test_a_reload_stays_at_the_second_step(page: Browser, api: RunningApi) -> None:
    user = api.add_user("Olga", Role.ADMIN)
    add_app(api, user)
    give_session(page, api, user, SessionLevel.PASSWORD)
    for path in ("/", "/account", "/sign-in"):
        page.open(api.origin + path)
        page.wait(SECOND_STEP)


def test_starting_over_takes_back_the_first_step(page: Browser, api: RunningApi) -> None:
    user = api.add_user("Olga", Role.ADMIN)
    add_app(api, user)
    sign_in(page, api, "Olga")
    page.wait(SECOND_STEP)
    page.click("#start-over")
    page.wait(SIGN_IN)
    page.reload()
    page.wait(SIGN_IN)
    assert not api.access.sessions.of_user(user.id)


def test_a_first_step_that_is_too_old_is_asked_for_again(page: Browser, api: RunningApi) -> None:
    user = api.add_user("Olga", Role.ADMIN)
    seed = add_app(api, user)
    sign_in(page, api, "Olga")
    page.wait(SECOND_STEP)
    api.clock.advance(11 * 60)
    send_code(page, "totp-form", code_of(api, seed))
    page.wait(SIGN_IN)
    assert "Sign in with your name and password first." in fault(page, "#password-form")


def test_what_is_typed_never_comes_into_an_address(page: Browser, api: RunningApi) -> None:
    api.add_user("Ada")
    sign_in(page, api, "Ada")
    page.wait(CONNECTED)
    names = page.run("return performance.getEntries().map((entry) => entry.name).concat(document.referrer)")
    assert not [name for name in names if "canary" in name or "name=" in name]


def test_password_managers_know_the_fields(page: Browser, api: RunningApi) -> None:
    page.open(f"{api.origin}/sign-in")
    page.wait(SIGN_IN)
    kinds = "[...document.querySelectorAll('#password-form input')].map((field) => field.autocomplete)"
    assert page.run(f"return {kinds}") == ["username", "current-password"]


def test_a_server_that_is_gone_is_a_sentence(page: Browser, api: RunningApi) -> None:
    page.open(f"{api.origin}/sign-in")
    page.wait(SIGN_IN)
    page.run("window.fetch = () => Promise.reject(new TypeError())")
    page.type("#name", "Ada")
    send_password(page, "any")
    assert "cannot be reached" in fault(page, "#password-form")
