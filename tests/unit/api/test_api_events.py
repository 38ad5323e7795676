from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakes.running_api import FACE, JPEG, PLATE, STRANGER, RunningApi

Json = Any
CREATED = "2023-11-14T22:13:20Z"


def get(api: RunningApi, path: str, status: int = 200) -> Json:
    with api.program() as client:
        answer = client.get(path)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_an_event_of_a_face_in_the_form_of_0_1(api: RunningApi) -> None:
    event = api.add(FACE, ts_ms=1234)
    assert get(api, "/events") == [
        {
            "id": event.id,
            "type": "face_match",
            "ts_ms": 1234,
            "frame_source_id": "driveway",
            "created_at": CREATED,
            "payload": {"person_name": "Resident", "similarity": 0.75, "bbox": [10, 20, 30, 41]},
        }
    ]


def test_an_event_of_a_plate_with_its_version(api: RunningApi) -> None:
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
    assert get(api, "/api/v1/events") == {"events": [expected], "next_cursor": None}
    assert get(api, f"/api/v1/events/{event.id}") == expected


def test_created_at_is_utc_in_iso_8601(api: RunningApi) -> None:
    api.clock.advance(0.25)
    api.add()
    created = get(api, "/events")[0]["created_at"]
    assert created.endswith("Z")
    assert datetime.fromisoformat(created) == datetime(2023, 11, 14, 22, 13, 20, 250_000, tzinfo=UTC)


def test_both_forms_walk_every_event_once_newest_first(api: RunningApi) -> None:
    ids = [api.add(ts_ms=ts_ms).id for ts_ms in (10, 20, 20, 20, 30)]
    newest_first = ids[::-1]
    with api.program() as client:
        seen, path = [], "/api/v1/events?limit=2"
        while True:
            body = client.get(path).json()
            seen += [event["id"] for event in body["events"]]
            if body["next_cursor"] is None:
                break
            path = f"/api/v1/events?limit=2&cursor={body['next_cursor']}"
        assert seen == newest_first

        seen, path = [], "/events?limit=2&since=10&type=face_match"
        while path:
            answer = client.get(path)
            seen += [event["id"] for event in answer.json()]
            path = answer.links.get("next", {}).get("url", "")
            assert bool(path) == ("X-Next-Cursor" in answer.headers)
        assert seen == newest_first


def test_events_can_be_filtered_by_type_and_time(api: RunningApi) -> None:
    old, face, plate = api.add(ts_ms=10), api.add(ts_ms=20), api.add(PLATE, ts_ms=30)
    assert [event["id"] for event in get(api, "/events?type=plate_read")] == [plate.id]
    assert [event["id"] for event in get(api, "/events?since=20&type=face_match")] == [face.id]
    assert [event["id"] for event in get(api, "/events?since=10")] == [plate.id, face.id, old.id]


def test_a_hundred_events_unless_another_number_is_asked_for(api: RunningApi) -> None:
    for ts_ms in range(101):
        api.add(ts_ms=ts_ms)
    assert len(get(api, "/events")) == 100
    assert len(get(api, "/api/v1/events?limit=1000")["events"]) == 101


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
    api: RunningApi, path: str, query: str, name: str
) -> None:
    body = get(api, f"{path}?{query}", 422)
    assert list(body) == ["detail"]
    assert f"`{name}`" in body["detail"]
    assert "canary" not in body["detail"]


def test_a_malformed_cursor_is_refused_in_one_sentence(api: RunningApi) -> None:
    for cursor in ("x", "A" * 21 + "B", "%0d%0aSet-Cookie:%20a=b", ""):
        body = get(api, f"/api/v1/events?cursor={cursor}", 400)
        assert body == {"detail": "The cursor is not one from an earlier answer."}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=60))
def test_no_query_makes_the_server_fail(api: RunningApi, text: str) -> None:
    encoded = quote(text, errors="replace")
    with api.program() as client:
        for name in ("cursor", "since", "limit", "type"):
            assert client.get(f"/events?{name}={encoded}").status_code in (200, 400, 422)


def test_faces_and_plates_are_told_apart(api: RunningApi) -> None:
    face, plate = api.add(STRANGER), api.add(PLATE)
    for prefix in ("", "/api/v1"):
        assert get(api, f"{prefix}/faces/{face.id}")["payload"]["person_name"] is None
        assert get(api, f"{prefix}/plates/{plate.id}")["payload"]["plate_text"] == "SV26DEM"
        get(api, f"{prefix}/faces/{plate.id}", 404)
        get(api, f"{prefix}/plates/{face.id}", 404)


def test_what_does_not_exist_is_not_found(api: RunningApi) -> None:
    assert get(api, "/api/v1/events/7", 404) == {"detail": "There is no event 7."}
    assert get(api, "/api/v1/events/7/crop", 404) == {"detail": "There is no picture of event 7."}
    assert get(api, "/api/v1/nothing", 404) == {"detail": "There is nothing at this address."}
    get(api, "/api/v1/events/0", 422)
    get(api, f"/api/v1/events/{2**63}", 422)


def test_a_crop_is_a_jpeg_to_look_at(api: RunningApi) -> None:
    event = api.add()
    with api.program() as client:
        answer = client.get(f"/api/v1/events/{event.id}/crop")
    assert answer.content == JPEG
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["Content-Disposition"] == "inline"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_cleanup_deletes_what_is_older_than_the_retention(api: RunningApi) -> None:
    api.add()
    api.clock.advance(30 * 86_400)
    kept = api.add()
    with api.program() as client:
        assert client.post("/cleanup").json() == {"deleted": 0, "retention_days": 30}
        api.clock.advance(0.001)
        assert client.post("/api/v1/cleanup").json() == {"deleted": 1, "retention_days": 30}
    assert [event["id"] for event in get(api, "/events")] == [kept.id]


def test_health_is_bare_for_anybody_and_full_for_a_principal(api: RunningApi) -> None:
    assert httpx.get(f"{api.url}/health").text == '{"ok":true}'
    full = get(api, "/api/v1/health")
    assert full.pop("version").startswith("0.")
    assert full == {"ok": True, "source": {"id": "driveway", "state": "live", "detail": "All is well."}}


def test_the_schema_describes_every_documented_route(api: RunningApi) -> None:
    paths = get(api, "/api/v1/openapi.json")["paths"]
    assert {"/events", "/api/v1/events", "/api/v1/session", "/api/v1/events/{id}/crop"} <= set(paths)
