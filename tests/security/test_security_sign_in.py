"""Every way to prove something: none skips the second factor, each is counted, logged, and closed without counters."""

import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from json import dumps
from pathlib import Path

import httpx
import pytest

from fakes.authenticator import SoftAuthenticator
from fakes.people import HOUR_S, Person, Town, give_password
from fakes.people import town as running_town
from fakes.running_api import PASSWORD
from fakes.visitor import Json, Visitor
from fakes.ways_in import NEW_PASSWORD, WAYS, Answer, send
from securevision.access import Permission
from securevision.access.roles import DISPLAY_SCOPES, ENROLLING, PROGRAM_SCOPES
from securevision.api.cookies import SESSION_COOKIE
from securevision.api.identity import Identities
from securevision.api.routes.table import Route, routes
from securevision.api.services import ApiServices
from securevision.domain.accounts import Purpose
from securevision.domain.audit import AuditAction, AuditDraft
from securevision.domain.rights import Role
from securevision.store.throttle import SqlRequestThrottle, ThrottleFile

MINUTES = 60
RESET = AuditDraft(AuditAction.USER_RESET, "cli")
DOORS = {
    "/api/v1/setup": {"set-up link"},
    "/api/v1/invitation": {"invitation"},
    "/api/v1/display": {"display link"},
    "/api/v1/login": {"password"},
    "/api/v1/login/totp": {"authenticator app"},
    "/api/v1/login/recovery-code": {"recovery code"},
    "/api/v1/login/passkey": {"passkey"},
    "/api/v1/login/passkey-options": set(),
}
"""Where anybody may send something, and which of WAYS that is."""


@pytest.fixture(scope="module")
def shared_town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with running_town(tmp_path_factory.mktemp("town")) as running:
        yield running


@pytest.fixture
def town(shared_town: Town) -> Town:
    """The file's server, after the failures that were counted in the test before were forgotten."""
    shared_town.api.clock.advance(3 * HOUR_S)
    shared_town.entries()
    return shared_town


def every_route(town: Town) -> Sequence[Route]:
    services = town.api.services
    return routes(services, Identities(services.access, services.clock), dict)


# Counting and logging


def test_every_door_is_listed(town: Town) -> None:
    open_to_anybody = {
        route.path
        for route in every_route(town)
        if route.demand.permission is Permission.PUBLIC and route.method != "GET"
    }
    assert open_to_anybody == set(DOORS)
    assert set().union(*DOORS.values()) <= set(WAYS)


@pytest.mark.parametrize("way", WAYS)
def test_guesses_have_to_wait_and_are_in_the_log(town: Town, way: str) -> None:
    here = WAYS[way](town)
    town.passwords.taken()
    assert [here.wrong() for _ in range(5)] == [Answer(here.refused)] * 5
    town.passwords.taken()
    # Each failure more doubles the wait, and while it lasts nothing costly is done.
    assert [here.wrong() for _ in range(10)] == [Answer(429, "1")] * 10
    town.api.clock.advance(1)
    assert here.wrong() == Answer(here.refused)
    town.passwords.taken()
    assert here.wrong() == Answer(429, "2")
    # What is right has to wait as well; a program's was never counted.
    assert here.right().status == (here.let_in if here.of_program else 429)
    assert town.passwords.taken() == 0
    town.api.clock.advance(2)
    assert here.right().status == here.let_in

    if here.done is not None:
        actor, action, details = here.done
        entry = [entry for entry in town.entries(actor) if entry.action == action][-1]
        assert (entry.outcome, entry.details, entry.personal["network"]) == ("ok", details, here.network)
    # Of each sort three entries, and a count.
    town.api.clock.advance(10 * MINUTES)
    tries = [entry for entry in town.entries(here.actor) if entry.personal.get("network") == here.network]
    others = (AuditAction.REQUEST_REFUSED,)
    refused = [entry for entry in tries if entry.outcome == "refused" and entry.action not in others]
    assert {entry.details["path"] for entry in refused} == {here.path}
    waited = 11 if here.of_program else 12
    expected = {here.failed: 6 + waited} if here.of_program else {here.failed: 6, "login.throttled": waited}
    for action, times in expected.items():
        of_it = [entry.details.get("count") for entry in refused if entry.action == action]
        assert of_it == [None, None, None, str(times - 3)]
    assert len(refused) == 4 * len(expected)


def test_a_known_password_buys_no_guesses_at_the_second_factor(town: Town) -> None:
    ada = town.with_totp()
    for browser in (town.visitor(), ada.signs_in(town.visitor())):
        for _ in range(5):
            assert ada.gives_password(browser).status_code == 200
            assert ada.gives_code(ada.wrong_code(), browser).status_code == 401
        assert [ada.gives_password(browser).status_code, ada.gives_code(ada.code(), browser).status_code] == [
            429
        ] * 2


@contextmanager
def without(file: Path) -> Iterator[None]:
    """Put a directory where the counters were."""
    file.unlink()
    file.mkdir()
    yield
    file.rmdir()


def test_without_its_counters_no_way_is_open(tmp_path: Path) -> None:
    requests = ThrottleFile.open(tmp_path / "requests" / "throttle.db")

    def adapt(services: ApiServices) -> ApiServices:
        throttle = SqlRequestThrottle(requests, services.clock, principal_limit=10_000, network_limit=10_000)
        return replace(services, access=replace(services.access, request_throttle=throttle))

    with running_town(tmp_path, adapt) as town, requests:
        # The ticket last: some others let time pass.
        here = {name: way(town) for name, way in WAYS.items()}
        witness = town.signed_in()
        town.passwords.taken()
        with without(tmp_path / "throttle.db"):
            for name, one in here.items():
                assert one.wrong() == Answer(503), name
                assert one.right() == (Answer(one.let_in) if one.of_program else Answer(503)), name
            assert witness.browser.get("/api/v1/session").status_code == 200
        with without(tmp_path / "requests" / "throttle.db"):
            for name, one in here.items():
                assert [one.wrong(), one.right()] == [Answer(503)] * 2, name
            # Requests are counted as well, so it is closed for those who are in, too.
            assert witness.browser.get("/api/v1/session").status_code == 503
            assert town.visitor().get("/health").status_code == 200
        assert town.passwords.taken() == 0
        for name, one in here.items():
            assert one.right().status == one.let_in, name


def test_a_flood_makes_nobody_wait_but_its_own_address_and_no_known_browser(town: Town) -> None:
    ada, eve = town.signed_in(), town.visitor()
    town.passwords.taken()
    flood = [give_password(eve, ada.name, "wrong").status_code for _ in range(50)]
    assert flood == [401] * 5 + [429] * 45
    assert town.passwords.taken() == 5
    # Somebody else at that address waits, ada elsewhere does not, nor a browser of hers at that very address.
    assert town.person().gives_password(eve).status_code == 429
    assert ada.gives_password(town.visitor()).status_code == 200
    assert ada.gives_password().status_code == 200
    home, ada.browser.network = ada.browser.network, eve.network
    assert ada.gives_password().status_code == 200
    assert ada.steps_up(password=PASSWORD).status_code == 204
    # Many addresses hold up a new browser, and no known one.
    for _ in range(10):
        assert give_password(town.visitor(), ada.name, "wrong").status_code == 401
    assert ada.gives_password(town.visitor()).status_code == 429
    ada.browser.network = home
    assert ada.gives_password().status_code == 200
    # Programs at the address of the flood have counters of their own.
    token = town.api.token(ada.user, PROGRAM_SCOPES)
    with town.api.client() as client:
        for bearer, status in ((token, 200), ("wrong", 401)):
            headers = {"Authorization": f"Bearer {bearer}", "X-Forwarded-For": str(eve.network)}
            assert client.get("/api/v1/events", headers=headers).status_code == status


# The second factor


def level(browser: Visitor) -> str | None:
    answer = browser.get("/api/v1/session")
    return str(answer.json()["level"]) if answer.is_success else None


def taken_up(town: Town, who: Person) -> httpx.Response:
    """Let them choose a new password by an invitation, in their own browser."""
    code = town.api.link_code(Purpose.INVITATION, str(who.id))
    return who.browser.post("/api/v1/invitation", {"code": code, "password": NEW_PASSWORD})


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ADMIN])
def test_no_way_gets_around_a_second_factor(town: Town, role: Role) -> None:
    ada, grace = town.with_totp(role), town.signed_in()
    token = town.api.token(ada.user, PROGRAM_SCOPES)
    ticket, before = town.api.ticket(ada.browser), ada.user
    display = ada.browser.post("/api/v1/tokens", {"name": "hall", "kind": "display"}).json()
    known = replace(ada, browser=town.visitor())
    known.browser.cookies = {name: v for name, v in ada.browser.cookies.items() if name != SESSION_COOKIE}

    # A password is half the way on any browser: a new one, one that is known, one where somebody else is in.
    halves = [town.visitor(), known.browser, grace.browser]
    for half in halves:
        assert ada.gives_password(half).json()["next"] == "second_factor"
    # From there no other proof than the factor leads on, and nothing can be changed.
    for half in halves:
        for method, path, body in (
            ("POST", "session/step-up", {"password": PASSWORD}),
            ("POST", "session/step-up", {"password": PASSWORD, "code": ada.code()}),
            ("PUT", "account/password", {"current": PASSWORD, "new": NEW_PASSWORD}),
            ("POST", "account/totp", None),
            ("PUT", "account/totp", {"code": ada.code()}),
            ("DELETE", "account/totp", None),
            ("POST", "account/passkeys/options", None),
            ("POST", "account/passkeys", {"name": "x", "credential": {}}),
            ("POST", "account/recovery-codes", None),
            ("POST", "tokens", {"name": "x", "scopes": ["events:read"]}),
            ("POST", "stream-ticket", None),
        ):
            assert send(half, path, body, method) == Answer(403), path
    # What lets in programs is no session, and no code; nor is what is kept of the app.
    for secret in (ticket, token, ada.seed, PASSWORD):
        half, stolen = town.visitor(), town.visitor()
        ada.gives_password(half)
        for door in ("login/totp", "login/recovery-code", "display", "invitation"):
            more = {"password": NEW_PASSWORD} if door == "invitation" else {}
            assert send(half, door, {"code": secret} | more) == Answer(401)
        stolen.cookies[SESSION_COOKIE] = secret
        assert [level(half), level(stolen)] == ["password", None]
        town.api.clock.advance(HOUR_S)
    with town.api.client(token) as client:
        for door in DOORS:
            assert client.post(door, json={}).status_code == 403
        assert client.post("/api/v1/session/step-up", json={"password": PASSWORD}).status_code == 403

    # The other links: one opens a screen and nothing of ada's, one does nothing while there are users, one resets
    # the password and leaves the factor.
    code = town.api.link_code(Purpose.DISPLAY, str(display["id"]))
    ada.gives_password(halves[0])
    assert send(halves[0], "display", {"code": code}) == Answer(200, None, True)
    who = halves[0].get("/api/v1/session").json()
    assert (who["level"], who["user_id"]) == ("display", None)
    assert set(who["permissions"]) == DISPLAY_SCOPES | {Permission.ENTER, Permission.SESSION_READ}
    assert ada.gives_code(ada.code(), halves[0]).status_code == 401
    first = {"code": town.api.link_code(Purpose.SETUP), "name": "Eve", "password": NEW_PASSWORD}
    assert send(town.api.visitor(), "setup", first) == Answer(409)
    assert taken_up(town, known).status_code == 204
    assert known.gives_password(password=NEW_PASSWORD).json()["next"] == "second_factor"
    assert (ada.user.has_totp, ada.user.recovery_codes) == (True, before.recovery_codes)
    assert known.gives_code(known.new_code()).json()["next"] == "done"


def test_an_app_that_was_never_confirmed_is_no_second_factor(town: Town) -> None:
    ada = town.with_passkey()
    ada.seed = ada.browser.post("/api/v1/account/totp").json()["seed"]
    half = town.visitor()
    assert ada.gives_password(half).json()["methods"] == ["passkey", "recovery_code"]
    assert ada.gives_code(ada.code(), half).status_code == 401
    assert ada.steps_up(password=PASSWORD, code=ada.code()).status_code == 401
    assert level(half) == "password"


def test_no_way_lets_an_administrator_in_without_a_factor(tmp_path: Path) -> None:
    with running_town(tmp_path) as town:
        first = {"code": town.api.link_code(Purpose.SETUP), "name": "Ada", "password": NEW_PASSWORD}
        browser = town.api.visitor()
        assert send(browser, "setup", first) == Answer(201, None, True)
        ada = Person(api=town.api, id=1, name="Ada", browser=browser)
        (made,) = [entry for entry in town.entries("user:1") if entry.action == "user.created"]
        assert (made.details, made.personal["network"]) == (
            {"role": "admin", "by": "setup link"},
            "127.0.0.1",
        )
        again = replace(ada, browser=town.visitor())
        assert again.gives_password(password=NEW_PASSWORD).json() == {"next": "enrol_factor", "methods": []}
        # Setting one up is all that both may do, of all there is.
        for route in every_route(town):
            needed, path = route.demand.permission, route.path.replace("{id}", "1")
            if needed is not Permission.PUBLIC and needed not in ENROLLING:
                assert browser.send(route.method, path).status_code == 403, path
        options = again.browser.post("/api/v1/account/passkeys/options").json()["publicKey"]
        body = {"name": "x", "credential": SoftAuthenticator(town.api.origin).create(options)}
        assert ada.adds_totp().status_code == 200
        assert [level(browser), level(again.browser)] == ["full", None]
        # Whoever knew the password alone, and was half way too, adds none of their own.
        assert send(again.browser, "account/passkeys", body) == Answer(401)
        assert again.gives_password(password=NEW_PASSWORD).json()["next"] == "second_factor"

        # Somebody who becomes an administrator later, or lost the factor, is out until they set one up.
        grace = town.signed_in()
        path = f"/api/v1/users/{grace.id}"
        assert browser.send("PATCH", path, {"role": "admin"}).status_code == 200
        assert level(grace.browser) is None
        assert grace.gives_password().json()["next"] == "enrol_factor"
        assert grace.adds_totp().status_code == 200
        town.api.access.users.reset(grace.id, None, RESET, remove_factors=True)
        assert taken_up(town, grace).status_code == 204
        assert grace.gives_password(password=NEW_PASSWORD).json()["next"] == "enrol_factor"
        assert level(grace.browser) == "enrolment"


# While a request is under way


@contextmanager
def held(town: Town, browser: Visitor, line: str, body: Json) -> Iterator[Callable[[], int]]:
    """Send a request up to its body, which the server waits for; yield what sends the rest and returns the status."""
    content, (address, _, port) = dumps(body).encode(), town.api.host.partition(":")
    head = (
        f"{line} HTTP/1.1\r\nHost: {town.api.host}\r\nCookie: {browser.cookie_header}\r\nConnection: close\r\n"
        "Sec-Fetch-Site: same-origin\r\nX-SV-CSRF: 1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(content)}\r\nExpect: 100-continue\r\n\r\n"
    )
    with (
        socket.create_connection((address, int(port)), timeout=10) as connection,
        connection.makefile("rb") as answer,
    ):
        connection.sendall(head.encode())
        # It was let in so far, and what it brings is asked for.
        assert answer.readline().split()[1] == b"100"
        assert answer.readline() == b"\r\n"

        def finish() -> int:
            connection.sendall(content)
            return int(answer.readline().split()[1])

        yield finish


def test_what_is_taken_away_while_a_body_is_awaited_is_gone(town: Town) -> None:
    boss, eve, ada, half = (
        town.signed_in(Role.ADMIN),
        town.signed_in(Role.ADMIN),
        town.signed_in(),
        town.person(Role.ADMIN),
    )
    backdoor = {"name": "backdoor", "role": "admin"}
    path = f"/api/v1/users/{eve.id}"
    for change in (("PATCH", path, {"role": "viewer"}), ("DELETE", path)):
        with held(town, eve.browser, "POST /api/v1/users", backdoor) as finish:
            assert boss.browser.send(*change).is_success
            assert finish() == 401
        if change[0] == "PATCH":
            assert boss.browser.send("PATCH", path, {"role": "admin"}).is_success
            eve.signs_in()
    assert town.api.access.users.find("backdoor") is None

    elsewhere = replace(ada, browser=ada.signs_in(town.visitor()))
    new = {"current": PASSWORD, "new": NEW_PASSWORD}
    with held(town, elsewhere.browser, "PUT /api/v1/account/password", new) as finish:
        (other,) = [
            each["id"]
            for each in ada.browser.get("/api/v1/sessions").json()["sessions"]
            if not each["current"]
        ]
        assert ada.browser.send("DELETE", f"/api/v1/sessions/{other}").status_code == 204
        assert finish() == 401
    assert ada.gives_password().status_code == 200

    # Whoever knew the password alone was half way, too, when its owner set a factor up.
    thief = replace(half, browser=town.visitor())
    assert [each.gives_password().json()["next"] for each in (half, thief)] == ["enrol_factor"] * 2
    options = thief.browser.post("/api/v1/account/passkeys/options").json()["publicKey"]
    body = {"name": "x", "credential": SoftAuthenticator(town.api.origin).create(options)}
    with held(town, thief.browser, "POST /api/v1/account/passkeys", body) as finish:
        assert half.adds_totp().status_code == 200
        assert finish() == 401
    assert (half.user.has_totp, half.user.passkeys) == (True, 0)

    # And five minutes are over when they are over.
    with held(town, boss.browser, "POST /api/v1/users", backdoor) as finish:
        town.api.clock.advance(5 * MINUTES)
        assert finish() == 403
