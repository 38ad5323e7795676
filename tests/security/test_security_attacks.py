"""Things that people try."""

import logging
import re
from collections.abc import Iterator, Sequence
from itertools import product
from json import dumps

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakes.raw_http import send_raw
from fakes.running_api import (
    CAMERA,
    LEGACY_TOKEN,
    OTHER_CAMERA,
    PASSWORD,
    PLATE,
    RunningApi,
)
from fakes.visitor import Visitor
from securevision.access.decisions import STEP_UP_MS
from securevision.access.roles import PROGRAM_SCOPES
from securevision.api.guard import MAX_HEADERS
from securevision.api.headers import SECURITY_HEADERS
from securevision.api.routes.page import PAGE_FILES
from securevision.domain.accounts import NewPasskey, Purpose, SessionLevel
from securevision.domain.audit import AuditAction, AuditDraft
from securevision.domain.rights import Cameras, Role

RIGHT = f"Authorization: Bearer {LEGACY_TOKEN}"
OTHER = Cameras(frozenset({OTHER_CAMERA}))
ENTRY = AuditDraft(AuditAction.USER_CHANGED, "system")
CANARY = "canary!nobody~repeats"


def program(api: RunningApi) -> str:
    owner = api.access.users.find("owner") or api.add_user("owner", Role.OPERATOR)
    return api.token(owner, PROGRAM_SCOPES)


def status(api: RunningApi, *lines: str, target: str = "/events") -> int:
    return send_raw(api.host, target, headers=lines).status


# What is somebody else's


def look(answer: httpx.Response, number: int) -> tuple[object, ...]:
    """What somebody sees of an answer, the number they asked for left out."""
    changing = ("date", "ratelimit", "content-length")
    headers = [(name, value) for name, value in answer.headers.items() if not name.startswith(changing)]
    return answer.status_code, re.sub(rf"\b{number}\b", "#", answer.text), headers


OF_EVENTS = (
    "/api/v1/events/{}",
    "/api/v1/events/{}/crop",
    "/api/v1/events/{}/picture",
    "/api/v1/faces/{}",
    "/api/v1/plates/{}",
    "/faces/{}",
    "/plates/{}",
)
OF_ONES_OWN = {
    "/api/v1/sessions/{}": "DELETE",
    "/api/v1/tokens/{}": "DELETE",
    "/api/v1/tokens/{}/link": "POST",
    "/api/v1/account/passkeys/{}": "DELETE",
}
RECORDINGS_OF_EVENT = "/api/v1/events/{}/recordings"
"""Not for programs."""
OF_RECORDINGS: Sequence[tuple[str, str, object]] = (
    ("GET", "/api/v1/recordings/{}", None),
    ("GET", "/api/v1/recordings/{}/video", None),
    ("PUT", "/api/v1/recordings/{}/kept", {"kept": True}),
    ("DELETE", "/api/v1/recordings/{}", None),
)
OF_CAMERAS = ("/api/v1/cameras/{}/picture.jpg",)
"""By name, which its events have too: `test_api_cameras.py`."""
OF_ADMINISTRATORS = ("/api/v1/users/{}", "/api/v1/users/{}/invitation", "/api/v1/cameras/{}")
"""Who may is all that matters: the matrix."""


def test_every_route_with_a_number_in_it_is_tried_below_or_is_for_administrators(api: RunningApi) -> None:
    described = {path.replace("{id}", "{}") for path in api.app.openapi()["paths"] if "{" in path}
    recordings = {path for _, path, _ in OF_RECORDINGS}
    assert described == {
        *OF_EVENTS,
        RECORDINGS_OF_EVENT,
        *OF_ONES_OWN,
        *recordings,
        *OF_CAMERAS,
        *OF_ADMINISTRATORS,
    }


def test_an_event_of_another_camera_looks_like_one_that_does_not_exist(api: RunningApi) -> None:
    face, plate = api.add(camera=CAMERA), api.add(PLATE, camera=CAMERA)
    visitor = api.signed_in(cameras=OTHER)
    owner = api.add_user("owner")
    with api.client(api.token(owner, PROGRAM_SCOPES, OTHER)) as client:
        for path, event in product(OF_EVENTS, (face, plate)):
            for hidden, missing in (
                (visitor.get(path.format(event.id)), visitor.get(path.format(4711))),
                (client.get(path.format(event.id)), client.get(path.format(4711))),
            ):
                assert hidden.status_code == 404
                assert look(hidden, event.id) == look(missing, 4711)
    hidden, missing = (visitor.get(RECORDINGS_OF_EVENT.format(number)) for number in (face.id, 4711))
    assert hidden.status_code == 404
    assert look(hidden, face.id) == look(missing, 4711)


@pytest.mark.parametrize(("method", "path", "body"), OF_RECORDINGS)
def test_a_recording_of_another_camera_looks_like_one_that_does_not_exist(
    api: RunningApi, method: str, path: str, body: object
) -> None:
    recording = api.record(camera=CAMERA)
    visitor = api.signed_in("Eve", Role.OPERATOR, cameras=OTHER)
    theirs = look(visitor.send(method, path.format(recording.id), body), recording.id)
    assert theirs == look(visitor.send(method, path.format(4711), body), 4711)
    assert theirs[0] == 404
    assert api.services.recordings.get(recording.id) == recording


def test_sessions_tokens_and_passkeys_of_others_look_like_ones_that_do_not_exist(api: RunningApi) -> None:
    ada, eve = api.add_user("Ada"), api.signed_in("Eve", Role.OPERATOR)
    visitor, token = api.session(ada), api.token(ada, PROGRAM_SCOPES)
    new = NewPasskey(b"credential", b"key", 0)
    passkey = api.access.factors.add_passkey(ada.id, "key", new, api.clock.now_ms(), ENTRY)
    (session,), (kept,) = api.access.sessions.of_user(ada.id), api.access.tokens.all(ada.id)
    numbers = {"sessions": session.id, "tokens": kept.id, "passkeys": passkey.id}
    for path, method in OF_ONES_OWN.items():
        number = next(number for noun, number in numbers.items() if noun in path)
        theirs = look(eve.send(method, path.format(number)), number)
        assert theirs == look(eve.send(method, path.format(4711)), 4711)
        assert theirs[0] == 404
    assert visitor.get("/api/v1/session").status_code == 200
    assert status(api, f"Authorization: Bearer {token}") == 200
    assert api.access.factors.passkeys(ada.id) == [passkey]


def everything(api: RunningApi) -> object:
    users = api.access.users.all()
    return users, [api.access.sessions.of_user(user.id) for user in users], api.access.tokens.all()


@pytest.mark.parametrize(
    "extra",
    [
        {"role": "admin"},
        {"status": "active"},
        {"id": 1},
        {"password_hash": "x"},
        {"level": "full"},
        {"owner_id": 1},
        {"user_id": 1},
    ],
)
def test_nobody_sets_a_field_that_is_not_offered(api: RunningApi, extra: dict[str, object]) -> None:
    ada, target = api.add_user(), api.add_user("target")
    viewer, admin = api.session(ada), api.signed_in("Boss", Role.ADMIN)
    code: dict[str, object] = {"code": api.link_code(Purpose.INVITATION, str(target.id))}
    before = everything(api)
    bodies: list[tuple[Visitor, str, str, dict[str, object]]] = [
        (viewer, "PUT", "/api/v1/account/password", {"current": PASSWORD, "new": "another long phrase"}),
        (viewer, "POST", "/api/v1/session/step-up", {"password": PASSWORD}),
        (viewer, "POST", "/api/v1/tokens", {"name": "x", "scopes": ["events:read"]}),
        (api.visitor(), "POST", "/api/v1/login", {"name": ada.name, "password": PASSWORD}),
        (api.visitor(), "POST", "/api/v1/invitation", code | {"password": "another long phrase"}),
        (admin, "POST", "/api/v1/users", {"name": "new", "role": "viewer"}),
        (admin, "PATCH", f"/api/v1/users/{target.id}", {"cameras": [OTHER_CAMERA]}),
    ]
    offered = {"/api/v1/users": {"role"}, f"/api/v1/users/{target.id}": {"role", "status"}}
    for visitor, method, path, body in bodies:
        if not offered.get(path, set()) & set(extra):
            assert visitor.send(method, path, body | extra).status_code == 422, path
    assert everything(api) == before


def test_no_422_repeats_what_was_sent(api: RunningApi) -> None:
    admin = api.signed_in("Boss", Role.ADMIN)
    values: list[object] = [CANARY, [CANARY], {CANARY: CANARY}, CANARY * 100]
    bodies = [{name: value} for name, value in product(("role", "cameras", "status", CANARY), values)]
    requests: list[tuple[str, str, object]] = [("PATCH", "/api/v1/users/1", body) for body in bodies]
    login = "/api/v1/login"
    requests += [("POST", login, body) for body in (CANARY, [CANARY], {"name": [CANARY], "password": CANARY})]
    requests += [("POST", login, {"name": "x", "password": CANARY * 100})]
    requests += [("POST", "/api/v1/tokens", {"name": CANARY, "scopes": [CANARY]})]
    requests += [("POST", "/api/v1/tokens", {"name": CANARY, "scopes": [], "expires_in_days": CANARY})]
    requests += [("GET", f"/api/v1/events?{query}", None) for query in (f"limit={CANARY}", f"type={CANARY}")]
    requests += [("GET", f"/api/v1/events/{CANARY}", None), ("DELETE", f"/api/v1/users/{CANARY}", None)]
    for method, path, body in requests:
        answer = admin.send(method, path, body)
        assert (answer.status_code, CANARY in answer.text) == (422, False), (method, path, body)
    broken = {"Content-Type": "application/json", "Sec-Fetch-Site": "same-origin", "X-SV-CSRF": "1"}
    with api.client() as client:
        answer = client.post(login, content=f'{{"name": "{CANARY}', headers=broken)
    assert (answer.status_code, CANARY in answer.text) == (422, False)


def test_what_is_refused_is_logged_without_what_was_sent(api: RunningApi) -> None:
    event = api.add(camera=CAMERA)
    ada = api.add_user("Ada", cameras=OTHER)
    visitor = api.session(ada)

    def logged() -> list[tuple[str, str, str]]:
        records = reversed(api.access.audit_log.page(None, 1000).records)
        assert CANARY not in repr(records)
        found = [record for record in records if record.action == AuditAction.REQUEST_REFUSED]
        return [(each.actor, each.details["status"], each.target) for each in found]

    event_route, user = "route:/api/v1/events/{id}", f"user:{ada.id}"
    for number in (event.id, 4711):
        assert visitor.get(f"/api/v1/events/{number}").status_code == 404
    assert logged() == [(user, "404", event_route)] * 2
    visitor.get(f"/{CANARY}")
    visitor.get(f"/api/v1/events?limit={CANARY}")
    visitor.get(f"/api/v1/events?cursor={CANARY}")
    visitor.post("/api/v1/session/step-up", {CANARY: CANARY})
    visitor.send("DELETE", "/api/v1/session", headers={"Origin": f"https://{CANARY}"})
    with api.client() as nobody:
        nobody.get("/health", headers={f"X-{number}": CANARY for number in range(MAX_HEADERS)})
    assert logged()[2:] == [
        (user, "404", ""),
        (user, "422", "route:/api/v1/events"),
        (user, "400", "route:/api/v1/events"),
        (user, "422", "route:/api/v1/session/step-up"),
        ("unknown", "403", ""),
        ("unknown", "431", ""),
    ]


# Requests that are not what they seem


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE", "PUT", "PATCH", "DELETE", "CONNECT", "QUERY"])
def test_no_method_gets_around_the_door(api: RunningApi, method: str) -> None:
    for path in ("/events", "/api/v1/events", "/cleanup", "/", "/health", "/nothing"):
        refused = send_raw(api.host, path, method=method, headers=["X-Canary: canary"])
        assert refused.status == 401
        answer = send_raw(api.host, path, method=method, headers=[RIGHT, "X-Canary: canary"])
        assert answer.status in (404, 405)
        assert b"canary" not in answer.body


@pytest.mark.parametrize(
    "line", ["X-HTTP-Method-Override: GET", "X-Original-URL: /health", "X-Rewrite-URL: /"]
)
def test_no_header_rewrites_the_request(api: RunningApi, line: str) -> None:
    assert status(api, line) == 401


@pytest.mark.parametrize(
    "target",
    [
        "/page/../app.py",
        "/page/../../../../../../etc/passwd",
        "/page/%2e%2e/app.py",
        "/page/..%2fapp.py",
        "/page/%2e%2e%2f%2e%2e%2fsettings.py",
        "/page/..\\app.py",
        "/page//etc/passwd",
        "/page/index.html",
        "/page/live.js/",
        "/page/live.js%00.html",
        "/page/",
        "//events",
        "/./events",
        "/health/../events",
        "/health;/events",
        "/%2fevents",
    ],
)
def test_no_path_reaches_what_is_not_served(api: RunningApi, target: str) -> None:
    assert status(api, target=target) == 401
    assert status(api, RIGHT, target=target) == 404


def test_a_cursor_cannot_add_headers(api: RunningApi) -> None:
    for cursor in ("%0d%0aSet-Cookie:%20a=b", "A" * 20 + "%0d%0a", "%0aX-Canary:%20yes"):
        answer = send_raw(api.host, f"/events?limit=1&cursor={cursor}", headers=[RIGHT])
        assert answer.status == 400
        assert not {"set-cookie", "x-canary"} & {name.lower() for name in answer.headers}


def test_more_than_64_headers_are_refused(api: RunningApi) -> None:
    # Two more are always sent: Host and Connection.
    most = [f"X-{number}: x" for number in range(MAX_HEADERS - 2 - 1)]
    assert status(api, RIGHT, *most) == 200
    assert status(api, RIGHT, *most, "X-More: x") == 431
    assert status(api, *most, "X-More: x", "X-Most: x", target="/") == 431


def _chunks(size: int) -> Iterator[bytes]:
    for _ in range(size // 1024):
        yield b"x" * 1024


def test_a_body_of_100_kib_is_refused(api: RunningApi) -> None:
    body = b'{"name": "' + b"x" * 100 * 1024 + b'"}'
    headers = {"Content-Type": "application/json", "Sec-Fetch-Site": "same-origin", "X-SV-CSRF": "1"}
    with api.client() as client:
        for content in (body, _chunks(100 * 1024)):
            answer = client.post("/api/v1/login", content=content, headers=headers)
            assert answer.status_code == 413
            assert answer.json()["detail"] == "The body is larger than 64 KiB."
    with api.program() as client:
        assert client.post("/cleanup", content=body).status_code == 413


def test_a_large_body_is_not_even_looked_at_without_a_credential(api: RunningApi) -> None:
    large = ["Content-Length: 99999999"]
    assert send_raw(api.host, "/cleanup", method="POST", headers=large).status == 401
    assert send_raw(api.host, "/api/v1/login", method="POST", headers=large).status == 403


DOORS = {
    "setup": ("code", "name", "password"),
    "invitation": ("code", "password"),
    "display": ("code",),
    "login": ("name", "password"),
    "login/totp": ("code",),
    "login/recovery-code": ("code",),
    "login/passkey": ("credential",),
}
any_text = st.text(
    st.characters(exclude_categories=()), min_size=1, max_size=20
)  # half a pair of surrogates, too
any_json = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | any_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3),
    max_leaves=6,
)
credentials = st.fixed_dictionaries(
    {
        "id": any_json,
        "rawId": any_json,
        "response": any_json | st.dictionaries(st.just("clientDataJSON"), any_json),
    }
)


def bodies(door: str) -> st.SearchStrategy[bytes]:
    """Return bodies that are nearly what the door takes, or nothing."""
    fields = {name: credentials if name == "credential" else any_text | any_json for name in DOORS[door]}
    near = st.fixed_dictionaries(fields).map(lambda value: dumps(value).encode())
    return near | near | st.binary(max_size=200)


@pytest.mark.parametrize("door", DOORS)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_body_at_a_door_is_refused_in_one_sentence(
    api: RunningApi, door: str, data: st.DataObject
) -> None:
    body = data.draw(bodies(door))
    api.clock.advance(15 * 60)  # wrong ones are counted, which is not what this is about
    user = api.access.users.find("Ada") or api.add_user("Ada")
    with api.client() as client:
        answer = client.post(
            f"/api/v1/{door}",
            content=body,
            headers={
                "Content-Type": "application/json",
                "Sec-Fetch-Site": "same-origin",
                "X-SV-CSRF": "1",
                "Cookie": api.session(user, SessionLevel.PASSWORD).cookie_header,
            },
        )
    assert answer.status_code in (400, 401, 422), body
    assert answer.json()["detail"].isprintable()
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("length", ["-1", "+5", "1e3", "٣", "5, 5", "0x10", "9" * 5000])
def test_a_strange_length_is_refused(api: RunningApi, length: str) -> None:
    line = f"Content-Length: {length}".encode().decode("latin-1")
    assert status(api, RIGHT, line) in (200, 400)
    assert status(api, line) in (400, 401)


def test_a_spoofed_address_changes_nothing(api: RunningApi) -> None:
    visitor = api.signed_in()
    spoofed = dict.fromkeys(("X-Forwarded-For", "X-Real-IP", "True-Client-IP"), "203.0.113.9")
    assert visitor.send(
        "GET", "/api/v1/events", headers=spoofed | {"Forwarded": "for=203.0.113.9"}
    ).is_success
    (newest,) = api.access.audit_log.page(None, 1).records
    assert (newest.action, newest.personal["network"]) == (AuditAction.EVENTS_VIEWED, "127.0.0.1")


def test_a_new_spoofed_address_for_each_guess_is_the_same_guesser(api: RunningApi) -> None:
    guesses = [
        api.visitor(network=f"203.0.113.{number}").post(
            "/api/v1/login", {"name": f"user {number}", "password": "wrong"}
        )
        for number in range(6)
    ]
    assert [answer.status_code for answer in guesses] == [401] * 5 + [429]


# Answers


def answers(api: RunningApi) -> Iterator[httpx.Response]:
    """One answer of each sort."""
    event = api.add()
    page, admin = api.signed_in(), api.signed_in("Boss", Role.ADMIN)
    api.clock.advance(STEP_UP_MS / 1000)
    with api.client() as nobody, api.program() as legacy, api.client(program(api)) as client:
        for path in PAGE_FILES:
            yield nobody.get(path)
        yield nobody.get("/health")
        yield nobody.get("/events")
        yield nobody.get("/events", headers={f"X-{number}": "x" for number in range(MAX_HEADERS)})
        yield nobody.post("/api/v1/login", json={})
        yield page.post("/api/v1/login", {"name": "x" * 70_000})
        yield page.post("/api/v1/login", {"name": 1})
        yield page.post("/api/v1/cleanup")
        yield page.post("/api/v1/stream-ticket")
        yield admin.send("DELETE", "/api/v1/users/1")
        yield legacy.get("/events")
        yield legacy.get("/nothing")
        yield legacy.delete("/events")
        yield legacy.get("/events?cursor=x")
        yield client.get(f"/api/v1/events/{event.id}/crop")
        yield page.post("/api/v1/session/step-up", {"password": PASSWORD})
        yield page.post("/api/v1/account/recovery-codes")
        yield page.send("DELETE", "/api/v1/session")


def test_every_answer_carries_every_security_header(api: RunningApi) -> None:
    seen = set()
    for answer in answers(api):
        seen.add(answer.status_code)
        for name, value in SECURITY_HEADERS.items():
            assert answer.headers.get_list(name) == [value], answer.url
        assert not {"server", "x-powered-by"} & set(answer.headers)
        assert not [name for name in answer.headers if name.startswith("access-control-")]
        gives_cookie = answer.request.url.path.startswith("/api/v1/session") and answer.is_success
        assert ("set-cookie" in answer.headers) == gives_cookie, answer.url
    assert seen == {200, 204, 400, 401, 403, 404, 405, 409, 413, 422, 431}


def test_no_answer_and_no_log_line_repeats_a_secret(
    api: RunningApi, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        visitor, code = api.signed_in("Grace"), api.link_code(Purpose.INVITATION, "1")
        token, wrong = program(api), LEGACY_TOKEN + "-wrong"
        secrets = (LEGACY_TOKEN, token, wrong, code, visitor.session_secret, api.ticket(visitor), PASSWORD)
        bodies = [answer.text for answer in answers(api)]
        for secret in secrets:
            # What is wrong is counted, which is not what this is about.
            api.clock.advance(15 * 60)
            quoted = secret.replace(" ", "%20")
            bodies.append(visitor.post("/api/v1/login", {"name": secret, "password": secret}).text)
            bodies.append(visitor.post("/api/v1/login", {secret: secret}).text)
            bodies.append(visitor.post("/api/v1/invitation", {"code": secret + "?", "password": secret}).text)
            targets = (f"/{quoted}", f"/api/v1/events/{quoted}", f"/events?limit={quoted}&cursor={quoted}")
            for target, line in product(
                targets, (RIGHT, f"Authorization: Bearer {wrong}", f"Cookie: {visitor.cookie_header}")
            ):
                bodies.append(send_raw(api.host, target, headers=[line]).body.decode())
            with api.stream(f"/stream?token={quoted}", token=LEGACY_TOKEN):
                pass
    # The test runner listens to loggers that pass nothing on, such as this one; nobody else does.
    assert not logging.getLogger("uvicorn.access").propagate
    not_the_servers = ("uvicorn.access", "httpcore", "httpx", "websockets")
    logged = [line.getMessage() for line in caplog.records if not line.name.startswith(not_the_servers)]
    everything_said = "\n".join([*bodies, *logged])
    for secret in secrets:
        assert secret not in everything_said
    assert "Traceback" not in everything_said
    assert 'File "' not in everything_said
