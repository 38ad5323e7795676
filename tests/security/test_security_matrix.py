"""Who may use which route and WebSocket: every one of them, by everybody there is, over real HTTP and WebSocket.

The table is written by hand. One column a principal, in the order of PRINCIPALS; the camera of the event, the
recording and the live view is CAMERA, and some principals may see OTHER_CAMERA alone.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count

import pytest
from fastapi.routing import iter_route_contexts
from starlette.routing import WebSocketRoute
from websockets.exceptions import InvalidStatus

from fakes.running_api import (
    ADDRESS,
    CAMERA,
    FACE,
    LEGACY_TOKEN,
    OTHER_CAMERA,
    PASSWORD,
    PLATE,
    RunningApi,
    running_api,
)
from fakes.visitor import Visitor
from securevision.access.decisions import STEP_UP_MS
from securevision.access.roles import PROGRAM_SCOPES
from securevision.domain.accounts import SessionLevel, User
from securevision.domain.rights import ALL_CAMERAS, Cameras, Role

SOCKET = "WebSocket"
OTHER = Cameras(frozenset({OTHER_CAMERA}))
NUMBERS = count(1)


@dataclass(frozen=True)
class Caller:
    """Somebody with a browser, or a program with a token, or neither."""

    visitor: Visitor | None = None
    token: str | None = None
    user: User | None = None


def browser(
    role: Role, cameras: Cameras = ALL_CAMERAS, level: SessionLevel = SessionLevel.FULL
) -> Callable[[RunningApi], Caller]:
    def make(api: RunningApi) -> Caller:
        user = new_user(api, role, cameras)
        return Caller(api.session(user, level), user=user)

    return make


def stale_admin(api: RunningApi) -> Caller:
    caller = browser(Role.ADMIN)(api)
    api.clock.advance(STEP_UP_MS / 1000)
    return caller


def display(cameras: Cameras) -> Callable[[RunningApi], Caller]:
    return lambda api: Caller(api.display(cameras, owner=new_user(api, Role.ADMIN)))


def token(role: Role, cameras: Cameras) -> Callable[[RunningApi], Caller]:
    def make(api: RunningApi) -> Caller:
        owner = new_user(api, role)
        return Caller(token=api.token(owner, PROGRAM_SCOPES, cameras), user=owner)

    return make


def new_user(api: RunningApi, role: Role, cameras: Cameras = ALL_CAMERAS) -> User:
    return api.add_user(f"user {next(NUMBERS)}", role, cameras)


PRINCIPALS: dict[str, Callable[[RunningApi], Caller]] = {
    "nobody": lambda api: Caller(api.visitor()),
    "wrong token": lambda _: Caller(token="sv_pat_" + "A" * 51),
    "half signed in": browser(Role.ADMIN, level=SessionLevel.PASSWORD),
    "must enrol": browser(Role.ADMIN, level=SessionLevel.ENROLMENT),
    "viewer": browser(Role.VIEWER),
    "viewer elsewhere": browser(Role.VIEWER, OTHER),
    "operator": browser(Role.OPERATOR),
    "operator elsewhere": browser(Role.OPERATOR, OTHER),
    "admin": browser(Role.ADMIN, OTHER),  # an administrator sees every camera whatever their grant says
    "admin, stale": stale_admin,
    "auditor": browser(Role.AUDITOR),
    "display": display(ALL_CAMERAS),
    "display elsewhere": display(OTHER),
    "token": token(Role.ADMIN, ALL_CAMERAS),
    "token elsewhere": token(Role.OPERATOR, OTHER),
    "static token": lambda _: Caller(token=LEGACY_TOKEN),
}

#        nobody | half, must | viewer    | operator  | admin     | audi- | display   | token     | static
#          wrong|      enrol |     else  |     else  |     stale | tor   |     else  |     else  |
MATRIX = {
    ("GET", "/health"): "200 200  200 200  200 200  200 200  200 200  200  200 200  200 200  200",
    ("GET", "/events"): "401 401  403 403  200 200  200 200  200 200  403  403 403  200 200  200",
    ("GET", "/faces/{id}"): "401 401  403 403  200 404  200 404  200 200  403  403 403  200 404  200",
    ("GET", "/plates/{id}"): "401 401  403 403  200 404  200 404  200 200  403  403 403  200 404  200",
    ("POST", "/cleanup"): "401 401  403 403  403 403  200 403  200 200  403  403 403  200 403  200",
    ("GET", "/api/v1/health"): "401 401  403 403  200 200  200 200  200 200  403  200 200  200 200  403",
    ("GET", "/api/v1/cameras"): "401 401  403 403  200 200  200 200  200 200  403  200 200  200 200  403",
    ("GET", "/api/v1/events"): "401 401  403 403  200 200  200 200  200 200  403  403 403  200 200  403",
    ("GET", "/api/v1/events/{id}"): "401 401  403 403  200 404  200 404  200 200  403  403 403  200 404  403",
    (
        "GET",
        "/api/v1/events/{id}/crop",
    ): "401 401  403 403  200 404  200 404  200 200  403  200 404  200 404  403",
    (
        "GET",
        "/api/v1/events/{id}/picture",
    ): "401 401  403 403  200 404  200 404  200 200  403  200 404  200 404  403",
    ("GET", "/api/v1/faces/{id}"): "401 401  403 403  200 404  200 404  200 200  403  403 403  200 404  403",
    ("GET", "/api/v1/plates/{id}"): "401 401  403 403  200 404  200 404  200 200  403  403 403  200 404  403",
    ("POST", "/api/v1/cleanup"): "401 401  403 403  403 403  200 403  200 200  403  403 403  200 403  403",
    (
        "GET",
        "/api/v1/openapi.json",
    ): "401 401  403 403  200 200  200 200  200 200  403  403 403  200 200  403",
    # Cameras
    (
        "GET",
        "/api/v1/cameras/{id}",
    ): "401 401  403 403  403 403  403 403  200 200  403  403 403  403 403  403",
    ("POST", "/api/v1/cameras"): "401 401  403 403  403 403  403 403  201 403  403  403 403  403 403  403",
    (
        "PATCH",
        "/api/v1/cameras/{id}",
    ): "401 401  403 403  403 403  403 403  200 403  403  403 403  403 403  403",
    (
        "DELETE",
        "/api/v1/cameras/{id}",
    ): "401 401  403 403  403 403  403 403  204 403  403  403 403  403 403  403",
    (
        "POST",
        "/api/v1/cameras/test",
    ): "401 401  403 403  403 403  403 403  200 403  403  403 403  403 403  403",
    (
        "POST",
        "/api/v1/cameras/discover",
    ): "401 401  403 403  403 403  403 403  200 403  403  403 403  403 403  403",
    (
        "POST",
        "/api/v1/cameras/streams",
    ): "401 401  403 403  403 403  403 403  200 403  403  403 403  403 403  403",
    (
        "GET",
        "/api/v1/cameras/{id}/picture.jpg",
    ): "401 401  403 403  200 404  200 404  200 200  403  200 404  200 404  403",
    # Recordings
    ("GET", "/api/v1/recordings"): "401 401  403 403  200 200  200 200  200 200  403  403 403  403 403  403",
    (
        "GET",
        "/api/v1/recordings/{id}",
    ): "401 401  403 403  200 404  200 404  200 200  403  403 403  403 403  403",
    (
        "GET",
        "/api/v1/recordings/{id}/video",
    ): "401 401  403 403  200 404  200 404  200 200  403  403 403  403 403  403",
    (
        "PUT",
        "/api/v1/recordings/{id}/kept",
    ): "401 401  403 403  403 403  200 404  200 200  403  403 403  403 403  403",
    (
        "DELETE",
        "/api/v1/recordings/{id}",
    ): "401 401  403 403  403 403  204 404  204 403  403  403 403  403 403  403",
    (
        "GET",
        "/api/v1/events/{id}/recordings",
    ): "401 401  403 403  200 404  200 404  200 200  403  403 403  403 403  403",
    # Metrics: of the two tokens, one is an operator's.
    ("GET", "/metrics"): "401 401  403 403  403 403  403 403  200 200  403  403 403  200 403  403",
    # Where people sign in: the credential is in the body, and here it is a wrong one. Programs have no business here.
    ("POST", "/api/v1/setup"): "401 403  401 401  401 401  401 401  401 401  401  401 401  403 403  403",
    ("POST", "/api/v1/invitation"): "401 403  401 401  401 401  401 401  401 401  401  401 401  403 403  403",
    ("POST", "/api/v1/display"): "401 403  401 401  401 401  401 401  401 401  401  401 401  403 403  403",
    ("POST", "/api/v1/login"): "401 403  401 401  401 401  401 401  401 401  401  401 401  403 403  403",
    ("POST", "/api/v1/login/totp"): "401 403  401 401  401 401  401 401  401 401  401  401 401  403 403  403",
    (
        "POST",
        "/api/v1/login/recovery-code",
    ): "401 403  401 401  401 401  401 401  401 401  401  401 401  403 403  403",
    (
        "POST",
        "/api/v1/login/passkey-options",
    ): "200 403  200 200  200 200  200 200  200 200  200  200 200  403 403  403",
    (
        "POST",
        "/api/v1/login/passkey",
    ): "400 403  400 400  400 400  400 400  400 400  400  400 400  403 403  403",
    # One's own session and account
    ("GET", "/api/v1/session"): "401 401  200 200  200 200  200 200  200 200  200  200 200  403 403  403",
    ("DELETE", "/api/v1/session"): "401 401  204 204  204 204  204 204  204 204  204  204 204  403 403  403",
    (
        "POST",
        "/api/v1/session/step-up",
    ): "401 401  403 403  204 204  204 204  204 204  204  403 403  403 403  403",
    (
        "POST",
        "/api/v1/session/step-up/passkey-options",
    ): "401 401  403 403  200 200  200 200  200 200  200  403 403  403 403  403",
    ("GET", "/api/v1/sessions"): "401 401  403 403  200 200  200 200  200 200  200  403 403  403 403  403",
    (
        "DELETE",
        "/api/v1/sessions/{id}",
    ): "401 401  403 403  404 404  404 404  404 403  404  403 403  403 403  403",
    (
        "POST",
        "/api/v1/stream-ticket",
    ): "401 401  403 403  200 200  200 200  200 200  403  200 200  200 200  403",
    (
        "PUT",
        "/api/v1/account/password",
    ): "401 401  403 403  204 204  204 204  204 204  204  403 403  403 403  403",
    (
        "POST",
        "/api/v1/account/totp",
    ): "401 401  403 200  200 200  200 200  200 403  200  403 403  403 403  403",
    (
        "PUT",
        "/api/v1/account/totp",
    ): "401 401  403 409  409 409  409 409  409 403  409  403 403  403 403  403",
    (
        "DELETE",
        "/api/v1/account/totp",
    ): "401 401  403 403  404 404  404 404  409 403  404  403 403  403 403  403",
    (
        "GET",
        "/api/v1/account/passkeys",
    ): "401 401  403 403  200 200  200 200  200 200  200  403 403  403 403  403",
    (
        "POST",
        "/api/v1/account/passkeys/options",
    ): "401 401  403 200  200 200  200 200  200 403  200  403 403  403 403  403",
    (
        "POST",
        "/api/v1/account/passkeys",
    ): "401 401  403 400  400 400  400 400  400 403  400  403 403  403 403  403",
    (
        "DELETE",
        "/api/v1/account/passkeys/{id}",
    ): "401 401  403 403  404 404  404 404  404 403  404  403 403  403 403  403",
    (
        "POST",
        "/api/v1/account/recovery-codes",
    ): "401 401  403 403  409 409  409 409  409 403  409  403 403  403 403  403",
    # Tokens
    ("GET", "/api/v1/tokens"): "401 401  403 403  200 200  200 200  200 200  403  403 403  403 403  403",
    ("POST", "/api/v1/tokens"): "401 401  403 403  201 201  201 201  201 403  403  403 403  403 403  403",
    (
        "DELETE",
        "/api/v1/tokens/{id}",
    ): "401 401  403 403  404 404  404 404  204 204  403  403 403  403 403  403",
    (
        "POST",
        "/api/v1/tokens/{id}/link",
    ): "401 401  403 403  404 404  404 404  400 403  403  403 403  403 403  403",
    # Administration
    ("GET", "/api/v1/users"): "401 401  403 403  403 403  403 403  200 200  403  403 403  403 403  403",
    ("POST", "/api/v1/users"): "401 401  403 403  403 403  403 403  201 403  403  403 403  403 403  403",
    (
        "PATCH",
        "/api/v1/users/{id}",
    ): "401 401  403 403  403 403  403 403  200 403  403  403 403  403 403  403",
    (
        "DELETE",
        "/api/v1/users/{id}",
    ): "401 401  403 403  403 403  403 403  204 403  403  403 403  403 403  403",
    (
        "POST",
        "/api/v1/users/{id}/invitation",
    ): "401 401  403 403  403 403  403 403  200 403  403  403 403  403 403  403",
    ("GET", "/api/v1/audit"): "401 401  403 403  403 403  403 403  200 200  200  403 403  200 403  403",
    (
        "POST",
        "/api/v1/audit/export",
    ): "401 401  403 403  403 403  403 403  200 403  200  403 403  403 403  403",
    # Live
    (SOCKET, "/stream"): "401 401  403 403  101 101  101 101  101 101  403  101 101  101 101  101",
    (
        SOCKET,
        "/api/v1/cameras/{id}/live",
    ): "401 401  403 403  101 404  101 404  101 101  403  101 404  101 404  403",
    (SOCKET, "/api/v1/stream"): "401 401  403 403  101 101  101 101  101 101  403  101 101  101 101  403",
    # What does not exist looks the same to somebody who proved nothing.
    ("GET", "/nothing"): "401 401  404 404  404 404  404 404  404 404  404  404 404  404 404  404",
    ("POST", "/api/v1/events"): "401 401  405 405  405 405  405 405  405 405  405  405 405  405 405  405",
    ("GET", "/events/"): "401 401  404 404  404 404  404 404  404 404  404  404 404  404 404  404",
    ("GET", "/docs"): "401 401  404 404  404 404  404 404  404 404  404  404 404  404 404  404",
    ("GET", "/openapi.json"): "401 401  404 404  404 404  404 404  404 404  404  404 404  404 404  404",
    ("HEAD", "/health"): "401 401  405 405  405 405  405 405  405 405  405  405 405  405 405  405",
    (SOCKET, "/nothing"): "401 401  403 403  403 403  403 403  403 403  403  403 403  403 403  403",
}
PAGES = {
    ("GET", path): "200 200  200 200  200 200  200 200  200 200  200  200 200  200 200  200"
    for path in (
        "/",
        "/camera",
        "/sign-in",
        "/setup",
        "/invitation",
        "/account",
    )
}
NOT_ROUTES = {
    ("GET", "/nothing"),
    ("POST", "/api/v1/events"),
    ("GET", "/events/"),
    ("GET", "/docs"),
    ("GET", "/openapi.json"),
    ("HEAD", "/health"),
    (SOCKET, "/nothing"),
}
ALL = MATRIX | PAGES

WRONG_CREDENTIAL = {"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": {}}
BODIES: dict[tuple[str, str], dict[str, object]] = {
    ("POST", "/api/v1/setup"): {"code": "x", "name": "x", "password": "a quite long pass phrase"},
    ("POST", "/api/v1/invitation"): {"code": "x", "password": "a quite long pass phrase"},
    ("POST", "/api/v1/display"): {"code": "x"},
    ("POST", "/api/v1/login"): {"name": "nobody at all", "password": "wrong"},
    ("POST", "/api/v1/login/totp"): {"code": "000000"},
    ("POST", "/api/v1/login/recovery-code"): {"code": "x"},
    ("POST", "/api/v1/login/passkey"): {"credential": WRONG_CREDENTIAL},
    ("POST", "/api/v1/session/step-up"): {"password": PASSWORD},
    ("PUT", "/api/v1/account/password"): {"current": PASSWORD, "new": "another long pass phrase"},
    ("PUT", "/api/v1/account/totp"): {"code": "000000"},
    ("POST", "/api/v1/account/passkeys"): {"name": "x", "credential": WRONG_CREDENTIAL},
    ("POST", "/api/v1/cameras"): {"address": ADDRESS},
    ("PATCH", "/api/v1/cameras/{id}"): {"fps": 2.0},
    ("POST", "/api/v1/cameras/test"): {"address": ADDRESS},
    ("POST", "/api/v1/cameras/streams"): {"address": ADDRESS},
    ("PUT", "/api/v1/recordings/{id}/kept"): {"kept": True},
    ("POST", "/api/v1/tokens"): {"name": "x", "scopes": ["events:read"]},
    ("POST", "/api/v1/users"): {"name": "somebody new", "role": "viewer"},
    ("PATCH", "/api/v1/users/{id}"): {"role": "operator"},
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApi]:
    with running_api(tmp_path_factory.mktemp("matrix")) as running:
        yield running


def status_of(api: RunningApi, method: str, path: str, caller: Caller, body: object) -> int:
    if method == SOCKET:
        try:
            with api.stream(path, token=caller.token, visitor=caller.visitor) as socket:
                socket.send("ping")
                socket.recv(10)
        except InvalidStatus as refused:
            return refused.response.status_code
        return 101
    if caller.visitor is not None:
        return caller.visitor.send(method, path, body).status_code
    with api.client(caller.token) as client:
        return client.request(method, path, json=body).status_code


def address(api: RunningApi, path: str) -> str:
    """Put the number of something that exists, and is nobody's here, into the path."""
    if "{id}" not in path:
        return path
    if "/users/" in path:
        return path.replace("{id}", str(new_user(api, Role.VIEWER).id))
    if "/tokens/" in path:
        api.token(new_user(api, Role.VIEWER), {*PROGRAM_SCOPES})
        return path.replace("{id}", str(api.access.tokens.all()[0].id))
    if "/sessions/" in path:
        owner = new_user(api, Role.VIEWER)
        api.session(owner)
        return path.replace("{id}", str(api.access.sessions.of_user(owner.id)[0].id))
    if "/passkeys/" in path:
        return path.replace("{id}", "4711")
    if "/cameras/" in path:
        if api.services.cameras.get(CAMERA) is None:
            api.add_camera()
        return path.replace("{id}", CAMERA)
    if "/recordings/" in path:
        return path.replace("{id}", str(api.record().id))
    event = api.add(PLATE if "plates" in path else FACE)
    return path.replace("{id}", str(event.id))


def test_every_route_and_websocket_of_the_app_is_listed(served: RunningApi) -> None:
    routes = set()
    for context in iter_route_contexts(served.app.routes):
        assert context.path is not None
        is_socket = isinstance(context.original_route, WebSocketRoute)
        methods = [SOCKET] if is_socket else sorted(context.methods or ["any"])
        routes |= {(method, context.path) for method in methods}
    files = {route for route in routes if route[1].startswith("/page/")}
    assert routes - files == set(ALL) - NOT_ROUTES
    assert {method for method, _ in files} == {"GET"}
    assert all(
        status_of(served, method, path, Caller(served.visitor()), None) == 200 for method, path in files
    )


@pytest.mark.parametrize("who", PRINCIPALS)
@pytest.mark.parametrize(("method", "path"), ALL)
def test_the_matrix(served: RunningApi, method: str, path: str, who: str) -> None:
    expected = ALL[method, path].split()
    assert len(expected) == len(PRINCIPALS)
    # Wrong credentials are counted, which is not what this is about: their time is over.
    served.clock.advance(3 * 60 * 60)
    target = address(served, path)
    caller = PRINCIPALS[who](served)
    body = dict(BODIES.get((method, path), {})) or None
    if body and path == "/api/v1/users":
        body["name"] = f"somebody {next(NUMBERS)}"
    if body and path == "/api/v1/cameras":
        body["id"] = f"camera-{next(NUMBERS)}"
    assert status_of(served, method, target, caller, body) == int(expected[list(PRINCIPALS).index(who)])
    served.close_visitors()
