"""Credentials that are wrong, sent in a wrong way, or sent by a page of another site through somebody's browser."""

import json
from collections.abc import Sequence

import pytest

from fakes.raw_http import RawAnswer, send_raw
from fakes.running_api import ALLOWED_ORIGIN, LEGACY_TOKEN, PASSWORD, RunningApi
from securevision.access.roles import PROGRAM_SCOPES
from securevision.domain.accounts import Purpose, UserChange, UserStatus
from securevision.domain.audit import AuditAction, AuditDraft
from securevision.domain.rights import Role

ENTRY = AuditDraft(AuditAction.USER_CHANGED, "system")
DAY_S = 24 * 60 * 60


def program(api: RunningApi) -> str:
    owner = api.access.users.find("owner") or api.add_user("owner", Role.OPERATOR)
    return api.token(owner, PROGRAM_SCOPES)


def status(api: RunningApi, *lines: str, target: str = "/events") -> int:
    return send_raw(api.host, target, headers=lines).status


# Bearer tokens


@pytest.mark.parametrize(
    "lines",
    [
        ["Authorization: Bearer"],
        ["Authorization: Bearer "],
        ["Authorization: Bearer      "],
        ["Authorization: Bearer \t \t"],
        ["Authorization: Bearer \xa0"],
        ["Authorization: Bearer ''"],
        ["Authorization: bearer  x"],
        ["Authorization:"],
        ["Authorization: "],
        ["Authorization: {token}"],
        ["Authorization: Basic {token}"],
        ["Authorization: Token {token}"],
        ["Authorization: Bearer {token} x"],
        ["Authorization: Bearer\t{token}"],
        ["Authorization: Bearer {token},"],
        ['Authorization: Bearer "{token}"'],
        ["Authorization: Bearer Bearer {token}"],
        ["Authorization: Bearer {token}", "Authorization: Bearer x"],
        ["Authorization: Bearer {token}", "Authorization: Bearer {token}"],
        ["Proxy-Authorization: Bearer {token}"],
        ["X-Api-Key: {token}"],
        ["Cookie: token={token}; session={token}; __Host-sv={token}"],
    ],
)
def test_what_is_not_exactly_one_bearer_token_is_nothing(api: RunningApi, lines: list[str]) -> None:
    for token in (LEGACY_TOKEN, program(api)):
        answer = send_raw(api.host, "/events", headers=[line.format(token=token) for line in lines])
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_token_that_was_cut_or_changed_is_nothing(api: RunningApi) -> None:
    token = program(api)
    changed = token[:20] + ("B" if token[20] == "A" else "A") + token[21:]
    wrong = (
        token[:-1],
        token + "0",
        changed,
        token.upper(),
        token.removeprefix("sv_pat_"),
        LEGACY_TOKEN[:-1],
        LEGACY_TOKEN.upper(),
    )
    for text in wrong:
        # Wrong ones are counted, which is not what this is about.
        api.clock.advance(60)
        assert status(api, f"Authorization: Bearer {text}") == 401
    assert status(api, f"Authorization: Bearer {token}") == 200


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_may_be_written_in_any_case(api: RunningApi, scheme: str) -> None:
    for token in (LEGACY_TOKEN, program(api)):
        assert status(api, f"authorization: {scheme} {token}") == 200


@pytest.mark.parametrize(
    "name", ["token", "access_token", "code", "ticket", "authorization", "api_key", "__Host-sv"]
)
def test_a_secret_in_the_query_counts_for_nothing(api: RunningApi, name: str) -> None:
    visitor = api.signed_in()
    code = api.link_code(Purpose.INVITATION, "1")
    for secret in (LEGACY_TOKEN, program(api), visitor.session_secret, api.ticket(visitor), code):
        for path in ("/events", "/api/v1/events", "/api/v1/session"):
            assert status(api, target=f"{path}?{name}={secret}") == 401
        assert send_raw(api.host, f"/api/v1/login?{name}={secret}", method="POST").status == 403


def test_a_token_works_until_it_expires(api: RunningApi) -> None:
    right = f"Authorization: Bearer {program(api)}"
    api.clock.advance(DAY_S - 1)
    assert status(api, right) == 200
    api.clock.advance(1)
    assert status(api, right) == 401


def test_a_token_works_from_its_network_alone_whatever_a_header_says(api: RunningApi) -> None:
    owner = api.add_user("owner")
    elsewhere = api.token(owner, PROGRAM_SCOPES, network="10.0.0.0/8")
    forwarded = ["X-Forwarded-For: 10.0.0.1", "X-Real-IP: 10.0.0.1", "Forwarded: for=10.0.0.1"]
    assert status(api, f"Authorization: Bearer {elsewhere}") == 401
    assert status(api, f"Authorization: Bearer {elsewhere}", *forwarded) == 401
    here = api.token(owner, PROGRAM_SCOPES, network="127.0.0.0/8")
    assert status(api, f"Authorization: Bearer {here}") == 200


# Session cookies


def test_a_session_cookie_counts_once_and_as_a_cookie_alone(api: RunningApi) -> None:
    visitor = api.signed_in()
    secret = visitor.session_secret
    cookie = f"Cookie: __Host-sv={secret}"
    for lines in (
        [f"{cookie}; __Host-sv={secret}"],
        [f"{cookie}; __Host-sv=x"],
        [f"Cookie: __Host-sv=x; __Host-sv={secret}"],
        [cookie, cookie],
        [f"Cookie: __Host-sv={secret}{'A' * 100}"],
        [f"Cookie: __Host-sv={secret}{'A' * 8000}"],
        [f'Cookie: __Host-sv="{secret}"'],
        [f"Cookie: __host-sv={secret}"],
        [f"Cookie: sv={secret}"],
        [f"Cookie: {secret}"],
        [f"Authorization: Bearer {secret}"],
        ["Authorization: Bearer x", cookie],
        ["Authorization:", cookie],
    ):
        assert send_raw(api.host, "/api/v1/session", headers=lines).status == 401, lines
    right = [cookie, "Cookie: other=1; x"]
    assert send_raw(api.host, "/api/v1/session", headers=right).status == 200


OURS = ("Sec-Fetch-Site: same-origin", "Origin: {origin}", "X-SV-CSRF: 1")
FORGED = {
    "neither": [],
    "no header of ours": OURS[:2],
    "header of ours with another value": [*OURS[:2], "X-SV-CSRF: 0"],
    "header of ours twice": [*OURS, "X-SV-CSRF: 1"],
    "header of ours alone": ["X-SV-CSRF: 1"],
    "cross-site": ["Sec-Fetch-Site: cross-site", *OURS[1:]],
    "same-site": ["Sec-Fetch-Site: same-site", *OURS[1:]],
    "none": ["Sec-Fetch-Site: none", *OURS[1:]],
    "two sites": ["Sec-Fetch-Site: cross-site", *OURS],
    "wrong origin": [OURS[0], "Origin: https://evil.example", OURS[2]],
    "null origin": [OURS[0], "Origin: null", OURS[2]],
    "listed origin": [OURS[0], f"Origin: {ALLOWED_ORIGIN}", OURS[2]],
    "two origins": [*OURS, "Origin: {origin}"],
    "wrong origin and no site": ["Origin: https://evil.example", OURS[2]],
    "listed origin and no site": [f"Origin: {ALLOWED_ORIGIN}", OURS[2]],
}


def sent_by_page(
    api: RunningApi, method: str, path: str, lines: Sequence[str], body: bytes = b""
) -> RawAnswer:
    return send_raw(
        api.host,
        path,
        method=method,
        headers=[
            *(line.format(origin=api.origin) for line in lines),
            f"Content-Length: {len(body)}",
            "Content-Type: application/json",
        ],
        body=body,
    )


@pytest.mark.parametrize("what", FORGED)
def test_a_page_of_another_site_cannot_use_the_cookie(api: RunningApi, what: str) -> None:
    visitor = api.signed_in()
    cookie = f"Cookie: {visitor.cookie_header}"
    for method, path in (("DELETE", "/api/v1/session"), ("POST", "/api/v1/tokens"), ("POST", "/cleanup")):
        assert sent_by_page(api, method, path, [cookie, *FORGED[what]]).status == 403
    assert visitor.get("/api/v1/session").status_code == 200
    assert sent_by_page(api, "DELETE", "/api/v1/session", [cookie, *OURS]).status == 204


@pytest.mark.parametrize("what", FORGED)
def test_a_page_of_another_site_cannot_sign_its_visitor_in(api: RunningApi, what: str) -> None:
    ada = api.add_user()
    right = json.dumps({"name": ada.name, "password": PASSWORD}).encode()
    refused = sent_by_page(api, "POST", "/api/v1/login", FORGED[what], right)
    assert (refused.status, refused.headers["Set-Cookie"]) == (403, None)
    assert api.access.sessions.of_user(ada.id) == []
    allowed = sent_by_page(api, "POST", "/api/v1/login", OURS, right)
    assert allowed.status == 200
    assert "__Host-sv=" in allowed.headers["Set-Cookie"]


def test_a_form_is_no_sign_in(api: RunningApi) -> None:
    """A page of another site can make a browser send a form or plain text, but not JSON."""
    ada, visitor = api.add_user(), api.visitor()
    body = json.dumps({"name": ada.name, "password": PASSWORD}).encode()
    for kind in ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data"):
        lines = [f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
        ours = [line.format(origin=api.origin) for line in OURS]
        for headers, expected in ((lines, 403), ([*lines, *ours], 422)):
            answer = send_raw(api.host, "/api/v1/login", method="POST", headers=headers, body=body)
            assert answer.status == expected
    assert visitor.post("/api/v1/login", json.loads(body)).status_code == 200


def test_unknown_disabled_and_wrong_password_cannot_be_told_apart(api: RunningApi) -> None:
    ada, gone = api.add_user("Ada"), api.add_user("Gone")
    api.access.users.change(gone.id, UserChange(status=UserStatus.DISABLED), ENTRY)
    answers = [
        api.visitor().post("/api/v1/login", {"name": name, "password": password})
        for name, password in ((ada.name, "wrong"), (gone.name, PASSWORD), ("nobody", PASSWORD))
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1
    assert len({tuple(name for name, _ in answer.headers.multi_items()) for answer in answers}) == 1


# Pages that CORS speaks of


def cors(answer: RawAnswer) -> dict[str, str]:
    return {
        name.lower(): value
        for name, value in answer.headers.items()
        if name.lower().startswith("access-control-")
    }


def preflight(api: RunningApi, origin: str, method: str, header: str) -> RawAnswer:
    asked = [
        f"Origin: {origin}",
        f"Access-Control-Request-Method: {method}",
        f"Access-Control-Request-Headers: {header}",
    ]
    return send_raw(api.host, "/api/v1/events", method="OPTIONS", headers=asked)


@pytest.mark.parametrize("origin", ["https://evil.example", "null", ALLOWED_ORIGIN + ".evil.example"])
def test_a_foreign_origin_is_let_in_by_no_preflight(api: RunningApi, origin: str) -> None:
    refused = preflight(api, origin, "GET", "authorization")
    assert refused.status == 400
    assert not {"access-control-allow-origin", "access-control-allow-credentials"} & set(cors(refused))
    right = [f"Origin: {origin}", f"Authorization: Bearer {LEGACY_TOKEN}"]
    assert cors(send_raw(api.host, "/events", headers=right)) == {}


def test_a_listed_origin_is_allowed_exactly_what_programs_need(api: RunningApi) -> None:
    allowed = preflight(api, ALLOWED_ORIGIN, "GET", "authorization")
    assert allowed.status == 200
    said = cors(allowed)
    assert set(said.pop("access-control-allow-headers").split(", ")) == {
        "Authorization",
        "Content-Type",
        # These need no permission anyway.
        "Accept",
        "Accept-Language",
        "Content-Language",
    }
    assert said == {
        "access-control-allow-origin": ALLOWED_ORIGIN,
        "access-control-allow-methods": "GET, POST",
        "access-control-max-age": "600",
    }
    for method, header in (("DELETE", "authorization"), ("PATCH", "authorization"), ("POST", "x-sv-csrf")):
        assert preflight(api, ALLOWED_ORIGIN, method, header).status == 400
    right = [f"Origin: {ALLOWED_ORIGIN}", f"Authorization: Bearer {LEGACY_TOKEN}"]
    assert cors(send_raw(api.host, "/events", headers=right)) == {
        "access-control-allow-origin": ALLOWED_ORIGIN
    }
