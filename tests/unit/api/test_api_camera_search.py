"""Cameras that are not added yet, over real HTTP."""

import logging
from pathlib import Path

import pytest

from fakes.running_api import RunningApi, running_api
from fakes.visitor import Json, Visitor
from securevision.domain.audit import AuditRecord
from securevision.domain.rights import Role
from securevision.errors import SourceRefused, Unavailable

SECRET = "canary-of-a-camera"
ADDRESS = "http://192.168.7.8/onvif/device_service"
WITH_LOGIN = f"http://admin:{SECRET}@192.168.7.8:8080/onvif?token={SECRET}"
SHOWN = "http://192.168.7.8:8080/onvif?token=***"
FOUND = {"cameras": [{"name": "Gate", "hardware": "Bullet", "addresses": [ADDRESS]}]}
STREAMS = {
    "failure": "",
    "manufacturer": "Acme",
    "model": "Bullet",
    "firmware": "V1",
    "streams": [
        {
            "name": "Main",
            "codec": "h264",
            "width": 1920,
            "height": 1080,
            "fps": 25.0,
            "address": "rtsp://192.168.7.8:554/main?x=1",
        }
    ],
}


@pytest.fixture
def admin(api: RunningApi) -> Visitor:
    return api.signed_in("Nina", Role.ADMIN)


def ask(visitor: Visitor, what: str, body: Json = None, *, status: int = 200) -> Json:
    answer = visitor.send("POST", f"/api/v1/cameras/{what}", body)
    assert answer.status_code == status, answer.text
    assert SECRET not in answer.text
    return answer.json()


def entries(api: RunningApi, action: str) -> list[AuditRecord]:
    return [each for each in api.audit.reader.page(None, 100).records if each.action == action]


@pytest.mark.parametrize(("body", "wait_s"), [(None, 3.0), ({}, 3.0), ({"wait_s": 0.5}, 0.5)])
def test_the_network_is_searched(api: RunningApi, admin: Visitor, body: Json, wait_s: float) -> None:
    assert ask(admin, "discover", body) == FOUND
    assert api.searches.asked == [wait_s]
    (entry,) = entries(api, "cameras.discovered")
    assert (entry.personal["actor_name"], dict(entry.details)) == ("Nina", {})


def test_a_camera_is_asked_for_its_streams(api: RunningApi, admin: Visitor) -> None:
    assert ask(admin, "streams", {"address": WITH_LOGIN}) == STREAMS
    ask(admin, "streams", {"address": "http://127.0.0.1:8080", "allow_loopback": True})
    assert api.searches.asked == [(WITH_LOGIN, False), ("http://127.0.0.1:8080", True)]
    assert [dict(each.details) for each in entries(api, "camera.asked")] == [
        {"address": "http://127.0.0.1:8080"},
        {"address": SHOWN},
    ]


def test_a_camera_that_does_not_tell_is_no_fault_of_the_server(api: RunningApi, admin: Visitor) -> None:
    api.searches.failure = SourceRefused("It refuses the user name or password.")
    assert ask(admin, "streams", {"address": WITH_LOGIN}) == {
        "failure": "It refuses the user name or password.",
        "manufacturer": "",
        "model": "",
        "firmware": "",
        "streams": [],
    }


def test_while_another_is_asked_one_comes_back_later(api: RunningApi, admin: Visitor) -> None:
    api.searches.failure = Unavailable("Cameras are being asked just now.")
    for what, body in (("discover", {}), ("streams", {"address": WITH_LOGIN})):
        assert ask(admin, what, body, status=503)["code"] == "unavailable"


@pytest.mark.parametrize("wait_s", [0, 0.4, 10.5, -1, "nan", None, "x", [3]])
def test_a_search_has_an_end(api: RunningApi, admin: Visitor, wait_s: Json) -> None:
    ask(admin, "discover", {"wait_s": wait_s}, status=422)
    assert api.searches.asked == []
    assert entries(api, "cameras.discovered") == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"address": f"http://admin:{SECRET}@169.254.169.254/"}, 400),
        ({"address": f"http://admin:{SECRET}@127.0.0.1/"}, 400),
        ({"address": f"gopher://admin:{SECRET}@192.168.7.8/"}, 400),
        ({"address": ""}, 422),
        ({"address": "http://x/" + "a" * 2048}, 422),
        ({"address": ADDRESS, "password": SECRET}, 422),
        ({}, 422),
    ],
)
def test_what_cannot_be_asked_is_refused(api: RunningApi, admin: Visitor, body: Json, status: int) -> None:
    ask(admin, "streams", body, status=status)
    assert api.searches.asked == []
    assert entries(api, "camera.asked") == []


def test_a_login_comes_back_to_nobody_and_is_written_nowhere(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG), running_api(tmp_path) as api:
        admin = api.signed_in("Nina", Role.ADMIN)
        ask(admin, "streams", {"address": WITH_LOGIN})
        ask(admin, "streams", {"address": WITH_LOGIN, "x": 1}, status=422)
        api.searches.failure = Unavailable("It is busy.")
        ask(admin, "streams", {"address": WITH_LOGIN}, status=503)
        assert SECRET not in admin.send("GET", "/api/v1/audit").text
    assert SECRET not in caplog.text
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert any(b"192.168.7.8" in content for content in written)
    assert not any(SECRET.encode() in content for content in written)
