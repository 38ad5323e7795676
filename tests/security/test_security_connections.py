"""Connections that do nothing: they keep out nobody but those who hold them."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest

from fakes.running_api import LEGACY_TOKEN, RunningApi, running_api
from securevision.api import connections
from securevision.api.client_address import ClientAddress
from securevision.api.connections import MAX_CONNECTIONS, MAX_OF_A_NETWORK
from securevision.api.routes.recordings import MAX_DOWNLOADS_OF_ONE

HERE, ELSEWHERE = "127.0.0.1", "127.0.0.2"
REQUEST = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def connect(api: RunningApi, address: str) -> socket.socket:
    host, _, port = api.host.partition(":")
    return socket.create_connection((host, int(port)), timeout=10, source_address=(address, 0))


def answer(connection: socket.socket) -> bytes:
    """Return the status line, b"" when the server has closed the connection."""
    try:
        connection.sendall(REQUEST)
        return connection.makefile("rb").readline()
    except ConnectionError:
        return b""


@pytest.fixture
def hurried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningApi]:
    """A server that waits for a first request for a moment only."""
    monkeypatch.setattr(connections, "FIRST_REQUEST_WITHIN_S", 0.05)
    with running_api(tmp_path) as running:
        yield running


def test_connections_of_one_network_keep_nobody_else_out(api: RunningApi) -> None:
    with ExitStack() as held:
        idle = [held.enter_context(connect(api, ELSEWHERE)) for _ in range(MAX_CONNECTIONS + 10)]
        with connect(api, HERE) as other:
            assert b"200" in answer(other)
        assert [answer(connection) for connection in idle[MAX_OF_A_NETWORK:]] == [b""] * (
            MAX_CONNECTIONS + 10 - MAX_OF_A_NETWORK
        )
        assert b"200" in answer(idle[0])


def test_a_proxy_may_have_as_many_as_its_clients_need(tmp_path: Path) -> None:
    proxy = ClientAddress([ip_network(ELSEWHERE)])
    with (
        running_api(tmp_path, adapt=lambda services: replace(services, client_address=proxy)) as api,
        ExitStack() as held,
    ):
        last = [held.enter_context(connect(api, ELSEWHERE)) for _ in range(MAX_OF_A_NETWORK + 10)][-1]
        assert b"200" in answer(last)


def test_a_connection_that_says_nothing_is_ended_and_a_stream_is_not(hurried: RunningApi) -> None:
    with hurried.stream("/stream", token=LEGACY_TOKEN) as stream, connect(hurried, HERE) as silent:
        with connect(hurried, HERE) as half:
            half.sendall(REQUEST[:20])
            for connection in (silent, half):
                with suppress(ConnectionResetError):
                    assert connection.recv(1) == b""
        stream.send("still there?")
        assert "still there?" in str(stream.recv(10))


@pytest.fixture
def impatient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningApi]:
    """A server that waits for a moment only until its client takes something."""
    monkeypatch.setattr(connections, "TAKEN_WITHIN_S", 0.2)
    with running_api(tmp_path) as running:
        yield running


def test_a_connection_whose_client_takes_nothing_is_cut(impatient: RunningApi) -> None:
    recording, visitor = impatient.record(video=bytes(1 << 25)), impatient.signed_in()
    path = f"/api/v1/recordings/{recording.id}/video"
    request = f"GET {path} HTTP/1.1\r\nHost: x\r\nCookie: {visitor.cookie_header}\r\n\r\n".encode()
    with ExitStack() as held:
        for _ in range(MAX_DOWNLOADS_OF_ONE):
            stuck = held.enter_context(connect(impatient, HERE))
            stuck.sendall(request)
            assert stuck.recv(12) == b"HTTP/1.1 200"
        # Whoever holds them all and takes nothing soon holds none.
        assert any(visitor.get(path).status_code == 200 for _ in range(1000))
