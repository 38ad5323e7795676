"""What people do on the pages, a step at a time. Addresses are `api.origin`: the one where people sign in."""

import pyotp

from browser.webdriver import Browser
from fakes.running_api import PASSWORD, RunningApi
from securevision.api.cookies import SESSION_COOKIE
from securevision.domain.accounts import SessionLevel, User
from securevision.domain.audit import AuditAction, AuditDraft

CHANGE = AuditDraft(AuditAction.FACTOR_ADDED, "system")
PASSPHRASE = "otter lamp cinema gravel"
EVENTS = "location.pathname === '/' && !document.getElementById('events').hidden"
CONNECTED = f"{EVENTS} && document.getElementById('connection').textContent === 'Connected'"
SIGN_IN = "location.pathname === '/sign-in' && !document.getElementById('first-step').hidden"
SECOND_STEP = "location.pathname === '/sign-in' && !document.getElementById('second-step').hidden"
ACCOUNT = "location.pathname === '/account' && document.querySelector('#factors-list .row')"


def arrive(page: Browser, api: RunningApi, user: User, path: str = "/") -> None:
    """Open a page as somebody who has signed in a moment ago."""
    give_session(page, api, user)
    page.open(api.origin + path)
    page.wait(CONNECTED if path == "/" else f"location.pathname === {path!r}")


def give_session(page: Browser, api: RunningApi, user: User, level: SessionLevel = SessionLevel.FULL) -> None:
    page.keep_cookie(api.origin, SESSION_COOKIE, api.session(user, level).session_secret)


def sign_in(page: Browser, api: RunningApi, name: str, password: str = PASSWORD) -> None:
    """Give name and password."""
    page.open(f"{api.origin}/sign-in")
    page.wait(SIGN_IN)
    page.type("#name", name)
    send_password(page, password)


def send_password(page: Browser, password: str) -> None:
    page.type("#password", password)
    page.click("#password-form button")


def send_code(page: Browser, form: str, code: str) -> None:
    page.type(f"#{form} [name=code]", code)
    page.click(f"#{form} button")


def fault(page: Browser, place: str) -> str:
    """Return the sentence that is shown there, once there is one."""
    page.wait(f"document.querySelector('{place} .fault').textContent")
    return page.text(f"{place} .fault")


def opened(page: Browser, dialog: str) -> None:
    page.wait(f"document.getElementById('{dialog}').open")


def closed(page: Browser, dialog: str) -> None:
    page.wait(f"!document.getElementById('{dialog}').open")


def add_app(api: RunningApi, user: User) -> str:
    """Give a user an authenticator app; returns its seed."""
    seed = api.access.totp.new_seed()
    api.access.factors.begin_totp(user.id, api.access.totp.seal(seed, user.id))
    from_long_ago = 1
    assert api.access.factors.confirm_totp(user.id, from_long_ago, CHANGE)
    return seed


def code_of(api: RunningApi, seed: str) -> str:
    """Return what the app shows now."""
    return pyotp.TOTP(seed).at(api.clock.now_ms() // 1000)
