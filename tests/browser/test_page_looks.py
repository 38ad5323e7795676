"""How the pages look: nothing too wide, nothing too faint, nothing without a name."""

from dataclasses import replace

import pytest

from browser.visits import ACCOUNT, SECOND_STEP, SIGN_IN, add_app, arrive, fault, give_session, opened
from browser.webdriver import Browser
from fakes.running_api import FACE, PLATE, STRANGER, RunningApi
from securevision.domain.accounts import Purpose, SessionLevel
from securevision.domain.events import ListMatch
from securevision.domain.rights import ALL_CAMERAS, Permission, Role

pytestmark = pytest.mark.needs_chromium

# What sticks out of the window; a dialogue does so without making the page wider.
STICKING_OUT = """
const seen = [...document.querySelectorAll("body, body *")].filter((element) => element.checkVisibility());
const width = document.documentElement.clientWidth;
const out = ({ left, right }) => left < 0 || right > width + 0.5;
return [document.documentElement, ...seen].filter((element) => out(element.getBoundingClientRect())
  || (element.scrollWidth > element.clientWidth && getComputedStyle(element).overflowX === "auto"))
  .map((element) => element.outerHTML.slice(0, 100));
"""

# Texts whose contrast is below the 4.5 : 1 of WCAG 2.2, level AA, and their contrast.
WEAK_CONTRASTS = """
const parts = (color) => color.match(/[\\d.]+/g).map(Number);
const over = ([r, g, b, a = 1], below) => [r, g, b].map((value, i) => a * value + (1 - a) * below[i]);
const ground = (element) => element === null ? [255, 255, 255]
  : over(parts(getComputedStyle(element).backgroundColor), ground(element.parentElement));
const light = (rgb) => rgb.map((value) => value / 255)
  .map((value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
  .reduce((sum, value, i) => sum + value * [0.2126, 0.7152, 0.0722][i], 0);
const texts = [...document.querySelectorAll("body *")].filter((element) => element.checkVisibility()
  && [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim()));
if (texts.length === 0) throw new Error("There is no text.");
return texts.map((element) => {
  const below = ground(element);
  const pair = [light(below), light(over(parts(getComputedStyle(element).color), below))];
  return [element.textContent.trim(), (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05)];
}).filter(([, contrast]) => contrast < 4.5);
"""

# What can be used and is seen, and has no name that a screen reader could say.
NAMELESS = """
const controls = [...document.querySelectorAll("a, button, input, select, dialog")]
  .filter((element) => element.checkVisibility());
if (controls.length === 0) throw new Error("There is nothing to use.");
const named = (element) => element.ariaLabel || element.hasAttribute("aria-labelledby")
  || (element.labels ? [...element.labels] : []).some((label) => label.textContent.trim())
  || (["A", "BUTTON"].includes(element.tagName) && element.textContent.trim());
return controls.filter((element) => !named(element)).map((element) => element.outerHTML);
"""


def look(page: Browser) -> None:
    """Check what is on the screen now, narrow and wide, light and dark."""
    page.wait("document.getAnimations().length === 0")
    for width in (360, 1440):
        page.resize(width, 800)
        assert page.run(STICKING_OUT) == []
    for scheme in ("light", "dark"):
        page.prefer(scheme)
        assert page.run(WEAK_CONTRASTS) == []
    assert page.run(NAMELESS) == []


def test_the_events(page: Browser, api: RunningApi) -> None:
    long_name = "_".join(["a_name_without_any_space"] * 3)
    api.add(replace(FACE, person_name=long_name), ts_ms=5)
    api.add(replace(PLATE, list_match=ListMatch.ALLOW, region="DE"), ts_ms=4)
    api.add(replace(PLATE, plate_text="M" * 12, list_match=ListMatch.BLOCK), ts_ms=3)
    api.add(STRANGER, ts_ms=2)
    api.add(replace(STRANGER, similarity=None), ts_ms=1)
    arrive(page, api, api.add_user("W" * 64))
    page.wait("document.querySelectorAll('.card').length === 5 && document.querySelector('#cameras li')")
    look(page)


def test_a_link_that_was_used(page: Browser, api: RunningApi) -> None:
    page.open(f"{api.origin}/#code=wrong")
    fault(page, "#no-entry")
    look(page)


def test_the_first_step(page: Browser, api: RunningApi) -> None:
    page.open(f"{api.origin}/sign-in#ended")
    page.wait(SIGN_IN)
    page.type("#name", "x")
    page.type("#password", "x")
    page.click("#password-form button")
    fault(page, "#password-form")
    look(page)


def test_the_second_step(page: Browser, api: RunningApi) -> None:
    user = api.add_user("Olga")
    add_app(api, user)
    give_session(page, api, user, SessionLevel.PASSWORD)
    page.open(f"{api.origin}/sign-in")
    page.wait(SECOND_STEP)
    look(page)


@pytest.mark.parametrize("purpose", [Purpose.SETUP, Purpose.INVITATION])
def test_a_new_password(page: Browser, api: RunningApi, purpose: Purpose) -> None:
    page.open(f"{api.origin}/{purpose}#code=any")
    page.wait("!document.getElementById('form-panel').hidden")
    page.type("#password", "fifteen letters")
    look(page)


def test_the_account(page: Browser, api: RunningApi) -> None:
    user = api.add_user("W" * 64, Role.ADMIN)
    add_app(api, user)
    api.token(user, [Permission.EVENTS_READ], ALL_CAMERAS)
    arrive(page, api, user, "/account")
    page.wait(f"{ACCOUNT} && document.querySelector('#tokens-list .row')")
    look(page)


@pytest.mark.parametrize(
    ("button", "dialog"),
    [
        ("#token-make", "token"),
        ("#user-invite", "user"),
        ("[aria-label='Set up: Authenticator app']", "totp"),
        ("[aria-label='Add: Passkey']", "passkey"),
    ],
)
def test_a_dialogue(page: Browser, api: RunningApi, button: str, dialog: str) -> None:
    arrive(page, api, api.add_user("Olga", Role.ADMIN), "/account")
    page.wait(f"{ACCOUNT} && document.querySelector('#tokens-none:not([hidden])')")
    page.click(button)
    opened(page, dialog)
    look(page)


def test_the_question_who_it_is_and_what_is_shown_once(page: Browser, api: RunningApi) -> None:
    user = api.add_user("Olga", Role.ADMIN)
    add_app(api, user)
    arrive(page, api, user, "/account")
    page.wait(ACCOUNT)
    page.click("[aria-label='Make new ones: Recovery codes']")
    opened(page, "confirm")
    look(page)
    page.click("#confirm-yes")
    opened(page, "codes")
    look(page)
    page.click("#codes [data-closes]")
    page.wait("document.getElementById('factors-list').innerText.includes('10 left')")
    api.clock.advance(10 * 60)
    page.click("[aria-label='Make new ones: Recovery codes']")
    page.click("#confirm-yes")
    opened(page, "step-up")
    look(page)
