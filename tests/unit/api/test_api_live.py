import json
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection

from fakes.running_api import API_TOKEN, FACE, STRANGER, RunningApi, running_api
from securevision.api.live import MAX_WAITING, MESSAGES_PER_SECOND
from securevision.api.routes.stream import MAX_SOCKETS

Json = Any
PATIENCE = 10


def receive(socket: ClientConnection) -> Json:
    return json.loads(socket.recv(PATIENCE))


def read_to_the_end(socket: ClientConnection) -> tuple[int, int | None]:
    """Return how many messages were left, and the code that the server closed with, if it got through."""
    count = 0
    while True:
        try:
            socket.recv(PATIENCE)
        except ConnectionClosed as ended:
            return count, ended.rcvd.code if ended.rcvd else None
        count += 1


def test_a_program_gets_each_event_as_it_is_stored(api: RunningApi) -> None:
    with api.stream(token=API_TOKEN) as socket, api.program() as client:
        event = api.add()
        assert receive(socket) == client.get(f"/api/v1/events/{event.id}").json()
        assert socket.subprotocol is None


def test_a_revised_event_is_sent_again_with_its_version(api: RunningApi) -> None:
    with api.stream(token=API_TOKEN) as socket:
        event = api.add(STRANGER)
        api.revise(event, FACE)
        first, second = receive(socket), receive(socket)
    assert (first["id"], first["version"], first["payload"]["person_name"]) == (event.id, 1, None)
    assert (second["id"], second["version"], second["payload"]["person_name"]) == (event.id, 2, "Resident")


def test_the_stream_of_0_1_sends_each_event_once_and_without_a_version(api: RunningApi) -> None:
    with api.stream("/stream", token=API_TOKEN) as socket:
        first = api.add(STRANGER)
        api.revise(first, FACE)
        second = api.add()
        received = [receive(socket), receive(socket)]
    assert [event["id"] for event in received] == [first.id, second.id]
    assert "version" not in received[0]


def test_the_page_opens_the_stream_with_a_ticket(api: RunningApi) -> None:
    ticket = api.ticket(api.page_token())
    with api.stream(ticket=ticket, origin=api.url) as socket:
        assert socket.subprotocol == "securevision.v1"
        event = api.add()
        assert receive(socket)["id"] == event.id


@pytest.mark.parametrize("path", ["/stream", "/api/v1/stream"])
def test_any_text_is_answered_with_a_pong(api: RunningApi, path: str) -> None:
    with api.stream(path, token=API_TOKEN) as socket:
        socket.send("ping")
        assert receive(socket) == {"type": "pong", "data": "ping"}


def test_bytes_are_refused(api: RunningApi) -> None:
    with api.stream(token=API_TOKEN) as socket:
        socket.send(b"ping")
        assert read_to_the_end(socket) == (0, 1003)


def test_a_message_has_at_most_64_kib(api: RunningApi) -> None:
    with api.stream(token=API_TOKEN) as socket:
        socket.send("x" * 65_536)
        assert len(receive(socket)["data"]) == 65_536
        socket.send("x" * 65_537)
        assert read_to_the_end(socket) == (0, 1009)


def test_a_client_that_talks_too_much_is_closed(api: RunningApi) -> None:
    with api.stream(token=API_TOKEN) as socket:
        for _ in range(MESSAGES_PER_SECOND):
            socket.send("ping")
            receive(socket)
        api.clock.advance(0.1)
        socket.send("ping")
        receive(socket)
        socket.send("ping")
        assert read_to_the_end(socket) == (0, 4429)


def test_a_client_that_does_not_read_is_closed_and_others_never_notice(api: RunningApi) -> None:
    large = replace(api.add(), payload=replace(FACE, person_name="x" * 4096))
    published = MAX_WAITING + 2000  # What the kernel holds for a client comes on top of what the server does.
    with api.stream(token=API_TOKEN, reads=False) as slow, api.stream(token=API_TOKEN) as fast:
        for version in range(1, published + 1):
            api.feed.publish(replace(large, version=version))
            assert receive(fast)["version"] == version
        read, code = read_to_the_end(slow)
        assert read < published
        assert code in (1013, None)  # None when this test was too late for the goodbye.
        again = api.add()
        assert receive(fast)["id"] == again.id


def test_there_are_only_so_many_streams(api: RunningApi) -> None:
    with ExitStack() as opened:
        for _ in range(MAX_SOCKETS):
            opened.enter_context(api.stream(token=API_TOKEN))
        with pytest.raises(InvalidStatus) as refused, api.stream(token=API_TOKEN):
            pass
        assert refused.value.response.status_code == 503


def test_a_stream_ends_with_the_server(tmp_path: Path) -> None:
    with ExitStack() as opened:
        with running_api(tmp_path) as api:
            socket = opened.enter_context(api.stream(token=API_TOKEN))
        assert read_to_the_end(socket) == (0, 1012)
