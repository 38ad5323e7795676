"""API tokens of programs and the screens on walls: making, seeing and revoking them."""

import re

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection

from fakes.people import Person, Town
from fakes.running_api import CAMERA, FACE, OTHER_CAMERA, PASSWORD
from fakes.visitor import Json
from securevision.access.roles import DISPLAY_SCOPES, PROGRAM_SCOPES, ROLES
from securevision.access.tokens import is_program_token
from securevision.domain.rights import Cameras, Permission, Role

MINUTES = 60
DAYS = 24 * 60 * MINUTES
OTHER = Cameras(frozenset({OTHER_CAMERA}))


def make(owner: Person, **what: Json) -> httpx.Response:
    return owner.browser.post("/api/v1/tokens", {"name": "doorbell", "scopes": ["events:read"]} | what)


def made(owner: Person, **what: Json) -> dict[str, Json]:
    answer = make(owner, **what)
    assert answer.status_code == 201, answer.text
    body: dict[str, Json] = answer.json()
    return body


def display(owner: Person, **what: Json) -> dict[str, Json]:
    return made(owner, name="hall", kind="display", scopes=None, **what)


def listed(who: Person) -> list[dict[str, Json]]:
    answer = who.browser.get("/api/v1/tokens")
    assert answer.status_code == 200, answer.text
    tokens: list[dict[str, Json]] = answer.json()["tokens"]
    return tokens


def revoke(who: Person, token: dict[str, Json]) -> httpx.Response:
    return who.browser.send("DELETE", f"/api/v1/tokens/{token['id']}")


def link(who: Person, token: dict[str, Json]) -> httpx.Response:
    return who.browser.post(f"/api/v1/tokens/{token['id']}/link")


def status(town: Town, token: dict[str, Json], path: str = "/api/v1/events", *, network: str = "") -> int:
    with town.api.client(token["token"]) as client:
        headers = {"X-Forwarded-For": network} if network else {}
        return client.get(path, headers=headers).status_code


def cameras_seen(town: Town, token: dict[str, Json]) -> set[str]:
    with town.api.client(token["token"]) as client:
        return {event["frame_source_id"] for event in client.get("/api/v1/events").json()["events"]}


def close_code(socket: ClientConnection) -> int | None:
    with pytest.raises(ConnectionClosed) as closed:
        socket.recv(1.0)
    return closed.value.rcvd.code if closed.value.rcvd else None


def logged(town: Town, who: Person, token: dict[str, Json]) -> list[str]:
    """Return what the log says they did with a token, after checking who, from where and with what scopes."""
    mine = [entry for entry in town.entries(f"user:{who.id}") if entry.target == f"token:{token['id']}"]
    for entry in mine:
        assert entry.outcome == "ok"
        assert entry.details == {"kind": token["kind"], "scopes": " ".join(token["scopes"])}
        network = who.browser.network
        named = {"actor_name": who.name, "target_name": token["name"], "network": network}
        assert entry.personal == named
    return [entry.action for entry in mine]


# Making one


def test_a_token_is_shown_once_and_opens_what_it_was_made_for(town: Town) -> None:
    ada = town.signed_in()
    now_ms = town.api.clock.now_ms()
    token = made(ada, scopes=["events:read", "crops:read"], expires_in_days=30)
    secret = token["token"]
    assert re.fullmatch(r"sv_pat_[A-Za-z0-9_-]{43}[0-9a-f]{8}", secret)
    assert is_program_token(secret)
    facts = {
        "id": token["id"],
        "kind": "program",
        "name": "doorbell",
        "owner_id": ada.id,
        "scopes": ["crops:read", "events:read"],
        "cameras": None,
        "network": None,
        "created_ms": now_ms,
        "expires_ms": now_ms + 30 * DAYS * 1000,
        "last_used_ms": None,
    }
    assert token == facts | {"token": secret, "link": None}
    assert listed(ada) == [facts]
    assert secret not in ada.browser.get("/api/v1/tokens").text
    assert secret != made(ada)["token"]
    event = town.api.add(FACE)
    opened = {path: status(town, token, f"/api/v1/{path}") for path in ("events", f"events/{event.id}/crop")}
    closed = {
        path: status(town, token, f"/api/v1/{path}") for path in ("health", "session", "tokens", "audit")
    }
    assert (set(opened.values()), set(closed.values())) == ({200}, {403})
    with pytest.raises(InvalidStatus), town.api.stream(token=secret):
        pass
    assert logged(town, ada, token) == ["token.created"]


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR, Role.ADMIN])
def test_a_token_has_no_scope_that_its_owner_lacks(town: Town, role: Role) -> None:
    owner = town.signed_in(role)
    possible = PROGRAM_SCOPES & ROLES[role]
    assert made(owner, scopes=sorted(possible))["scopes"] == sorted(possible)
    before = len(listed(owner))
    for scope in set(Permission) - possible:
        refused = make(owner, scopes=["events:read", scope])
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid_input"), scope
    assert make(owner, scopes=[]).status_code == make(owner, scopes=None).status_code == 400
    for unknown in (["root"], ["*"], "events:read", ["events:read"] * 21):
        assert make(owner, scopes=unknown).status_code == 422
    assert len(listed(owner)) == before


def test_a_token_has_no_camera_that_its_owner_may_not_see(town: Town) -> None:
    for camera in (CAMERA, OTHER_CAMERA):
        town.api.add(camera=camera)
    ada, grace, boss = town.signed_in(cameras=OTHER), town.signed_in(), town.signed_in(Role.ADMIN)
    assert make(ada, cameras=[CAMERA]).status_code == 400
    # It does not tell which cameras there are.
    assert make(ada, cameras=[CAMERA]).text == make(ada, cameras=["nowhere"]).text
    assert make(ada, cameras=["a/b"]).status_code == 422
    # All means all that they may see.
    for cameras in (None, [OTHER_CAMERA]):
        token = made(ada, cameras=cameras)
        assert (token["cameras"], cameras_seen(town, token)) == ([OTHER_CAMERA], {OTHER_CAMERA})
    assert cameras_seen(town, made(ada, cameras=[])) == set()
    graces, bosss = made(grace), made(boss)
    for owner, token in ((grace, graces), (boss, bosss)):
        assert made(owner, cameras=[CAMERA])["cameras"] == [CAMERA]
        assert (token["cameras"], cameras_seen(town, token)) == (None, {CAMERA, OTHER_CAMERA})
    # And never more than they may see later on.
    path = f"/api/v1/users/{grace.id}"
    assert boss.browser.send("PATCH", path, {"cameras": [OTHER_CAMERA]}).status_code == 200
    assert [cameras_seen(town, each) for each in (graces, bosss)] == [{OTHER_CAMERA}, {CAMERA, OTHER_CAMERA}]


def test_a_token_lives_as_long_as_was_said_and_a_year_at_most(town: Town) -> None:
    ada = town.signed_in()
    for days in (0, -1, 366, 1.5, "soon", None):
        assert make(ada, expires_in_days=days).status_code == 422
    now_ms = town.api.clock.now_ms()
    tokens = [made(ada, expires_in_days=days) for days in (1, 365)]
    tokens.append(made(ada))
    assert [(t["expires_ms"] - now_ms) / 1000 / DAYS for t in tokens] == [1, 365, 90]
    town.api.clock.advance(DAYS - 0.001)
    assert [status(town, token) for token in tokens] == [200, 200, 200]
    town.api.clock.advance(0.001)
    assert [status(town, token) for token in tokens] == [401, 200, 200]


def test_a_token_works_from_its_network_alone(town: Town) -> None:
    ada = town.signed_in()
    for wrong in ("", "home", "192.168.1.0/33", "192.168.1.7/24", "192.168.1.*", "::g/64"):
        assert make(ada, network=wrong).status_code == 400, wrong
    assert make(ada, network="x" * 51).status_code == 422
    home, one, six = (made(ada, network=each) for each in ("10.1.0.0/16", "10.1.2.3", "2001:db8:1::/48"))
    assert [each["network"] for each in (home, one, six)] == ["10.1.0.0/16", "10.1.2.3/32", "2001:db8:1::/48"]
    for network, expected in (
        ("10.1.2.3", [200, 200, 401]),
        ("::ffff:10.1.2.3", [200, 200, 401]),
        ("10.1.2.4", [200, 401, 401]),
        ("10.2.0.1", [401, 401, 401]),
        ("2001:db8:1:2::3", [401, 401, 200]),
        ("2001:db8:2::3", [401, 401, 401]),
    ):
        assert [status(town, each, network=network) for each in (home, one, six)] == expected, network


# Seeing and revoking them


def test_people_see_and_revoke_their_own_and_administrators_everybodys(town: Town) -> None:
    ada, eve, boss = town.signed_in(), town.signed_in(Role.OPERATOR), town.signed_in(Role.ADMIN)
    first, second, theirs = made(ada, name="first"), made(ada, name="second"), display(eve)
    assert [token["name"] for token in listed(ada)] == ["second", "first"]
    assert [token["id"] for token in listed(eve)] == [theirs["id"]]
    assert [token["id"] for token in listed(boss)[:3]] == [theirs["id"], second["id"], first["id"]]
    # Somebody else's looks like one that does not exist.
    for refused in (revoke(eve, first), link(eve, first), link(ada, theirs), revoke(ada, {"id": 4711})):
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
    assert status(town, first) == 200

    assert [revoke(ada, first).status_code for _ in range(2)] == [204, 404]
    assert [status(town, token) for token in (first, second)] == [401, 200]
    assert revoke(boss, second).status_code == 204
    assert (status(town, second), listed(ada)) == (401, [])
    assert logged(town, ada, first) == ["token.created", "token.revoked"]
    assert logged(town, boss, second) == ["token.revoked"]


def test_a_token_that_is_revoked_is_out_at_once(town: Town) -> None:
    ada = town.signed_in()
    token = made(ada, scopes=["stream:read"])
    with town.api.client(token["token"]) as client:
        ticket = client.post("/api/v1/stream-ticket").json()["ticket"]
    with town.api.stream(token=token["token"]) as socket:
        town.api.add(FACE)
        assert socket.recv(10)
        # That needs no step-up: whoever is in a hurry must not look for their phone.
        town.api.clock.advance(5 * MINUTES)
        assert revoke(ada, token).status_code == 204
        assert close_code(socket) == 4401
    with pytest.raises(InvalidStatus), town.api.stream(ticket=ticket):
        pass


def test_it_shows_when_a_token_was_used_last_to_the_minute(town: Town) -> None:
    ada = town.signed_in()
    token = made(ada)
    start_ms = town.api.clock.now_ms()

    def last_used_ms() -> int | None:
        (found,) = listed(ada)
        used: int | None = found["last_used_ms"]
        return used

    # A wrong end is no use of it, nor is another network.
    wrong = token["token"][:-1] + ("0" if token["token"][-1] != "0" else "1")
    assert status(town, token | {"token": wrong}) == 401
    assert last_used_ms() is None
    uses = []
    for _ in range(3):
        assert status(town, token) == 200
        uses.append(last_used_ms())
        town.api.clock.advance(30)
    assert uses == [start_ms, start_ms, start_ms + MINUTES * 1000]


# Screens on walls


def test_a_display_has_a_link_and_no_token_to_show(town: Town) -> None:
    ada, boss = town.signed_in(cameras=OTHER), town.signed_in(Role.ADMIN)
    hall = display(ada)
    assert (hall["token"], hall["scopes"], hall["cameras"]) == (None, sorted(DISPLAY_SCOPES), [OTHER_CAMERA])
    assert hall["link"].startswith(f"{town.api.origin}/#code=")
    assert "link" not in listed(ada)[0]
    for scopes in (["events:read"], sorted(DISPLAY_SCOPES), []):
        assert make(ada, kind="display", scopes=scopes).status_code == 400
    assert make(ada, kind="display", scopes=None, cameras=[CAMERA]).status_code == 400
    assert make(ada, kind="robot").status_code == 422

    # Each link lets in one screen; an administrator may make one for anybody's.
    answers = [link(ada, hall), link(boss, hall)]
    assert [(answer.status_code, answer.json()["expires_in"]) for answer in answers] == [(200, 1800)] * 2
    links = [hall["link"], *(answer.json()["link"] for answer in answers)]
    assert len(set(links)) == 3
    for each in links:
        code = {"code": each.partition("#code=")[2]}
        screens = [town.visitor(), town.visitor()]
        assert [screen.post("/api/v1/display", code).status_code for screen in screens] == [200, 401]
        assert screens[0].get("/api/v1/session").json()["cameras"] == [OTHER_CAMERA]
    assert logged(town, ada, hall) == ["token.created", "token.created"]
    assert logged(town, boss, hall) == ["token.created"]
    refused = link(ada, made(ada))
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_input")


# Who may


def test_making_one_needs_a_proof_of_the_last_five_minutes(town: Town) -> None:
    ada = town.with_totp()
    hall, token = display(ada), made(ada, scopes=sorted(PROGRAM_SCOPES & ROLES[Role.VIEWER]))
    town.api.clock.advance(5 * MINUTES)
    before = listed(ada)
    for refused in (make(ada), make(ada, kind="display", scopes=None), link(ada, hall)):
        assert (refused.status_code, refused.json()["code"]) == (403, "step_up_required")
    # No token makes another, nor does a screen, nor whoever has no use for one.
    with town.api.client(token["token"]) as client:
        for path in ("/api/v1/tokens", f"/api/v1/tokens/{hall['id']}/link"):
            assert client.post(path, json={"name": "x", "scopes": ["events:read"]}).status_code == 403
        assert client.delete(f"/api/v1/tokens/{token['id']}").status_code == 403
    assert make(town.signed_in(Role.AUDITOR)).status_code == 403
    screen = town.api.display(owner=town.person(Role.ADMIN).user)
    assert screen.post("/api/v1/tokens", {"name": "x", "scopes": ["events:read"]}).status_code == 403
    assert [t | {"last_used_ms": None} for t in listed(ada)] == before
    assert ada.steps_up(password=PASSWORD, code=ada.new_code()).status_code == 204
    town.api.clock.advance(5 * MINUTES - 0.001)
    assert [make(ada).status_code, link(ada, hall).status_code] == [201, 200]
