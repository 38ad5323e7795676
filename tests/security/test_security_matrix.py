"""Who may use which route and WebSocket: every one of them, with every kind of credential."""

from collections.abc import Iterator

import pytest
from fastapi.routing import iter_route_contexts
from starlette.routing import WebSocketRoute
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from fakes.raw_http import send_raw
from fakes.running_api import API_TOKEN, FACE, PLATE, RunningApi, running_api

SOCKET = "WebSocket"
OPENED = 101

# Method and address: the status for somebody who proved nothing, for a program, and for the page.
MATRIX = {
    ("GET", "/health"): (200, 200, 200),
    ("GET", "/events"): (401, 200, 200),
    ("GET", "/faces/{id}"): (401, 200, 200),
    ("GET", "/plates/{id}"): (401, 200, 200),
    ("POST", "/cleanup"): (401, 200, 403),
    ("GET", "/api/v1/health"): (401, 200, 200),
    ("GET", "/api/v1/events"): (401, 200, 200),
    ("GET", "/api/v1/events/{id}"): (401, 200, 200),
    ("GET", "/api/v1/events/{id}/crop"): (401, 200, 200),
    ("GET", "/api/v1/faces/{id}"): (401, 200, 200),
    ("GET", "/api/v1/plates/{id}"): (401, 200, 200),
    ("POST", "/api/v1/cleanup"): (401, 200, 403),
    # Public, because a one-time code in the body is a credential too; there is none here.
    ("POST", "/api/v1/session"): (401, 200, 200),
    ("DELETE", "/api/v1/session"): (401, 403, 204),
    ("POST", "/api/v1/stream-ticket"): (401, 403, 200),
    ("GET", "/api/v1/openapi.json"): (401, 200, 403),
    ("GET", "/"): (200, 200, 200),
    ("GET", "/page/app.js"): (200, 200, 200),
    ("GET", "/page/session.js"): (200, 200, 200),
    ("GET", "/page/live.js"): (200, 200, 200),
    ("GET", "/page/cards.js"): (200, 200, 200),
    ("GET", "/page/app.css"): (200, 200, 200),
    ("GET", "/page/icon.svg"): (200, 200, 200),
    (SOCKET, "/stream"): (401, OPENED, OPENED),
    (SOCKET, "/api/v1/stream"): (401, OPENED, OPENED),
    # What does not exist looks the same to somebody who proved nothing.
    ("GET", "/nothing"): (401, 404, 404),
    ("POST", "/api/v1/events"): (401, 405, 405),
    ("GET", "/events/"): (401, 404, 404),
    ("GET", "/docs"): (401, 404, 404),
    ("GET", "/redoc"): (401, 404, 404),
    ("GET", "/openapi.json"): (401, 404, 404),
    ("HEAD", "/health"): (401, 405, 405),
    (SOCKET, "/nothing"): (401, 403, 403),
}
NOT_ROUTES = {key for key, statuses in MATRIX.items() if statuses[1] in (403, 404, 405)} - {
    ("DELETE", "/api/v1/session"),
    ("POST", "/api/v1/stream-ticket"),
}

NOBODY, PROGRAM, PAGE = 0, 1, 2
CREDENTIALS = {
    "none": NOBODY,
    "empty bearer": NOBODY,
    "blank bearer": NOBODY,
    "wrong token": NOBODY,
    "expired page token": NOBODY,
    "API token": PROGRAM,
    "page token": PAGE,
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApi]:
    with running_api(tmp_path_factory.mktemp("matrix")) as running:
        yield running


def authorization(api: RunningApi, credential: str) -> str | None:
    """Return the value of the header."""
    match credential:
        case "none":
            return None
        case "empty bearer":
            return "Bearer"
        case "blank bearer":
            return "Bearer  \t"
        case "wrong token":
            return f"Bearer {API_TOKEN[:-1]}?"
        case "expired page token":
            token = api.page_token()
            api.clock.advance(15 * 60)
            return f"Bearer {token}"
        case "API token":
            return f"Bearer {API_TOKEN}"
        case "page token":
            return f"Bearer {api.page_token()}"
    raise AssertionError(credential)


def status_of(api: RunningApi, method: str, path: str, value: str | None) -> int:
    if method != SOCKET:
        lines = [] if value is None else [f"Authorization: {value}"]
        return send_raw(api.host, path, method=method, headers=lines).status
    headers = None if value is None else {"Authorization": value}
    try:
        with connect(f"ws://{api.host}{path}", additional_headers=headers) as socket:
            socket.send("ping")
            socket.recv(10)
    except InvalidStatus as refused:
        return refused.response.status_code
    return OPENED


def test_every_route_and_websocket_of_the_app_is_listed(served: RunningApi) -> None:
    routes = set()
    for context in iter_route_contexts(served.app.routes):
        assert context.path is not None
        is_socket = isinstance(context.original_route, WebSocketRoute)
        methods = [SOCKET] if is_socket else sorted(context.methods or ["any"])
        routes |= {(method, context.path) for method in methods}
    assert routes == set(MATRIX) - NOT_ROUTES


@pytest.mark.parametrize("credential", CREDENTIALS)
@pytest.mark.parametrize(("method", "path"), MATRIX)
def test_the_matrix(served: RunningApi, method: str, path: str, credential: str) -> None:
    event = served.add(PLATE if "plates" in path else FACE)
    expected = MATRIX[method, path][CREDENTIALS[credential]]
    address = path.replace("{id}", str(event.id))
    assert status_of(served, method, address, authorization(served, credential)) == expected
