"""A camera that means harm, or is none."""

import socket
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.clock import FakeClock
from fakes.onvif_camera import OnvifCamera, Stream, fault, http, message
from securevision.cameras.addresses import parse_address
from securevision.cameras.authentication import Login
from securevision.cameras.onvif.client import OnvifClient
from securevision.clock import SystemClock
from securevision.errors import SourceError, SourceRefused
from unit.cameras.onvif.conftest import Describe

SECRET = "Zq7Xj9Wv"
OK = "Content-Type: application/soap+xml"
LAUGHS = b'<!DOCTYPE a [<!ENTITY l "' + b"lol" * 1000 + b'">]><a>' + b"&l;" * 60_000 + b"</a>"


def chunked(body: bytes) -> bytes:
    return b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)


@pytest.mark.parametrize(
    "path", ["GetSystemDateAndTime", "GetDeviceInformation", "GetProfiles", "GetStreamUri"]
)
@pytest.mark.parametrize(
    "answer",
    [
        http("200 OK", LAUGHS, OK),
        http("200 OK", message("<tt:a>" * 1000 + "</tt:a>" * 1000), OK),
        http("200 OK", b"<a>" + b"<b/>" * 200_000 + b"</a>", OK),
        http("200 OK", b"", "Content-Length: 99999999999999"),
        http("200 OK", b"x", "Content-Length: -1"),
        http("200 OK", b"fffffffff\r\n" + b"x" * 400_000, "Transfer-Encoding: chunked"),
        http("200 OK", b"-5\r\nx", "Transfer-Encoding: chunked"),
        http("200 OK", message("<tt:GetServicesResponse/>"), OK),
        http("200 OK", message("").replace(b"2003/05", b"2099/05"), OK),
        http("200 OK", b"<html>Welcome</html>"),
        http("200 OK", b"\xff\xfe\x00"),
        http("200 OK", b"", *(f"X-{each}: y" for each in range(200))),
        http("200 OK", b"", "X: " + "y" * 100_000),
        http("100 Continue", b"") * 20_000,
        http("99999 OK", b""),
        http("-1 OK", b""),
        b"\r\n\r\n",
        b"SSH-2.0-dropbear\r\n",
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"\x16\x03\x01" + bytes(5000),
    ],
)
def test_what_is_no_onvif_is_told(describe: Describe, answer: bytes, path: str) -> None:
    with (
        OnvifCamera(raw={path: answer}) as camera,
        pytest.raises(SourceError, match=r"sends something that is not (ONVIF|HTTP); .*\.$") as caught,
    ):
        describe(camera)
    assert not isinstance(caught.value, SourceRefused)


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Le", http("200 OK", b"", "Content-Length: 9")]
)
def test_an_end_in_between_is_told(describe: Describe, answer: bytes) -> None:
    with OnvifCamera(raw={"GetProfiles": answer}) as camera, pytest.raises(SourceError):
        describe(camera)


@pytest.mark.parametrize("status", ["400 Bad Request", "404 Not Found", "500 Oops", "501 No", "503 Later"])
def test_a_web_server_without_onvif_is_told(describe: Describe, status: str) -> None:
    answer = http(status, b"<html>No</html>")
    names = ("GetSystemDateAndTime", "GetServices", "GetCapabilities")
    with (
        OnvifCamera(raw=dict.fromkeys(names, answer)) as camera,
        pytest.raises(SourceRefused, match="does not say where its streams are"),
    ):
        describe(camera)


INFORMATION = message(
    "<tds:GetDeviceInformationResponse><tds:Model>M</tds:Model></tds:GetDeviceInformationResponse>"
)


@pytest.mark.parametrize(
    "answer",
    [
        http("200 OK", chunked(INFORMATION), "Transfer-Encoding: chunked", "Content-Length: 1"),
        http("200 OK", INFORMATION, f"Content-Length: {len(INFORMATION)}"),
    ],
)
def test_an_answer_ends_where_it_says_and_not_where_the_connection_does(
    describe: Describe, answer: bytes
) -> None:
    def hold(request: BaseHTTPRequestHandler) -> None:
        for piece in (answer[:-40], answer[-40:]):
            request.wfile.write(piece)
            threading.Event().wait(0.02)
        assert request.rfile.read() == b""

    with OnvifCamera(login="none", raw={"GetDeviceInformation": hold}) as camera:
        assert describe(camera, limit_s=3.0).model == "M"


def test_an_answer_without_end_is_given_up(describe: Describe) -> None:
    def fill(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(http("200 OK", b"", "Transfer-Encoding: chunked"))
        while True:
            request.wfile.write(b"\r\n" * 8000)

    with (
        OnvifCamera(raw={"GetServices": fill}) as camera,
        pytest.raises(SourceError, match="something that is not ONVIF"),
    ):
        describe(camera)


@pytest.mark.parametrize("operation", ["GetSystemDateAndTime", "GetProfiles"])
@pytest.mark.parametrize("status", ["301", "302", "307", "308"])
def test_a_redirect_is_not_followed(describe: Describe, operation: str, status: str) -> None:
    with OnvifCamera() as other:
        answer = http(f"{status} Moved", b"", f"Location: http://127.0.0.1:{other.port}/{SECRET}")
        with (
            OnvifCamera(raw={operation: answer}) as camera,
            pytest.raises(SourceRefused, match="sends us on to another address") as caught,
        ):
            describe(camera)
        assert SECRET not in str(caught.value)
        assert other.asked == []


@pytest.mark.parametrize(
    "said",
    [
        "http://203.0.113.9/onvif/media",
        "http://169.254.169.254/latest/meta-data/",
        "http://localhost/onvif/media",
        "http://127.0.0.2/onvif/media",
        "http://127.0.0.1@evil.example/onvif/media",
        "http://evil.example/#@127.0.0.1/",
        "http://[::1]/x",
        "http://2130706433/x",
        "http://[fe80::1]/x",
        f"https://{SECRET}.example/x",
    ],
)
def test_a_service_elsewhere_is_told_and_not_asked(describe: Describe, said: str) -> None:
    with (
        OnvifCamera(xaddr=said) as camera,
        pytest.raises(SourceRefused, match="sends us on to another address") as caught,
    ):
        describe(camera)
    assert SECRET not in str(caught.value)
    assert camera.attempts == 0


@pytest.mark.parametrize(
    "said",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/x",
        "http://[x",
        "http://127.0.0.1:99999/x",
        "http://127.0.0.1/a b",
        "http://127.0.0.1/a&#13;&#10;Host: x",
        "http://127.0.0.1/" + "x" * 300,
        "http://127.0.0.1/é",
        "",
        "x" * 100_000,
    ],
)
def test_an_address_of_a_service_that_is_none_is_not_used(describe: Describe, said: str) -> None:
    with OnvifCamera(xaddr=said) as camera, pytest.raises(SourceRefused, match="does not say where"):
        describe(camera)
    assert set(camera.paths) == {"/onvif/device_service"}


@pytest.mark.parametrize(
    "uri",
    [
        "rtsp://169.254.169.254/latest",
        "rtsp://203.0.113.9/x",
        "rtsp://localhost/x",
        "rtsp://127.0.0.1:x@evil.example/",
        "rtsps://[::1]/x",
    ],
)
def test_a_stream_elsewhere_is_told(describe: Describe, uri: str) -> None:
    with (
        OnvifCamera(streams=[Stream("a", "b", "H264", 1, 1, 1, uri)]) as camera,
        pytest.raises(SourceRefused, match="sends us on to another address"),
    ):
        describe(camera)


@pytest.mark.parametrize(
    "uri",
    [
        "file:///etc/passwd",
        "/etc/passwd",
        "demo:",
        "device:/dev/video0",
        "http://127.0.0.1/video.mjpg",
        "rtmp://127.0.0.1/live",
        "rtsp://127.0.0.1:0/x",
        f"rtsp://127.0.0.1/{SECRET}@x",
        "rtsp://127.0.0.1/a b",
        "rtsp:///x",
        "",
        "rtsp://127.0.0.1/" + "x" * 2000,
    ],
)
def test_an_address_that_is_none_of_rtsp_is_not_given(describe: Describe, uri: str) -> None:
    with (
        OnvifCamera(streams=[Stream("a", "b", "H264", 1, 1, 1, uri)]) as camera,
        pytest.raises(SourceRefused, match="offers no video over RTSP") as caught,
    ):
        describe(camera)
    assert SECRET not in str(caught.value)


def test_as_many_profiles_as_are_of_use(describe: Describe) -> None:
    streams = [Stream("x" * 500, f"t{each}", "H264", 1, 1, 1, "rtsp://HOST/x") for each in range(100)]
    too_long = Stream("a", "t" * 200, "H264", 1, 1, 1, "rtsp://HOST/x")
    with OnvifCamera(streams=[too_long, *streams]) as camera:
        profiles = describe(camera).profiles
    assert [each.token for each in profiles] == [each.token for each in streams[:32]]
    assert {len(each.name) for each in profiles} == {64}


@pytest.mark.parametrize("first", [b"", b"HTTP/1.1 200 OK\r\nX: ", http("200 OK", b"<a>")])
def test_an_answer_that_drips_has_an_end(describe: Describe, first: bytes) -> None:
    def drip(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(first)
        while not threading.Event().wait(0.01):
            request.wfile.write(b"x")  # until the other side is gone

    with (
        OnvifCamera(raw={"GetServices": drip}) as camera,
        pytest.raises(SourceError, match=r"gave no answer within 0.3 s"),
    ):
        describe(camera, limit_s=0.3)


def test_all_answers_together_have_an_end(describe: Describe) -> None:
    def dawdle(request: BaseHTTPRequestHandler) -> None:
        threading.Event().wait(0.05)
        request.wfile.write(http("400 No", fault()))

    streams = [Stream("a", f"t{each}", "H264", 1, 1, 1, "rtsp://HOST/x") for each in range(32)]
    with (
        OnvifCamera(streams=streams, raw={"GetStreamUri": dawdle}) as camera,
        pytest.raises(SourceError, match=r"gave no answer within 0.4 s"),
    ):
        describe(camera, limit_s=0.4)
    assert camera.asked.count("GetStreamUri") < 16


@pytest.mark.parametrize(
    "challenge", ["Digest realm=x", "Digest " + "a=" * 4000, 'Digest nonce="a\r\n b"', "é", ""]
)
def test_a_challenge_that_cannot_be_answered_is_told(describe: Describe, challenge: str) -> None:
    answer = http("401 No", b"", f"WWW-Authenticate: {challenge}")
    with (
        OnvifCamera(raw={"GetDeviceInformation": answer}) as camera,
        pytest.raises(SourceRefused, match="refuses the user name or password"),
    ):
        describe(camera)
    assert camera.asked.count("GetDeviceInformation") == 2


class Script:
    """A camera that says what it is told, whatever it is asked, over sockets that nobody listens at."""

    def __init__(self, answers: Sequence[bytes]) -> None:
        self._answers = iter(answers)
        self._open: list[socket.socket] = []

    def connect(self) -> int:
        ours, theirs = socket.socketpair()
        self._open.append(theirs)
        theirs.sendall(next(self._answers, b""))
        theirs.shutdown(socket.SHUT_WR)
        return ours.detach()

    def close(self) -> None:
        for each in self._open:
            each.close()


def answers_of_a_camera() -> Iterator[bytes]:
    place = "<tds:XAddr>http://cam/m</tds:XAddr>"
    for operation, inside in (
        ("tds:GetSystemDateAndTime", ""),
        (
            "tds:GetServices",
            f"<tds:Service><tds:Namespace>http://www.onvif.org/ver10/media/wsdl</tds:Namespace>{place}</tds:Service>",
        ),
        ("tds:GetDeviceInformation", "<tds:Model>M</tds:Model>"),
        (
            "trt:GetProfiles",
            '<trt:Profiles token="t"><tt:VideoEncoderConfiguration/></trt:Profiles>',
        ),
        ("trt:GetStreamUri", "<trt:MediaUri><tt:Uri>rtsp://cam/x</tt:Uri></trt:MediaUri>"),
    ):
        yield http("200 OK", message(f"<{operation}Response>{inside}</{operation}Response>"))


GOOD = tuple(answers_of_a_camera())


@given(
    number=st.integers(0, len(GOOD) - 1),
    position=st.integers(0, 900),
    patch=st.binary(max_size=12)
    | st.sampled_from([b"401 No", b"302 Go", b"500 No", b"<!DOCTYPE a>", b"file:///x"]),
    keep=st.booleans(),
)
def test_a_damaged_answer_gives_a_camera_or_one_sentence(
    number: int, position: int, patch: bytes, keep: bool
) -> None:
    good = GOOD[number]
    damaged = good[:position] + patch + (good[position + len(patch) :] if keep else b"")
    script = Script([*GOOD[:number], damaged, *GOOD[number + 1 :]])
    client = OnvifClient(
        script.connect, parse_address("http://cam/"), Login("user", SECRET), FakeClock(), limit_s=5.0
    )
    told = ""
    try:
        (profile,) = client.describe().profiles
    except SourceError as error:
        told = str(error)
    script.close()
    if not told:
        assert profile.address.startswith(("rtsp://cam:", "rtsps://cam:"))
        return
    assert told.startswith("http://cam/ ")
    assert told.endswith(".")
    assert SECRET not in told


def test_the_script_is_a_camera() -> None:
    script = Script(GOOD)
    client = OnvifClient(script.connect, parse_address("http://cam"), None, SystemClock())
    assert client.describe().profiles[0].address == "rtsp://cam:554/x"
    script.close()


def test_what_connecting_says_is_passed_on() -> None:
    def connect() -> int:
        raise SourceRefused("No.")

    with pytest.raises(SourceRefused, match=r"^No\.$"):
        OnvifClient(connect, parse_address("http://cam"), None, SystemClock()).describe()
