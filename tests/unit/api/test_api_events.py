from datetime import UTC, datetime
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakes.running_api import CAMERA, DOWN, FACE, JPEG, OTHER_CAMERA, PLATE, STRANGER, WHOLE_FRAME, RunningApi
from fakes.visitor import Json, Visitor
from securevision.access.lifetimes import LIVE_CROP_MS
from securevision.domain.audit import AuditAction
from securevision.domain.rights import Cameras, Permission, Role

CREATED = "2023-11-14T22:13:20Z"
OTHER = Cameras(frozenset({OTHER_CAMERA}))


@pytest.fixture
def viewer(api: RunningApi) -> Visitor:
    return api.signed_in("Viewer")


def get(visitor: Visitor, path: str, status: int = 200) -> Json:
    answer = visitor.get(path)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_an_event_of_a_face_in_the_form_of_0_1(api: RunningApi, viewer: Visitor) -> None:
    event = api.add(FACE, ts_ms=1234)
    assert get(viewer, "/events") == [
        {
            "id": event.id,
            "type": "face_match",
            "ts_ms": 1234,
            "frame_source_id": "driveway",
            "created_at": CREATED,
            "payload": {"person_name": "Resident", "similarity": 0.75, "bbox": [10, 20, 30, 41]},
        }
    ]


def test_an_event_of_a_plate_with_its_version(api: RunningApi, viewer: Visitor) -> None:
    event = api.revise(api.add(PLATE, ts_ms=1234), PLATE)
    expected = {
        "id": event.id,
        "version": 2,
        "type": "plate_read",
        "ts_ms": 1234,
        "frame_source_id": "driveway",
        "created_at": CREATED,
        "payload": {
            "plate_text": "SV26DEM",
            "confidence": 0.5,
            "list_match": None,
            "region": None,
            "bbox": [10, 20, 30, 41],
        },
    }
    assert get(viewer, "/api/v1/events") == {"events": [expected], "next_cursor": None}
    assert get(viewer, f"/api/v1/events/{event.id}") == expected


def test_an_event_of_a_camera(api: RunningApi, viewer: Visitor) -> None:
    event = api.add(DOWN, ts_ms=1234)
    expected = {
        "id": event.id,
        "version": 1,
        "type": "camera_down",
        "ts_ms": 1234,
        "frame_source_id": "driveway",
        "created_at": CREATED,
        "payload": {"state": "down", "detail": "No picture for 8 s."},
    }
    assert get(viewer, f"/api/v1/events/{event.id}") == expected
    assert get(viewer, "/api/v1/events?type=camera_down")["events"] == [expected]
    assert get(viewer, "/api/v1/events?type=camera_up")["events"] == []
    hidden = api.signed_in("Ada", Role.VIEWER, OTHER)
    assert get(hidden, "/api/v1/events")["events"] == []


def test_the_form_of_0_1_knows_faces_and_plates_alone(api: RunningApi, viewer: Visitor) -> None:
    seen = []
    for ts_ms in range(4):
        seen += [api.add(FACE, ts_ms=ts_ms), api.add(PLATE, ts_ms=ts_ms)]
        down = api.add(DOWN, ts_ms=ts_ms)
    first = viewer.get("/events?limit=5")
    rest = viewer.get(first.links["next"]["url"])
    assert [event["id"] for event in first.json() + rest.json()] == [event.id for event in seen[::-1]]
    assert len(first.json()) == 5
    get(viewer, "/events?type=camera_down", 422)
    for prefix in ("", "/api/v1"):
        get(viewer, f"{prefix}/faces/{down.id}", 404)
        get(viewer, f"{prefix}/plates/{down.id}", 404)


def test_created_at_is_utc_in_iso_8601(api: RunningApi, viewer: Visitor) -> None:
    api.clock.advance(0.25)
    api.add()
    created = get(viewer, "/events")[0]["created_at"]
    assert created.endswith("Z")
    assert datetime.fromisoformat(created) == datetime(2023, 11, 14, 22, 13, 20, 250_000, tzinfo=UTC)


def test_both_forms_walk_every_event_once_newest_first(api: RunningApi, viewer: Visitor) -> None:
    ids = [api.add(ts_ms=ts_ms).id for ts_ms in (10, 20, 20, 20, 30)]
    newest_first = ids[::-1]
    seen, path = [], "/api/v1/events?limit=2"
    while True:
        body = get(viewer, path)
        seen += [event["id"] for event in body["events"]]
        if body["next_cursor"] is None:
            break
        path = f"/api/v1/events?limit=2&cursor={body['next_cursor']}"
    assert seen == newest_first

    seen, path = [], "/events?limit=2&since=10&type=face_match"
    while path:
        answer = viewer.get(path)
        seen += [event["id"] for event in answer.json()]
        path = answer.links.get("next", {}).get("url", "")
        assert bool(path) == ("X-Next-Cursor" in answer.headers)
    assert seen == newest_first


def test_events_can_be_filtered_by_type_and_time(api: RunningApi, viewer: Visitor) -> None:
    old, face, plate = api.add(ts_ms=10), api.add(ts_ms=20), api.add(PLATE, ts_ms=30)
    assert [event["id"] for event in get(viewer, "/events?type=plate_read")] == [plate.id]
    assert [event["id"] for event in get(viewer, "/events?since=20&type=face_match")] == [face.id]
    assert [event["id"] for event in get(viewer, "/events?since=10")] == [plate.id, face.id, old.id]


def test_a_hundred_events_unless_another_number_is_asked_for(api: RunningApi, viewer: Visitor) -> None:
    for ts_ms in range(101):
        api.add(ts_ms=ts_ms)
    assert len(get(viewer, "/events")) == 100
    assert len(get(viewer, "/api/v1/events?limit=1000")["events"]) == 101


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=canary", "limit"),
        ("since=-1", "since"),
        (f"since={2**63}", "since"),
        ("since=1.5", "since"),
        ("type=canary", "type"),
        ("cursor=" + "canary" * 20, "cursor"),
    ],
)
@pytest.mark.parametrize("path", ["/events", "/api/v1/events"])
def test_a_wrong_parameter_is_named_and_not_repeated(
    viewer: Visitor, path: str, query: str, name: str
) -> None:
    body = get(viewer, f"{path}?{query}", 422)
    assert list(body) == ["detail", "code"]
    assert body["code"] == "unprocessable_entity"
    assert f"`{name}`" in body["detail"]
    assert "canary" not in body["detail"]


def test_a_malformed_cursor_is_refused_in_one_sentence(viewer: Visitor) -> None:
    for cursor in ("x", "A" * 21 + "B", "%0d%0aSet-Cookie:%20a=b", ""):
        body = get(viewer, f"/api/v1/events?cursor={cursor}", 400)
        assert body == {
            "detail": "The cursor is not one from an earlier answer.",
            "code": "invalid_input",
        }


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=60))
def test_no_query_makes_the_server_fail(api: RunningApi, text: str) -> None:
    encoded = quote(text, errors="replace")
    with api.program() as client:
        for name in ("cursor", "since", "limit", "type"):
            assert client.get(f"/events?{name}={encoded}").status_code in (200, 400, 422)


def test_faces_and_plates_are_told_apart(api: RunningApi, viewer: Visitor) -> None:
    face, plate = api.add(STRANGER), api.add(PLATE)
    for prefix in ("", "/api/v1"):
        assert get(viewer, f"{prefix}/faces/{face.id}")["payload"]["person_name"] is None
        assert get(viewer, f"{prefix}/plates/{plate.id}")["payload"]["plate_text"] == "SV26DEM"
        get(viewer, f"{prefix}/faces/{plate.id}", 404)
        get(viewer, f"{prefix}/plates/{face.id}", 404)


def test_what_does_not_exist_is_not_found(viewer: Visitor) -> None:
    for path, sentence in (
        ("/api/v1/events/7", "There is no event 7."),
        ("/api/v1/events/7/crop", "There is no picture of event 7."),
        ("/api/v1/nothing", "There is nothing at this address."),
    ):
        assert get(viewer, path, 404) == {"detail": sentence, "code": "not_found"}
    get(viewer, "/api/v1/events/0", 422)
    get(viewer, f"/api/v1/events/{2**63}", 422)


def test_a_crop_is_a_jpeg_to_look_at(api: RunningApi, viewer: Visitor) -> None:
    event = api.add()
    answer = viewer.get(f"/api/v1/events/{event.id}/crop")
    assert answer.content == JPEG
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["Content-Disposition"] == f'inline; filename="event-{event.id}.jpg"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_display_shows_the_picture_of_what_is_new_and_of_nothing_else(api: RunningApi) -> None:
    display = api.display()
    event = api.add()
    api.clock.advance(LIVE_CROP_MS / 1000 - 1)
    assert display.get(f"/api/v1/events/{event.id}/crop").content == JPEG
    api.clock.advance(1)
    assert get(display, f"/api/v1/events/{event.id}/crop", 404)["code"] == "not_found"
    assert api.signed_in().get(f"/api/v1/events/{event.id}/crop").content == JPEG
    get(display, "/api/v1/events", 403)


def test_events_are_of_the_cameras_that_one_may_see(api: RunningApi) -> None:
    visitor = api.signed_in("Ada", Role.VIEWER, OTHER)
    hidden, seen = api.add(camera=CAMERA), api.add(camera=OTHER_CAMERA)
    assert [event["id"] for event in get(visitor, "/events")] == [seen.id]
    assert [event["id"] for event in get(visitor, "/api/v1/events")["events"]] == [seen.id]
    assert get(visitor, f"/api/v1/events/{seen.id}")["frame_source_id"] == OTHER_CAMERA
    assert visitor.get(f"/api/v1/events/{seen.id}/crop").status_code == 200
    for path in (f"/api/v1/events/{hidden.id}", f"/faces/{hidden.id}", f"/api/v1/faces/{hidden.id}"):
        assert get(visitor, path, 404)["detail"].startswith("There is no ")
    get(visitor, f"/api/v1/events/{hidden.id}/crop", 404)


def test_pages_are_full_also_of_somebody_who_may_not_see_every_camera(api: RunningApi) -> None:
    visitor = api.signed_in("Ada", Role.VIEWER, OTHER)
    for ts_ms in range(10, 16):
        api.add(ts_ms=ts_ms, camera=OTHER_CAMERA if ts_ms % 2 else CAMERA)
    page = get(visitor, "/api/v1/events?limit=2")
    assert [event["ts_ms"] for event in page["events"]] == [15, 13]
    rest = get(visitor, f"/api/v1/events?limit=2&cursor={page['next_cursor']}")
    assert [event["ts_ms"] for event in rest["events"]] == [11]


def test_a_program_does_what_its_token_is_for_and_nothing_else(api: RunningApi) -> None:
    event, owner = api.add(), api.add_user("Owner", Role.OPERATOR)
    with api.client(api.token(owner, {Permission.EVENTS_READ})) as client:
        assert client.get(f"/api/v1/events/{event.id}").status_code == 200
        assert client.get(f"/api/v1/events/{event.id}/crop").status_code == 403
        assert client.post("/api/v1/cleanup").status_code == 403


def test_the_static_token_opens_the_addresses_of_0_1_alone(api: RunningApi) -> None:
    event = api.add()
    with api.program() as client:
        for path in ("/events", f"/faces/{event.id}"):
            assert client.get(path).status_code == 200
        for path in ("/api/v1/events", f"/api/v1/events/{event.id}", f"/api/v1/faces/{event.id}"):
            assert client.get(path).json()["code"] == "forbidden"


def test_a_cleanup_deletes_what_is_older_than_the_retention(api: RunningApi) -> None:
    operator = api.add_user("Operator", Role.OPERATOR)
    api.add()
    api.clock.advance(30 * 86_400)
    kept = api.add()
    with api.program() as client:
        assert client.post("/cleanup").json() == {"deleted": 0, "retention_days": 30}
    api.clock.advance(0.001)
    visitor = api.session(operator)
    assert visitor.post("/api/v1/cleanup").json() == {"deleted": 1, "retention_days": 30}
    assert [event["id"] for event in get(visitor, "/events")] == [kept.id]
    records = api.audit.reader.page(None, 100).records
    deletions = [record for record in records if record.action == AuditAction.EVENTS_DELETED]
    assert [(record.actor, record.details["count"]) for record in deletions] == [
        (f"user:{operator.id}", "1"),
        ("legacy", "0"),
    ]


def test_the_whole_frame_of_an_event(api: RunningApi, viewer: Visitor) -> None:
    event, hidden = api.add(), api.signed_in("Ada", Role.VIEWER, OTHER)
    path = f"/api/v1/events/{event.id}/picture"
    for visitor in (viewer, api.display()):
        answer = visitor.get(path)
        assert (answer.status_code, answer.content) == (200, WHOLE_FRAME)
        assert answer.headers["Content-Type"] == "image/jpeg"
    get(hidden, path, 404)
    get(viewer, "/api/v1/events/4711/picture", 404)
    records = api.audit.reader.page(None, 100).records
    seen = [record for record in records if record.action == AuditAction.CROPS_VIEWED]
    assert [record.target for record in seen] == [f"camera:{CAMERA}"] * 2


def test_a_display_shows_the_whole_frame_of_a_new_event_alone(api: RunningApi, viewer: Visitor) -> None:
    screen, path = api.display(), f"/api/v1/events/{api.add().id}/picture"
    api.clock.advance(LIVE_CROP_MS / 1000 - 1)
    assert screen.get(path).status_code == 200
    api.clock.advance(1)
    get(screen, path, 404)
    assert viewer.get(path).status_code == 200


def test_a_cleanup_deletes_the_pictures_of_what_it_deletes(api: RunningApi) -> None:
    pictures, operator = api.services.pictures, api.add_user("Operator", Role.OPERATOR)
    old = api.add()
    api.clock.advance(30 * 86_400 + 1)
    kept = api.add()
    assert api.session(operator).post("/api/v1/cleanup").json()["deleted"] == 1
    assert pictures.get(old.id) is None
    assert pictures.get(kept.id) == WHOLE_FRAME


def test_health_is_bare_for_anybody_and_full_for_a_principal(api: RunningApi, viewer: Visitor) -> None:
    assert httpx.get(f"{api.url}/health").text == '{"ok":true}'
    full = get(viewer, "/api/v1/health")
    assert full.pop("version").startswith("0.")
    assert full == {
        "ok": True,
        "cameras": [{"id": "driveway", "state": "live", "detail": "All is well."}],
        "workers": None,
    }


def test_the_schema_describes_every_documented_route(viewer: Visitor) -> None:
    paths = get(viewer, "/api/v1/openapi.json")["paths"]
    assert {"/events", "/api/v1/events", "/api/v1/session", "/api/v1/events/{id}/crop"} <= set(paths)


def test_health_tells_nothing_of_a_camera_that_one_may_not_see(api: RunningApi) -> None:
    visitor = api.signed_in("Ada", Role.VIEWER, OTHER)
    assert get(visitor, "/api/v1/health")["cameras"] == []
    assert get(visitor, "/api/v1/cameras") == []
    assert [camera["id"] for camera in get(api.signed_in("Bob"), "/api/v1/cameras")] == [CAMERA]
