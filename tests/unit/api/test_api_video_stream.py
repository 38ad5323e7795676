"""Live video over a WebSocket, and single pictures: to whom, in which form, and why it ends."""

import json
import struct
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from threading import Barrier, Event

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection

from fakes.running_api import (
    CAMERA,
    OTHER_CAMERA,
    WHOLE_FRAME,
    RunningApi,
    running_api,
)
from fakes.visitor import Json, Visitor
from fakes.watching import MIME, report
from securevision.access.roles import PROGRAM_SCOPES
from securevision.api import video_stream
from securevision.api.routes.live import MAX_STILLS_OF_ONE, MAX_VIEWS_OF_ONE
from securevision.api.services import ApiServices
from securevision.api.sockets import MESSAGES_PER_SECOND
from securevision.domain.accounts import UserChange
from securevision.domain.audit import AuditAction, AuditDraft
from securevision.domain.live import LiveBox, LiveBoxes
from securevision.domain.observations import Kind
from securevision.domain.rights import Cameras, Permission, Role
from securevision.errors import Unavailable

PATIENCE = 10
LIVE = f"/api/v1/cameras/{CAMERA}/live"
OTHER = Cameras(frozenset({OTHER_CAMERA}))
ENTRY = AuditDraft(AuditAction.USER_CHANGED, "cli")
START = {"type": "start", "mime": MIME}


@pytest.fixture
def token(api: RunningApi) -> str:
    """Of a program that may see everything."""
    return api.token(api.add_user("Owner"), PROGRAM_SCOPES)


def text(socket: ClientConnection) -> Json:
    received = socket.recv(PATIENCE)
    assert isinstance(received, str)
    return json.loads(received)


def data(socket: ClientConnection) -> bytes:
    received = socket.recv(PATIENCE)
    assert isinstance(received, bytes)
    return received


def picture(ts_ms: int, flags: int, fragment: bytes) -> bytes:
    return struct.pack(">QB", ts_ms, flags) + fragment


def begin(api: RunningApi, socket: ClientConnection) -> None:
    """Send a first picture, and read it."""
    api.watching.start(CAMERA)
    api.watching.show(CAMERA, 0, b"key")
    assert (text(socket), data(socket), data(socket)) == (START, b"init", picture(0, 1, b"key"))


def close_code(socket: ClientConnection) -> int | None:
    """Return what the socket was closed with, None when it was cut."""
    while True:
        try:
            socket.recv(PATIENCE)
        except ConnectionClosed as ended:
            return ended.rcvd.code if ended.rcvd else None


def refusal(api: RunningApi, path: str, *, token: str | None = None, visitor: Visitor | None = None) -> int:
    with pytest.raises(InvalidStatus) as refused, api.stream(path, token=token, visitor=visitor):
        pass
    return refused.value.response.status_code


# What is sent


def test_a_video_begins_with_what_a_player_needs_and_goes_on_picture_by_picture(
    api: RunningApi, token: str
) -> None:
    with api.stream(LIVE, token=token) as socket:
        assert api.watching.sending == {CAMERA}
        api.watching.start(CAMERA, b"init")
        api.watching.show(CAMERA, 1_700_000_000_000, b"first")
        api.watching.show(CAMERA, 1_700_000_000_040, b"second", keyframe=False)
        assert (text(socket), data(socket)) == (START, b"init")
        assert data(socket) == picture(1_700_000_000_000, 1, b"first")
        assert data(socket) == picture(1_700_000_000_040, 0, b"second")
        api.watching.start(CAMERA, b"of another format")
        assert (text(socket), data(socket)) == (START, b"of another format")
    assert api.watching.stopped.wait(PATIENCE)
    assert api.watching.sending == set()


def test_a_second_viewer_sees_something_at_once(api: RunningApi, token: str) -> None:
    with api.stream(LIVE, token=token) as first:
        api.watching.start(CAMERA)
        api.watching.show(CAMERA, 1, b"key")
        api.watching.show(CAMERA, 2, b"next", keyframe=False)
        with api.stream(LIVE, visitor=api.signed_in()) as second:
            for socket in (first, second):
                assert (text(socket), data(socket)) == (START, b"init")
                assert [data(socket), data(socket)] == [picture(1, 1, b"key"), picture(2, 0, b"next")]


def test_a_camera_that_is_disabled_sends_nothing_until_it_is_enabled(api: RunningApi, token: str) -> None:
    api.watching.told.clear()
    with api.stream(LIVE, token=token) as socket:
        socket.send("there?")
        assert text(socket) == {"type": "pong", "data": "there?"}
        api.watching.start(CAMERA)
        assert text(socket) == START


def followed(api: RunningApi, ts_ms: int, *boxes: LiveBox) -> None:
    api.watching.live.show(CAMERA, LiveBoxes(ts_ms, boxes))


def test_what_is_followed_comes_with_boxes_and_names(api: RunningApi, token: str) -> None:
    with api.stream(LIVE, token=token) as socket:
        begin(api, socket)
        followed(
            api,
            1,
            LiveBox(Kind.FACE, "Resident", (0.25, 0.5, 0.375, 0.75)),
            LiveBox(Kind.FACE, "", (0.0, 0.0, 1.0, 1.0)),
            LiveBox(Kind.PLATE, "SV26DEM", (0.5, 0.5, 0.625, 0.5625)),
        )
        followed(api, 2)
        assert text(socket) == {
            "type": "boxes",
            "ts_ms": 1,
            "items": [
                {"kind": "face", "name": "Resident", "box": [0.25, 0.5, 0.375, 0.75]},
                {"kind": "face", "name": None, "box": [0.0, 0.0, 1.0, 1.0]},
                {"kind": "plate", "name": "SV26DEM", "box": [0.5, 0.5, 0.625, 0.5625]},
            ],
        }
        assert text(socket) == {"type": "boxes", "ts_ms": 2, "items": []}


def test_names_are_for_whoever_may_follow_events(api: RunningApi) -> None:
    owner = api.add_user("Owner")
    with api.stream(LIVE, token=api.token(owner, {Permission.LIVE_VIEW})) as socket:
        begin(api, socket)
        followed(api, 1, LiveBox(Kind.FACE, "Resident", (0.0, 0.0, 1.0, 1.0)))
        api.watching.show(CAMERA, 2, b"next")
        assert data(socket) == picture(2, 1, b"next")


# Slow viewers


def test_a_slow_viewer_misses_pictures_and_nobody_else_does(api: RunningApi, token: str) -> None:
    large = bytes(1 << 19)
    with api.stream(LIVE, token=token, reads=False) as slow, api.stream(LIVE, token=token) as fast:
        api.watching.start(CAMERA)
        assert (text(fast), data(fast)) == (START, b"init")
        for number in range(40):
            api.watching.show(CAMERA, number, large, keyframe=number % 10 == 0)
            assert data(fast)[:9] == picture(number, int(number % 10 == 0), b"")
        api.watching.show(CAMERA, 1000, b"last")
        assert (text(slow), data(slow)) == (START, b"init")
        came: list[tuple[int, int]] = []
        while not came or came[-1][0] != 1000:
            came.append(struct.unpack(">QB", data(slow)[:9]))
    assert len(came) < 40
    gaps = [(before, after) for before, after in pairwise(came) if after[0] != before[0] + 1]
    assert gaps
    assert all(after[1] == 1 for _, after in gaps)


def test_a_viewer_that_takes_nothing_is_cut_off(
    api: RunningApi, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video_stream, "TAKEN_WITHIN_S", 0.2)
    with api.stream(LIVE, token=token, reads=False) as socket:
        api.watching.start(CAMERA)
        number = 0
        while not api.watching.stopped.wait(0.01):  # until all is full that lies between
            assert number < 1000
            api.watching.show(CAMERA, number, bytes(1 << 20))
            number += 1
        assert close_code(socket) in (1013, None)  # None when the closing message did not get through either.


# Who may see it


def test_a_camera_that_one_may_not_see_is_not_there(api: RunningApi) -> None:
    ada = api.signed_in("Ada", Role.VIEWER, OTHER)
    for path in (LIVE, "/api/v1/cameras/nowhere/live", f"/api/v1/cameras/{OTHER_CAMERA}/live"):
        assert refusal(api, path, visitor=ada) == 404
    assert api.watching.sending == set()


def test_nobody_takes_all_live_views(api: RunningApi, token: str) -> None:
    with ExitStack() as opened:
        for _ in range(MAX_VIEWS_OF_ONE):
            opened.enter_context(api.stream(LIVE, token=token))
        assert refusal(api, LIVE, token=token) == 503
        opened.enter_context(api.stream(token=token))
        opened.enter_context(api.stream(LIVE, visitor=api.signed_in()))


def test_each_opening_is_logged(api: RunningApi) -> None:
    user = api.add_user("Ada")
    for _ in range(2):
        with api.stream(LIVE, visitor=api.session(user)):
            pass
    seen = [each for each in api.audit.reader.page(None, 100).records if each.action == "live.viewed"]
    assert [(each.actor, each.target) for each in seen] == [(f"user:{user.id}", f"camera:{CAMERA}")] * 2


def test_a_ticket_opens_a_live_view(api: RunningApi) -> None:
    with api.stream(LIVE, ticket=api.ticket(api.signed_in())) as socket:
        assert socket.subprotocol == "securevision.v1"


def test_a_display_sees_live_video(api: RunningApi) -> None:
    with api.stream(LIVE, visitor=api.display()) as socket:
        api.watching.start(CAMERA)
        assert text(socket) == START


# Why it ends


def test_signing_out_ends_a_live_view(api: RunningApi) -> None:
    visitor = api.signed_in()
    with api.stream(LIVE, visitor=visitor) as socket:
        assert visitor.send("DELETE", "/api/v1/session").status_code == 204
        assert close_code(socket) == 4401


def test_a_live_view_ends_with_the_right_to_see_the_camera_and_shows_nothing_after(
    api: RunningApi, token: str
) -> None:
    [owner] = api.access.users.all()
    with api.stream(LIVE, token=token) as socket:
        api.watching.start(CAMERA)
        assert (text(socket), data(socket)) == (START, b"init")
        api.access.users.change(owner.id, UserChange(cameras=OTHER), ENTRY)
        api.access.epoch.look()
        api.watching.show(CAMERA, 1, b"secret")
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(PATIENCE)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4403


def test_a_live_view_ends_when_nobody_can_tell_who_may_see_it(tmp_path: Path) -> None:
    lost = Event()

    class LosableEpoch:
        def __init__(self, services: ApiServices) -> None:
            self._watch = services.access.epoch

        def current(self) -> int:
            self.look()
            return self._watch.current()

        def look(self) -> None:
            if lost.is_set():
                raise Unavailable("The database cannot be read.")
            self._watch.look()

    def adapt(services: ApiServices) -> ApiServices:
        return replace(services, access=replace(services.access, epoch=LosableEpoch(services)))

    with running_api(tmp_path, adapt=adapt) as api, api.stream(LIVE, visitor=api.signed_in()) as socket:
        lost.set()
        assert close_code(socket) == 1012


def test_a_viewer_that_sends_bytes_or_talks_too_much_is_closed(api: RunningApi, token: str) -> None:
    with api.stream(LIVE, token=token) as socket:
        socket.send(b"ping")
        assert close_code(socket) == 1003
    with api.stream(LIVE, token=token) as socket:
        for _ in range(MESSAGES_PER_SECOND + 1):
            socket.send("ping")
        assert close_code(socket) == 4429


def test_a_live_view_ends_with_the_server(tmp_path: Path) -> None:
    with ExitStack() as opened:
        with running_api(tmp_path) as api:
            socket = opened.enter_context(api.stream(LIVE, visitor=api.signed_in()))
        assert close_code(socket) == 1012


# Single pictures


def ask(visitor: Visitor, camera: str = CAMERA, *, status: int) -> Json:
    answer = visitor.get(f"/api/v1/cameras/{camera}/picture.jpg")
    assert answer.status_code == status, answer.text
    return answer.json()


def test_the_next_picture_of_a_camera(api: RunningApi) -> None:
    for visitor in (api.signed_in(), api.display()):
        answer = visitor.get(f"/api/v1/cameras/{CAMERA}/picture.jpg")
        assert (answer.status_code, answer.content) == (200, WHOLE_FRAME)
        assert answer.headers["Content-Type"] == "image/jpeg"
        assert answer.headers["Content-Disposition"] == 'inline; filename="driveway.jpg"'
    seen = [each for each in api.audit.reader.page(None, 100).records if each.action == "live.viewed"]
    assert [each.target for each in seen] == [f"camera:{CAMERA}"] * 2


def test_a_picture_that_there_is_not(api: RunningApi) -> None:
    viewer, ada = api.signed_in("Bob"), api.signed_in("Ada", Role.VIEWER, OTHER)
    assert ask(viewer, "nowhere", status=404)["code"] == "not_found"
    assert ask(ada, status=404) == ask(ada, "nowhere", status=404) | {
        "detail": f"There is no camera {CAMERA}."
    }
    api.watching.answers = False
    assert ask(viewer, status=503)["code"] == "unavailable"


def test_whoever_loses_the_right_while_a_picture_is_waited_for_does_not_get_it(api: RunningApi) -> None:
    viewer = api.signed_in()
    api.watching.before_still = lambda: viewer.send("DELETE", "/api/v1/session")
    assert ask(viewer, status=401)["code"] == "unauthenticated"


def test_nobody_waits_for_more_than_so_many_pictures_at_once(api: RunningApi) -> None:
    user = api.add_user()
    waiting, enough = Barrier(MAX_STILLS_OF_ONE + 1), Event()

    def wait() -> None:
        waiting.wait(PATIENCE)
        assert enough.wait(PATIENCE)

    api.watching.before_still = wait
    visitors = [api.session(user) for _ in range(MAX_STILLS_OF_ONE)]
    path = f"/api/v1/cameras/{CAMERA}/picture.jpg"
    with ThreadPoolExecutor(MAX_STILLS_OF_ONE) as pool:
        asked = [pool.submit(visitor.get, path) for visitor in visitors]
        waiting.wait(PATIENCE)
        assert ask(api.session(user), status=503)["code"] == "unavailable"
        enough.set()
        assert {answer.result().status_code for answer in asked} == {200}
    api.watching.before_still = lambda: None
    assert api.session(user).get(path).status_code == 200


def test_what_is_watched_and_not_kept_can_be_seen(api: RunningApi) -> None:
    """The demo's camera."""
    api.watching.told["demo"] = report("demo")
    screen = api.display()
    assert screen.get("/api/v1/cameras/demo/picture.jpg").status_code == 200
    with api.stream("/api/v1/cameras/demo/live", visitor=screen):
        assert api.watching.sending == {"demo"}
