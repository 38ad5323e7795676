"""The page of events in a real browser, on the real server."""

from dataclasses import replace

import pytest

from browser.conftest import StartBrowser
from browser.visits import CONNECTED, EVENTS, SIGN_IN, arrive, fault, give_session, opened
from browser.webdriver import Browser
from fakes.cable import cable_to
from fakes.running_api import CAMERA, DOWN, FACE, OTHER_CAMERA, PLATE, STRANGER, RunningApi, draft
from securevision.access.roles import DISPLAY_SCOPES
from securevision.api.cookies import SESSION_COOKIE
from securevision.domain.accounts import ApiTokenDraft, Purpose, TokenKind, UserChange
from securevision.domain.audit import AuditAction, AuditDraft
from securevision.domain.events import CameraPayload, CameraState, ListMatch
from securevision.domain.rights import ALL_CAMERAS, Cameras, Role

pytestmark = pytest.mark.needs_chromium

TITLES = "[...document.querySelectorAll('.title')].map((title) => title.textContent)"
ENDED = "Your session has ended. Sign in again."
WITHOUT_LOOKING = "window.setInterval = () => 0"
"""Before a page: what it is told must come by the WebSocket, and not by its looking at the cameras."""


def titles(page: Browser, count: int) -> list[str]:
    """Return the titles of all cards, once there are so many."""
    return list(page.wait(f"{TITLES}.length === {count} && {TITLES}"))


def enter(page: Browser, api: RunningApi) -> None:
    arrive(page, api, api.add_user("Ada"))


def screen_code(api: RunningApi, cameras: Cameras = ALL_CAMERAS) -> str:
    """Make a screen of an administrator's; returns the code of its link."""
    owner, now_ms = api.add_user("Olga", Role.ADMIN), api.clock.now_ms()
    scopes, ends_ms = DISPLAY_SCOPES, now_ms + 24 * 60 * 60 * 1000
    token = api.access.tokens.add(
        ApiTokenDraft("0" * 64, TokenKind.DISPLAY, "Hall", owner.id, scopes, cameras, None, now_ms, ends_ms),
        lambda _: AuditDraft(AuditAction.TOKEN_CREATED, "system"),
    )
    return api.link_code(Purpose.DISPLAY, str(token.id))


def test_a_stored_event_shows_with_its_crop(page: Browser, api: RunningApi) -> None:
    api.add()
    enter(page, api)
    assert titles(page, 1) == ["Resident"]
    assert "75% similar" in page.text(".card")
    assert CAMERA in page.text(".card")
    image = "document.querySelector('.card img')"
    assert page.wait(f"{image}.complete && {image}.naturalWidth") == 80


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


def test_how_a_camera_is_shows_as_a_line_without_a_picture(page: Browser, api: RunningApi) -> None:
    enter(page, api)
    page.wait(CONNECTED)
    api.add(DOWN, ts_ms=1000)
    line = f"Camera {CAMERA}: down - No picture for 8 s."
    assert titles(page, 1) == [line]
    assert page.run("return document.getElementById('news').textContent") == line
    assert page.text(".score") == ""
    assert page.run("return document.querySelector('.crop').checkVisibility()") is False
    assert page.run("return document.querySelector('.crop img').src") == ""
    api.add(CameraPayload(CameraState.UP, ""), ts_ms=2000)
    assert titles(page, 2)[0] == f"Camera {CAMERA}: up"
    api.add(FACE, ts_ms=3000)
    assert titles(page, 3)[0] == "Resident"
    assert page.run("return document.getElementById('news').textContent") == f"Resident, {CAMERA}"


def test_names_are_text_whatever_they_look_like(page: Browser, api: RunningApi) -> None:
    name = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
    api.add(replace(FACE, person_name=name))
    enter(page, api)
    assert titles(page, 1) == [name]
    assert page.run("return document.title") == "SecureVision"
    assert page.run("return document.querySelectorAll('.card img').length") == 1


def test_the_cameras_tell_how_they_are(page: Browser, api: RunningApi) -> None:
    enter(page, api)
    page.wait("document.querySelector('#cameras li')")
    assert page.text("#cameras") == f"{CAMERA}: live"


def test_a_viewer_sees_their_own_cameras_alone(page: Browser, api: RunningApi) -> None:
    api.add(ts_ms=1)
    arrive(page, api, api.add_user("Ada", cameras=Cameras(frozenset({OTHER_CAMERA}))))
    page.wait("!document.getElementById('empty').hidden")
    api.add(ts_ms=2)
    api.add(PLATE, ts_ms=3, camera=OTHER_CAMERA)
    assert titles(page, 1) == ["SV26DEM"]
    assert page.run("return document.querySelectorAll('#cameras li').length") == 0


def test_an_auditor_is_told_that_there_are_no_events(page: Browser, api: RunningApi) -> None:
    give_session(page, api, api.add_user("Audrey", Role.AUDITOR))
    page.open(api.origin)
    page.wait("!document.getElementById('no-events').hidden")
    assert not page.run(f"return {EVENTS}")


def test_signing_out_takes_everything_off_the_page(page: Browser, api: RunningApi) -> None:
    api.add()
    enter(page, api)
    titles(page, 1)
    page.click("#sign-out")
    page.wait(SIGN_IN)
    assert SESSION_COOKIE not in page.cookies(api.origin)
    assert page.text("#note") == ""
    page.open(api.origin)
    page.wait(SIGN_IN)


def test_a_session_revoked_elsewhere_shows_the_sign_in_page(page: Browser, api: RunningApi) -> None:
    page.before_each_page(WITHOUT_LOOKING)
    user = api.add_user("Ada")
    elsewhere = api.session(user)
    api.clock.advance(1)
    arrive(page, api, user)
    sessions = elsewhere.get("/api/v1/sessions").json()["sessions"]
    [other] = [session["id"] for session in sessions if not session["current"]]
    assert elsewhere.send("DELETE", f"/api/v1/sessions/{other}").status_code == 204
    page.wait(SIGN_IN)
    assert page.text("#note") == ENDED


def test_a_user_whose_role_changes_signs_in_anew(page: Browser, api: RunningApi) -> None:
    page.before_each_page(WITHOUT_LOOKING)
    user = api.add_user("Ada")
    arrive(page, api, user)
    api.access.users.change(
        user.id, UserChange(role=Role.OPERATOR), AuditDraft(AuditAction.USER_CHANGED, "system")
    )
    page.wait(SIGN_IN)
    assert page.text("#note") == ENDED


def test_an_expired_session_shows_the_sign_in_page(page: Browser, api: RunningApi) -> None:
    page.before_each_page(WITHOUT_LOOKING)
    enter(page, api)
    api.clock.advance(13 * 60 * 60)
    page.wait(SIGN_IN)
    assert page.text("#note") == ENDED


def test_a_screen_shows_what_happens_from_now_on(page: Browser, api: RunningApi) -> None:
    api.add(ts_ms=api.clock.now_ms() - 1000)
    code = screen_code(api)
    page.open(f"{api.origin}/#code={code}")
    page.wait(CONNECTED)
    assert page.url == f"{api.origin}/"
    page.wait("!document.getElementById('empty').hidden")
    api.add(PLATE, ts_ms=api.clock.now_ms())
    assert titles(page, 1) == ["SV26DEM"]
    assert page.wait("document.querySelector('.card img').naturalWidth") == 80
    assert (page.text("#screen"), page.text("#account")) == ("Hall", "")
    page.open(f"{api.origin}/account")
    page.wait(CONNECTED)


def test_a_screen_shows_its_own_cameras_alone(page: Browser, api: RunningApi) -> None:
    page.open(f"{api.origin}/#code={screen_code(api, Cameras(frozenset({OTHER_CAMERA})))}")
    page.wait(CONNECTED)
    api.add(ts_ms=1)
    api.add(PLATE, ts_ms=2, camera=OTHER_CAMERA)
    assert titles(page, 1) == ["SV26DEM"]


def test_a_used_link_says_so_and_the_next_one_works_in_the_same_tab(page: Browser, api: RunningApi) -> None:
    code = screen_code(api)
    page.open(f"{api.origin}/#code={code}")
    page.wait(CONNECTED)
    page.open(f"{api.origin}/#code={code}")
    assert "used already" in fault(page, "#no-entry")
    token = api.access.tokens.all()[0]
    page.open(f"{api.origin}/#code={api.link_code(Purpose.DISPLAY, str(token.id))}")
    page.wait(CONNECTED)


@pytest.mark.parametrize("code", ["wrong", "%00", "<b>"])
def test_a_bad_link_says_so(page: Browser, api: RunningApi, code: str) -> None:
    page.open(f"{api.origin}/#code={code}")
    assert "used already" in fault(page, "#no-entry")
    assert page.url == f"{api.origin}/"
    assert page.text("#events") == ""


def test_a_link_takes_no_session_away_without_asking(page: Browser, api: RunningApi) -> None:
    code = screen_code(api)
    enter(page, api)
    page.open(f"{api.origin}/#code={code}")
    opened(page, "become-screen")
    assert page.text("#present-name") == "Ada"
    page.press("Escape")
    page.wait(CONNECTED)
    assert page.text("#account") == "Ada"
    page.open(f"{api.origin}/#code={code}")
    opened(page, "become-screen")
    page.click("#become-screen [value=screen]")
    page.wait(CONNECTED)
    assert (page.text("#screen"), page.text("#account")) == ("Hall", "")


def test_what_happened_while_the_cable_was_out_is_there_afterwards(
    start_browser: StartBrowser, api: RunningApi
) -> None:
    port = int(api.url.rpartition(":")[2])
    with cable_to(port) as cable:
        through_the_cable = f"--host-resolver-rules=MAP localhost:{port} 127.0.0.1:{cable.port}"
        with start_browser(through_the_cable) as page:
            page.before_each_page(WITHOUT_LOOKING)
            user = api.add_user("Ada")
            arrive(page, api, user)
            cable.pull()
            page.wait("document.getElementById('connection').textContent === 'Reconnecting'")
            # Stored, and told to nobody: the page has to ask for it.
            api.services.events.add(draft(FACE, 1000), None)
            cable.plug()
            page.wait(CONNECTED)
            assert titles(page, 1) == ["Resident"]
            api.add(PLATE, ts_ms=2000)
            assert titles(page, 2) == ["SV26DEM", "Resident"]
            # A handshake that is refused: browsers say no more than for a cable that is out.
            cable.pull()
            page.wait("document.getElementById('connection').textContent === 'Reconnecting'")
            [session] = api.access.sessions.of_user(user.id)
            assert api.access.sessions.end(session.id, None)
            cable.plug()
            page.wait(SIGN_IN)
            assert page.text("#note") == ENDED
