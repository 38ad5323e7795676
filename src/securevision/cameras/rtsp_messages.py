"""The text of RTSP: requests out, responses in, tolerant of what firmware writes (RFC 2326, RFC 7826)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

MAX_HEAD = 16 << 10
MAX_BODY = 64 << 10
MAX_HEADERS = 64

_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_STATUS = re.compile(r"RTSP/\d\.\d[ \t]+(\d{3})(?![^ \t])", re.IGNORECASE)
_REQUEST = re.compile(r"([A-Z_]{2,20})[ \t]+(\S+)[ \t]+RTSP/\d\.\d[ \t]*")
_STARTS = re.compile(rb"(?i:RTSP/)|[A-Z_]{2}")

Headers = tuple[tuple[str, str], ...]
"""Names and values, in the order in which they came; of a message that came, the names in lower case."""


class Malformed(Exception):
    """What came is not RTSP; nothing after it on this connection can be read."""


@dataclass(frozen=True, slots=True)
class Response:
    """An answer. Text is UTF-8, and bytes that are none are kept as surrogates."""

    status: int
    headers: Headers = ()
    body: bytes = b""

    def all(self, name: str) -> Sequence[str]:
        """Return the values of a header, whose name is given in lower case."""
        return [value for each, value in self.headers if each == name]

    def get(self, name: str) -> str:
        """Return the first value of a header, or nothing."""
        return next(iter(self.all(name)), "")


@dataclass(frozen=True, slots=True)
class Request:
    """A question, ours or the camera's."""

    method: str
    uri: str
    headers: Headers = ()

    def encode(self) -> bytes:
        """Return it as it is sent."""
        return _encode(f"{self.method} {self.uri} RTSP/1.0", self.headers)


Message = Response | Request


def answer_to(request: Request) -> bytes:
    """Return the answer to whatever a camera asks: that we are here."""
    numbers = [("CSeq", value) for name, value in request.headers if name == "cseq"]
    return _encode("RTSP/1.0 200 OK", tuple(numbers[:1]))


def _encode(start: str, headers: Headers) -> bytes:
    lines = (start, *(f"{name}: {value}" for name, value in headers))
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")


class MessageReader:
    """Takes one message after the other from bytes that come in any pieces; keeps no more than one."""

    def __init__(self) -> None:
        self._head = bytearray()
        self._looked = 0
        """So much of the head has no end in it."""
        self._message: Message | None = None
        """Its head is complete, its body is not."""
        self._body = bytearray()
        self._missing = 0
        """Bytes of the body that have not come."""

    @property
    def busy(self) -> bool:
        """Whether a message has begun, so that what comes next belongs to it."""
        return bool(self._head) or self._message is not None

    def feed(self, data: memoryview) -> tuple[int, Message | None]:
        """Take bytes; return how many belong to this message, and the message if that completes it.

        Raises Malformed, after which it must not be used.
        """
        taken = 0
        if self._message is None:
            taken = self._feed_head(data)
        if self._message is None:
            return taken, None
        piece = data[taken : taken + self._missing]
        self._body += piece
        self._missing -= len(piece)
        taken += len(piece)
        if self._missing:
            return taken, None
        message, self._message = self._message, None
        if isinstance(message, Response):
            message = Response(message.status, message.headers, bytes(self._body))
        self._body.clear()
        return taken, message

    def _feed_head(self, data: memoryview) -> int:
        before = len(self._head)
        if not before and (skipped := _blank(data)):
            return skipped
        self._head += data[: MAX_HEAD - before]
        if not _STARTS.match(self._head) and len(self._head) >= len("RTSP/"):
            raise Malformed("neither a response nor a request")
        end = _END_OF_HEAD.search(self._head, max(0, self._looked - len("\r\n\r")))
        if end is None:
            self._looked = len(self._head)
            if self._looked >= MAX_HEAD:
                raise Malformed("the header has no end")
            return len(self._head) - before
        self._message, self._missing = _parse(bytes(self._head[: end.start()]))
        self._head.clear()
        self._looked = 0
        return end.end() - before


def _blank(data: memoryview) -> int:
    """Return how many line ends are in front, which firmware leaves between messages."""
    head = bytes(data[:64])
    return len(head) - len(head.lstrip(b"\r\n"))


def _parse(head: bytes) -> tuple[Message, int]:
    """Return a message without its body, and the length of that."""
    start, *lines = re.split(r"\r?\n", head.decode("utf-8", "surrogateescape"))
    headers = _headers(lines)
    lengths = {value for name, value in headers if name == "content-length"}
    length = lengths.pop() if lengths else "0"
    if lengths or not re.fullmatch(r"[0-9]{1,9}", length) or int(length) > MAX_BODY:
        raise Malformed("the length of a body is none")
    if status := _STATUS.match(start):
        return Response(int(status[1]), headers), int(length)
    if request := _REQUEST.fullmatch(start):
        return Request(request[1], request[2], headers), int(length)
    raise Malformed("neither a response nor a request")


def _headers(lines: Sequence[str]) -> Headers:
    headers: list[tuple[str, str]] = []
    for line in lines:
        if line[:1] in (" ", "\t") and headers:
            name, value = headers[-1]
            headers[-1] = (name, f"{value} {line.strip()}")
            continue
        name, colon, value = line.partition(":")
        if colon:
            headers.append((name.strip().lower(), value.strip()))
        if len(headers) > MAX_HEADERS:
            raise Malformed("too many headers")
    return tuple(headers)
