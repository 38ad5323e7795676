"""Things that people try."""

import json
import logging
from collections.abc import Iterator
from itertools import product

import httpx
import pytest

from fakes.raw_http import send_raw
from fakes.running_api import API_TOKEN, RunningApi
from securevision.api.headers import SECURITY_HEADERS
from securevision.api.routes.page import PAGE_FILES

RIGHT = f"Authorization: Bearer {API_TOKEN}"


@pytest.mark.parametrize(
    "lines",
    [
        ["Authorization: Bearer"],
        ["Authorization: Bearer "],
        ["Authorization: bearer  x"],
        ["Authorization:"],
        ["Authorization: "],
        [f"Authorization: {API_TOKEN}"],
        [f"Authorization: Basic {API_TOKEN}"],
        [f"Authorization: Bearer {API_TOKEN} x"],
        [f"Authorization: Bearer\t{API_TOKEN}"],
        [f"Authorization: Bearer {API_TOKEN},"],
        [f"Authorization: Bearer Bearer {API_TOKEN}"],
        [RIGHT, "Authorization: Bearer x"],
        [RIGHT, RIGHT],
        [f"Proxy-Authorization: Bearer {API_TOKEN}"],
        [f"X-Api-Key: {API_TOKEN}"],
        [f"Cookie: token={API_TOKEN}; session={API_TOKEN}"],
    ],
)
def test_what_is_not_exactly_one_bearer_token_is_nothing(api: RunningApi, lines: list[str]) -> None:
    answer = send_raw(api.host, "/events", headers=lines)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_may_be_written_in_any_case(api: RunningApi, scheme: str) -> None:
    assert send_raw(api.host, "/events", headers=[f"authorization: {scheme} {API_TOKEN}"]).status == 200


@pytest.mark.parametrize("name", ["token", "access_token", "code", "ticket", "authorization", "api_key"])
def test_a_secret_in_the_query_counts_for_nothing(api: RunningApi, name: str) -> None:
    for secret in (API_TOKEN, api.code, api.ticket(api.page_token())):
        assert send_raw(api.host, f"/events?{name}={secret}").status == 401
        assert send_raw(api.host, f"/api/v1/session?{name}={secret}", method="POST").status == 401


def test_a_code_in_a_form_is_not_a_code(api: RunningApi) -> None:
    """A page of another site can make a browser send a form or plain text, but not JSON."""
    for kind in ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data"):
        body = json.dumps({"code": api.code}).encode()
        lines = [f"Content-Type: {kind}", f"Content-Length: {len(body)}", "Origin: https://evil.example"]
        answer = send_raw(api.host, "/api/v1/session", method="POST", headers=lines, body=body)
        assert answer.status == 422
    assert api.codes == []


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
    assert send_raw(api.host, "/events", headers=[line]).status == 401


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
        "/page/app.js/",
        "/page/app.js%00.html",
        "/page/",
        "//events",
        "/./events",
        "/health/../events",
        "/health;/events",
        "/%2fevents",
    ],
)
def test_no_path_reaches_what_is_not_served(api: RunningApi, target: str) -> None:
    assert send_raw(api.host, target).status == 401
    assert send_raw(api.host, target, headers=[RIGHT]).status == 404


def test_a_cursor_cannot_add_headers(api: RunningApi) -> None:
    for cursor in ("%0d%0aSet-Cookie:%20a=b", "A" * 20 + "%0d%0a", "%0aX-Canary:%20yes"):
        answer = send_raw(api.host, f"/events?limit=1&cursor={cursor}", headers=[RIGHT])
        assert answer.status == 400
        assert not {"set-cookie", "x-canary"} & {name.lower() for name in answer.headers}


def _chunks(size: int) -> Iterator[bytes]:
    for _ in range(size // 1024):
        yield b"x" * 1024


def test_a_body_of_100_kib_is_refused(api: RunningApi) -> None:
    body = b'{"code": "' + b"x" * 100 * 1024 + b'"}'
    as_json = {"Content-Type": "application/json"}
    with api.client() as client:
        for content in (body, _chunks(100 * 1024)):
            answer = client.post("/api/v1/session", content=content, headers=as_json)
            assert answer.status_code == 413
            assert answer.json() == {"detail": "The body is larger than 64 KiB."}
    with api.program() as client:
        assert client.post("/cleanup", content=body).status_code == 413


def test_a_large_body_is_not_even_looked_at_without_a_credential(api: RunningApi) -> None:
    answer = send_raw(api.host, "/cleanup", method="POST", headers=["Content-Length: 99999999"])
    assert answer.status == 401


@pytest.mark.parametrize("length", ["-1", "+5", "1e3", "٣", "5, 5", "0x10"])
def test_a_strange_length_is_refused(api: RunningApi, length: str) -> None:
    line = f"Content-Length: {length}".encode().decode("latin-1")
    assert send_raw(api.host, "/events", headers=[RIGHT, line]).status in (200, 400)
    assert send_raw(api.host, "/events", headers=[line]).status in (400, 401)


def answers(api: RunningApi) -> Iterator[httpx.Response]:
    """One answer of each sort."""
    event = api.add()
    with api.client() as nobody, api.program() as program, api.client(api.page_token()) as page:
        for path in PAGE_FILES:
            yield nobody.get(path)
        yield nobody.get("/health")
        yield nobody.get("/events")
        yield nobody.post("/api/v1/session", content=b"x" * 100_000)
        yield nobody.post("/api/v1/session", json={"code": 1})
        yield page.post("/cleanup")
        yield program.get("/events")
        yield program.get("/nothing")
        yield program.delete("/events")
        yield program.get("/events?cursor=x")
        yield program.get(f"/api/v1/events/{event.id}/crop")
        yield page.delete("/api/v1/session")


def test_every_answer_carries_every_security_header(api: RunningApi) -> None:
    seen = set()
    for answer in answers(api):
        seen.add(answer.status_code)
        for name, value in SECURITY_HEADERS.items():
            assert answer.headers.get_list(name) == [value], answer.url
        assert not {"server", "x-powered-by", "set-cookie"} & set(answer.headers)
        assert not [name for name in answer.headers if name.startswith("access-control-")]
    assert seen == {200, 204, 400, 401, 403, 404, 405, 413, 422}


def test_no_answer_and_no_log_line_repeats_a_secret(
    api: RunningApi, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        page_token = api.page_token()
        wrong = API_TOKEN + "-wrong"
        secrets = (API_TOKEN, page_token, api.ticket(page_token), api.code, wrong)
        bodies = [answer.text for answer in answers(api)]
        for secret in secrets:
            as_code = {"code": secret + "?"}
            bodies.append(httpx.post(f"{api.url}/api/v1/session", json=as_code, verify=False).text)
            for target, line in product(
                (f"/{secret}", f"/api/v1/events/{secret}", f"/events?limit={secret}&cursor={secret}"),
                (RIGHT, f"Authorization: Bearer {wrong}", "X-Nothing: at all"),
            ):
                answer = send_raw(api.host, target, headers=[line])
                bodies.append(answer.body.decode())
            with api.stream(f"/stream?token={secret}", token=API_TOKEN):
                pass
    # The test runner listens to loggers that pass nothing on, such as this one; nobody else does.
    assert not logging.getLogger("uvicorn.access").propagate
    not_the_servers = ("uvicorn.access", "httpcore", "httpx", "websockets")
    logged = [line.getMessage() for line in caplog.records if not line.name.startswith(not_the_servers)]
    everything = "\n".join([*bodies, *logged])
    for secret in secrets:
        assert secret not in everything
    assert "Traceback" not in everything
    assert 'File "' not in everything
