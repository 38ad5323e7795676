"""The first administrator and people who are invited, from their link to their second factor."""

import pytest

from browser.visits import (
    ACCOUNT,
    CONNECTED,
    PASSPHRASE,
    SIGN_IN,
    closed,
    code_of,
    fault,
    give_session,
    opened,
    send_password,
)
from browser.webdriver import Browser
from fakes.running_api import PASSWORD, RunningApi
from securevision.api.cookies import SESSION_COOKIE
from securevision.domain.accounts import Purpose, SessionLevel
from securevision.domain.rights import Role

pytestmark = pytest.mark.needs_chromium

FORM = "!document.getElementById('form-panel').hidden"
NO_CODE = "!document.getElementById('no-code').hidden"


def follow(page: Browser, api: RunningApi, purpose: Purpose, subject: str = "") -> str:
    """Open a new link; returns its code."""
    code = api.link_code(purpose, subject)
    page.open(f"{api.origin}/{purpose}#code={code}")
    page.wait(FORM)
    return code


def choose(page: Browser, password: str, repeated: str | None = None) -> None:
    page.run("for (const id of ['password', 'repeated']) document.getElementById(id).value = ''")
    page.type("#password", password)
    page.type("#repeated", password if repeated is None else repeated)
    page.click("#form button")


def set_up(page: Browser, api: RunningApi) -> None:
    follow(page, api, Purpose.SETUP)
    page.type("#name", "Olga")
    choose(page, PASSPHRASE)
    page.wait(ACCOUNT)


def test_the_first_administrator_comes_in_by_the_link_with_a_second_factor(
    page: Browser, api: RunningApi
) -> None:
    set_up(page, api)
    assert "needs a second factor" in page.text("#factors-lead")
    page.click("#factors-list .row:nth-child(1) button")
    opened(page, "totp")
    assert page.wait("document.getElementById('totp-qr').naturalWidth") > 0
    seed = page.text("#totp-seed").replace(" ", "")
    page.type("#totp-code", code_of(api, seed))
    page.click("#totp-form button")
    opened(page, "codes")
    codes = page.run(
        "return [...document.querySelectorAll('#codes-list li')].map((item) => item.textContent)"
    )
    assert len(set(codes)) == 10
    page.click("#codes [data-closes]")
    page.wait(CONNECTED)
    user = api.access.users.find("Olga")
    assert user is not None
    assert (user.role, user.has_totp, user.recovery_codes) == (Role.ADMIN, True, 10)


def test_a_passkey_can_be_the_first_factor(page: Browser, api: RunningApi) -> None:
    page.plug_in_authenticator()
    set_up(page, api)
    page.click("#factors-list .row:nth-child(2) button")
    opened(page, "passkey")
    assert page.run("return document.getElementById('passkey-name').value") == "Chrome on Linux"
    page.click("#passkey-form button")
    opened(page, "codes")
    page.click("#codes [data-closes]")
    page.wait(CONNECTED)


def test_nothing_else_is_there_before_the_second_factor(page: Browser, api: RunningApi) -> None:
    give_session(page, api, api.add_user("Olga", Role.ADMIN), SessionLevel.ENROLMENT)
    for path in ("/", "/sign-in", "/account"):
        page.open(api.origin + path)
        page.wait(ACCOUNT)
        shown = "[...document.querySelectorAll('main section')].filter((part) => part.checkVisibility())"
        assert page.run(f"return {shown}.map((part) => part.id)") == ["factors"]
        assert page.text("#to-events") == ""


def test_the_code_of_a_link_leaves_no_trace(page: Browser, api: RunningApi) -> None:
    code = follow(page, api, Purpose.SETUP)
    assert page.url == f"{api.origin}/setup"
    page.run("history.back()")
    assert code not in page.url
    page.open(f"{api.origin}/setup")
    page.wait(NO_CODE)
    names = page.run("return performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert not [name for name in names if code in name]


def test_the_session_is_out_of_reach_of_scripts(page: Browser, api: RunningApi) -> None:
    set_up(page, api)
    kept = page.cookies(api.origin)[SESSION_COOKIE]
    assert (kept["httpOnly"], kept["secure"], kept["sameSite"], kept["path"]) == (True, True, "Lax", "/")
    assert page.run("return [localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]
    assert page.wait("indexedDB.databases().then((all) => [all.length])") == [0]


def test_a_wrong_setup_link_says_so(page: Browser, api: RunningApi) -> None:
    page.open(f"{api.origin}/setup#code=wrong")
    page.wait(FORM)
    page.type("#name", "Olga")
    choose(page, PASSPHRASE)
    assert "used already" in fault(page, "#form")


def test_a_weak_password_is_explained_and_the_link_still_works(page: Browser, api: RunningApi) -> None:
    follow(page, api, Purpose.SETUP)
    page.type("#name", "Olga")
    choose(page, "a" * 14)
    assert "too short" in fault(page, "#form")
    choose(page, "qwertyuiopasdfghjkl")
    page.wait("document.querySelector('#form .fault').textContent.includes('easy to guess')")
    choose(page, PASSPHRASE)
    page.wait(ACCOUNT)


def test_the_new_password_says_how_it_is_doing(page: Browser, api: RunningApi) -> None:
    follow(page, api, Purpose.SETUP)
    assert page.text("#password-hint") == "15 characters or more."
    page.type("#password", "🦦" * 14)
    assert page.text("#password-hint") == "1 more character."
    page.type("#password", "🦦")
    assert page.text("#password-hint") == "Long enough."
    page.type("#repeated", "🦦")
    assert page.text("#repeated-hint") == "Not the same yet."
    page.click("[name=show]")
    assert page.run("return document.getElementById('password').type") == "text"
    page.type("#name", "Olga")
    page.click("#form button")
    assert fault(page, "#form") == "The two passwords are not the same."


def test_somebody_invited_sets_a_password_and_signs_in(page: Browser, api: RunningApi) -> None:
    user = api.add_user("Ben")
    follow(page, api, Purpose.INVITATION, str(user.id))
    choose(page, PASSPHRASE)
    page.wait(SIGN_IN)
    assert page.text("#note") == "Your password is set. Sign in with it."
    page.type("#name", "Ben")
    send_password(page, PASSWORD)
    assert fault(page, "#password-form") == "Name or password is wrong."
    send_password(page, PASSPHRASE)
    page.wait(CONNECTED)


def test_an_invitation_works_once(page: Browser, api: RunningApi) -> None:
    code = follow(page, api, Purpose.INVITATION, str(api.add_user("Ben").id))
    choose(page, PASSPHRASE)
    page.wait(SIGN_IN)
    page.open(f"{api.origin}/invitation#code={code}")
    page.wait(FORM)
    choose(page, PASSPHRASE)
    assert "used already" in fault(page, "#form")


def test_a_link_for_one_thing_does_not_work_for_another(page: Browser, api: RunningApi) -> None:
    code = api.link_code(Purpose.INVITATION, str(api.add_user("Ben").id))
    page.open(f"{api.origin}/setup#code={code}")
    page.wait(FORM)
    page.type("#name", "Olga")
    choose(page, PASSPHRASE)
    assert "used already" in fault(page, "#form")


@pytest.mark.parametrize("page_name", ["setup", "invitation"])
def test_without_a_code_the_page_asks_for_the_link(page: Browser, api: RunningApi, page_name: str) -> None:
    page.open(f"{api.origin}/{page_name}#code=")
    page.wait(NO_CODE)
    assert not page.run(f"return {FORM}")


def test_a_cancelled_app_counts_for_nothing(page: Browser, api: RunningApi) -> None:
    set_up(page, api)
    page.click("#factors-list .row:nth-child(1) button")
    opened(page, "totp")
    page.type("#totp-code", "000000")
    page.click("#totp-form button")
    assert "The code is wrong" in fault(page, "#totp-form")
    page.press("Escape")
    closed(page, "totp")
    page.open(f"{api.origin}/")
    page.wait(ACCOUNT)
