"""Recordings: finding them, their video, keeping and deleting them."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from fakes.running_api import CAMERA, OTHER_CAMERA, VIDEO, RunningApi
from fakes.visitor import Json, Visitor
from fakes.watching import MIME
from securevision.api.routes.recordings import MAX_DOWNLOADS_OF_ONE
from securevision.domain.audit import AuditAction
from securevision.domain.rights import ALL_CAMERAS, Cameras, Role

OTHER = Cameras(frozenset({OTHER_CAMERA}))
BEGIN_MS = 1_700_000_000_000
LARGE = bytes(1 << 25)
"""More than lies between a server and a client that takes nothing."""


@pytest.fixture
def viewer(api: RunningApi) -> Visitor:
    return api.signed_in("Viewer")


@pytest.fixture
def operator(api: RunningApi) -> Visitor:
    return api.signed_in("Olga", Role.OPERATOR)


def ask(visitor: Visitor, path: str, *, status: int = 200) -> Json:
    answer = visitor.get(f"/api/v1/{path}")
    assert answer.status_code == status, answer.text
    return answer.json()


def ids(page: Json) -> list[int]:
    return [recording["id"] for recording in page["recordings"]]


def entries(api: RunningApi, action: AuditAction) -> list[tuple[str, dict[str, str]]]:
    """Return target and details of each entry, oldest first."""
    records = api.audit.reader.page(None, 1000).records
    return [(each.target, dict(each.details)) for each in reversed(records) if each.action == action]


# Finding them


def test_a_recording(api: RunningApi, viewer: Visitor) -> None:
    recording = api.record()
    expected = {
        "id": recording.id,
        "camera": "driveway",
        "kind": "event",
        "begin_ms": BEGIN_MS,
        "end_ms": BEGIN_MS + 10_000,
        "size": len(VIDEO),
        "kept": False,
        "mime": MIME,
    }
    assert ask(viewer, f"recordings/{recording.id}") == expected
    assert ask(viewer, "recordings") == {"recordings": [expected], "next_cursor": None}
    growing = api.record(end_ms=None)
    assert ask(viewer, f"recordings/{growing.id}")["end_ms"] is None


def test_every_recording_once_newest_first(api: RunningApi, viewer: Visitor) -> None:
    made = [api.record(begin_ms=begin_ms).id for begin_ms in (10, 20, 20, 20, 30)]
    seen, path = [], "recordings?limit=2"
    while True:
        page = ask(viewer, path)
        seen += ids(page)
        if page["next_cursor"] is None:
            break
        path = f"recordings?limit=2&cursor={page['next_cursor']}"
    assert seen == made[::-1]


def test_recordings_of_a_camera_and_a_time(api: RunningApi, viewer: Visitor) -> None:
    old, middle, new = (api.record(begin_ms=begin_ms).id for begin_ms in (10, 20, 30))
    other = api.record(OTHER_CAMERA, begin_ms=40).id
    assert ids(ask(viewer, f"recordings?camera={OTHER_CAMERA}")) == [other]
    assert ids(ask(viewer, f"recordings?camera={CAMERA}&since=20")) == [new, middle]
    assert ids(ask(viewer, "recordings?before=30")) == [middle, old]
    assert ids(ask(viewer, "recordings?since=20&before=30")) == [middle]
    page = ask(viewer, "recordings?before=30&limit=1")
    assert ids(ask(viewer, f"recordings?before=30&limit=1&cursor={page['next_cursor']}")) == [old]
    assert ids(ask(viewer, f"recordings?before=15&cursor={page['next_cursor']}")) == [old]
    assert ids(ask(viewer, "recordings?camera=nowhere")) == []


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "since=-1", "before=x", f"since={2**63}", "camera=a/b", "camera="]
)
def test_what_cannot_be_asked_is_refused(viewer: Visitor, query: str) -> None:
    assert ask(viewer, f"recordings?{query}", status=422)["code"] == "unprocessable_entity"


def test_a_cursor_is_one_from_an_earlier_answer(viewer: Visitor) -> None:
    assert ask(viewer, "recordings?cursor=x", status=400)["code"] == "invalid_input"


def test_recordings_of_other_cameras_are_not_there(api: RunningApi) -> None:
    hidden, seen = api.record(), api.record(OTHER_CAMERA)
    ada = api.signed_in("Ada", Role.OPERATOR, OTHER)
    assert ids(ask(ada, "recordings")) == [seen.id]
    assert ids(ask(ada, f"recordings?camera={CAMERA}")) == []
    for method, path, body in (
        ("GET", f"recordings/{hidden.id}", None),
        ("GET", f"recordings/{hidden.id}/video", None),
        ("PUT", f"recordings/{hidden.id}/kept", {"kept": True}),
        ("DELETE", f"recordings/{hidden.id}", None),
    ):
        missing = ada.send(method, f"/api/v1/{path}".replace(str(hidden.id), "4711"), body)
        answer = ada.send(method, f"/api/v1/{path}", body)
        assert answer.status_code == missing.status_code == 404
        assert answer.json() == {
            "detail": f"There is no recording {hidden.id}.",
            "code": "not_found",
        }
    assert api.services.recordings.get(hidden.id) == hidden
    assert entries(api, AuditAction.RECORDING_VIEWED) == []


def test_the_recordings_of_an_event(api: RunningApi, viewer: Visitor) -> None:
    api.record(begin_ms=0, end_ms=999)
    ending = api.record(begin_ms=500, end_ms=1000)
    around = api.record(begin_ms=900, end_ms=1100)
    api.record(OTHER_CAMERA, begin_ms=900, end_ms=1100)
    api.record(begin_ms=1001, end_ms=1100)
    event = api.add(ts_ms=1000)
    assert ids(ask(viewer, f"events/{event.id}/recordings")) == [ending.id, around.id]
    assert ask(viewer, "events/4711/recordings", status=404)["code"] == "not_found"
    ask(api.signed_in("Ada", Role.VIEWER, OTHER), f"events/{event.id}/recordings", status=404)


# Their video


def test_the_whole_video(api: RunningApi, viewer: Visitor) -> None:
    recording = api.record()
    answer = viewer.get(f"/api/v1/recordings/{recording.id}/video")
    assert (answer.status_code, answer.content) == (200, VIDEO)
    assert answer.headers["Content-Type"] == MIME
    assert answer.headers["Content-Length"] == str(len(VIDEO))
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="driveway-20231114T221320Z.mp4"'
    assert "Content-Range" not in answer.headers


def test_a_video_that_is_shown_rather_than_saved(api: RunningApi, viewer: Visitor) -> None:
    recording = api.record()
    answer = viewer.get(f"/api/v1/recordings/{recording.id}/video?inline=1")
    assert answer.headers["Content-Disposition"].startswith("inline; ")


@pytest.mark.parametrize("begin_ms", [2**62, 2**63 - 1, 0])
def test_any_time_has_a_file_name(api: RunningApi, viewer: Visitor, begin_ms: int) -> None:
    recording = api.record(begin_ms=begin_ms, end_ms=begin_ms)
    said = viewer.get(f"/api/v1/recordings/{recording.id}/video").headers["Content-Disposition"]
    year = datetime.strptime(said[-21:-5], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).year
    assert year == (1970 if begin_ms == 0 else 9999)


def part(visitor: Visitor, recording_id: int, wanted: str) -> httpx.Response:
    return visitor.send("GET", f"/api/v1/recordings/{recording_id}/video", headers={"Range": wanted})


def test_a_part_of_a_video(api: RunningApi, viewer: Visitor) -> None:
    recording = api.record()
    answer = part(viewer, recording.id, "bytes=100-299")
    assert (answer.status_code, answer.content) == (206, VIDEO[100:300])
    assert answer.headers["Content-Range"] == f"bytes 100-299/{len(VIDEO)}"
    assert (answer.headers["Content-Length"], answer.headers["Content-Type"]) == ("200", MIME)
    assert part(viewer, recording.id, "bytes=-24").content == VIDEO[-24:]


def test_a_part_that_is_not_there(api: RunningApi, viewer: Visitor) -> None:
    answer = part(viewer, api.record().id, "bytes=5000-")
    assert (answer.status_code, answer.headers["Content-Range"]) == (416, f"bytes */{len(VIDEO)}")
    assert answer.json()["code"] == "requested_range_not_satisfiable"


def test_a_recording_that_grows_and_one_that_is_empty(api: RunningApi, viewer: Visitor) -> None:
    growing, empty = api.record(end_ms=None), api.record(video=b"")
    assert viewer.get(f"/api/v1/recordings/{growing.id}/video").content == VIDEO
    whole = viewer.get(f"/api/v1/recordings/{empty.id}/video")
    assert (whole.status_code, whole.content) == (200, b"")
    assert part(viewer, empty.id, "bytes=0-").status_code == 416


def test_many_pieces_make_the_same_file(api: RunningApi, viewer: Visitor) -> None:
    video = bytes(each % 251 for each in range(1_000_003))
    recording = api.record(video=video)
    assert viewer.get(f"/api/v1/recordings/{recording.id}/video").content == video
    assert part(viewer, recording.id, "bytes=3-900000").content == video[3:900_001]


def test_a_video_whose_file_is_missing(api: RunningApi, viewer: Visitor) -> None:
    recording = api.record()
    api.services.recording_files.delete(recording.id)
    assert ask(viewer, f"recordings/{recording.id}/video", status=404)["code"] == "not_found"


def test_who_saw_which_recording_is_logged_and_not_every_part_of_it(api: RunningApi, viewer: Visitor) -> None:
    first, second = api.record(), api.record()
    for first_byte in range(10):
        part(viewer, first.id, f"bytes={first_byte}-")
    viewer.get(f"/api/v1/recordings/{second.id}/video")
    api.clock.advance(600)
    api.audit.log.flush_repeats()
    seen = entries(api, AuditAction.RECORDING_VIEWED)
    assert (f"recording:{second.id}", {"camera": CAMERA}) in seen
    of_first = [details for target, details in seen if target == f"recording:{first.id}"]
    assert len(of_first) < 5
    assert sum(int(details.get("count", "1")) for details in of_first) == 10


# While a video is read


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def begin(api: RunningApi, visitor: Visitor, recording_id: int) -> socket.socket:
    """Ask for a video over a connection of one's own, and take its first bytes alone."""
    host, _, port = api.host.partition(":")
    connection = socket.create_connection((host, int(port)), timeout=10)
    request = (
        f"GET /api/v1/recordings/{recording_id}/video HTTP/1.1\r\nHost: {api.host}\r\n"
        f"Cookie: {visitor.cookie_header}\r\n\r\n"
    )
    connection.sendall(request.encode())
    assert connection.recv(12) == b"HTTP/1.1 200"
    return connection


def rest(connection: socket.socket) -> int:
    """Read to the end, and return how many bytes that were."""
    count = 0
    try:
        while piece := connection.recv(1 << 20):
            count += len(piece)
    except ConnectionResetError:
        pass
    return count


def test_a_video_breaks_off_when_its_reader_may_see_it_no_more(
    api: RunningApi, viewer: Visitor, opened: ExitStack
) -> None:
    admin, ada = api.signed_in("Nina", Role.ADMIN), api.add_user("Ada", Role.VIEWER, ALL_CAMERAS)
    recording = api.record(video=LARGE)
    theirs = opened.enter_context(begin(api, api.session(ada), recording.id))
    another = opened.enter_context(begin(api, viewer, recording.id))
    answer = admin.send("PATCH", f"/api/v1/users/{ada.id}", {"cameras": [OTHER_CAMERA]})
    assert answer.status_code == 200
    assert rest(theirs) < len(LARGE)
    assert rest_of_answer(another) >= len(LARGE)


def rest_of_answer(connection: socket.socket) -> int:
    """Read as much as an answer with a large video has."""
    count = 0
    while count < len(LARGE) and (piece := connection.recv(1 << 20)):
        count += len(piece)
    return count


def test_a_file_that_lost_its_end_is_not_taken_for_the_whole(
    api: RunningApi, viewer: Visitor, opened: ExitStack
) -> None:
    recording = api.record(video=LARGE)
    connection = opened.enter_context(begin(api, viewer, recording.id))
    file = api.services.recording_files.open(recording.id)
    assert file is not None
    opened.callback(file.close)
    with Path(file.name).open("r+b") as shorter:
        shorter.truncate(1000)
    assert rest(connection) < len(LARGE)


def test_nobody_reads_more_than_so_many_at_once(api: RunningApi, viewer: Visitor, opened: ExitStack) -> None:
    recording = api.record(video=LARGE)
    begun = [opened.enter_context(begin(api, viewer, recording.id)) for _ in range(MAX_DOWNLOADS_OF_ONE)]
    assert ask(viewer, f"recordings/{recording.id}/video", status=503)["code"] == "unavailable"
    assert api.signed_in("Ada").get("/api/v1/recordings").status_code == 200
    for connection in begun:
        connection.close()
    # The server soon notices that they went away.
    assert any(viewer.get(f"/api/v1/recordings/{recording.id}/video").status_code == 200 for _ in range(1000))


# Keeping and deleting them


def test_a_recording_is_kept_and_let_go(api: RunningApi, operator: Visitor) -> None:
    recording = api.record()
    path = f"/api/v1/recordings/{recording.id}"
    assert operator.send("PUT", f"{path}/kept", {"kept": True}).json()["kept"] is True
    refused = operator.send("DELETE", path)
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert operator.send("PUT", f"{path}/kept", {"kept": False}).json()["kept"] is False
    target = f"recording:{recording.id}"
    assert entries(api, AuditAction.RECORDING_KEPT) == [
        (target, {"camera": CAMERA, "kept": "true"}),
        (target, {"camera": CAMERA, "kept": "false"}),
    ]


@pytest.mark.parametrize("body", [None, {}, {"kept": None}, {"kept": True, "for": "ever"}])
def test_whether_it_is_kept_must_be_said(api: RunningApi, operator: Visitor, body: Json) -> None:
    answer = operator.send("PUT", f"/api/v1/recordings/{api.record().id}/kept", body)
    assert answer.status_code == 422


def test_a_recording_is_deleted_with_its_file(api: RunningApi, operator: Visitor) -> None:
    recording, other = api.record(), api.record()
    path = f"/api/v1/recordings/{recording.id}"
    assert operator.send("DELETE", path).status_code == 204
    assert operator.send("DELETE", path).status_code == 404
    assert api.services.recording_files.open(recording.id) is None
    assert ids(ask(operator, "recordings")) == [other.id]
    assert entries(api, AuditAction.RECORDING_DELETED) == [(f"recording:{recording.id}", {"camera": CAMERA})]


def test_a_recording_that_grows_is_not_deleted(api: RunningApi, operator: Visitor) -> None:
    recording = api.record(end_ms=None)
    assert operator.send("DELETE", f"/api/v1/recordings/{recording.id}").status_code == 409
    assert operator.get(f"/api/v1/recordings/{recording.id}/video").content == VIDEO
