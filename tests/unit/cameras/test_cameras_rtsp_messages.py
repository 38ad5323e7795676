import contextlib
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securevision.cameras.rtsp_messages import (
    MAX_BODY,
    MAX_HEAD,
    MAX_HEADERS,
    Malformed,
    Message,
    MessageReader,
    Request,
    Response,
    answer_to,
)


def read(pieces: Iterable[bytes]) -> list[Message]:
    """Return the messages in what comes piece by piece."""
    reader, messages = MessageReader(), []
    for piece in pieces:
        rest = memoryview(piece)
        while rest:
            taken, message = reader.feed(rest)
            assert taken
            rest = rest[taken:]
            messages += [message] if message else []
    return messages


def test_a_request_is_written() -> None:
    request = Request("DESCRIBE", "rtsp://camera:554/a", (("CSeq", "2"), ("Authorization", "Basic ä")))
    assert (
        request.encode()
        == "DESCRIBE rtsp://camera:554/a RTSP/1.0\r\nCSeq: 2\r\nAuthorization: Basic ä\r\n\r\n".encode()
    )


def test_a_response_is_read() -> None:
    text = b"RTSP/1.0 200 OK\r\nCSeq: 2\r\nWWW-Authenticate: a\r\nwww-authenticate:  b \r\nContent-Length: 3\r\n\r\nabc"
    (response,) = read([text])
    assert response == Response(
        200,
        (("cseq", "2"), ("www-authenticate", "a"), ("www-authenticate", "b"), ("content-length", "3")),
        b"abc",
    )
    assert response.all("www-authenticate") == ["a", "b"]
    assert response.get("cseq") == "2"
    assert response.get("session") == ""


@pytest.mark.parametrize(
    ("text", "status", "body"),
    [
        (b"RTSP/1.0 200 OK\nCSeq: 1\nContent-Length: 2\n\nab", 200, b"ab"),
        (b"RTSP/1.0 200\r\n\r\n", 200, b""),
        (b"RTSP/1.0  401  \r\n\r\n", 401, b""),
        (b"rtsp/1.0 404 Not\r\n\r\n", 404, b""),
        (b"RTSP/2.0 200 OK\r\ncontent-LENGTH:1\r\n\r\nx", 200, b"x"),
        (b"\r\n\r\nRTSP/1.0 200 OK\r\nno colon\r\n: no name\r\nA:\r\n\r\n", 200, b""),
        (b"RTSP/1.0 200 OK\r\nContent-Length: 2\r\ncontent-length: 2\r\n\r\nab", 200, b"ab"),
        (b"RTSP/1.0 200 OK\r\nX: \xff\xe4\r\n\r\n", 200, b""),
        (b"RTSP/1.0 200 OK\r\n\n", 200, b""),
    ],
)
def test_firmware_is_understood(text: bytes, status: int, body: bytes) -> None:
    (response,) = read([text])
    assert isinstance(response, Response)
    assert (response.status, response.body) == (status, body)


def test_a_folded_header_is_one() -> None:
    (response,) = read([b"RTSP/1.0 200 OK\r\nPublic: OPTIONS,\r\n\tPLAY\r\n\r\n"])
    assert isinstance(response, Response)
    assert response.get("public") == "OPTIONS, PLAY"


def test_bytes_that_are_no_text_come_back_as_they_were() -> None:
    (response,) = read([b"RTSP/1.0 200 OK\r\nSession: \xff\xfe\r\n\r\n"])
    assert isinstance(response, Response)
    assert b"\xff\xfe" in Request("PLAY", "*", (("Session", response.get("session")),)).encode()


def test_a_camera_may_ask_and_is_answered() -> None:
    (request,) = read([b"OPTIONS rtsp://us/ RTSP/1.0\r\nCSeq: 7\r\nSession: 1\r\n\r\n"])
    assert isinstance(request, Request)
    assert (request.method, request.uri) == ("OPTIONS", "rtsp://us/")
    assert answer_to(request) == b"RTSP/1.0 200 OK\r\nCSeq: 7\r\n\r\n"


@pytest.mark.parametrize(
    "text",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x00\x01\x02\x03\x04\x05",
        b"RTSP/1.0 2000 OK\r\n\r\n",
        b"RTSP/1.0 twohundred\r\n\r\n",
        b"PLAY rtsp://a b RTSP/1.0\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nContent-Length: 1x\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % (MAX_BODY + 1),
        b"RTSP/1.0 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
        b"RTSP/1.0 200 OK\r\n" + b"A: b\r\n" * (MAX_HEADERS + 1) + b"\r\n",
        b"RTSP/1.0 200 OK\r\nX: " + b"a" * MAX_HEAD,
    ],
)
def test_what_is_no_rtsp_is_refused(text: bytes) -> None:
    with pytest.raises(Malformed):
        read([text])


def test_as_much_as_is_allowed_is_read() -> None:
    head = b"RTSP/1.0 200 OK\r\nContent-Length: %d\r\n" % MAX_BODY + b"A: b\r\n" * (MAX_HEADERS - 1)
    head += b" " + b"x" * (MAX_HEAD - len(head) - 5) + b"\r\n\r\n"
    assert len(head) == MAX_HEAD
    (response,) = read([head + b"y" * MAX_BODY])
    assert isinstance(response, Response)
    assert len(response.body) == MAX_BODY


def test_a_byte_at_a_time_is_as_good_and_takes_no_long_time() -> None:
    head = b"RTSP/1.0 200 OK\r\nContent-Length: %d\r\nX: %s\r\n\r\n" % (MAX_BODY, b"a" * 16_000)
    text = head + b"y" * MAX_BODY
    assert read(bytes((byte,)) for byte in text) == read([text])


messages = st.sampled_from(
    [
        b"RTSP/1.0 200 OK\r\nContent-Length: 5\r\n\r\na\r\n\r\n",
        b"RTSP/1.0 404 Not Found\n\n",
        b"\r\n\r\nOPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n",
        b"RTSP/1.0 200 OK\r\n\n",
        b"RTSP/1.0 200 OK\nA: b\r\n\r\n",
    ]
)


@given(st.lists(messages, max_size=5), st.data())
def test_it_does_not_matter_how_the_bytes_come(texts: list[bytes], data: st.DataObject) -> None:
    text = b"".join(texts)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)))))
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert read(pieces) == read([text])
    assert len(read([text])) == len(texts)


@given(st.lists(st.binary(max_size=40) | messages, max_size=5))
def test_no_bytes_are_too_odd(pieces: list[bytes]) -> None:
    with contextlib.suppress(Malformed):
        read(pieces)
