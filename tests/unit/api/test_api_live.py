"""What comes over the WebSockets, to whom, and why they close."""

import json
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection

from fakes.running_api import (
    CAMERA,
    DOWN,
    FACE,
    LEGACY_TOKEN,
    OTHER_CAMERA,
    STRANGER,
    RunningApi,
    running_api,
)
from fakes.visitor import Json
from securevision.access.lifetimes import IDLE_MS
from securevision.access.roles import PROGRAM_SCOPES
from securevision.api.live import MAX_WAITING
from securevision.api.routes.stream import MAX_OF_ONE, MAX_SOCKETS
from securevision.api.services import ApiServices
from securevision.api.sockets import MESSAGES_PER_SECOND
from securevision.domain.ports.accounts import EpochWatch
from securevision.domain.rights import ALL_CAMERAS, Cameras, Permission, Role
from securevision.errors import Unavailable

PATIENCE = 10
OTHER = Cameras(frozenset({OTHER_CAMERA}))


class LosableEpoch:
    """An EpochWatch that cannot look any more once it is lost."""

    def __init__(self, watch: EpochWatch) -> None:
        self._watch = watch
        self.lost = False

    def current(self) -> int:
        self._fail()
        return self._watch.current()

    def look(self) -> None:
        self._fail()
        self._watch.look()

    def _fail(self) -> None:
        if self.lost:
            raise Unavailable("The database cannot be read.")


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


@pytest.fixture
def token(api: RunningApi) -> str:
    """Of a program that may read everything."""
    return api.token(api.add_user("Owner"), PROGRAM_SCOPES)


def test_a_program_gets_each_event_as_it_is_stored(api: RunningApi, token: str) -> None:
    with api.stream(token=token) as socket, api.client(token) as client:
        event = api.add()
        assert receive(socket) == client.get(f"/api/v1/events/{event.id}").json()
        assert socket.subprotocol is None


def test_a_revised_event_is_sent_again_with_its_version(api: RunningApi, token: str) -> None:
    with api.stream(token=token) as socket:
        event = api.add(STRANGER)
        api.revise(event, FACE)
        first, second = receive(socket), receive(socket)
    assert (first["id"], first["version"], first["payload"]["person_name"]) == (event.id, 1, None)
    assert (second["id"], second["version"], second["payload"]["person_name"]) == (event.id, 2, "Resident")


def test_how_a_camera_is_comes_too(api: RunningApi, token: str) -> None:
    with api.stream(token=token) as socket:
        event = api.add(DOWN)
        received = receive(socket)
    assert (received["id"], received["type"], received["payload"]["state"]) == (
        event.id,
        "camera_down",
        "down",
    )


def test_the_stream_of_0_1_sends_each_sighting_once_and_without_a_version(
    api: RunningApi, caplog: pytest.LogCaptureFixture
) -> None:
    with api.stream("/stream", token=LEGACY_TOKEN) as socket:
        first = api.add(STRANGER)
        api.revise(first, FACE)
        api.add(DOWN)
        second = api.add()
        received = [receive(socket), receive(socket)]
    assert [event["id"] for event in received] == [first.id, second.id]
    assert "version" not in received[0]
    # That it leaves the others out is no accident on the way.
    assert [record for record in caplog.records if record.name == "asyncio"] == []


def test_our_page_opens_the_stream_with_its_cookie(api: RunningApi) -> None:
    with api.stream(visitor=api.signed_in()) as socket:
        event = api.add()
        assert receive(socket)["id"] == event.id


def test_a_ticket_opens_the_stream_without_a_cookie(api: RunningApi) -> None:
    with api.stream(ticket=api.ticket(api.signed_in())) as socket:
        assert socket.subprotocol == "securevision.v1"
        event = api.add()
        assert receive(socket)["id"] == event.id


@pytest.mark.parametrize("path", ["/stream", "/api/v1/stream"])
def test_events_come_of_the_cameras_that_one_may_see_and_of_no_others(api: RunningApi, path: str) -> None:
    owner = api.add_user("Owner")
    with (
        api.stream(path, visitor=api.signed_in("Ada", Role.VIEWER, OTHER)) as person,
        api.stream(path, token=api.token(owner, PROGRAM_SCOPES, OTHER)) as program,
        api.stream(path, visitor=api.display(OTHER)) as display,
    ):
        api.add(camera=CAMERA)
        seen = api.add(camera=OTHER_CAMERA)
        for socket in (person, program, display):
            assert receive(socket)["id"] == seen.id


@pytest.mark.parametrize("path", ["/stream", "/api/v1/stream"])
def test_any_text_is_answered_with_a_pong(api: RunningApi, token: str, path: str) -> None:
    with api.stream(path, token=token) as socket:
        socket.send("ping")
        assert receive(socket) == {"type": "pong", "data": "ping"}


def test_bytes_are_refused(api: RunningApi, token: str) -> None:
    with api.stream(token=token) as socket:
        socket.send(b"ping")
        assert read_to_the_end(socket) == (0, 1003)


def test_a_message_has_at_most_64_kib(api: RunningApi, token: str) -> None:
    with api.stream(token=token) as socket:
        socket.send("x" * 65_536)
        assert len(receive(socket)["data"]) == 65_536
        socket.send("x" * 65_537)
        assert read_to_the_end(socket) == (0, 1009)


def test_a_client_that_talks_too_much_is_closed(api: RunningApi, token: str) -> None:
    with api.stream(token=token) as socket:
        for _ in range(MESSAGES_PER_SECOND):
            socket.send("ping")
            receive(socket)
        api.clock.advance(0.1)
        socket.send("ping")
        receive(socket)
        socket.send("ping")
        assert read_to_the_end(socket) == (0, 4429)


def test_a_client_that_does_not_read_is_closed_and_others_never_notice(api: RunningApi, token: str) -> None:
    large = replace(api.add(), payload=replace(FACE, person_name="x" * 4096))
    published = MAX_WAITING + 2000  # What the kernel holds for a client comes on top of what the server does.
    with api.stream(token=token, reads=False) as slow, api.stream(token=token) as fast:
        for version in range(1, published + 1):
            api.feed.publish(replace(large, version=version))
            assert receive(fast)["version"] == version
        read, code = read_to_the_end(slow)
        assert read < published
        assert code in (1013, None)  # None when this test was too late for the goodbye.
        again = api.add()
        assert receive(fast)["id"] == again.id


def is_refused(api: RunningApi, token: str) -> bool:
    with pytest.raises(InvalidStatus) as refused, api.stream(token=token):
        pass
    return refused.value.response.status_code == 503


def test_there_are_only_so_many_streams_and_nobody_takes_them_all(api: RunningApi) -> None:
    owner = api.add_user("Nina", Role.ADMIN)
    with ExitStack() as opened:
        tokens = [api.token(owner, PROGRAM_SCOPES) for _ in range(MAX_SOCKETS // MAX_OF_ONE + 1)]
        for token in tokens[:-1]:
            for _ in range(MAX_OF_ONE - 1):
                opened.enter_context(api.stream(token=token))
            with api.stream(token=token):
                assert is_refused(api, token)
            opened.enter_context(api.stream(token=token))
        assert is_refused(api, tokens[-1])


def test_a_stream_ends_with_the_server(tmp_path: Path) -> None:
    with ExitStack() as opened:
        with running_api(tmp_path) as api:
            socket = opened.enter_context(api.stream("/stream", token=LEGACY_TOKEN))
        assert read_to_the_end(socket) == (0, 1012)


def test_signing_out_closes_the_streams_of_the_session_and_no_others(api: RunningApi) -> None:
    user = api.add_user()
    here, elsewhere = api.session(user), api.session(user)
    with (
        api.stream(visitor=here) as by_cookie,
        api.stream(ticket=api.ticket(here)) as by_ticket,
        api.stream(visitor=elsewhere) as other,
    ):
        assert here.send("DELETE", "/api/v1/session").status_code == 204
        event = api.add()
        assert read_to_the_end(by_cookie) == (0, 4401)
        assert read_to_the_end(by_ticket) == (0, 4401)
        assert receive(other)["id"] == event.id


def test_a_session_that_is_revoked_elsewhere_closes_its_stream(api: RunningApi) -> None:
    user = api.add_user()
    here, elsewhere = api.session(user), api.session(user)
    sessions = here.get("/api/v1/sessions").json()["sessions"]
    [other] = [session["id"] for session in sessions if not session["current"]]
    with api.stream(visitor=elsewhere) as socket:
        assert here.send("DELETE", f"/api/v1/sessions/{other}").status_code == 204
        api.add()
        assert read_to_the_end(socket) == (0, 4401)


def test_a_session_whose_time_is_over_closes_its_stream(api: RunningApi, token: str) -> None:
    with api.stream(visitor=api.signed_in()) as person, api.stream(token=token) as program:
        api.clock.advance(12 * 60 * 60)
        event = api.add()
        assert read_to_the_end(person) == (0, 4401)
        assert receive(program)["id"] == event.id


def test_an_open_stream_is_a_use_of_the_session(api: RunningApi) -> None:
    visitor = api.signed_in()
    with api.stream(visitor=visitor) as socket:
        for _ in range(3):
            api.clock.advance(IDLE_MS / 1000 - 1)
            event = api.add()
            assert receive(socket)["id"] == event.id


def test_a_token_that_is_revoked_closes_its_stream(api: RunningApi) -> None:
    owner = api.add_user("Owner")
    token, page = api.token(owner, PROGRAM_SCOPES), api.session(owner)
    [token_id] = [each["id"] for each in page.get("/api/v1/tokens").json()["tokens"]]
    with api.stream(token=token) as socket:
        assert page.send("DELETE", f"/api/v1/tokens/{token_id}").status_code == 204
        api.add()
        assert read_to_the_end(socket) == (0, 4401)


def test_a_program_whose_owner_may_not_read_any_more_is_closed_as_forbidden(api: RunningApi) -> None:
    admin, owner = api.signed_in("Admin", Role.ADMIN), api.add_user("Owner")
    with api.stream(token=api.token(owner, {Permission.STREAM_READ})) as socket:
        answer = admin.send("PATCH", f"/api/v1/users/{owner.id}", {"role": "auditor"})
        assert answer.status_code == 200, answer.text
        api.add()
        assert read_to_the_end(socket) == (0, 4403)


def test_a_camera_that_is_taken_away_is_heard_no_more_on_an_open_stream(api: RunningApi) -> None:
    admin, owner = api.signed_in("Admin", Role.ADMIN), api.add_user("Owner", Role.VIEWER, ALL_CAMERAS)
    with api.stream(token=api.token(owner, PROGRAM_SCOPES)) as socket:
        before = api.add(camera=CAMERA)
        assert receive(socket)["id"] == before.id
        answer = admin.send("PATCH", f"/api/v1/users/{owner.id}", {"cameras": [OTHER_CAMERA]})
        assert answer.status_code == 200, answer.text
        api.add(camera=CAMERA)
        after = api.add(camera=OTHER_CAMERA)
        assert receive(socket)["id"] == after.id


def test_a_stream_is_closed_when_nobody_can_tell_who_may_read_it(tmp_path: Path) -> None:
    epochs: list[LosableEpoch] = []

    def adapt(services: ApiServices) -> ApiServices:
        epochs.append(LosableEpoch(services.access.epoch))
        return replace(services, access=replace(services.access, epoch=epochs[0]))

    with running_api(tmp_path, adapt=adapt) as api, api.stream(visitor=api.signed_in()) as socket:
        epochs[0].lost = True
        api.add()
        assert read_to_the_end(socket) == (0, 1012)
