"""Links that work once: the set-up of the first administrator, invitations, and screens on walls."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from fakes.authenticator import SoftAuthenticator
from fakes.people import Person, Town, give_password
from fakes.people import town as running_town
from fakes.running_api import FACE, OTHER_CAMERA, PASSWORD
from fakes.visitor import Visitor
from securevision.domain.accounts import Purpose
from securevision.domain.rights import Cameras, Role

NEW_PASSWORD = "seven violet umbrellas under water"
MINUTES = 60


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Town]:
    """A server where nobody has an account yet."""
    with running_town(tmp_path) as running:
        yield running


def set_up(browser: Visitor, code: str, *, name: str = "Ada", password: str = NEW_PASSWORD) -> httpx.Response:
    return browser.post("/api/v1/setup", {"code": code, "name": name, "password": password})


def first_person(town: Town, browser: Visitor) -> Person:
    (user,) = town.api.access.users.all()
    return Person(api=town.api, id=user.id, name=user.name, browser=browser)


def take(browser: Visitor, code: str, password: str = NEW_PASSWORD) -> httpx.Response:
    return browser.post("/api/v1/invitation", {"code": code, "password": password})


def open_display(browser: Visitor, code: str) -> httpx.Response:
    return browser.post("/api/v1/display", {"code": code})


def code_of(link: str, origin: str, path: str) -> str:
    """Return what the page of a link sends; it stands in the fragment, which no browser sends by itself."""
    before, _, code = link.partition("#code=")
    assert before == f"{origin}{path}"
    return code


# Set-up


def test_the_link_makes_the_first_administrator_who_must_set_up_a_second_factor(empty: Town) -> None:
    browser = empty.api.visitor()
    answer = set_up(browser, empty.api.link_code(Purpose.SETUP))
    assert answer.status_code == 201
    assert answer.json() == {"next": "enrol_factor", "methods": []}
    ada = first_person(empty, browser)
    assert (ada.user.name, ada.user.role, ada.user.has_factor) == ("Ada", Role.ADMIN, False)
    who = browser.get("/api/v1/session").json()
    assert who["level"] == "enrolment"
    assert who["next"] == "enrol_factor"
    assert who["factors"]["required"] is True
    assert browser.get("/api/v1/users").status_code == 403


def test_with_an_authenticator_app_the_first_administrator_is_in_and_gets_recovery_codes_once(
    empty: Town,
) -> None:
    browser = empty.api.visitor()
    set_up(browser, empty.api.link_code(Purpose.SETUP))
    ada = first_person(empty, browser)
    assert ada.adds_totp().status_code == 200
    assert len(set(ada.recovery_codes)) == 10
    who = browser.get("/api/v1/session").json()
    assert (who["level"], who["next"]) == ("full", "done")
    assert browser.get("/api/v1/users").status_code == 200
    # A second factor more brings no codes: those there are go on working.
    assert ada.adds_passkey().json() == {"recovery_codes": []}


def test_with_a_passkey_the_first_administrator_is_in_and_gets_recovery_codes_once(empty: Town) -> None:
    browser = empty.api.visitor()
    set_up(browser, empty.api.link_code(Purpose.SETUP))
    ada = first_person(empty, browser)
    assert ada.adds_passkey().status_code == 201
    assert len(set(ada.recovery_codes)) == 10
    assert browser.get("/api/v1/session").json()["level"] == "full"
    assert ada.adds_totp().json() == {"recovery_codes": []}


def test_a_link_works_once(empty: Town) -> None:
    code = empty.api.link_code(Purpose.SETUP)
    assert set_up(empty.api.visitor(), code).status_code == 201
    assert set_up(empty.api.visitor(), code, name="Eve").status_code == 401
    assert [user.name for user in empty.api.access.users.all()] == ["Ada"]


@pytest.mark.parametrize(("minutes", "status"), [(29.99, 201), (30, 401)])
def test_a_set_up_link_works_for_30_minutes(empty: Town, minutes: float, status: int) -> None:
    code = empty.api.link_code(Purpose.SETUP)
    empty.api.clock.advance(minutes * MINUTES)
    assert set_up(empty.api.visitor(), code).status_code == status


def test_a_new_set_up_link_takes_the_place_of_the_old_one(empty: Town) -> None:
    old, new = (empty.api.link_code(Purpose.SETUP) for _ in range(2))
    assert set_up(empty.api.visitor(), old).status_code == 401
    assert set_up(empty.api.visitor(), new).status_code == 201


@pytest.mark.parametrize("network", ["192.168.1.7", "203.0.113.5", "2001:db8::1", "::ffff:192.168.1.7"])
def test_the_set_up_link_is_not_for_elsewhere(empty: Town, network: str) -> None:
    code = empty.api.link_code(Purpose.SETUP)
    refused = set_up(empty.api.visitor(network), code)
    assert refused.status_code == 403
    assert "this machine itself" in refused.json()["detail"]
    # Whoever came from elsewhere has not used it up.
    assert set_up(empty.api.visitor("::1"), code).status_code == 201


def test_there_is_no_set_up_once_there_is_a_user(empty: Town) -> None:
    code = empty.api.link_code(Purpose.SETUP)
    empty.api.add_user("Grace", Role.ADMIN)
    refused = set_up(empty.api.visitor(), code)
    assert refused.status_code == 409
    assert refused.json()["code"] == "conflict"
    assert [user.name for user in empty.api.access.users.all()] == ["Grace"]


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"password": "short"}, 400),
        ({"password": "password1234567"}, 400),
        ({"password": "x" * 257}, 400),
        ({"name": "\u202eadA"}, 400),
        ({"name": ""}, 422),
        ({"name": "a" * 65}, 422),
        ({"password": ""}, 422),
    ],
)
def test_what_cannot_be_used_leaves_the_set_up_link_as_it_was(
    empty: Town, wrong: dict[str, str], status: int
) -> None:
    code = empty.api.link_code(Purpose.SETUP)
    browser = empty.api.visitor()
    for _ in range(3):
        refused = set_up(browser, code, **wrong)
        assert refused.status_code == status
        assert not browser.cookies
    assert set_up(browser, code).status_code == 201


def test_a_weak_password_makes_no_link_last_longer(empty: Town) -> None:
    code = empty.api.link_code(Purpose.SETUP)
    browser = empty.api.visitor()
    empty.api.clock.advance(29 * MINUTES)
    assert set_up(browser, code, password="short").status_code == 400
    empty.api.clock.advance(1 * MINUTES)
    assert set_up(browser, code).status_code == 401


def test_enrolment_is_over_after_ten_minutes(empty: Town) -> None:
    browser = empty.api.visitor()
    set_up(browser, empty.api.link_code(Purpose.SETUP))
    empty.api.clock.advance(10 * MINUTES)
    assert browser.get("/api/v1/session").status_code == 401
    # Signing in leads there again.
    assert give_password(browser, "Ada", NEW_PASSWORD).json()["next"] == "enrol_factor"


# Invitations


def invited(town: Town, role: str = "viewer") -> tuple[Person, str]:
    """Let an administrator invite somebody; return them and the code of their link."""
    admin = town.signed_in(Role.ADMIN)
    name = f"Guest of {admin.name}"
    answer = admin.browser.post("/api/v1/users", {"name": name, "role": role})
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert body["expires_in"] == 30 * MINUTES
    code = code_of(body["link"], town.api.origin, "/invitation")
    return Person(api=town.api, id=body["user"]["id"], name=name, browser=town.visitor()), code


def test_an_invitation_sets_the_password_and_nothing_else(town: Town) -> None:
    guest, code = invited(town)
    assert guest.gives_password(password=NEW_PASSWORD).status_code == 401
    answer = take(guest.browser, code)
    assert (answer.status_code, answer.content) == (204, b"")
    assert not guest.browser.cookies
    assert guest.gives_password(password=NEW_PASSWORD).json()["next"] == "done"


def test_an_invited_administrator_still_has_to_set_up_a_second_factor(town: Town) -> None:
    guest, code = invited(town, "admin")
    take(guest.browser, code)
    assert guest.gives_password(password=NEW_PASSWORD).json()["next"] == "enrol_factor"
    assert guest.browser.get("/api/v1/users").status_code == 403


def test_an_invitation_works_once_from_anywhere(town: Town) -> None:
    guest, code = invited(town)
    assert take(guest.browser, code).status_code == 204
    assert take(town.visitor(), code, "another good long password").status_code == 401
    assert guest.gives_password(password=NEW_PASSWORD).status_code == 200


@pytest.mark.parametrize(("minutes", "status"), [(29.99, 204), (30, 401)])
def test_an_invitation_works_for_30_minutes(town: Town, minutes: float, status: int) -> None:
    guest, code = invited(town)
    town.api.clock.advance(minutes * MINUTES)
    assert take(guest.browser, code).status_code == status


def test_a_weak_password_leaves_an_invitation_as_it_was(town: Town) -> None:
    guest, code = invited(town)
    for weak in ("short", guest.name + guest.name, "securevision2026"):
        assert take(guest.browser, code, weak).status_code == 400
    town.api.clock.advance(29 * MINUTES)
    assert take(guest.browser, code, "short").status_code == 400
    assert take(guest.browser, code).status_code == 204


def test_a_weak_password_makes_no_invitation_last_longer(town: Town) -> None:
    guest, code = invited(town)
    town.api.clock.advance(29 * MINUTES)
    assert take(guest.browser, code, "short").status_code == 400
    town.api.clock.advance(1 * MINUTES)
    assert take(guest.browser, code).status_code == 401


def test_a_new_invitation_takes_the_place_of_the_old_one_and_resets_the_password(town: Town) -> None:
    admin, guest = town.signed_in(Role.ADMIN), town.signed_in()
    links = [admin.browser.post(f"/api/v1/users/{guest.id}/invitation").json()["link"] for _ in range(2)]
    old, new = (code_of(link, town.api.origin, "/invitation") for link in links)
    # Until the link is taken up, nothing has changed.
    assert guest.browser.get("/api/v1/session").status_code == 200
    assert take(town.visitor(), old).status_code == 401
    assert take(town.visitor(), new).status_code == 204
    assert guest.browser.get("/api/v1/session").status_code == 401
    assert guest.gives_password(password=PASSWORD).status_code == 401
    assert guest.gives_password(password=NEW_PASSWORD).status_code == 200


@pytest.mark.parametrize(("method", "body"), [("PATCH", {"status": "disabled"}), ("DELETE", None)])
def test_an_invitation_of_somebody_who_was_disabled_or_deleted_is_over(
    town: Town, method: str, body: dict[str, str] | None
) -> None:
    admin, guest = town.signed_in(Role.ADMIN), town.person()
    path = f"/api/v1/users/{guest.id}"
    link = admin.browser.post(f"{path}/invitation").json()["link"]
    assert admin.browser.send(method, path, body).is_success
    assert take(guest.browser, code_of(link, town.api.origin, "/invitation")).status_code == 401


@pytest.mark.parametrize("purpose", [Purpose.INVITATION, Purpose.DISPLAY, Purpose.TICKET])
def test_the_code_of_one_purpose_is_none_of_another(town: Town, purpose: Purpose) -> None:
    if purpose is Purpose.TICKET:
        code = town.api.ticket(town.signed_in().browser)
    else:
        code = town.api.link_code(purpose, str(town.person(Role.ADMIN).id))
    answers = {
        Purpose.SETUP: set_up(town.api.visitor(), code),
        Purpose.INVITATION: take(town.visitor(), code) if purpose is not Purpose.INVITATION else None,
        Purpose.DISPLAY: open_display(town.visitor(), code) if purpose is not Purpose.DISPLAY else None,
    }
    assert {answer.status_code for answer in answers.values() if answer is not None} == {401}


# Screens on walls


def new_display(owner: Person, *, cameras: list[str] | None = None, days: int = 90) -> tuple[int, str]:
    body = {"name": "Hall", "kind": "display", "cameras": cameras, "expires_in_days": days}
    made = owner.browser.post("/api/v1/tokens", body)
    assert made.status_code == 201, made.text
    assert made.json()["token"] is None
    return made.json()["id"], code_of(made.json()["link"], owner.api.origin, "/")


def test_a_screen_opens_its_link_once_and_stays_on(town: Town) -> None:
    owner = town.signed_in()
    _, code = new_display(owner)
    screen = town.visitor()
    answer = open_display(screen, code)
    assert answer.json() == {"next": "done", "methods": []}
    assert open_display(town.visitor(), code).status_code == 401
    who = screen.get("/api/v1/session").json()
    assert (who["level"], who["name"], who["user_id"], who["role"]) == ("display", "Hall", None, None)
    town.api.clock.advance(89 * 24 * 60 * MINUTES)
    assert screen.get("/api/v1/session").status_code == 200
    town.api.clock.advance(1 * 24 * 60 * MINUTES)
    assert screen.get("/api/v1/session").status_code == 401


@pytest.mark.parametrize(("minutes", "status"), [(29.99, 200), (30, 401)])
def test_the_link_of_a_screen_works_for_30_minutes(town: Town, minutes: float, status: int) -> None:
    _, code = new_display(town.signed_in())
    town.api.clock.advance(minutes * MINUTES)
    assert open_display(town.visitor(), code).status_code == status


def test_another_screen_gets_a_link_of_its_own(town: Town) -> None:
    owner = town.signed_in()
    display, first = new_display(owner)
    answer = owner.browser.post(f"/api/v1/tokens/{display}/link")
    assert answer.json()["expires_in"] == 30 * MINUTES
    second = code_of(answer.json()["link"], town.api.origin, "/")
    for code in (second, first):
        assert open_display(town.visitor(), code).status_code == 200


def test_a_screen_sees_pictures_of_its_cameras_while_they_are_new_and_nothing_of_the_past(
    town: Town,
) -> None:
    owner = town.signed_in()
    _, code = new_display(owner, cameras=[OTHER_CAMERA])
    screen = town.visitor()
    open_display(screen, code)
    theirs, another = town.api.add(FACE, camera=OTHER_CAMERA), town.api.add(FACE)
    assert screen.get(f"/api/v1/events/{theirs.id}/crop").status_code == 200
    assert screen.get(f"/api/v1/events/{another.id}/crop").status_code == 404
    for past in ("/api/v1/events", f"/api/v1/events/{theirs.id}", "/events", f"/faces/{theirs.id}"):
        assert screen.get(past).status_code == 403
    for other in ("/api/v1/sessions", "/api/v1/tokens", "/api/v1/users", "/api/v1/audit"):
        assert screen.get(other).status_code == 403
    town.api.clock.advance(15 * MINUTES)
    assert screen.get(f"/api/v1/events/{theirs.id}/crop").status_code == 404


def test_a_screen_goes_dark_with_its_token_and_with_its_owner(town: Town) -> None:
    owner, admin = town.signed_in(), town.signed_in(Role.ADMIN)
    screens = []
    for _ in range(2):
        display, code = new_display(owner)
        screens.append((display, town.visitor()))
        open_display(screens[-1][1], code)
    (first, first_screen), (_, second_screen) = screens
    assert owner.browser.send("DELETE", f"/api/v1/tokens/{first}").status_code == 204
    assert first_screen.get("/api/v1/session").status_code == 401
    assert second_screen.get("/api/v1/session").status_code == 200
    admin.browser.send("PATCH", f"/api/v1/users/{owner.id}", {"status": "disabled"})
    assert second_screen.get("/api/v1/session").status_code == 401


def test_a_screen_sees_no_camera_that_its_owner_lost(town: Town) -> None:
    owner, admin = town.signed_in(), town.signed_in(Role.ADMIN)
    _, code = new_display(owner)
    screen = town.visitor()
    open_display(screen, code)
    assert screen.get("/api/v1/cameras").json() != []
    path = f"/api/v1/users/{owner.id}"
    assert admin.browser.send("PATCH", path, {"cameras": [OTHER_CAMERA]}).status_code == 200
    assert screen.get("/api/v1/cameras").json() == []
    event = town.api.add(FACE)
    assert screen.get(f"/api/v1/events/{event.id}/crop").status_code == 404


def test_a_link_of_a_screen_that_was_revoked_is_over(town: Town) -> None:
    owner = town.signed_in()
    display, code = new_display(owner)
    owner.browser.send("DELETE", f"/api/v1/tokens/{display}")
    assert open_display(town.visitor(), code).status_code == 401


def test_a_browser_has_one_session_at_a_time(town: Town) -> None:
    """Opening a screen's link in a browser where somebody is signed in leaves no session behind."""
    owner = town.signed_in(cameras=Cameras(frozenset({OTHER_CAMERA})))
    secret = owner.browser.session_secret
    _, code = new_display(owner)
    open_display(owner.browser, code)
    before = town.visitor()
    before.cookies["__Host-sv"] = secret
    assert before.get("/api/v1/session").status_code == 401


def test_a_passkey_for_set_up_needs_user_verification(empty: Town) -> None:
    browser = empty.api.visitor()
    set_up(browser, empty.api.link_code(Purpose.SETUP))
    ada = first_person(empty, browser)
    refused = ada.adds_passkey(SoftAuthenticator(empty.api.origin, flags=0x01))
    assert refused.status_code == 400
    assert browser.get("/api/v1/session").json()["level"] == "enrolment"
