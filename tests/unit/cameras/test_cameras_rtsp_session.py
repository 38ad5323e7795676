import base64
import contextlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securevision.cameras.addresses import parse_address
from securevision.cameras.rtsp_messages import Headers, Message, Request, Response
from securevision.cameras.rtsp_session import RtspSession
from securevision.errors import SourceError, SourceRefused

ADDRESS = "rtsp://admin:p%40ss@camera.local/cam/live?channel=1&token=hunter2"
BASE = "rtsp://camera.local:554/cam/live?channel=1&token=hunter2"
DIGEST = ("www-authenticate", 'Digest realm="camera", nonce="first"')
RENEWED = ("www-authenticate", 'Digest realm="camera", nonce="second"')
STALE = ("www-authenticate", 'Digest realm="camera", nonce="third", stale=true')


def sdp(control: str = "a=control:trackID=1", session: str = "", kind: str = "H264") -> bytes:
    lines = ("v=0", session, "m=video 0 RTP/AVP 96", f"a=rtpmap:96 {kind}/90000", control)
    return "\r\n".join(lines).encode()


OPTIONS = Response(200, (("public", "OPTIONS, DESCRIBE, get_parameter"),))
DESCRIBED = Response(200, (), sdp())
SET_UP = Response(200, (("transport", "RTP/AVP/TCP;unicast;interleaved=0-1"), ("session", "42;timeout=30")))
PLAYING = Response(200)
UNAUTHORIZED = Response(401, (DIGEST,))


@dataclass
class Talk:
    """A session and what it asks."""

    session: RtspSession
    asked: list[str] = field(default_factory=list)

    def hear(self, *messages: Message) -> "Talk":
        for message in messages:
            if sent := self.session.receive(message):
                self.asked.append(sent.decode())
        return self

    @property
    def methods(self) -> list[str]:
        return [text.split(" ")[0] for text in self.asked]

    @property
    def uris(self) -> list[str]:
        return [text.split(" ")[1] for text in self.asked]


def talk(*answers: Message, address: str = ADDRESS) -> Talk:
    session = RtspSession(parse_address(address))
    return Talk(session, [session.start().decode()]).hear(*answers)


def header(text: str, name: str) -> str:
    found = re.search(rf"^{name}: (.*)\r$", text, re.MULTILINE)
    return found[1] if found else ""


def test_a_camera_is_made_to_play() -> None:
    session = talk(OPTIONS, DESCRIBED, SET_UP, PLAYING)
    assert session.methods == ["OPTIONS", "DESCRIBE", "SETUP", "PLAY"]
    assert session.uris == [BASE, BASE, f"{BASE}/trackID=1", BASE]
    assert [header(each, "CSeq") for each in session.asked] == ["1", "2", "3", "4"]
    assert header(session.asked[1], "Accept") == "application/sdp"
    assert header(session.asked[2], "Transport") == "RTP/AVP/TCP;unicast;interleaved=0-1"
    assert [header(each, "Session") for each in session.asked] == ["", "", "", "42"]
    assert session.session.playing
    assert session.session.channel == 0
    assert session.session.media is not None
    assert session.session.media.codec == "h264"
    assert not any("Authorization" in each or "admin" in each for each in session.asked)


def test_it_is_kept_alive_at_half_of_its_time_and_ended() -> None:
    session = talk(OPTIONS, DESCRIBED, SET_UP, PLAYING).session
    assert session.keepalive_s == 15.0
    request = session.keep_alive().decode()
    assert request.startswith(f"GET_PARAMETER {BASE} RTSP/1.0\r\n")
    assert header(request, "Session") == "42"
    assert session.receive(Response(451)) == b""
    assert session.keep_alive().startswith(b"OPTIONS ")
    assert session.receive(Response(500)) == b""
    assert session.receive(Response(200)) == b""
    assert session.tear_down().startswith(f"TEARDOWN {BASE} RTSP/1.0\r\n".encode())


def test_it_is_kept_alive_when_it_plays_without_saying_so() -> None:
    talked = talk(OPTIONS, DESCRIBED, SET_UP)
    talked.session.keep_alive()
    talked.hear(Response(200), Response(200))
    assert talked.methods == ["OPTIONS", "DESCRIBE", "SETUP", "PLAY"]


def test_nothing_is_ended_that_was_not_set_up() -> None:
    assert talk(OPTIONS).session.tear_down() == b""


@pytest.mark.parametrize(
    ("session", "transport", "seconds", "channel"),
    [
        ("42", "", 30.0, 0),
        ("42;timeout=60", "RTP/AVP/TCP;interleaved=2-3", 30.0, 2),
        ("42 ; timeout = 10", "RTP/AVP/TCP;INTERLEAVED=4", 5.0, 4),
        ("42;timeout=999999", "RTP/AVP/TCP", 30.0, 0),
        ("42;timeout=0", "interleaved=999", 2.0, 0),
        ("42;timeout=1000000000000", "RTP/AVP/TCP;interleaved=2555", 30.0, 0),
        ("", "RTP/AVP/TCP;unicast;interleaved=6-7;ssrc=1", 30.0, 6),
    ],
)
def test_what_firmware_says_of_its_session(
    session: str, transport: str, seconds: float, channel: int
) -> None:
    answer = Response(200, (("transport", transport), ("session", session)))
    talked = talk(OPTIONS, DESCRIBED, answer)
    assert (talked.session.keepalive_s, talked.session.channel) == (seconds, channel)
    assert talked.methods[-1] == "PLAY"


@pytest.mark.parametrize("options", [Response(404), Response(501), Response(200), Response(500)])
def test_a_camera_that_does_not_know_options_is_asked_on(options: Response) -> None:
    session = talk(options, DESCRIBED, SET_UP, PLAYING).session
    assert session.playing
    assert session.keep_alive().startswith(b"OPTIONS ")


CONTENT = "rtsp://192.168.1.64:554/real/"


@pytest.mark.parametrize(
    ("headers", "control", "session", "set_up", "play"),
    [
        ((), "a=control:trackID=1", "", f"{BASE}/trackID=1", BASE),
        ((), "a=control:/trackID=1", "", f"{BASE}/trackID=1", BASE),
        ((), "", "", BASE, BASE),
        ((), "a=control:*", "a=control:*", BASE, BASE),
        (
            (("content-base", CONTENT),),
            "a=control:track1",
            "",
            "rtsp://camera.local:554/real/track1",
            "rtsp://camera.local:554/real/",
        ),
        (
            (("content-location", CONTENT),),
            "a=control:track1",
            "",
            "rtsp://camera.local:554/real/track1",
            "rtsp://camera.local:554/real/",
        ),
        ((("content-base", "nonsense"),), "a=control:track1", "", f"{BASE}/track1", BASE),
        (
            (("content-base", CONTENT),),
            "a=control:rtsp://10.0.0.1/x/video",
            "a=control:rtsp://10.0.0.1/x/",
            "rtsp://camera.local:554/x/video",
            "rtsp://camera.local:554/x/",
        ),
        ((), "a=control:rtsp://elsewhere.example", "", "rtsp://camera.local:554/", BASE),
        ((), "a=control:http://elsewhere.example/a", "", f"{BASE}/http://elsewhere.example/a", BASE),
        ((), "a=control:a b\tc\xe4", "", f"{BASE}/a%20b%09c%C3%A4", BASE),
    ],
)
def test_every_request_goes_to_the_camera_itself(
    headers: Headers, control: str, session: str, set_up: str, play: str
) -> None:
    talked = talk(OPTIONS, Response(200, headers, sdp(control, session)), SET_UP, PLAYING)
    assert talked.uris[2:] == [set_up, play]


def test_an_address_without_a_path_and_one_with_strange_letters() -> None:
    assert talk(address="rtsp://[fd00::1]:8554").uris == ["rtsp://[fd00::1]:8554/"]
    assert talk(address="rtsps://camera.local/Tür").uris == ["rtsps://camera.local:322/T%C3%BCr"]


def test_the_login_is_sent_when_it_is_asked_for_and_then_always() -> None:
    session = talk(OPTIONS, UNAUTHORIZED, DESCRIBED, SET_UP, PLAYING)
    assert session.methods == ["OPTIONS", "DESCRIBE", "DESCRIBE", "SETUP", "PLAY"]
    proofs = [header(each, "Authorization") for each in session.asked]
    assert proofs[:2] == ["", ""]
    assert all(each.startswith('Digest username="admin"') for each in proofs[2:])
    assert [re.findall(r'uri="(.*?)"', each) for each in proofs[2:]] == [[uri] for uri in session.uris[2:]]
    assert header(session.asked[2], "Accept") == "application/sdp"


def test_basic_is_answered() -> None:
    session = talk(Response(401, (("www-authenticate", "Basic"),)), address="rtsp://a:b:c@camera/x")
    assert header(session.asked[1], "Authorization") == f"Basic {base64.b64encode(b'a:b:c').decode()}"


@pytest.mark.parametrize(
    "answers",
    [
        (OPTIONS, UNAUTHORIZED, UNAUTHORIZED),
        (UNAUTHORIZED, UNAUTHORIZED),
        (OPTIONS, UNAUTHORIZED, Response(401)),
        (OPTIONS, UNAUTHORIZED, Response(401, (RENEWED,))),
        (OPTIONS, UNAUTHORIZED, Response(401, (STALE,)), Response(401, (STALE,))),
        (OPTIONS, Response(403)),
        (OPTIONS, UNAUTHORIZED, DESCRIBED, Response(401, (RENEWED,)), Response(401, (RENEWED,))),
    ],
)
def test_a_wrong_login_is_sent_once(answers: Sequence[Response]) -> None:
    talked = talk(*answers[:-1])
    with pytest.raises(SourceRefused, match="refuses the user name or password"):
        talked.hear(answers[-1])


def test_a_nonce_that_grew_old_is_replaced() -> None:
    session = talk(
        OPTIONS, UNAUTHORIZED, Response(401, (STALE,)), DESCRIBED, Response(401, (RENEWED,)), SET_UP, PLAYING
    )
    assert session.methods == ["OPTIONS", *["DESCRIBE"] * 3, *["SETUP"] * 2, "PLAY"]
    nonces = [re.findall(r'nonce="(.*?)"', each) for each in session.asked]
    assert nonces == [[], [], ["first"], ["third"], ["third"], ["second"], ["second"]]
    session.session.keep_alive()
    session.hear(Response(401, (STALE,)), Response(200))
    assert session.methods[-1] == "GET_PARAMETER"


def test_a_camera_that_wants_a_login_and_gets_none_is_told() -> None:
    with pytest.raises(SourceRefused, match="wants a user name and password; write them"):
        talk(OPTIONS, UNAUTHORIZED, address="rtsp://camera/x")
    with pytest.raises(SourceRefused, match="a login of a kind that is not supported"):
        talk(OPTIONS, Response(401, (("www-authenticate", "Negotiate"),)))


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        (
            (OPTIONS, Response(302, (("location", "rtsp://169.254.169.254/"),))),
            "sends us on to another address",
        ),
        ((Response(301),), "sends us on to another address"),
        ((OPTIONS, DESCRIBED, SET_UP, PLAYING, Request("REDIRECT", "*")), "sends us on to another address"),
        ((OPTIONS, Response(404)), "has no such stream"),
        ((OPTIONS, DESCRIBED, Response(461)), "does not send its video over TCP"),
        (
            (OPTIONS, DESCRIBED, Response(200, (("transport", "RTP/AVP;unicast;client_port=0-1"),))),
            "over TCP",
        ),
        ((OPTIONS, Response(200)), "has no video in it"),
        ((OPTIONS, Response(200, (), sdp(kind="VP8"))), "use H.264 or H.265"),
    ],
)
def test_what_will_not_change_by_itself_is_refused(answers: Sequence[Message], sentence: str) -> None:
    with pytest.raises(SourceRefused, match=sentence):
        talk(*answers)


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ((OPTIONS, Response(500)), "answers with error 500"),
        ((OPTIONS, DESCRIBED, Response(453)), "serves no more viewers"),
        ((OPTIONS, DESCRIBED, SET_UP, Response(503)), "serves no more viewers"),
        ((OPTIONS, Response(200, (), sdp("a=control:" + "x" * 5000))), "something that is not RTSP"),
    ],
)
def test_what_may_be_otherwise_soon_is_no_refusal(answers: Sequence[Message], sentence: str) -> None:
    with pytest.raises(SourceError, match=sentence) as raised:
        talk(*answers)
    assert not isinstance(raised.value, SourceRefused)


def test_a_session_that_the_camera_forgot_has_ended() -> None:
    session = talk(OPTIONS, DESCRIBED, SET_UP, PLAYING).session
    session.keep_alive()
    with pytest.raises(SourceError, match="ended the connection"):
        session.receive(Response(454))


def test_a_camera_that_asks_is_answered_and_one_that_says_wait_is_waited_for() -> None:
    talked = talk(OPTIONS, Request("GET_PARAMETER", "*", (("cseq", "9"),)), Response(100), DESCRIBED)
    assert talked.asked[2] == "RTSP/1.0 200 OK\r\nCSeq: 9\r\n\r\n"
    assert talked.methods[3] == "SETUP"


SECRETS = ("admin", "p@ss", "p%40ss", "hunter2")

statuses = st.sampled_from([100, 200, 200, 200, 200, 302, 400, 401, 403, 404, 453, 454, 461, 503, 999])
values = st.sampled_from(
    ["", "42;timeout=2", CONTENT, DIGEST[1], STALE[1], "interleaved=1", "GET_PARAMETER"]
) | st.text(max_size=20)
names = st.sampled_from(["www-authenticate", "session", "transport", "content-base", "public", "cseq"])
bodies = st.sampled_from([sdp(), b""]) | st.binary(max_size=30)
responses = st.builds(Response, statuses, st.lists(st.tuples(names, values), max_size=4).map(tuple), bodies)
requests = st.builds(Request, st.sampled_from(["OPTIONS", "REDIRECT", "ANNOUNCE"]), st.just("*"), st.just(()))


@given(st.lists(responses | requests, max_size=12), st.integers(0, 4))
def test_no_conversation_is_too_odd_and_none_tells_a_secret(messages: list[Message], good: int) -> None:
    talked = talk(*(OPTIONS, DESCRIBED, SET_UP, PLAYING)[:good])
    with contextlib.suppress(SourceError):
        _told(lambda: talked.hear(*messages))
        _told(lambda: talked.hear(Response(200)))
        talked.session.keep_alive()
        talked.session.tear_down()
    for text in talked.asked:
        assert text.count("\r\n\r\n") == 1
        assert re.fullmatch(
            r"(RTSP/1.0 200 OK|[A-Z_]+ rtsp://camera\.local:554/\S* RTSP/1\.0)", text.split("\r\n")[0]
        )


def _told(act: Callable[[], object]) -> None:
    try:
        act()
    except SourceError as error:
        assert not any(secret in str(error) for secret in SECRETS)  # noqa: PT017 - any of many may be raised
        raise
