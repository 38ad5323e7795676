import socket
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

import pytest

from fakes.onvif_camera import STREAMS, TR2, TRT, OnvifCamera, Stream, http, message
from fakes.scripted_camera import self_signed
from securevision.cameras.addresses import parse_address
from securevision.cameras.onvif.client import OnvifClient
from securevision.clock import SystemClock
from securevision.errors import SourceError, SourceRefused
from unit.cameras.onvif.conftest import Describe


@pytest.mark.parametrize("login", ["token", "digest", "none"])
def test_a_camera_tells_what_it_is_and_where_its_streams_are(describe: Describe, login: str) -> None:
    with OnvifCamera(login=login) as camera:
        told = describe(camera)
    assert (told.manufacturer, told.model, told.firmware) == ("Ac&me", "Bull et 1", "V5.7")
    assert [
        (each.name, each.token, each.codec, each.width, each.height, each.fps) for each in told.profiles
    ] == [("Main", "Profile_1", "h264", 2560, 1440, 25.0), ("Sub", "Profile_2", "h264", 640, 360, 15.0)]
    assert [each.address for each in told.profiles] == [
        "rtsp://127.0.0.1:554/Streaming/Channels/101?unicast=true&x=1",
        "rtsp://127.0.0.1:554/Streaming/Channels/102",
    ]
    assert set(camera.paths) == {"/onvif/device_service", "/onvif/media"}


@pytest.mark.parametrize("login", ["token", "digest"])
def test_a_login_goes_out_when_it_is_asked_for_and_with_each_question_after_that(
    describe: Describe, login: str
) -> None:
    with OnvifCamera(login=login) as camera:
        describe(camera)
    closed = [each for each in camera.asked if each not in ("GetSystemDateAndTime", "GetServices")]
    assert closed == [
        "GetDeviceInformation",
        "GetDeviceInformation",
        "GetProfiles",
        "GetStreamUri",
        "GetStreamUri",
    ]
    assert camera.attempts == 4


@pytest.mark.parametrize("ahead_s", [-86_400 * 365 * 20, -600, 3, 86_400])
def test_a_wrong_clock_of_the_camera_is_no_wrong_password(describe: Describe, ahead_s: int) -> None:
    with OnvifCamera(ahead_s=ahead_s) as camera:
        assert describe(camera).profiles


def test_a_camera_that_tells_its_time_to_nobody_is_taken_to_be_right(describe: Describe) -> None:
    with OnvifCamera(closed=["GetSystemDateAndTime", "GetServices"]) as camera:
        assert describe(camera).profiles


@pytest.mark.parametrize(
    "time",
    [
        "",
        "<tt:UTCDateTime/>",
        "<tt:UTCDateTime><tt:Date><tt:Year>2026</tt:Year><tt:Month>13</tt:Month><tt:Day>1</tt:Day></tt:Date></tt:UTCDateTime>",
    ],
)
def test_a_time_that_is_none_is_taken_to_be_right(describe: Describe, time: str) -> None:
    told = message(
        f"<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime>{time}</tds:SystemDateAndTime>"
        "</tds:GetSystemDateAndTimeResponse>"
    )
    with OnvifCamera(raw={"GetSystemDateAndTime": http("200 OK", told)}) as camera:
        assert describe(camera).profiles


@pytest.mark.parametrize("login", ["token", "digest", "basic"])
def test_a_wrong_password_is_tried_once(describe: Describe, login: str) -> None:
    with OnvifCamera(login=login) as camera:
        with pytest.raises(SourceRefused, match="refuses the user name or password") as caught:
            describe(camera, password="Hunter2")
        assert camera.attempts == 1
    assert "Hunter2" not in str(caught.value)


def test_a_camera_that_blames_something_else_is_not_tried_again(describe: Describe) -> None:
    with OnvifCamera(blame="wsse:FailedCheck") as camera:
        with pytest.raises(SourceRefused, match="refuses the user name or password"):
            describe(camera, password="Hunter2")
        assert camera.attempts == 1


def test_without_a_login_a_camera_that_wants_one_is_refused() -> None:
    with OnvifCamera() as camera:
        address = parse_address(f"http://127.0.0.1:{camera.port}/")
        client = OnvifClient(
            lambda: socket.create_connection(("127.0.0.1", camera.port)).detach(),
            address,
            None,
            SystemClock(),
        )
        with pytest.raises(SourceRefused, match="wants a user name and password"):
            client.describe()


def test_a_nonce_that_grew_old_is_no_wrong_password(describe: Describe) -> None:
    with OnvifCamera(login="digest") as camera:
        camera.nonce_lasts = 2
        assert describe(camera).profiles
    assert len(camera.nonces) > 1


@pytest.mark.parametrize(
    ("media", "encoding", "codec"),
    [([TRT, TR2], "H265", "hevc"), ([TR2], "H264", "h264"), ([TRT], "JPEG", "mjpeg"), ([TRT], "AV1", "")],
)
def test_both_versions_of_the_media_service(
    describe: Describe, media: Sequence[str], encoding: str, codec: str
) -> None:
    stream = Stream("N<", "T\"<&'", encoding, 70_000, 480, 29.97, "rtsp://HOST/x")
    with OnvifCamera(media=media, streams=[stream]) as camera:
        (profile,) = describe(camera).profiles
    assert (profile.name, profile.token, profile.codec) == (stream.name, stream.token, codec)
    assert (profile.width, profile.height, profile.fps) == (0, 480, 29.97)


def test_a_profile_without_video_is_left_out(describe: Describe) -> None:
    with OnvifCamera(streams=[Stream("Sound", "s", "", 0, 0, 0, "rtsp://HOST/x"), *STREAMS]) as camera:
        assert [each.name for each in describe(camera).profiles] == ["Main", "Sub"]


def test_a_camera_from_before_get_services(describe: Describe) -> None:
    with OnvifCamera(missing=["GetServices"]) as camera:
        assert len(describe(camera).profiles) == len(STREAMS)


def test_what_a_camera_does_not_tell_stays_empty(describe: Describe) -> None:
    with OnvifCamera(login="none", missing=["GetDeviceInformation"]) as camera:
        told = describe(camera)
    assert (told.manufacturer, told.model, told.firmware) == ("", "", "")


@pytest.mark.parametrize(
    ("missing", "hint"),
    [
        (["GetServices", "GetCapabilities"], "does not say where its streams are"),
        (["GetProfiles"], "offers no video over RTSP"),
        (["GetStreamUri"], "offers no video over RTSP"),
    ],
)
def test_a_camera_without_streams_is_refused(describe: Describe, missing: Sequence[str], hint: str) -> None:
    with OnvifCamera(missing=missing) as camera, pytest.raises(SourceRefused, match=hint) as caught:
        describe(camera)
    assert "555" not in str(caught.value)


def test_the_path_of_the_device_service_can_be_given(describe: Describe) -> None:
    with OnvifCamera() as camera:
        describe(camera, path="/other/gerät?x=1")
    assert camera.paths[0] == "/other/ger%C3%A4t?x=1"


@pytest.mark.parametrize(
    ("said", "path"),
    [
        ("http://127.0.0.1/onvif/media", "/onvif/media"),
        ("https://192.168.7.7:8899/m", "/m"),
        ("http://10.1.1.1", "/"),
        ("http://user:pw@127.0.0.1/m?x=1#y", "/m"),
    ],
)
def test_only_the_path_of_a_service_is_used(describe: Describe, said: str, path: str) -> None:
    with OnvifCamera(xaddr=said) as camera:
        describe(camera)
    assert set(camera.paths) == {"/onvif/device_service", path}


@pytest.mark.parametrize(
    "uri",
    [
        "rtsp://HOST:8554/x",
        "RTSP://root:{secret}@HOST:8554/x",
        "rtsp://root:{secret}@192.168.7.7:8554/x",
        " rtsp://{secret}@HOST:8554/x#y ",
    ],
)
def test_the_address_of_a_stream_has_no_login_and_is_at_the_host_that_was_asked(
    describe: Describe, uri: str
) -> None:
    uri = uri.replace("{secret}", quote("Zq7Xj9Wv"))
    with OnvifCamera(streams=[Stream("a", "b", "H264", 1, 1, 1, uri)]) as camera:
        (profile,) = describe(camera).profiles
    assert profile.address == "rtsp://127.0.0.1:8554/x"


@pytest.mark.parametrize("limit_s", [0.0, -1.0])
def test_no_time_is_no_answer(describe: Describe, limit_s: float) -> None:
    with OnvifCamera() as camera, pytest.raises(SourceError, match="no answer within"):
        describe(camera, limit_s=limit_s)
    assert camera.asked == []


def test_a_camera_with_tls_needs_no_known_certificate(describe: Describe, tmp_path: Path) -> None:
    with OnvifCamera(login="digest", tls=self_signed(tmp_path)) as camera:
        assert describe(camera).profiles


def test_a_camera_without_tls_is_not_spoken_to_in_clear_when_tls_was_asked_for() -> None:
    with OnvifCamera() as camera:
        client = OnvifClient(
            lambda: socket.create_connection(("127.0.0.1", camera.port)).detach(),
            parse_address(f"https://127.0.0.1:{camera.port}"),
            None,
            SystemClock(),
        )
        with pytest.raises(SourceError, match="ended the connection; check its port"):
            client.describe()
    assert camera.asked == []
