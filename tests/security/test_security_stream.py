"""Attacks on the WebSockets: before the handshake completes, and after."""

import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from fakes.running_api import ALLOWED_ORIGIN, CAMERA, LEGACY_TOKEN, OTHER_CAMERA, RunningApi
from fakes.visitor import Visitor
from securevision.access.roles import PROGRAM_SCOPES
from securevision.api.headers import SECURITY_HEADERS
from securevision.domain.accounts import Purpose, User, UserChange, UserStatus
from securevision.domain.audit import AuditAction, AuditDraft
from securevision.domain.rights import Cameras, Role
from securevision.store.database import Database
from securevision.store.users import SqlUserStore

REVOKED_WITHIN_S = 1.0
LIVE = f"/api/v1/cameras/{CAMERA}/live"
PATHS = ("/stream", "/api/v1/stream", LIVE)
MINUTES = 60
OTHER = Cameras(frozenset({OTHER_CAMERA}))
ENTRY = AuditDraft(AuditAction.USER_CHANGED, "cli")

Change = Callable[[SqlUserStore, int], object]
CHANGES: dict[str, Change] = {
    "role": lambda users, user: users.change(user, UserChange(role=Role.OPERATOR), ENTRY),
    "cameras": lambda users, user: users.change(user, UserChange(cameras=OTHER), ENTRY),
    "password": lambda users, user: users.set_password(user, "another hash", ENTRY),
    "disabled": lambda users, user: users.change(user, UserChange(status=UserStatus.DISABLED), ENTRY),
    "deleted": lambda users, user: users.remove(user, ENTRY),
    "reset": lambda users, user: users.reset(user, None, ENTRY, remove_factors=True),
}
"""What ends the sessions of a user."""


@pytest.fixture
def elsewhere(api: RunningApi, tmp_path: Path) -> Iterator[SqlUserStore]:
    """The users as another process changes them: through a connection of its own to the same file."""
    with Database.open(tmp_path / "events.db") as database:
        yield SqlUserStore(database, api.clock, secrets.token_bytes)


def status_of_refusal(api: RunningApi, path: str, headers: list[tuple[str, str]]) -> int:
    with (
        pytest.raises(InvalidStatus) as refused,
        connect(f"ws://{api.host}{path}", additional_headers=headers, open_timeout=10),
    ):
        pass
    return refused.value.response.status_code


def refusal(
    api: RunningApi,
    path: str = "/api/v1/stream",
    *,
    token: str | None = None,
    visitor: Visitor | None = None,
    ticket: str | None = None,
    origin: str | None = None,
) -> int:
    with (
        pytest.raises(InvalidStatus) as refused,
        api.stream(path, token=token, visitor=visitor, ticket=ticket, origin=origin),
    ):
        pass
    response = refused.value.response
    for name, value in SECURITY_HEADERS.items():
        assert response.headers[name] == value
    for secret in (LEGACY_TOKEN, token, ticket):
        assert not secret or secret.encode() not in bytes(response.body or b"")
    return response.status_code


def close_code(socket: ClientConnection) -> int | None:
    with pytest.raises(ConnectionClosed) as closed:
        socket.recv(REVOKED_WITHIN_S)
    return closed.value.rcvd.code if closed.value.rcvd else None


def program(api: RunningApi, owner: User | None = None) -> str:
    return api.token(owner or api.add_user("owner", Role.OPERATOR), PROGRAM_SCOPES)


def evil_origins(api: RunningApi) -> list[str]:
    return [
        "https://evil.example",
        "null",
        "",
        "file://",
        api.url,
        api.origin.replace("http:", "https:"),
        api.origin + ".evil.example",
        api.origin + "/",
        api.origin[:-1],
        api.origin.replace("localhost", "evil.localhost"),
        api.origin.upper(),
        "http://evil.example#" + api.origin.removeprefix("http://"),
        ALLOWED_ORIGIN + ":8443",
    ]


# Before the handshake completes


@pytest.mark.parametrize("path", PATHS)
def test_a_page_of_another_origin_is_refused_whatever_it_holds(api: RunningApi, path: str) -> None:
    visitor, token = api.signed_in(), program(api)
    for origin in evil_origins(api):
        assert refusal(api, path, origin=origin) == 403
        assert refusal(api, path, origin=origin, token=LEGACY_TOKEN) == 403
        assert refusal(api, path, origin=origin, token=token) == 403
        cookie = [("Cookie", visitor.cookie_header), ("Origin", origin)]
        assert status_of_refusal(api, path, cookie) == 403


@pytest.mark.parametrize("path", PATHS)
def test_a_cookie_opens_a_stream_for_our_own_page_alone(api: RunningApi, path: str) -> None:
    visitor = api.signed_in()
    cookie = ("Cookie", visitor.cookie_header)
    assert status_of_refusal(api, path, [cookie]) == 401
    assert status_of_refusal(api, path, [cookie, ("Origin", ALLOWED_ORIGIN)]) == 401
    with api.stream(path, visitor=visitor, origin=api.origin):
        pass


@pytest.mark.parametrize("path", PATHS)
def test_an_empty_or_blank_token_opens_no_stream(api: RunningApi, path: str) -> None:
    for value in ("", "Bearer", "Bearer ", "Bearer \t", "Bearer \xa0", "Basic Og==", f"Token {LEGACY_TOKEN}"):
        assert status_of_refusal(api, path, [("Authorization", value)]) == 401
        # Nor does a cookie that would have been right make up for it.
        cookie = [
            ("Cookie", api.session(api.add_user(f"user {value!r}")).cookie_header),
            ("Origin", api.origin),
        ]
        assert status_of_refusal(api, path, [("Authorization", value), *cookie]) == 401


@pytest.mark.parametrize("path", PATHS)
def test_a_ticket_opens_a_stream_for_our_own_and_for_a_listed_origin(api: RunningApi, path: str) -> None:
    visitor = api.signed_in()
    for origin in (api.origin, ALLOWED_ORIGIN):
        with api.stream(path, ticket=api.ticket(visitor), origin=origin):
            pass
        assert refusal(api, path, origin=origin) == 401


def test_an_evil_origin_does_not_use_up_a_ticket(api: RunningApi) -> None:
    ticket = api.ticket(api.signed_in())
    assert refusal(api, origin="https://evil.example", ticket=ticket) == 403
    with api.stream(ticket=ticket, origin=api.origin):
        pass


def test_a_proxy_header_does_not_change_what_our_origin_is(api: RunningApi) -> None:
    https = api.origin.replace("http:", "https:")
    forged = [
        ("Authorization", f"Bearer {LEGACY_TOKEN}"),
        ("Origin", https),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Host", https.removeprefix("https://")),
        ("Forwarded", "proto=https"),
    ]
    assert status_of_refusal(api, "/stream", forged) == 403


def test_two_origins_are_refused(api: RunningApi) -> None:
    cookie = ("Cookie", api.signed_in().cookie_header)
    for proof in (("Authorization", f"Bearer {LEGACY_TOKEN}"), cookie):
        twice = [proof, ("Origin", api.origin), ("Origin", api.origin)]
        assert status_of_refusal(api, "/stream", twice) == 403


@pytest.mark.parametrize("path", PATHS)
def test_a_ticket_opens_one_stream(api: RunningApi, path: str) -> None:
    with api.client(program(api)) as client:
        of_a_token = client.post("/api/v1/stream-ticket").json()["ticket"]
    for ticket in (api.ticket(api.signed_in()), of_a_token):
        with api.stream(path, ticket=ticket, origin=api.origin):
            assert refusal(api, path, ticket=ticket, origin=api.origin) == 401


def test_a_ticket_works_for_thirty_seconds(api: RunningApi) -> None:
    visitor = api.signed_in()
    in_time, late = api.ticket(visitor), api.ticket(visitor)
    api.clock.advance(29)
    with api.stream(ticket=in_time):
        pass
    api.clock.advance(1)
    assert refusal(api, ticket=late) == 401


def test_a_ticket_of_a_session_that_was_revoked_is_nothing(api: RunningApi) -> None:
    ada = api.add_user()
    here, other = api.session(ada), api.session(ada)
    ticket, of_other = api.ticket(here), api.ticket(other)
    (other_id,) = [
        session["id"] for session in here.get("/api/v1/sessions").json()["sessions"] if not session["current"]
    ]
    assert here.send("DELETE", f"/api/v1/sessions/{other_id}").status_code == 204
    assert refusal(api, ticket=of_other) == 401
    assert here.send("DELETE", "/api/v1/session").status_code == 204
    assert refusal(api, ticket=ticket) == 401


def test_a_ticket_of_a_token_that_was_revoked_is_nothing(api: RunningApi) -> None:
    ada = api.add_user()
    token = program(api, ada)
    with api.client(token) as client:
        ticket = client.post("/api/v1/stream-ticket").json()["ticket"]
    (kept,) = api.access.tokens.all(ada.id)
    assert api.session(ada).send("DELETE", f"/api/v1/tokens/{kept.id}").status_code == 204
    assert refusal(api, ticket=ticket) == 401
    assert refusal(api, token=token) == 401


def test_other_secrets_are_no_tickets_and_a_wrong_token_is_not_made_up_for(api: RunningApi) -> None:
    visitor, token = api.signed_in(), program(api)
    invitation = api.link_code(Purpose.INVITATION, "1")
    for secret in ("", "x", LEGACY_TOKEN, token, visitor.session_secret, invitation):
        # Wrong ones are counted, which is not what this is about.
        api.clock.advance(MINUTES)
        assert refusal(api, ticket=secret) == 401
    api.clock.advance(MINUTES)
    assert refusal(api, token="wrong", ticket=api.ticket(visitor)) == 401
    api.clock.advance(MINUTES)
    assert refusal(api, token="wrong", visitor=visitor) == 401


def test_two_tickets_are_none(api: RunningApi) -> None:
    visitor = api.signed_in()
    both = f"securevision.v1, ticket.{api.ticket(visitor)}, ticket.{api.ticket(visitor)}"
    assert status_of_refusal(api, "/api/v1/stream", [("Sec-WebSocket-Protocol", both)]) == 401


@pytest.mark.parametrize("name", ["token", "access_token", "ticket", "code", "__Host-sv"])
def test_a_secret_in_the_query_opens_nothing(api: RunningApi, name: str) -> None:
    visitor = api.signed_in()
    for secret in (LEGACY_TOKEN, program(api), api.ticket(visitor), visitor.session_secret):
        assert refusal(api, f"/stream?{name}={secret}") == 401


# After


def test_signing_out_closes_the_sockets_of_the_session_and_no_others(api: RunningApi) -> None:
    ada = api.add_user()
    visitor, other = api.session(ada), api.session(ada)
    with (
        api.stream(visitor=visitor) as socket,
        api.stream("/stream", ticket=api.ticket(visitor)) as bare,
        api.stream(visitor=other) as elsewhere,
        api.stream("/stream", token=LEGACY_TOKEN) as legacy,
    ):
        began = time.monotonic()
        visitor.send("DELETE", "/api/v1/session")
        assert close_code(socket) == 4401
        assert close_code(bare) == 4401
        assert time.monotonic() - began < REVOKED_WITHIN_S
        api.add()
        elsewhere.recv(10)
        legacy.recv(10)


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_the_user_by_another_process_ends_session_and_socket(
    api: RunningApi, elsewhere: SqlUserStore, change: str
) -> None:
    ada = api.add_user()
    visitor, unharmed = api.session(ada), api.signed_in("Grace")
    with api.stream(visitor=visitor) as socket, api.stream(visitor=unharmed) as still_open:
        assert visitor.get("/api/v1/session").status_code == 200
        CHANGES[change](elsewhere, ada.id)
        changed = time.monotonic()
        assert close_code(socket) == 4401
        assert time.monotonic() - changed < REVOKED_WITHIN_S
        assert visitor.get("/api/v1/session").status_code == 401
        assert visitor.get("/api/v1/events").status_code == 401
        assert unharmed.get("/api/v1/session").status_code == 200
        api.add()
        still_open.recv(10)
    assert refusal(api, "/stream", visitor=visitor) == 401


@pytest.mark.parametrize("change", ["disabled", "deleted", "reset"])
def test_a_token_of_somebody_disabled_deleted_or_reset_is_nothing(
    api: RunningApi, elsewhere: SqlUserStore, change: str
) -> None:
    owner = api.add_user()
    token = program(api, owner)
    with api.client(token) as client, api.stream(token=token) as socket:
        assert client.get("/api/v1/events").status_code == 200
        CHANGES[change](elsewhere, owner.id)
        assert close_code(socket) == 4401
        assert client.get("/api/v1/events").status_code == 401
    assert refusal(api, token=token) == 401


@pytest.mark.parametrize("change", ["disabled", "deleted"])
def test_a_display_goes_dark_with_its_owner(api: RunningApi, elsewhere: SqlUserStore, change: str) -> None:
    api.add_user("boss", Role.ADMIN)
    owner = api.add_user("owner", Role.ADMIN)
    screen = api.display(owner=owner)
    with api.stream(visitor=screen) as socket:
        assert screen.get("/api/v1/health").status_code == 200
        CHANGES[change](elsewhere, owner.id)
        assert close_code(socket) == 4401
        assert screen.get("/api/v1/health").status_code == 401


def test_a_program_whose_owner_may_watch_no_more_is_closed(api: RunningApi, elsewhere: SqlUserStore) -> None:
    owner = api.add_user("owner", Role.VIEWER)
    with api.stream(token=program(api, owner)) as socket:
        elsewhere.change(owner.id, UserChange(role=Role.AUDITOR), ENTRY)
        assert close_code(socket) == 4403


def test_a_camera_that_was_taken_away_is_seen_no_more(api: RunningApi, elsewhere: SqlUserStore) -> None:
    owner = api.add_user()
    token, screen = program(api, owner), api.display(owner=owner)
    event = api.add(camera=CAMERA)
    with (
        api.client(token) as client,
        api.stream(token=token) as socket,
        api.stream(visitor=screen) as on_the_wall,
    ):
        assert client.get(f"/api/v1/events/{event.id}").status_code == 200
        elsewhere.change(owner.id, UserChange(cameras=OTHER), ENTRY)
        began = time.monotonic()
        while client.get(f"/api/v1/events/{event.id}").status_code != 404:
            assert time.monotonic() - began < REVOKED_WITHIN_S
        api.revise(event, event.payload)
        api.add(camera=CAMERA)
        allowed = api.add(camera=OTHER_CAMERA)
        for stream in (socket, on_the_wall):
            assert f'"id":{allowed.id},' in str(stream.recv(10))


def test_a_socket_ends_when_its_session_was_not_used_for_half_an_hour(api: RunningApi) -> None:
    with (
        api.stream(ticket=api.ticket(api.signed_in())) as socket,
        api.stream("/stream", token=LEGACY_TOKEN) as legacy,
    ):
        api.clock.advance(30 * MINUTES)
        assert close_code(socket) == 4401
        api.add()
        legacy.recv(10)


def test_a_socket_ends_when_its_token_expires(api: RunningApi) -> None:
    token = program(api)
    with api.stream(token=token) as socket, api.client(token) as client:
        api.clock.advance(24 * 60 * MINUTES)
        assert close_code(socket) == 4401
        assert client.get("/api/v1/events").status_code == 401


def test_nothing_is_sent_after_the_session_has_ended(api: RunningApi) -> None:
    with api.stream(visitor=api.signed_in()) as socket:
        api.clock.advance(30 * MINUTES)
        api.add()
        assert close_code(socket) == 4401


def test_an_open_stream_keeps_a_session_for_no_longer_than_twelve_hours(api: RunningApi) -> None:
    with api.stream(visitor=api.signed_in()) as socket:
        for _ in range(24):
            api.clock.advance(29 * MINUTES)
            event = api.add()
            assert f'"id":{event.id},' in str(socket.recv(10))
        api.clock.advance(24 * MINUTES)
        assert close_code(socket) == 4401
