"""The account page: everything on it, and the question who it is before the most sensitive things."""

import base64
from pathlib import Path

import cv2
import numpy as np
import pytest

from browser.visits import (
    ACCOUNT,
    CONNECTED,
    PASSPHRASE,
    SIGN_IN,
    add_app,
    arrive,
    closed,
    code_of,
    fault,
    opened,
)
from browser.webdriver import Browser
from fakes.running_api import CAMERA, PASSWORD, RunningApi
from securevision.access.decisions import STEP_UP_MS
from securevision.domain.accounts import User, UserStatus
from securevision.domain.rights import Cameras, Role

pytestmark = pytest.mark.needs_chromium


def visit(page: Browser, api: RunningApi, role: Role = Role.ADMIN) -> User:
    """Open the account page as somebody new of that role, who has no token yet."""
    user = api.add_user("Olga", role)
    arrive(page, api, user, "/account")
    page.wait("document.getElementById('tokens-none').checkVisibility()")
    return user


def act(page: Browser, label: str) -> None:
    """Press the button of a row, once it is there."""
    page.wait(f"document.querySelector('[aria-label=\"{label}\"]')")
    page.click(f'[aria-label="{label}"]')


def rows_say(page: Browser, section: str, *words: str) -> None:
    """Wait until one row of a section has all these words."""
    found = f"[...document.querySelectorAll('#{section}-list .row')].map((row) => row.innerText)"
    page.wait(f"{found}.some((row) => {list(words)}.every((word) => row.includes(word)))")


def rows(page: Browser, section: str, count: int) -> list[str]:
    """Return the texts of a section's rows, once there are so many."""
    found = f"[...document.querySelectorAll('#{section}-list .row')].map((row) => row.innerText)"
    return list(page.wait(f"{found}.length === {count} && {found}"))


def shown_once(page: Browser) -> str:
    opened(page, "once")
    secret = page.text("#once-secret")
    page.click("#once [data-closes]")
    closed(page, "once")
    page.wait("document.getElementById('once-secret').textContent === ''")
    return secret


def prove(page: Browser, password: str, code: str | None = None) -> None:
    page.run(
        "for (const id of ['step-up-password', 'step-up-code-text']) document.getElementById(id).value = ''"
    )
    page.type("#step-up-password", password)
    if code is not None:
        page.type("#step-up-code-text", code)
    page.click("#step-up-form .acts button")


def some_time_later(api: RunningApi) -> None:
    api.clock.advance(STEP_UP_MS / 1000 + 1)


def test_a_new_password_ends_the_other_sessions(page: Browser, api: RunningApi) -> None:
    user = api.add_user("Ada")
    other = api.session(user)
    arrive(page, api, user, "/account")
    rows(page, "sessions", 2)
    page.type("#current", "wrong")
    page.type("#new", PASSPHRASE)
    page.type("#repeated", PASSPHRASE)
    page.click("#password-form button")
    assert fault(page, "#password-form") == "The present password is wrong."
    page.run("document.getElementById('current').value = ''")
    page.type("#current", PASSWORD)
    page.click("#password-form button")
    page.wait("document.getElementById('news').textContent.startsWith('Your password is changed')")
    rows(page, "sessions", 1)
    page.wait("document.getElementById('new').value === ''")
    assert other.get("/api/v1/session").status_code == 401


def test_sensitive_things_ask_again_who_it_is(page: Browser, api: RunningApi) -> None:
    visit(page, api)
    some_time_later(api)
    page.click("#user-invite")
    page.type("#user-name", "Nina")
    page.click("#user-act")
    opened(page, "step-up")
    prove(page, "wrong")
    assert fault(page, "#step-up-form") == "What you gave is not right; try again, or use your passkey."
    page.press("Escape")
    closed(page, "step-up")
    assert api.access.users.find("Nina") is None
    assert page.text("#user-form .fault") == ""
    page.click("#user-act")
    opened(page, "step-up")
    assert page.text("#step-up-form .fault") == ""
    prove(page, PASSWORD)
    shown_once(page)
    assert api.access.users.find("Nina") is not None


def test_whoever_has_the_app_proves_it_with_a_code_too(page: Browser, api: RunningApi) -> None:
    user = api.add_user("Olga", Role.ADMIN)
    seed = add_app(api, user)
    arrive(page, api, user, "/account")
    page.wait(ACCOUNT)
    some_time_later(api)
    act(page, "Make new ones: Recovery codes")
    opened(page, "confirm")
    page.click("#confirm-yes")
    opened(page, "step-up")
    prove(page, PASSWORD, "000000")
    fault(page, "#step-up-form")
    prove(page, PASSWORD, code_of(api, seed))
    opened(page, "codes")
    page.click("#codes [data-closes]")
    rows_say(page, "factors", "Recovery codes", "10 left")


def test_a_passkey_proves_it_as_well(page: Browser, api: RunningApi) -> None:
    page.plug_in_authenticator()
    visit(page, api)
    act(page, "Add: Passkey")
    opened(page, "passkey")
    page.click("#passkey-form button")
    opened(page, "codes")
    page.click("#codes [data-closes]")
    rows(page, "factors", 4)
    some_time_later(api)
    act(page, "Make new ones: Recovery codes")
    page.click("#confirm-yes")
    opened(page, "step-up")
    page.click("#step-up-passkey button")
    opened(page, "codes")


def test_the_picture_of_the_key_can_be_scanned(page: Browser, api: RunningApi) -> None:
    page.prefer("dark")
    visit(page, api)
    act(page, "Set up: Authenticator app")
    opened(page, "totp")
    page.wait("document.getElementById('totp-qr').naturalWidth")
    screen = cv2.imdecode(np.frombuffer(base64.b64decode(page.picture()), np.uint8), cv2.IMREAD_GRAYSCALE)
    assert screen is not None
    text, _, _ = cv2.QRCodeDetector().detectAndDecode(screen)
    assert text == page.run("return document.getElementById('totp-link').href")
    assert f"secret={page.text('#totp-seed').replace(' ', '')}" in text


def test_the_last_factor_of_an_administrator_stays(page: Browser, api: RunningApi) -> None:
    user = api.add_user("Olga", Role.ADMIN)
    add_app(api, user)
    arrive(page, api, user, "/account")
    act(page, "Remove: Authenticator app")
    opened(page, "confirm")
    page.click("#confirm-yes")
    page.wait("document.getElementById('factors-fault').textContent")
    assert "add another one before you remove this" in page.text("#factors-fault")


def test_a_viewer_may_remove_theirs(page: Browser, api: RunningApi) -> None:
    user = api.add_user("Ada")
    add_app(api, user)
    arrive(page, api, user, "/account")
    act(page, "Remove: Authenticator app")
    opened(page, "confirm")
    page.press("Escape")
    closed(page, "confirm")
    act(page, "Remove: Authenticator app")
    page.click("#confirm-yes")
    page.wait("document.querySelector('[aria-label=\"Set up: Authenticator app\"]')")
    page.wait("document.activeElement.id === 'factors-title'")
    assert api.access.factors.totp(user.id) is None


def test_recovery_codes_can_be_kept_and_do_not_vanish_by_a_slip(
    page: Browser, api: RunningApi, tmp_path: Path
) -> None:
    user = api.add_user("Ada")
    add_app(api, user)
    arrive(page, api, user, "/account")
    act(page, "Make new ones: Recovery codes")
    page.click("#confirm-yes")
    opened(page, "codes")
    page.press("Escape")
    page.press("Escape")
    assert page.run("return document.getElementById('codes').open") is True
    codes = page.run(
        "return [...document.querySelectorAll('#codes-list li')].map((item) => item.textContent)"
    )
    page.click("#codes [data-copies]")
    page.wait("document.getElementById('codes-copied').textContent")
    kept = page.download("#codes-file", tmp_path, "securevision-recovery-codes.txt")
    assert [line for line in kept.splitlines() if line in codes] == codes
    page.click("#codes [data-closes]")
    closed(page, "codes")
    page.wait("document.getElementById('codes-list').children.length === 0")


def test_another_browser_can_be_signed_out(page: Browser, api: RunningApi) -> None:
    user = api.add_user("Ada")
    other = api.session(user)
    api.clock.advance(1)
    arrive(page, api, user, "/account")
    here, there = rows(page, "sessions", 2)
    assert "this browser" in here
    assert "this browser" not in there
    act(page, "End: Unknown browser")
    rows(page, "sessions", 1)
    assert other.get("/api/v1/session").status_code == 401


def test_a_session_that_ended_meanwhile_shows_the_sign_in_page(page: Browser, api: RunningApi) -> None:
    user = visit(page, api, Role.VIEWER)
    [session] = api.access.sessions.of_user(user.id)
    assert api.access.sessions.end(session.id, None)
    api.access.epoch.look()
    page.click("#token-make")
    page.wait(SIGN_IN)
    assert page.text("#note") == "Your session has ended. Sign in again."


def test_a_token_is_shown_once_works_and_can_be_revoked(page: Browser, api: RunningApi) -> None:
    visit(page, api)
    page.click("#token-make")
    opened(page, "token")
    page.type("#token-name", "home-assistant")
    page.click("#token-form .acts button")
    token = shown_once(page)
    rows_say(page, "tokens", "home-assistant", "All cameras")
    with api.client(token) as program:
        assert program.get("/api/v1/events").status_code == 200
        assert program.post("/api/v1/cleanup").status_code == 403
        act(page, "Revoke: home-assistant")
        page.click("#confirm-yes")
        rows(page, "tokens", 0)
        assert program.get("/api/v1/events").status_code == 401


def test_a_screen_gets_a_link(page: Browser, api: RunningApi) -> None:
    visit(page, api)
    page.click("#token-make")
    page.type("#token-name", "Hall")
    page.click("[name=kind][value=display]")
    assert page.text("#token-scopes") == ""
    page.click("#token-cameras [value=some]")
    page.click(f"#token-cameras .choices [value={CAMERA}]")
    page.click("#token-form .acts button")
    first = shown_once(page)
    rows_say(page, "tokens", "Hall", CAMERA)
    act(page, "New link: Hall")
    second = shown_once(page)
    assert first != second
    assert second.startswith(f"{api.origin}/#code=")
    page.click("#sign-out")
    page.wait(SIGN_IN)
    page.open(second)
    page.wait(CONNECTED)


def test_what_the_server_refuses_is_said_in_the_form(page: Browser, api: RunningApi) -> None:
    visit(page, api)
    page.click("#token-make")
    page.type("#token-name", "x")
    page.type("#token-network-text", "nowhere")
    page.click("#token-form .acts button")
    assert fault(page, "#token-form") != ""
    assert page.run("return document.getElementById('token').open") is True


def test_somebody_is_invited_changed_and_removed(page: Browser, api: RunningApi) -> None:
    visit(page, api)
    page.click("#user-invite")
    page.type("#user-name", "Nina")
    page.click("#user-cameras [value=some]")
    page.click(f"#user-cameras .choices [value={CAMERA}]")
    page.click("#user-act")
    link = shown_once(page)
    assert link.startswith(f"{api.origin}/invitation#code=")
    rows_say(page, "users", "Nina", "viewer", CAMERA, "Has not set a password yet")
    act(page, "Change: Nina")
    opened(page, "user")
    assert page.text("#user-name-part") == ""
    page.run("document.getElementById('user-role').value = 'operator'")
    page.run("document.getElementById('user-status').value = 'disabled'")
    page.click("#user-cameras [value=all]")
    page.click("#user-act")
    rows_say(page, "users", "Nina", "operator", "disabled", "All cameras")
    nina = api.access.users.find("Nina")
    assert nina is not None
    assert (nina.role, nina.status, nina.cameras) == (Role.OPERATOR, UserStatus.DISABLED, Cameras(None))
    act(page, "New link: Nina")
    page.click("#confirm-yes")
    assert shown_once(page) != link
    act(page, "Remove: Nina")
    page.click("#confirm-yes")
    rows(page, "users", 1)
    assert api.access.users.find("Nina") is None


def test_the_last_administrator_stays_one(page: Browser, api: RunningApi) -> None:
    visit(page, api)
    act(page, "Change: Olga")
    opened(page, "user")
    page.run("document.getElementById('user-role').value = 'viewer'")
    page.click("#user-act")
    assert "administrator" in fault(page, "#user-form")


def test_a_viewer_sees_nothing_of_people(page: Browser, api: RunningApi) -> None:
    visit(page, api, Role.VIEWER)
    assert page.text("#users") == ""
    names = page.run("return performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert not [name for name in names if name.endswith("/users")]


def test_names_of_people_and_tokens_are_text(page: Browser, api: RunningApi) -> None:
    name = "<img src=x onerror=document.title=1>"
    api.add_user(name)
    visit(page, api)
    assert any(name in row for row in rows(page, "users", 2))
    assert page.run("return document.querySelectorAll('.row img').length") == 0
