import base64
import hashlib
import itertools
import os
import re
import struct
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.clock import FakeClock
from fakes.decoded import numbers
from fakes.mjpeg_camera import HEAD, Answer, MjpegCamera, jpeg, part
from fakes.scripted_camera import self_signed
from securevision.cameras.addresses import parse_address
from securevision.cameras.http_message import MAX_HEAD, ResponseReader
from securevision.cameras.http_mjpeg import HttpMjpegStream
from securevision.clock import SystemClock
from securevision.domain.video import AccessUnit, VideoFormat
from securevision.errors import SourceError, SourceRefused

Items = list[VideoFormat | AccessUnit]
LOGIN = "admin:hunter2@"
BASIC = b'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="cam"\r\nContent-Length: 5\r\n\r\nhello'
QUOTED = b'CONTENT-TYPE : multipart/x-mixed-replace;boundary="frame"\r\n\r\n'
DIGEST = b'HTTP/1.0 401 No\r\nWWW-Authenticate: Digest realm="cam", nonce="%d"%s\r\n\r\n'


def stream_of(
    camera: MjpegCamera,
    *,
    login: str = "",
    path: str = "/video",
    open_timeout_s: float = 5.0,
    read_timeout_s: float = 5.0,
) -> HttpMjpegStream:
    return HttpMjpegStream(
        camera.connect,
        parse_address(camera.address(login, path)),
        SystemClock(),
        open_timeout_s=open_timeout_s,
        read_timeout_s=read_timeout_s,
    )


def read(stream: HttpMjpegStream) -> tuple[Items, SourceError]:
    """Return what came, and why no more does."""
    items: Items = []
    try:
        for item in stream.items():
            items += [item] if item is not None else []
    except SourceError as failure:
        return items, failure
    raise AssertionError


def watch(*answers: bytes | Answer, login: str = "") -> tuple[Items, SourceError, list[bytes]]:
    """Return what a camera gave, why it gives no more, and what it was asked."""
    with MjpegCamera(*answers) as camera:
        items, failure = read(stream_of(camera, login=login))
    assert "hunter2" not in str(failure)
    return items, failure, camera.requests


def body(*pictures: bytes, length: bool = True) -> bytes:
    return b"".join(part(each, length=length) for each in pictures) + b"--frame"


def chunked(data: bytes, size: int, *, end: bytes = b"\r\n") -> bytes:
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    return b"".join(b"%X;x=y" % len(piece) + end + piece + end for piece in pieces)


@pytest.mark.parametrize("length", [True, False])
@pytest.mark.parametrize("size", [0, 1000, 70_000])
def test_pictures_come_as_they_were_sent(length: bool, size: int) -> None:
    data = body(*map(jpeg, range(10)), length=length)
    head = HEAD.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: Chunked\r\n\r\n") if size else HEAD
    items, failure, requests = watch(head + (chunked(data, size) if size else data))
    assert items[0] == VideoFormat("mjpeg", 160, 96)
    assert items[1:] == [AccessUnit(jpeg(number), keyframe=True) for number in range(10)]
    assert numbers(items) == list(range(10))
    assert str(failure).endswith("/video ended the connection.")
    assert len(requests) == 1


def test_what_is_asked() -> None:
    with MjpegCamera(HEAD) as camera:
        read(stream_of(camera, path="/mjpg/vidéo.cgi?fps=5&key=hunter2"))
        read(stream_of(camera, path=""))
        host = camera.address().split("/")[2]
    first, second = (request.decode().split("\r\n") for request in camera.requests)
    assert first[:2] == ["GET /mjpg/vid%C3%A9o.cgi?fps=5&key=hunter2 HTTP/1.1", f"Host: {host}"]
    assert second[0] == "GET / HTTP/1.1"
    assert "Connection: close" in first
    assert "authorization" not in str(camera.requests).lower()


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.0 200\r\nContent-Type:multipart/x-mixed-replace;boundary=--frame\r\n\r\n",
        b"HTTP/1.0 200 OK\nContent-type: Multipart/Mixed; boundary=nothing\n\n",
        b"HTTP/1.1 200 OK\r\nServer: \xff\xfe\r\nContent-Length: 0\r\nnonsense\r\n" + QUOTED,
    ],
)
def test_heads_as_cameras_write_them(head: bytes) -> None:
    assert len(watch(head + body(jpeg(1)))[0]) == 2


def test_what_firmware_writes_before_a_picture_is_left_out() -> None:
    again = b"\r\nContent-Type: image/jpeg\r\n\r\n"
    items, *_ = watch(HEAD + body(again + jpeg(1)))
    assert items[1:] == [AccessUnit(jpeg(1), keyframe=True)]


def test_a_new_size_is_a_new_format() -> None:
    items, *_ = watch(HEAD + body(jpeg(1), jpeg(2), jpeg(3, (320, 192)), jpeg(4)))
    assert [(item.width, item.height) for item in items if isinstance(item, VideoFormat)] == [
        (160, 96),
        (320, 192),
        (160, 96),
    ]
    assert numbers(items) == [1, 2, 3, 4]


def test_the_end_of_the_last_part_or_chunk_is_the_end() -> None:
    chunks = HEAD.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n") + chunked(
        body(jpeg(1)), 500
    )
    for last in (
        Answer([HEAD, body(jpeg(1)) + b"--\r\n"], stays=True),
        Answer([chunks + b"0\r\n"], stays=True),
    ):
        items, failure, _ = watch(last)
        assert len(items) == 2
        assert str(failure).endswith("ended the connection.")


# Logins


def test_basic_is_answered_on_a_connection_of_its_own() -> None:
    items, _, requests = watch(BASIC, HEAD + body(jpeg(1)), login=LOGIN)
    assert len(items) == 2
    expected = b"\r\nAuthorization: Basic " + base64.b64encode(b"admin:hunter2") + b"\r\n"
    assert [expected in request for request in requests] == [False, True]


def test_digest_is_answered() -> None:
    items, _, requests = watch(DIGEST % (7, b""), HEAD + body(jpeg(1)), login=LOGIN)
    assert len(items) == 2
    secret, asked = (hashlib.md5(text.encode()).hexdigest() for text in ("admin:cam:hunter2", "GET:/video"))
    proof = hashlib.md5(f"{secret}:7:{asked}".encode()).hexdigest().encode()
    answer = re.search(rb"\r\nAuthorization: Digest ([^\r]*)", requests[1])
    assert answer is not None
    for field in (b'username="admin"', b'uri="/video"', b'nonce="7"', b'response="%s"' % proof):
        assert field in answer[1]
    assert not any(b"hunter2" in request for request in requests)


def test_a_nonce_that_grew_old_is_no_wrong_password() -> None:
    items, _, requests = watch(
        DIGEST % (1, b""), DIGEST % (2, b", stale=true"), HEAD + body(jpeg(1)), login=LOGIN
    )
    assert len(items) == 2
    assert b'nonce="2"' in requests[2]


@pytest.mark.parametrize(
    ("answers", "login", "asked", "hint"),
    [
        ([BASIC], LOGIN, 2, "refuses the user name or password"),
        ([DIGEST % (1, b"")], LOGIN, 2, "refuses the user name or password"),
        ([DIGEST % (1, b", stale=true")], LOGIN, 3, "refuses the user name or password"),
        ([BASIC], "", 1, "wants a user name and password"),
        ([b"HTTP/1.1 401 No\r\n\r\n"], LOGIN, 1, "login of a kind that is not supported"),
        ([b"HTTP/1.1 401 No\r\nWWW-Authenticate: Negotiate\r\n\r\n"], LOGIN, 1, "not supported"),
        ([b"HTTP/1.1 403 No\r\n\r\n"], LOGIN, 1, "refuses the user name or password"),
    ],
)
def test_a_wrong_password_is_tried_once(answers: list[bytes], login: str, asked: int, hint: str) -> None:
    _, failure, requests = watch(*answers, login=login)
    assert isinstance(failure, SourceRefused)
    assert hint in str(failure)
    assert len(requests) == asked


# What is no video


@pytest.mark.parametrize(
    ("answer", "kind", "hint"),
    [
        (
            b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n\r\n",
            SourceRefused,
            "a still picture, not a stream",
        ),
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>", SourceRefused, "no video in it"),
        (b"HTTP/1.1 200 OK\r\n\r\n", SourceRefused, "no video in it"),
        (b"HTTP/1.1 204 No\r\n\r\n", SourceError, "error 204"),
        (b"HTTP/1.1 302 Go\r\nLocation: http://evil/hunter2\r\n\r\n", SourceRefused, "another address"),
        (b"HTTP/1.1 404 No\r\n\r\n", SourceRefused, "no such stream"),
        (b"HTTP/1.1 410 No\r\n\r\n", SourceRefused, "no such stream"),
        (b"HTTP/1.1 503 Busy hunter2\r\n\r\n", SourceError, "error 503"),
        (b"HTTP/1.1 2000 OK\r\n\r\n", SourceError, "not HTTP"),
        (b"HTTP/2 200 OK\r\n\r\n", SourceError, "not HTTP"),
        (b"RTSP/1.0 200 OK\r\n\r\n", SourceError, "not HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 65 + b"\r\n", SourceError, "not HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"x" * MAX_HEAD, SourceError, "not HTTP"),
        (HEAD[:20], SourceError, "ended the connection"),
        (b"", SourceError, "ended the connection"),
        (HEAD + b"x" * 10_000, SourceError, "not MJPEG"),
        (HEAD.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n"), SourceError, "not HTTP"),
        (
            HEAD.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n") + b"1" * 300,
            SourceError,
            "not HTTP",
        ),
    ],
)
def test_an_answer_that_is_no_video(answer: bytes, kind: type[SourceError], hint: str) -> None:
    items, failure, requests = watch(answer)
    assert items == []
    assert type(failure) is kind
    assert hint in str(failure)
    assert len(requests) == 1


def test_what_is_no_jpeg_is_left_out() -> None:
    items, *_ = watch(HEAD + body(b"GIF89a" + bytes(100), jpeg(1)))
    assert items == [VideoFormat("mjpeg", 160, 96), AccessUnit(jpeg(1), keyframe=True)]


def claiming(width: int, height: int) -> bytes:
    """Return a picture whose head tells another size."""
    made = jpeg(1)
    at = made.index(b"\xff\xc0") + 5
    return made[:at] + struct.pack(">HH", height, width) + made[at + 4 :]


def test_a_picture_too_large_to_decode_is_not_given_to_a_decoder() -> None:
    assert watch(HEAD + body(claiming(8192, 4608)))[0][0] == VideoFormat("mjpeg", 8192, 4608)
    items, failure, _ = watch(HEAD + body(claiming(8192, 4609)))
    assert items == []
    assert isinstance(failure, SourceRefused)
    assert "too large" in str(failure)


# Time


@pytest.mark.parametrize(
    "answer",
    [
        Answer([], stays=True),
        Answer([HEAD[at : at + 1] for at in range(len(HEAD))], pause_s=0.02),
        Answer([b"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic\r\nX: "] + [b"x"] * 200, pause_s=0.02),
    ],
)
def test_opening_has_an_end_however_slowly_it_drips(answer: Answer) -> None:
    with MjpegCamera(answer) as camera:
        _, failure = read(stream_of(camera, open_timeout_s=0.3))
    assert str(failure).endswith("/video gave no answer within 0.3 s; check that it is on and reachable.")


def test_connections_for_a_login_share_the_time() -> None:
    slow = Answer([DIGEST[:30] % (), DIGEST[30:] % (1, b", stale=true")], pause_s=0.2)
    with MjpegCamera(slow) as camera:
        _, failure = read(stream_of(camera, login=LOGIN, open_timeout_s=0.5))
    assert "no answer within 0.5 s" in str(failure)
    assert len(camera.requests) == 2


@pytest.mark.parametrize(
    "rest", [[], [b"x"] * 200, [part(b"no picture")] * 200], ids=["silence", "a drip", "no pictures"]
)
def test_a_silence_of_pictures_has_an_end_whatever_else_comes(rest: list[bytes]) -> None:
    with MjpegCamera(Answer([HEAD, part(jpeg(1)), *rest], stays=True, pause_s=0.02)) as camera:
        items, failure = read(stream_of(camera, read_timeout_s=0.3))
    assert len(items) == 2
    assert str(failure).endswith("has stalled: no picture came for 0.3 s.")


def test_whoever_takes_the_pictures_may_be_slow() -> None:
    clock = FakeClock()
    with MjpegCamera(HEAD + body(*map(jpeg, range(60)))) as camera:
        stream = HttpMjpegStream(camera.connect, parse_address(camera.address()), clock)
        items = stream.items()
        for _ in range(61):
            assert next(items) is not None
            clock.advance(10.0)
        stream.close()


@pytest.mark.parametrize("said", [[], [HEAD, part(jpeg(1))]])
def test_every_second_the_caller_can_look_around(said: list[bytes]) -> None:
    with MjpegCamera(Answer(said, stays=True)) as camera:
        stream = stream_of(camera)
        items = stream.items()
        started = time.monotonic()
        assert [item for item in itertools.islice(items, len(said)) if item is None] == []
        assert next(items) is None
        assert 0.9 < time.monotonic() - started < 1.5
        stream.close()
        assert list(items) == []


# The connection


@pytest.mark.parametrize("answer", [b"", HEAD, HEAD + part(jpeg(1))])
@pytest.mark.parametrize("tls", [False, True])
def test_closing_ends_a_wait_at_once(tmp_path: Path, answer: bytes, tls: bool) -> None:
    context = self_signed(tmp_path) if tls else None
    with MjpegCamera(Answer([answer], stays=True), tls=context) as camera:
        stream = stream_of(camera)
        closing = threading.Timer(0.1, stream.close)
        started = time.monotonic()
        closing.start()
        list(stream.items())
        assert time.monotonic() - started < 0.8
        closing.join()
        stream.close()


def test_closing_while_it_shakes_hands(tmp_path: Path) -> None:
    with MjpegCamera(Answer([], stays=True)) as camera:
        address = parse_address(camera.address().replace("http:", "https:"))
        stream = HttpMjpegStream(camera.connect, address, SystemClock())
        closing = threading.Timer(0.1, stream.close)
        closing.start()
        started = time.monotonic()
        assert list(stream.items()) == []
        assert time.monotonic() - started < 0.8
        closing.join()


def test_nothing_is_connected_once_it_was_closed() -> None:
    with MjpegCamera(HEAD) as camera:
        stream = stream_of(camera)
        stream.close()
        assert list(stream.items()) == []
    assert camera.requests == []


def test_closing_while_it_connects() -> None:
    descriptors = []
    with MjpegCamera(Answer([], stays=True)) as camera:

        def connect() -> int:
            descriptors.append(camera.connect())
            stream.close()
            return descriptors[0]

        stream = HttpMjpegStream(connect, parse_address(camera.address()), SystemClock())
        assert list(stream.items()) == []
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(descriptors[0])


def test_why_it_cannot_be_connected_is_passed_on() -> None:
    def connect() -> int:
        raise SourceRefused("The camera leads to a metadata service.")

    stream = HttpMjpegStream(connect, parse_address("http://cam/x"), SystemClock())
    assert str(read(stream)[1]) == "The camera leads to a metadata service."


def test_a_reader_that_goes_away_closes_the_connection() -> None:
    with MjpegCamera(Answer([HEAD, part(jpeg(1))], stays=True)) as camera:
        descriptors = [camera.connect()]
        stream = HttpMjpegStream(lambda: descriptors[0], parse_address(camera.address()), SystemClock())
        items = stream.items()
        next(items)
        del items
        with pytest.raises(OSError, match="Bad file"):
            os.fstat(descriptors[0])


def test_tls_with_a_certificate_that_the_camera_signed(tmp_path: Path) -> None:
    with MjpegCamera(
        DIGEST % (1, b""), HEAD + body(*map(jpeg, range(5))), tls=self_signed(tmp_path)
    ) as camera:
        items, failure = read(stream_of(camera, login=LOGIN))
    assert numbers(items) == list(range(5))
    assert str(failure).endswith("ended the connection.")


def test_a_name_that_tls_cannot_send_is_not_sent(tmp_path: Path) -> None:
    with MjpegCamera(HEAD + body(jpeg(1)), tls=self_signed(tmp_path)) as camera:
        address = parse_address("https://" + "a" * 64 + "/x")
        assert numbers(read(HttpMjpegStream(camera.connect, address, SystemClock()))[0]) == [1]


def test_a_server_that_speaks_no_tls() -> None:
    with MjpegCamera(BASIC) as camera:
        address = parse_address(camera.address().replace("http:", "https:"))
        connected = HttpMjpegStream(camera.connect, address, SystemClock(), open_timeout_s=0.3)
        assert "no answer within 0.3 s" in str(read(connected)[1])


# Any bytes


@given(
    st.lists(st.binary(max_size=400) | st.integers(0, 2000).map(bytes), max_size=4).map(b"".join),
    st.integers(1, 900),
    st.sampled_from([b"\r\n", b"\n"]),
    st.lists(st.integers(0, 5000), max_size=8),
)
def test_chunks_are_taken_off_however_they_are_cut(
    data: bytes, size: int, end: bytes, cuts: list[int]
) -> None:
    sent = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        + chunked(data, size, end=end)
        + b"0\r\n\r\nmore"
    )
    ends = sorted(cut % (len(sent) + 1) for cut in cuts)
    reader = ResponseReader("http://cam/x")
    pieces = [sent[begin:end] for begin, end in itertools.pairwise([0, *ends, len(sent)])]
    assert b"".join(map(reader.feed, pieces)) == data
    assert reader.ended


@given(
    st.lists(
        st.binary(max_size=40)
        | st.sampled_from(
            [
                HEAD,
                b"HTTP/1.1 ",
                b"200\r\n",
                b"\r\n",
                b"Transfer-Encoding: chunked\r\n",
                b"5\r\n",
                b"--frame",
                b"\n\n",
            ]
        ),
        max_size=10,
    ).map(b"".join),
    st.lists(st.integers(0, 500), max_size=4),
)
def test_any_bytes_are_read_or_refused(data: bytes, cuts: list[int]) -> None:
    def outcome(ends: list[int]) -> tuple[bytes, int] | str:
        reader = ResponseReader("http://cam/x")
        pieces = [data[begin:end] for begin, end in itertools.pairwise([0, *ends, len(data)])]
        try:
            body = b"".join(map(reader.feed, pieces))
        except SourceError as error:
            return str(error)
        return body, reader.head.status if reader.head is not None else 0

    assert outcome(sorted(cut % (len(data) + 1) for cut in cuts)) == outcome([])
