"""The page in a real browser, on the real server."""

from dataclasses import replace

import pytest

from browser.webdriver import Browser
from fakes.cable import cable_to
from fakes.running_api import API_TOKEN, FACE, PLATE, STRANGER, RunningApi, draft
from securevision.domain.events import ListMatch

pytestmark = pytest.mark.needs_chromium

SIGN_IN = "!document.getElementById('sign-in').hidden"
EVENTS = "!document.getElementById('events').hidden"
CONNECTED = "document.getElementById('connection').textContent === 'Connected'"
TITLES = "[...document.querySelectorAll('.title')].map((title) => title.textContent)"

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


def enter(page: Browser, api: RunningApi) -> None:
    page.open(f"{api.url}/#code={api.code}")
    page.wait(f"{EVENTS} && {CONNECTED}")


def titles(page: Browser, count: int) -> list[str]:
    """Return the titles of all cards, once there are so many."""
    return list(page.wait(f"{TITLES}.length === {count} && {TITLES}"))


def fault(page: Browser) -> str:
    page.wait(f"{SIGN_IN} && !document.getElementById('fault').hidden")
    return page.text("#fault")


def test_the_link_signs_in_and_leaves_no_trace_of_its_code(page: Browser, api: RunningApi) -> None:
    enter(page, api)
    assert page.url == f"{api.url}/"
    page.run("history.back()")
    assert api.code not in page.url
    enter_again = "return performance.getEntriesByType('resource').map((entry) => entry.name)"
    assert not [name for name in page.run(enter_again) if api.code in name]


def test_the_page_keeps_nothing_in_the_browser(page: Browser, api: RunningApi) -> None:
    enter(page, api)
    assert page.run("return [localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]
    assert page.wait("indexedDB.databases().then((all) => [all.length])") == [0]
    page.reload()
    page.wait(SIGN_IN)
    assert "newest link" in page.text("#sign-in")


def test_a_stored_event_shows_with_its_crop(page: Browser, api: RunningApi) -> None:
    api.add()
    enter(page, api)
    assert titles(page, 1) == ["Resident"]
    assert "75% similar" in page.text(".card")
    assert "driveway" in page.text(".card")
    image = "document.querySelector('.card img')"
    assert str(page.wait(f"{image}.complete && {image}.naturalWidth && {image}.src")).startswith("blob:")


def test_a_live_event_appears_without_a_reload_newest_first(page: Browser, api: RunningApi) -> None:
    enter(page, api)
    page.wait("!document.getElementById('empty').hidden")
    page.run("window.sameDocument = true")
    api.add(ts_ms=2000)
    titles(page, 1)
    api.add(replace(PLATE, list_match=ListMatch.BLOCK, region="GB"), ts_ms=3000)
    titles(page, 2)
    api.add(STRANGER, ts_ms=1000)
    assert titles(page, 3) == ["SV26DEM", "Resident", "Unknown person"]
    assert page.run("return window.sameDocument") is True
    assert page.text("#empty") == ""
    assert page.text(".badge") == "Blocked"
    assert "GB plate, 50% confident" in page.text(".card")


def test_a_revised_event_updates_its_card_in_place(page: Browser, api: RunningApi) -> None:
    enter(page, api)
    event = api.add(STRANGER)
    assert titles(page, 1) == ["Unknown person"]
    page.run("window.card = document.querySelector('.cards > li')")
    api.revise(event, FACE)
    page.wait("document.querySelector('.title').textContent === 'Resident'")
    assert page.run("return document.querySelector('.cards > li') === window.card") is True
    assert titles(page, 1) == ["Resident"]
    api.feed.publish(event)
    marker = api.add(ts_ms=event.ts_ms + 1)
    titles(page, 2)
    shown = f"return document.querySelector('li:not([data-id=\"{marker.id}\"]) .title').textContent"
    assert page.run(shown) == "Resident"


def test_names_are_text_whatever_they_look_like(page: Browser, api: RunningApi) -> None:
    name = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
    api.add(replace(FACE, person_name=name))
    enter(page, api)
    assert titles(page, 1) == [name]
    assert page.run("return document.title") == "SecureVision"
    assert page.run("return document.querySelectorAll('.card img').length") == 1


@pytest.mark.parametrize("code", ["wrong", "", "%00", "<b>"])
def test_a_bad_code_shows_the_sign_in_form(page: Browser, api: RunningApi, code: str) -> None:
    page.open(f"{api.url}/#code={code}")
    assert "used already" in fault(page)
    assert page.url == f"{api.url}/"
    assert page.text("#events") == ""


def test_a_used_link_says_so_and_the_next_one_works_in_the_same_tab(page: Browser, api: RunningApi) -> None:
    enter(page, api)
    page.open(f"{api.url}/#code={api.code}")
    assert "used already" in fault(page)
    page.open(f"{api.url}/#code={api.codes[0]}")
    page.wait(f"{EVENTS} && {CONNECTED}")
    assert page.text("#sign-in") == ""


def test_the_api_token_can_be_pasted(page: Browser, api: RunningApi) -> None:
    page.open(api.url)
    page.wait(SIGN_IN)
    page.type("#api-token", "x" * 40)
    page.click("#sign-in-form button")
    assert "Send a one-time code" in fault(page)
    page.run("document.getElementById('api-token').value = ''")
    page.type("#api-token", f" {API_TOKEN} ")
    page.click("#sign-in-form button")
    page.wait(f"{EVENTS} && {CONNECTED}")
    assert page.run("return document.getElementById('api-token').value") == ""
    assert page.text("#source") == "driveway: live"


def test_signing_out_takes_everything_off_the_page(page: Browser, api: RunningApi) -> None:
    api.add()
    enter(page, api)
    titles(page, 1)
    page.click("#sign-out")
    page.wait(SIGN_IN)
    api.add()
    assert page.run("return document.querySelectorAll('.card').length") == 0
    assert page.text("#sign-in").startswith("Sign in")


def test_an_expired_session_shows_the_sign_in_form(page: Browser, api: RunningApi) -> None:
    enter(page, api)
    api.clock.advance(15 * 60)
    assert fault(page) == "Your session has ended."


def test_an_open_page_renews_its_token(page: Browser, api: RunningApi) -> None:
    # A minute of the page passes in a fifteenth of a second, so that it renews twice a second.
    page.before_each_page(
        "const patient = setTimeout;"
        "window.setTimeout = (work, ms) => patient(work, ms > 60_000 ? ms / 900 : ms);"
    )
    enter(page, api)
    sessions = "performance.getEntriesByType('resource').filter(({name}) => name.endsWith('/session')).length"
    for _ in range(3):
        before = page.run(f"return {sessions}")
        page.wait(f"{sessions} > {before} + 1")
        api.clock.advance(10 * 60)
    api.add()
    assert titles(page, 1) == ["Resident"]
    assert page.text("#sign-in") == ""


def test_what_happened_while_the_cable_was_out_is_there_afterwards(page: Browser, api: RunningApi) -> None:
    with cable_to(int(api.url.rpartition(":")[2])) as cable:
        page.open(f"http://127.0.0.1:{cable.port}/#code={api.code}")
        page.wait(f"{EVENTS} && {CONNECTED}")
        cable.pull()
        page.wait("document.getElementById('connection').textContent === 'Reconnecting'")
        # Stored, and told to nobody: the page has to ask for it.
        api.services.events.add(draft(FACE, 1000), None)
        cable.plug()
        page.wait(CONNECTED)
        assert titles(page, 1) == ["Resident"]
        api.add(PLATE, ts_ms=2000)
        assert titles(page, 2) == ["SV26DEM", "Resident"]


def show_everything(page: Browser, api: RunningApi) -> None:
    long_name = "_".join(["a_name_without_any_space"] * 3)
    api.add(replace(FACE, person_name=long_name), ts_ms=5)
    api.add(replace(PLATE, list_match=ListMatch.ALLOW, region="DE"), ts_ms=4)
    api.add(replace(PLATE, plate_text="M" * 12, list_match=ListMatch.BLOCK), ts_ms=3)
    api.add(STRANGER, ts_ms=2)
    api.add(replace(STRANGER, similarity=None), ts_ms=1)
    enter(page, api)
    titles(page, 5)
    page.wait("document.getAnimations().length === 0")


@pytest.mark.parametrize("width", [360, 1440])
def test_nothing_is_wider_than_the_window(page: Browser, api: RunningApi, width: int) -> None:
    overflow = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
    page.resize(width, 800)
    page.open(api.url)
    page.wait(SIGN_IN)
    assert page.run(overflow) == 0
    show_everything(page, api)
    assert page.run(overflow) == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read_against_its_ground(page: Browser, api: RunningApi, scheme: str) -> None:
    page.prefer(scheme)
    page.open(f"{api.url}/#code=wrong")
    fault(page)
    assert page.run(WEAK_CONTRASTS) == []
    show_everything(page, api)
    assert page.run(WEAK_CONTRASTS) == []
