"""Cameras: how they do, for whoever may see them; how they are watched, for administrators."""

import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fakes.running_api import ADDRESS, CAMERA, OTHER_CAMERA, RunningApi, running_api
from fakes.visitor import Json, Visitor
from fakes.watching import report, worker
from securevision.access.roles import PROGRAM_SCOPES
from securevision.domain.audit import AuditAction, AuditRecord
from securevision.domain.camera_reports import CameraTrial
from securevision.domain.cameras import MAX_CAMERAS, MAX_POLYGONS
from securevision.domain.frames import SourceState, SourceStatus
from securevision.domain.rights import Cameras, Permission, Role
from securevision.domain.seal import Seal

OTHER = Cameras(frozenset({OTHER_CAMERA}))
SECRET = "canary-of-a-camera"
WITH_LOGIN = f"rtsp://admin:{SECRET}@192.168.7.8:8554/live?token={SECRET}"
SHOWN = "rtsp://192.168.7.8:8554/live?token=***"
TRIANGLE = [[0.0, 0.0], [1.0, 0.0], [0.5, 1]]


@pytest.fixture
def admin(api: RunningApi) -> Visitor:
    return api.signed_in("Nina", Role.ADMIN)


def ask(visitor: Visitor, method: str, path: str, body: Json = None, *, status: int = 200) -> Json:
    answer = visitor.send(method, f"/api/v1/{path}", body)
    assert answer.status_code == status, answer.text
    assert SECRET not in answer.text
    return answer.json() if answer.content else None


def newest_entry(api: RunningApi, action: AuditAction) -> AuditRecord:
    records = api.audit.reader.page(None, 100).records
    return next(record for record in records if record.action == action)


# How they do


def test_the_cameras_that_one_may_see_and_how_each_does(api: RunningApi) -> None:
    assert ask(api.signed_in(), "GET", "cameras") == [
        {
            "id": "driveway",
            "state": "live",
            "detail": "All is well.",
            "enabled": True,
            "since_ms": 1_600_000_000_000,
            "codec": "h264",
            "width": 640,
            "height": 360,
            "fps_in": 25.0,
            "fps_analysed": 4.5,
            "latency_ms": 125,
            "dropped": {"crowded": 7, "superseded": 8, "lost": 5},
            "viewers": 0,
        }
    ]


def test_a_camera_that_is_disabled_one_that_nobody_reads_and_one_that_is_not_kept(api: RunningApi) -> None:
    api.add_camera("attic", enabled=False)
    api.add_camera("barn")
    del api.watching.told["barn"]
    api.watching.told["demo"] = report("demo", SourceStatus(SourceState.ENDED))
    viewer = api.signed_in()
    cameras = {camera["id"]: camera for camera in ask(viewer, "GET", "cameras")}
    states = {name: (camera["state"], camera["enabled"]) for name, camera in cameras.items()}
    assert states == {
        "attic": ("disabled", False),
        "barn": ("connecting", True),
        "demo": ("ended", True),
        "driveway": ("live", True),
    }
    assert (cameras["attic"]["detail"], cameras["attic"]["since_ms"]) == ("", None)
    assert "log" in cameras["barn"]["detail"]
    assert (cameras["barn"]["codec"], cameras["barn"]["fps_in"]) == ("", 0.0)


@pytest.mark.parametrize(
    ("state", "ok"),
    [(state, state in (SourceState.LIVE, SourceState.ENDED)) for state in SourceState],
)
def test_all_is_well_while_every_camera_gives_video_or_is_over(
    api: RunningApi, state: SourceState, ok: bool
) -> None:
    api.watching.told[CAMERA] = report(CAMERA, SourceStatus(state, "So it is."))
    health = ask(api.signed_in(), "GET", "health")
    assert health["ok"] is ok
    assert health["cameras"] == [{"id": CAMERA, "state": state, "detail": "So it is."}]
    assert ask(api.signed_in("Ada elsewhere", Role.VIEWER, OTHER), "GET", "health")["ok"] is True


def test_a_disabled_camera_is_no_fault_and_one_that_nobody_reads_is(api: RunningApi, admin: Visitor) -> None:
    api.watching.told.clear()
    assert ask(admin, "GET", "health")["ok"] is False
    ask(admin, "PATCH", f"cameras/{CAMERA}", {"enabled": False})
    assert ask(admin, "GET", "health")["ok"] is True


def test_how_the_workers_do_is_for_whoever_may_read_the_metrics(api: RunningApi, admin: Visitor) -> None:
    api.watching.workers = [
        worker("media-1", seal=Seal(limits=True)),
        worker("recogniser", failure="A model is missing.", seal=None),
    ]
    assert ask(admin, "GET", "health")["workers"] == [
        {"name": "media-1", "failure": "", "seal": Seal(limits=True).text},
        {"name": "recogniser", "failure": "A model is missing.", "seal": ""},
    ]
    for visitor in (api.signed_in("Olga", Role.OPERATOR), api.display()):
        assert ask(visitor, "GET", "health")["workers"] is None
    owner = api.add_user("Owner", Role.ADMIN)
    for scopes, sees in ((PROGRAM_SCOPES, True), ({Permission.HEALTH_READ}, False)):
        with api.client(api.token(owner, scopes)) as client:
            assert (client.get("/api/v1/health").json()["workers"] is not None) is sees


# How they are watched


def test_a_camera_is_added_and_watched(api: RunningApi, admin: Visitor) -> None:
    body = {
        "id": "gate",
        "address": WITH_LOGIN,
        "fps": 2,
        "sensitivity": 0.25,
        "zones": [TRIANGLE],
        "masks": [TRIANGLE, TRIANGLE],
        "keyframes_only": True,
        "recording": "continuous",
    }
    added = ask(admin, "POST", "cameras", body, status=201)
    settings = {name: value for name, value in body.items() if name not in ("id", "address")}
    assert {name: added[name] for name in settings} == settings
    assert (added["id"], added["address"], added["state"], added["enabled"]) == ("gate", SHOWN, "live", True)
    assert added["allow_loopback"] is False
    assert added["created_ms"] == added["changed_ms"] == api.clock.now_ms()
    assert ask(admin, "GET", "cameras/gate") == added
    assert [camera["id"] for camera in ask(admin, "GET", "cameras")] == [CAMERA, "gate"]
    entry = newest_entry(api, AuditAction.CAMERA_ADDED)
    assert (entry.target, entry.personal["actor_name"]) == ("camera:gate", "Nina")
    assert dict(entry.details) == {
        "address": SHOWN,
        "fps": "2.0",
        "sensitivity": "0.25",
        "zones": "1",
        "masks": "2",
        "keyframes_only": "true",
        "recording": "continuous",
    }


def test_what_is_left_out_is_as_usual(admin: Visitor) -> None:
    added = ask(admin, "POST", "cameras", {"id": "gate", "address": ADDRESS}, status=201)
    assert (added["fps"], added["sensitivity"], added["zones"], added["masks"]) == (5.0, 0.5, [], [])
    assert (added["recording"], added["keyframes_only"]) == ("events", False)


def test_only_what_is_given_changes(api: RunningApi, admin: Visitor) -> None:
    before = ask(admin, "PATCH", f"cameras/{CAMERA}", {"masks": [TRIANGLE], "fps": 2})
    api.clock.advance(1)
    after = ask(admin, "PATCH", f"cameras/{CAMERA}", {"recording": "off"})
    assert after == before | {"recording": "off", "changed_ms": api.clock.now_ms()}
    assert dict(newest_entry(api, AuditAction.CAMERA_CHANGED).details) == {"recording": "off"}
    assert ask(admin, "PATCH", f"cameras/{CAMERA}", {"masks": []})["masks"] == []


def test_a_camera_moves_to_another_address_and_keeps_the_one_it_has_otherwise(
    api: RunningApi, admin: Visitor
) -> None:
    sealed = api.services.cameras.sealed_address(CAMERA)
    ask(admin, "PATCH", f"cameras/{CAMERA}", {"fps": 1})
    assert api.services.cameras.sealed_address(CAMERA) == sealed
    assert ask(admin, "PATCH", f"cameras/{CAMERA}", {"address": WITH_LOGIN})["address"] == SHOWN
    assert api.services.cameras.sealed_address(CAMERA) != sealed
    assert newest_entry(api, AuditAction.CAMERA_CHANGED).details["address"] == SHOWN


def test_a_camera_that_is_disabled_is_watched_no_more_until_it_is_enabled(
    api: RunningApi, admin: Visitor
) -> None:
    assert ask(admin, "PATCH", f"cameras/{CAMERA}", {"enabled": False})["state"] == "disabled"
    assert api.watching.told == {}
    assert ask(admin, "PATCH", f"cameras/{CAMERA}", {"enabled": True})["state"] == "live"


def test_a_camera_that_is_removed_leaves_its_events(api: RunningApi, admin: Visitor) -> None:
    event, recording = api.add(), api.record()
    ask(admin, "DELETE", f"cameras/{CAMERA}", status=204)
    assert ask(admin, "GET", "cameras") == []
    for method, body in (("GET", None), ("PATCH", {"fps": 1}), ("DELETE", None)):
        assert ask(admin, method, f"cameras/{CAMERA}", body, status=404)["code"] == "not_found"
    ask(admin, "GET", f"events/{event.id}")
    ask(admin, "GET", f"recordings/{recording.id}")
    assert newest_entry(api, AuditAction.CAMERA_REMOVED).target == f"camera:{CAMERA}"


def test_a_camera_that_is_watched_and_not_kept_has_no_settings(api: RunningApi, admin: Visitor) -> None:
    api.watching.told["demo"] = report("demo")
    for method, body in (("GET", None), ("PATCH", {"fps": 1}), ("DELETE", None)):
        ask(admin, method, "cameras/demo", body, status=404)


def test_a_name_is_taken_once_and_there_are_only_so_many(api: RunningApi, admin: Visitor) -> None:
    body = {"id": CAMERA, "address": WITH_LOGIN}
    assert ask(admin, "POST", "cameras", body, status=409)["code"] == "conflict"
    for number in range(MAX_CAMERAS - 1):
        api.add_camera(f"camera-{number}")
    assert "remove one" in ask(admin, "POST", "cameras", body | {"id": "more"}, status=409)["detail"]


BAD_VALUES: dict[str, Json] = {
    "address of no scheme": {"address": f"gopher://x:{SECRET}@192.168.7.8"},
    "address that may not be": {"address": f"rtsp://admin:{SECRET}@169.254.169.254/"},
    "address of this machine": {"address": f"rtsp://admin:{SECRET}@127.0.0.1/"},
    "empty address": {"address": ""},
    "endless address": {"address": "rtsp://x/" + "a" * 2040},
    "address that is no text": {"address": [SECRET]},
    "no pictures": {"fps": 0},
    "too many pictures": {"fps": 61},
    "no number": {"fps": "nan"},
    "sensitivity": {"sensitivity": 1.5},
    "recording": {"recording": SECRET},
    "two corners": {"zones": [TRIANGLE[:2]]},
    "65 corners": {"zones": [[[0.5, each / 64] for each in range(65)]]},
    "a corner outside": {"masks": [[[0, 0], [1, 0], [0, 1.01]]]},
    "a corner that is no pair": {"masks": [[[0, 0], [1, 0], [0, 1, 0]]]},
    "a corner of truths": {"masks": [[[0, 0], [1, 0], [0, True]]]},
    "a corner of texts": {"masks": [[[0, 0], [1, 0], [0, "1"]]]},
    "no area": {"masks": [[[0, 0], [0.5, 0.5], [1, 1]]]},
    "33 polygons": {"zones": [TRIANGLE] * (MAX_POLYGONS + 1)},
    "a name that is not known": {"password": SECRET},
}


@pytest.mark.parametrize("bad", BAD_VALUES)
def test_what_cannot_be_is_refused_in_one_sentence_and_changes_nothing(
    api: RunningApi, admin: Visitor, bad: str
) -> None:
    before = ask(admin, "GET", f"cameras/{CAMERA}")
    for method, path, body in (
        ("POST", "cameras", {"id": "gate", "address": ADDRESS} | BAD_VALUES[bad]),
        ("PATCH", f"cameras/{CAMERA}", BAD_VALUES[bad]),
    ):
        answer = admin.send(method, f"/api/v1/{path}", body)
        assert answer.status_code in (400, 422), answer.text
        assert SECRET not in answer.text
        assert answer.json()["detail"].endswith(".")
    assert ask(admin, "GET", f"cameras/{CAMERA}") == before
    assert len(ask(admin, "GET", "cameras")) == 1


@pytest.mark.parametrize("name", ["", "..", "a/b", "a b", "ä", "x" * 65, None])
def test_a_name_has_a_form(admin: Visitor, name: str | None) -> None:
    answer = admin.post("/api/v1/cameras", {"id": name, "address": ADDRESS})
    assert answer.status_code in (400, 422)


def test_a_change_of_nothing_is_refused(admin: Visitor) -> None:
    ask(admin, "PATCH", f"cameras/{CAMERA}", {}, status=400)
    ask(admin, "PATCH", f"cameras/{CAMERA}", {"fps": None}, status=400)


def test_all_zones_and_masks_fit_into_a_body_or_are_refused_with_a_sentence(admin: Visitor) -> None:
    def drawn(decimals: int) -> Json:
        corners = [
            [round(0.1 + each / 640, decimals), round(0.9 - each**2 / 8000, decimals)] for each in range(64)
        ]
        return {"zones": [corners] * MAX_POLYGONS, "masks": [corners] * MAX_POLYGONS}

    assert ask(admin, "PATCH", f"cameras/{CAMERA}", drawn(3)) | drawn(3) == ask(
        admin, "GET", f"cameras/{CAMERA}"
    )
    refused = ask(admin, "PATCH", f"cameras/{CAMERA}", drawn(6), status=413)
    assert refused["detail"] == "The body is larger than 64 KiB."
    ask(admin, "PATCH", f"cameras/{CAMERA}", {"zones": drawn(6)["zones"]})


# Trials


def test_a_camera_is_tried(api: RunningApi, admin: Visitor) -> None:
    tried = ask(admin, "POST", "cameras/test", {"address": WITH_LOGIN})
    assert tried == {"failure": "", "codec": "h264", "width": 1280, "height": 720, "fps": 25.0}
    api.trials.outcome = CameraTrial("The camera refused the login.")
    loopback = {"address": "rtsp://127.0.0.1:8554/", "allow_loopback": True}
    failed = ask(admin, "POST", "cameras/test", loopback)
    assert failed == {
        "failure": "The camera refused the login.",
        "codec": "",
        "width": 0,
        "height": 0,
        "fps": 0.0,
    }
    assert api.trials.tried == [(WITH_LOGIN, False), ("rtsp://127.0.0.1:8554/", True)]
    entries = [each for each in api.audit.reader.page(None, 100).records if each.action == "camera.tested"]
    assert [dict(each.details) for each in entries] == [
        {"address": "rtsp://127.0.0.1:8554/"},
        {"address": SHOWN},
    ]


def test_an_address_that_cannot_be_used_is_not_tried(api: RunningApi, admin: Visitor) -> None:
    for address in ("rtsp://127.0.0.1/", "gopher://x", f"rtsp://x:{SECRET}@169.254.169.254/"):
        ask(admin, "POST", "cameras/test", {"address": address}, status=400)
    assert api.trials.tried == []


def test_one_camera_is_tried_at_a_time(api: RunningApi, admin: Visitor) -> None:
    other, body = api.signed_in("Olaf", Role.ADMIN), {"address": WITH_LOGIN}
    api.trials.may_end.clear()
    with ThreadPoolExecutor() as pool:
        first = pool.submit(ask, admin, "POST", "cameras/test", body)
        assert api.trials.begun.wait(10)
        assert ask(other, "POST", "cameras/test", body, status=503)["code"] == "unavailable"
        api.trials.may_end.set()
        assert first.result()["failure"] == ""
    assert ask(other, "POST", "cameras/test", body)["failure"] == ""


# Secrets


def test_a_login_comes_back_to_nobody_and_is_written_nowhere(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG), running_api(tmp_path) as api:
        admin = api.signed_in("Nina", Role.ADMIN)
        ask(admin, "POST", "cameras", {"id": "gate", "address": WITH_LOGIN}, status=201)
        ask(admin, "PATCH", "cameras/gate", {"address": WITH_LOGIN})
        ask(admin, "POST", "cameras/test", {"address": WITH_LOGIN})
        ask(admin, "POST", "cameras", {"id": "gate", "address": WITH_LOGIN}, status=409)
        ask(admin, "POST", "cameras", {"id": "gate", "address": WITH_LOGIN, "fps": 0}, status=422)
        ask(admin, "GET", "cameras")
        ask(admin, "GET", "cameras/gate")
        ask(admin, "GET", "audit")
        assert "192.168.7.8" in str(ask(admin, "GET", "audit"))
    assert SECRET not in caplog.text
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert any(b"192.168.7.8" in content for content in written)
    assert not any(SECRET.encode() in content for content in written)
