"""A camera is asked for its streams: by a worker that is really sealed, and by one that lies."""

import logging
import sys
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from fakes import lying_worker
from fakes.network_namespace import run_alone
from fakes.onvif_camera import OnvifCamera, Stream, http, message
from fakes.scripted_camera import self_signed
from securevision.cameras.addresses import parse_address
from securevision.clock import SystemClock
from securevision.domain.network_cameras import CameraStreams
from securevision.errors import InvalidInput, SourceError, SourceRefused, Unavailable
from securevision.runtime.answers import Described, FromAsked
from securevision.runtime.inquiry import Inquiry
from securevision.runtime.messages import Describe
from securevision.runtime.supervision import WorkerKind
from securevision.settings import Settings
from securevision.wiring.engine import connector, media_kind
from securevision.wiring.onvif import NetworkCameras

PATIENCE = 15.0
PROGRAM = Path(__file__).with_name("searching_alone.py")
INNER = ("192.168.77.5", "10.9.8.7")
BOMB = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><a>&b;</a>'
REDIRECT = b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="processes are sealed on Linux alone")


@pytest.fixture(scope="module")
def search() -> NetworkCameras:
    return NetworkCameras(media_kind(Settings()))


def lying(mode: str = "claims") -> NetworkCameras:
    return NetworkCameras(WorkerKind([lying_worker.__file__, mode], FromAsked, 1 << 30))


def address_of(camera: OnvifCamera, password: str | None = None) -> str:
    scheme = "http" if camera.tls is None else "https"
    login = f"{quote(camera.user)}:{quote(password or camera.password)}"
    return f"{scheme}://{login}@127.0.0.1:{camera.port}"


def ask(search: NetworkCameras, camera: OnvifCamera, password: str | None = None) -> CameraStreams:
    return search.streams(address_of(camera, password), allow_loopback=True)


@on_linux
@pytest.mark.parametrize("login", ["token", "digest"])
def test_a_camera_tells_its_streams(search: NetworkCameras, login: str, tmp_path: Path) -> None:
    tls = self_signed(tmp_path) if login == "digest" else None
    with OnvifCamera(login=login, tls=tls) as camera:
        told = ask(search, camera)
    assert (told.manufacturer, told.model, told.firmware) == ("Ac&me", "Bull et 1", "V5.7")
    main, sub = told.streams
    assert (main.name, main.codec, main.width, main.height, main.fps) == ("Main", "h264", 2560, 1440, 25.0)
    assert main.address == "rtsp://127.0.0.1:554/Streaming/Channels/101?unicast=true&x=1"
    assert sub.address == "rtsp://127.0.0.1:554/Streaming/Channels/102"


@on_linux
def test_a_wrong_password_is_sent_once_and_stands_nowhere(
    search: NetworkCameras, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG), OnvifCamera() as camera:
        with pytest.raises(SourceRefused, match="refuses the user name or password") as caught:
            ask(search, camera, "Hunter2")
        assert camera.attempts == 1
    assert "Hunter2" not in str(caught.value) + caplog.text


@on_linux
@pytest.mark.parametrize(
    ("evil", "sentence"),
    [
        ({"raw": {"GetServices": REDIRECT}}, "sends us on to another address"),
        ({"xaddr": "http://203.0.113.9/onvif"}, "sends us on to another address"),
        (
            {"streams": [Stream("a", "b", "H264", 1, 1, 1, "rtsp://169.254.169.254/x")]},
            "sends us on to another address",
        ),
        (
            {"streams": [Stream("a", "b", "H264", 1, 1, 1, "file:///etc/passwd")]},
            "offers no video over RTSP",
        ),
        ({"raw": {"GetServices": http("200 OK", BOMB)}}, "something that is not ONVIF"),
        ({"raw": {"GetServices": http("200 OK", message("x" * 300_000))}}, "something that is not ONVIF"),
        ({"raw": {"GetServices": b"\x16\x03\x01"}}, "something that is not"),
    ],
)
def test_an_evil_camera_is_told_in_a_sentence(
    search: NetworkCameras, evil: Mapping[str, Any], sentence: str
) -> None:
    with OnvifCamera(**evil) as camera, pytest.raises(SourceError, match=sentence):
        ask(search, camera)


@on_linux
def test_a_camera_that_drips_keeps_nobody() -> None:
    def drip(request: BaseHTTPRequestHandler) -> None:
        while not threading.Event().wait(0.01):
            request.wfile.write(b"x")  # until the other side is gone

    with OnvifCamera(raw={"GetServices": drip}) as camera:
        text, clock = address_of(camera), SystemClock()
        connect = connector(parse_address(text), allow_loopback=True)
        with (
            Inquiry(media_kind(Settings()), clock, 2.0) as inquiry,
            pytest.raises(Unavailable, match="within 2 s"),
        ):
            inquiry.ask(Describe(text), Described, connect)


@on_linux
def test_nobody_is_reached_where_no_camera_may_be(search: NetworkCameras) -> None:
    with OnvifCamera() as camera, pytest.raises(InvalidInput, match="loopback"):
        search.streams(address_of(camera), allow_loopback=False)
    assert camera.asked == []


@pytest.mark.parametrize(
    "text",
    ["", "rtsp://192.168.77.5/", "file:///etc/passwd", "demo:", "192.168.77.5", "http://169.254.169.254/"],
)
def test_what_cannot_be_asked_is_refused_before_anything_starts(text: str) -> None:
    search = NetworkCameras(WorkerKind(["/no/such/program"], FromAsked, 1))
    for act in (search.shown, search.streams):
        with pytest.raises(InvalidInput):
            act(text, allow_loopback=True)


def test_an_address_is_shown_without_its_login() -> None:
    shown = lying().shown("http://admin:secret@192.168.77.5/x?token=secret", allow_loopback=False)
    assert shown == "http://192.168.77.5/x?token=***"


def test_of_what_a_worker_claims_only_streams_of_that_camera_are_believed() -> None:
    told = lying().streams("http://admin:p%40ssw0rd@127.0.0.1:8080", allow_loopback=True)
    assert [each.address for each in told.streams] == [
        "rtsp://127.0.0.1:554/main?x=1",
        "rtsp://127.0.0.1:554/sub",
        "",  # the password would be seen
    ]


def test_no_stream_that_can_be_believed_is_told() -> None:
    with pytest.raises(SourceRefused, match="offers no video over RTSP"):
        lying().streams("http://192.168.99.99", allow_loopback=False)


@on_linux
def test_one_question_at_a_time(search: NetworkCameras) -> None:
    begun, may_end = threading.Event(), threading.Event()

    def wait(_: BaseHTTPRequestHandler) -> None:
        begun.set()
        may_end.wait(PATIENCE)

    with OnvifCamera(raw={"GetSystemDateAndTime": wait}) as camera, ThreadPoolExecutor() as pool:
        first = pool.submit(ask, search, camera)
        assert begun.wait(PATIENCE)
        for act in (lambda: ask(search, camera), lambda: search.find(0.5)):
            with pytest.raises(Unavailable, match="just now"):
                act()
        may_end.set()
        with pytest.raises(SourceError, match="ended the connection"):
            first.result()
    with OnvifCamera() as camera:
        assert ask(search, camera).streams


# In a network of its own


@pytest.fixture(scope="module")
def seen() -> Mapping[str, Any]:
    return run_alone(PROGRAM, addresses=INNER)


def test_the_cameras_of_the_network_are_found(seen: Mapping[str, Any]) -> None:
    assert seen["found"] == [
        {"name": "Front door", "hardware": "X1", "addresses": ["http://192.168.77.5/onvif/device_service"]},
        {"name": "Front door", "hardware": "X1", "addresses": ["https://10.9.8.7:8443/x"]},
    ]


def test_of_what_a_worker_claims_only_addresses_that_answered_are_believed(seen: Mapping[str, Any]) -> None:
    assert seen["claimed"] == [
        {
            "name": "Gate",
            "hardware": "X1",
            "addresses": ["http://192.168.77.5/first", "http://192.168.77.5:8080/second"],
        }
    ]


def test_nothing_is_asked_over_another_interface(seen: Mapping[str, Any]) -> None:
    assert seen["elsewhere"] == (
        "No network took the question for cameras; check that this machine is connected to theirs."
    )


def test_without_an_answer_nobody_is_found(seen: Mapping[str, Any]) -> None:
    assert seen["alone"] == []


def test_each_search_ends_soon_and_sends_nothing_before_or_after(seen: Mapping[str, Any]) -> None:
    assert max(seen["lasted"]) < PATIENCE
    assert seen["heard"] == 2
