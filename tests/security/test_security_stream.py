"""Attacks on the WebSockets: before the handshake completes, and after."""

import time

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from fakes.running_api import ALLOWED_ORIGIN, API_TOKEN, RunningApi
from securevision.api.headers import SECURITY_HEADERS

REVOKED_WITHIN_S = 1.0
PATHS = ("/stream", "/api/v1/stream")


def refusal(api: RunningApi, path: str = "/api/v1/stream", **credentials: str) -> int:
    with (
        pytest.raises(InvalidStatus) as refused,
        api.stream(
            path,
            token=credentials.get("token"),
            ticket=credentials.get("ticket"),
            origin=credentials.get("origin"),
        ),
    ):
        pass
    response = refused.value.response
    for name, value in SECURITY_HEADERS.items():
        assert response.headers[name] == value
    assert API_TOKEN.encode() not in bytes(response.body or b"")
    return response.status_code


def close_code(socket: ClientConnection) -> int | None:
    with pytest.raises(ConnectionClosed) as closed:
        socket.recv(REVOKED_WITHIN_S)
    return closed.value.rcvd.code if closed.value.rcvd else None


def evil_origins(api: RunningApi) -> list[str]:
    return [
        "https://evil.example",
        "null",
        "",
        "file://",
        api.url.replace("http:", "https:"),
        api.url + ".evil.example",
        api.url + "/",
        api.url[:-1],
        api.url.replace("127.0.0.1", "localhost"),
        api.url.upper(),
        "http://evil.example#" + api.host,
        ALLOWED_ORIGIN + ":8443",
    ]


@pytest.mark.parametrize("path", PATHS)
def test_a_page_of_another_origin_is_refused_whatever_it_holds(api: RunningApi, path: str) -> None:
    token = api.page_token()
    for origin in evil_origins(api):
        assert refusal(api, path, origin=origin, token=API_TOKEN) == 403
        assert refusal(api, path, origin=origin, token=token) == 403
        assert refusal(api, path, origin=origin) == 403


def test_an_evil_origin_does_not_use_up_a_ticket(api: RunningApi) -> None:
    ticket = api.ticket(api.page_token())
    assert refusal(api, origin="https://evil.example", ticket=ticket) == 403
    with api.stream(ticket=ticket, origin=api.url):
        pass


@pytest.mark.parametrize("path", PATHS)
def test_our_own_and_a_listed_origin_may(api: RunningApi, path: str) -> None:
    token = api.page_token()
    for origin in (api.url, ALLOWED_ORIGIN):
        with api.stream(path, ticket=api.ticket(token), origin=origin):
            pass
        assert refusal(api, path, origin=origin) == 401


def test_a_proxy_header_does_not_change_what_our_origin_is(api: RunningApi) -> None:
    forged = {
        "Authorization": f"Bearer {API_TOKEN}",
        "Origin": f"https://{api.host}",
        "X-Forwarded-Proto": "https",
        "Forwarded": "proto=https",
    }
    with (
        pytest.raises(InvalidStatus) as refused,
        connect(f"ws://{api.host}/stream", additional_headers=forged),
    ):
        pass
    assert refused.value.response.status_code == 403


def test_two_origins_are_refused(api: RunningApi) -> None:
    headers = [("Authorization", f"Bearer {API_TOKEN}"), ("Origin", api.url), ("Origin", api.url)]
    with (
        pytest.raises(InvalidStatus) as refused,
        connect(f"ws://{api.host}/stream", additional_headers=headers),
    ):
        pass
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize("path", PATHS)
def test_a_ticket_opens_one_stream(api: RunningApi, path: str) -> None:
    ticket = api.ticket(api.page_token())
    with api.stream(path, ticket=ticket, origin=api.url):
        assert refusal(api, path, ticket=ticket, origin=api.url) == 401


def test_a_ticket_works_for_thirty_seconds(api: RunningApi) -> None:
    token = api.page_token()
    in_time, late = api.ticket(token), api.ticket(token)
    api.clock.advance(29)
    with api.stream(ticket=in_time):
        pass
    api.clock.advance(1)
    assert refusal(api, ticket=late) == 401


def test_a_ticket_of_an_ended_session_is_nothing(api: RunningApi) -> None:
    token = api.page_token()
    ticket = api.ticket(token)
    with api.client(token) as page:
        page.delete("/api/v1/session")
    assert refusal(api, ticket=ticket) == 401


def test_other_secrets_are_no_tickets_and_a_wrong_token_is_not_made_up_for(api: RunningApi) -> None:
    token = api.page_token()
    for secret in ("", "x", API_TOKEN, token, api.code):
        assert refusal(api, ticket=secret) == 401
    assert refusal(api, token="wrong", ticket=api.ticket(token)) == 401


@pytest.mark.parametrize("name", ["token", "access_token", "ticket", "code"])
def test_a_secret_in_the_query_opens_nothing(api: RunningApi, name: str) -> None:
    for secret in (API_TOKEN, api.ticket(api.page_token()), api.code):
        assert refusal(api, f"/stream?{name}={secret}") == 401


def test_signing_out_closes_the_sockets_of_the_session_and_no_others(api: RunningApi) -> None:
    token, other = api.page_token(), api.page_token()
    with (
        api.stream(ticket=api.ticket(token)) as socket,
        api.stream("/stream", ticket=api.ticket(token)) as bare,
        api.stream(ticket=api.ticket(other)) as elsewhere,
        api.stream(token=API_TOKEN) as program,
        api.client(token) as page,
    ):
        began = time.monotonic()
        page.delete("/api/v1/session")
        assert close_code(socket) == 4401
        assert close_code(bare) == 4401
        assert time.monotonic() - began < REVOKED_WITHIN_S
        api.add()
        elsewhere.recv(10)
        program.recv(10)


def test_a_socket_ends_when_its_page_token_expires(api: RunningApi) -> None:
    with api.stream(ticket=api.ticket(api.page_token())) as socket, api.stream(token=API_TOKEN) as program:
        api.clock.advance(15 * 60)
        assert close_code(socket) == 4401
        api.add()
        program.recv(10)


def test_nothing_is_sent_after_the_session_has_ended(api: RunningApi) -> None:
    with api.stream(ticket=api.ticket(api.page_token())) as socket:
        api.clock.advance(15 * 60)
        api.add()
        assert close_code(socket) == 4401


def test_renewal_carries_the_sockets_over(api: RunningApi) -> None:
    token = api.page_token()
    with api.stream(ticket=api.ticket(token)) as socket:
        for _ in range(3):
            api.clock.advance(14 * 60)
            with api.client(token) as page:
                token = page.post("/api/v1/session").json()["token"]
        event = api.add()
        assert f'"id":{event.id},' in str(socket.recv(10))
        api.clock.advance(15 * 60)
        assert close_code(socket) == 4401
