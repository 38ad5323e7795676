"""What docs/SECURITY.md and docs/asvs.md say of answers, requests and cookies, and nothing else proves."""

import ssl
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from fakes.clock import FakeClock
from fakes.handshake import Connection
from fakes.raw_http import send_raw
from fakes.running_api import ALLOWED_ORIGIN, LEGACY_TOKEN, PASSWORD, RunningApi
from fakes.visitor import Visitor
from securevision import __version__
from securevision.api.headers import SECURITY_HEADERS
from securevision.api.routes.page import PAGE_FILES
from securevision.domain.rights import Role
from securevision.settings import ApiSettings, Settings, TlsSettings
from securevision.vault.certificates import LocalAuthority
from securevision.vault.tls import load_server_context
from securevision.wiring.tls import sends_hsts

PAGES = Path(__file__).parents[2] / "src/securevision/api/page"
BEARER = f"Authorization: Bearer {LEGACY_TOKEN}"


def sign_in(api: RunningApi) -> tuple[Visitor, httpx.Response]:
    api.add_user("Grace")
    visitor = api.visitor()
    return visitor, visitor.post("/api/v1/login", {"name": "Grace", "password": PASSWORD})


def answers(api: RunningApi) -> Iterator[httpx.Response]:
    """Answers with a body, one of each kind there is."""
    event, admin = api.add(), api.signed_in("Ada", Role.ADMIN)
    for path in PAGE_FILES:
        yield admin.get(path)
    yield admin.get("/health")
    yield admin.get("/api/v1/events")
    yield admin.get(f"/api/v1/events/{event.id}/crop")
    yield admin.get("/nothing")
    yield admin.get("/api/v1/events?limit=x")
    yield admin.post("/api/v1/audit/export")
    yield api.visitor().get("/events")


# Answers


def test_text_says_its_characters_and_no_answer_lacks_a_type(api: RunningApi) -> None:
    seen = set()
    for answer in answers(api):
        kind, _, parameters = answer.headers["Content-Type"].partition("; ")
        seen.add(kind)
        assert answer.content
        if kind.startswith("text/") or kind.endswith("+xml"):
            assert parameters == "charset=utf-8", answer.url
        if kind == "application/json":
            answer.json()
    assert seen == {
        "text/html",
        "text/javascript",
        "text/css",
        "image/svg+xml",
        "image/jpeg",
        "application/json",
        "application/jsonl",
    }


def test_every_answer_has_the_headers_and_tells_of_no_software(api: RunningApi) -> None:
    for answer in answers(api):
        for name, value in SECURITY_HEADERS.items():
            assert answer.headers.get_list(name) == [value], answer.url
        assert not {"server", "x-powered-by", "via"} & set(answer.headers)
        if not answer.request.url.path.startswith("/page/"):
            assert __version__ not in answer.text


def test_the_policy_runs_our_own_files_alone_and_lets_nobody_frame_us() -> None:
    policy = dict(
        part.strip().split(" ", 1) for part in SECURITY_HEADERS["Content-Security-Policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["object-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["base-uri"] == policy["frame-ancestors"] == policy["form-action"] == "'none'"
    assert (policy["require-trusted-types-for"], policy["trusted-types"]) == ("'script'", "'none'")
    assert "unsafe" not in str(policy)


def test_the_length_of_an_answer_is_the_one_it_says(api: RunningApi) -> None:
    for target in ("/", "/page/app.css", "/events", "/nothing"):
        answer = send_raw(api.host, target, headers=[BEARER])
        assert int(answer.headers["Content-Length"]) == len(answer.body)


def test_no_answer_redirects(api: RunningApi) -> None:
    for answer in answers(api):
        assert not 300 <= answer.status_code < 400
        assert "location" not in answer.headers
    for target in ("/events/", "//evil.example/", "/https://evil.example/"):
        assert send_raw(api.host, target, headers=[BEARER]).status == 404


def test_hsts_is_for_certificates_that_browsers_trust_by_themselves() -> None:
    def sent(mode: str, origin: str) -> bool:
        tls = TlsSettings.model_validate({"mode": mode})
        return sends_hsts(Settings(tls=tls, api=ApiSettings.model_validate({"origin": origin})), origin)

    assert sent("files", "https://cameras.example")
    assert not sent("files", "https://localhost:8443")
    assert not sent("local", "https://nas.local:8443")
    assert not sent("off", "http://localhost:8080")


# Requests


def test_a_request_with_two_lengths_is_one_request(api: RunningApi) -> None:
    """What a proxy might take for a second request stays the body of the first one."""
    smuggled = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
    for lines, body in (
        (["Transfer-Encoding: chunked", f"Content-Length: {len(smuggled)}"], b"0\r\n\r\n" + smuggled),
        ([f"Content-Length: {len(smuggled)}", "Content-Length: 0"], smuggled),
        (["Transfer-Encoding: chunked, identity"], b"0\r\n\r\n" + smuggled),
        (["Transfer-Encoding : chunked"], b"0\r\n\r\n" + smuggled),
    ):
        answer = send_raw(api.host, "/cleanup", method="POST", headers=[BEARER, *lines], body=body)
        assert answer.status in (200, 400, 501)
        assert b'{"ok":true}' not in answer.body


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "HEAD", "OPTIONS", "PUT", "PROPFIND", "get"])
def test_methods_that_no_route_names_do_nothing(api: RunningApi, method: str) -> None:
    for target in ("/", "/health", "/events", "/api/v1/events"):
        answer = send_raw(api.host, target, method=method, headers=[BEARER, "X-Canary: canary"])
        assert answer.status in (400, 404, 405)
        assert b"canary" not in answer.body


def test_a_parameter_that_is_there_twice_counts_once_and_only_from_the_query(api: RunningApi) -> None:
    for _ in range(3):
        api.add()
    with api.program() as client:
        assert len(client.get("/events?limit=3&limit=1").json()) == 1
        assert client.get("/events?limit=1&limit=x").status_code == 422
        # The same name in a header or a cookie is not the parameter.
        assert len(client.get("/events", headers={"limit": "1", "Cookie": "limit=1"}).json()) == 3


def test_no_parameter_wraps_an_answer_into_a_script(api: RunningApi) -> None:
    with api.program() as client:
        for name in ("callback", "jsonp", "cb"):
            answer = client.get(f"/events?{name}=alert")
            assert answer.headers["Content-Type"] == "application/json"
            assert "alert" not in answer.text


def test_other_origins_get_nothing_unless_they_are_listed_and_never_with_cookies(api: RunningApi) -> None:
    for origin in ("https://evil.example", "null", f"{ALLOWED_ORIGIN}.evil.example", ALLOWED_ORIGIN.upper()):
        with api.client(LEGACY_TOKEN) as client:
            answer = client.get("/events", headers={"Origin": origin})
            asked = client.options(
                "/events", headers={"Origin": origin, "Access-Control-Request-Method": "GET"}
            )
        assert "access-control-allow-origin" not in answer.headers
        assert "access-control-allow-origin" not in asked.headers
    with api.client(LEGACY_TOKEN) as client:
        answer = client.get("/events", headers={"Origin": ALLOWED_ORIGIN})
    assert answer.headers["Access-Control-Allow-Origin"] == ALLOWED_ORIGIN
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize(
    "said",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"X-SV-CSRF": ""},
        {"X-SV-CSRF": "0"},
    ],
)
def test_a_request_of_another_site_is_refused_though_it_has_the_cookie(
    api: RunningApi, said: dict[str, str]
) -> None:
    visitor = api.signed_in()
    assert visitor.send("POST", "/api/v1/stream-ticket", headers=said).status_code == 403
    assert visitor.send("DELETE", "/api/v1/session", headers=said).status_code == 403
    assert visitor.get("/api/v1/session").status_code == 200


# Cookies and sessions


def test_cookies_are_for_this_host_alone_and_out_of_reach_of_scripts(api: RunningApi) -> None:
    visitor, answer = sign_in(api)
    assert answer.status_code == 200
    assert len(visitor.set_cookies) == 2
    for cookie in visitor.set_cookies:
        name, _, attributes = cookie.partition("=")
        said = {each.strip() for each in attributes.split(";")[1:]}
        assert name.startswith("__Host-")
        assert {"Path=/", "Secure", "HttpOnly", "SameSite=Lax"} < said
        assert not [each for each in said if each.lower().startswith("domain")]
        assert len(cookie) < 4096


def test_the_secret_of_a_session_is_in_the_cookie_alone(api: RunningApi) -> None:
    visitor, answer = sign_in(api)
    bodies = [answer.text, *(visitor.get(path).text for path in ("/", "/api/v1/session", "/api/v1/sessions"))]
    assert len(urlsafe_b64decode(visitor.session_secret + "=")) == 32
    for secret in visitor.cookies.values():
        assert not [body for body in bodies if secret in body]


def test_a_sign_in_makes_a_new_session_and_ends_the_one_of_the_browser(api: RunningApi) -> None:
    visitor, _ = sign_in(api)
    before = visitor.session_secret
    assert visitor.post("/api/v1/login", {"name": "Grace", "password": PASSWORD}).status_code == 200
    assert visitor.session_secret != before
    visitor.cookies["__Host-sv"] = before
    assert visitor.get("/api/v1/session").status_code == 401


def test_a_session_is_never_one_that_the_browser_chose(api: RunningApi) -> None:
    api.add_user("Grace")
    visitor = api.visitor()
    visitor.cookies["__Host-sv"] = fixed = "A" * 43
    assert visitor.post("/api/v1/login", {"name": "Grace", "password": PASSWORD}).status_code == 200
    assert visitor.session_secret != fixed


def test_signing_in_takes_these_fields_alone(api: RunningApi) -> None:
    """No hints, no questions, no mail addresses or telephone numbers."""
    schema: dict[str, Any] = api.app.openapi()
    models = schema["components"]["schemas"]
    for name, fields in {
        "SetupBody": {"code", "name", "password"},
        "InvitationBody": {"code", "password"},
        "LoginBody": {"name", "password"},
        "CodeBody": {"code"},
        "CredentialBody": {"credential"},
        "StepUpBody": {"password", "code", "credential"},
        "PasswordChangeBody": {"current", "new"},
        "UserDraftBody": {"name", "role", "cameras"},
    }.items():
        assert set(models[name]["properties"]) == fields
        assert models[name]["additionalProperties"] is False


def test_a_passkey_challenge_has_256_bits_and_comes_once(api: RunningApi) -> None:
    visitor = api.visitor()
    challenges = {
        visitor.post("/api/v1/login/passkey-options").json()["publicKey"]["challenge"] for _ in range(20)
    }
    assert len(challenges) == 20
    assert {len(urlsafe_b64decode(each + "=")) for each in challenges} == {32}


def test_scripts_are_the_same_for_everybody(api: RunningApi) -> None:
    nobody, admin = api.visitor(), api.signed_in("Ada", Role.ADMIN)
    for path, (name, media_type) in PAGE_FILES.items():
        if media_type.startswith("text/javascript"):
            assert nobody.get(path).content == admin.get(path).content == (PAGES / name).read_bytes()


# Transport


def test_only_suites_of_tls_1_3_are_spoken(tmp_path: Path) -> None:
    clock = FakeClock()
    files = LocalAuthority(tmp_path, FakeClock(clock.now_ms())).ensure(["localhost"])
    server = load_server_context(files.cert, files.key)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    cipher = Connection(server, client, "localhost").client.cipher()
    assert cipher is not None
    assert cipher[0] in {
        "TLS_AES_256_GCM_SHA384",
        "TLS_AES_128_GCM_SHA256",
        "TLS_CHACHA20_POLY1305_SHA256",
    }
    assert cipher[2] >= 128
    assert server.minimum_version is ssl.TLSVersion.TLSv1_3
