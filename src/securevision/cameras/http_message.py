"""The text of HTTP/1: a question for a video, and the answer from bytes that come in any pieces (RFC 9112)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from securevision.cameras.addresses import DEFAULT_PORTS, SourceAddress
from securevision.cameras.failures import not_understood

MAX_HEAD = 16 << 10
MAX_HEADERS = 64
_MAX_SIZE_LINE = 256
_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))

_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_STATUS = re.compile(r"HTTP/1\.[01][ \t]+([1-9][0-9]{2})(?![^ \t])", re.IGNORECASE)
_SIZE = re.compile(rb"[0-9A-Fa-f]{1,8}")


def target_of(address: SourceAddress) -> str:
    """Return path and query of a camera as they stand in a request."""
    target = quote(address.target, safe=_PRINTABLE)
    return target if target.startswith("/") else f"/{target}"


def get_request(address: SourceAddress, authorization: str) -> bytes:
    """Return the request for what is at an address; the connection ends with the answer."""
    port = "" if address.port == DEFAULT_PORTS[address.scheme] else f":{address.port}"
    lines = (
        f"GET {target_of(address)} HTTP/1.1",
        f"Host: {address.host}{port}",
        "User-Agent: SecureVision",
        "Accept: multipart/x-mixed-replace, */*;q=0.1",
        "Connection: close",
        *([f"Authorization: {authorization}"] if authorization else ()),
    )
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")


@dataclass(frozen=True, slots=True)
class ResponseHead:
    """Text is UTF-8, and bytes that are none are kept as surrogates."""

    status: int
    headers: Sequence[tuple[str, str]] = ()
    """Names in lower case, and values."""

    def all(self, name: str) -> Sequence[str]:
        """Return the values of a header, whose name is given in lower case."""
        return [value for each, value in self.headers if each == name]

    def get(self, name: str) -> str:
        """Return the first value of a header, or nothing."""
        return next(iter(self.all(name)), "")


class ResponseReader:
    """Takes one response; does no I/O, and keeps no more than `MAX_HEAD` bytes."""

    def __init__(self, camera: str) -> None:
        """`camera` is how errors call it."""
        self.head: ResponseHead | None = None
        """Once it has come."""
        self.ended = False
        """The last chunk came; without chunks, the end of the connection is the end."""
        self._camera = camera
        self._line = bytearray()
        """What has come of the head, later of a line between chunks."""
        self._chunked = False
        self._left = 0
        """Bytes of the chunk that have not come."""

    def feed(self, data: bytes) -> bytes:
        """Take what was received and return the part of the body that is in it. Raises SourceError."""
        if self.head is None:
            data = self._feed_head(data)
        return self._without_chunks(data) if self._chunked else data

    def _feed_head(self, data: bytes) -> bytes:
        """Return what comes after the head."""
        before = len(self._line)
        self._line += data[: MAX_HEAD - before]
        end = _END_OF_HEAD.search(self._line, max(0, before - len("\r\n\r")))
        if end is None:
            if len(self._line) == MAX_HEAD:
                raise not_understood(self._camera, "HTTP")
            return b""
        self.head = self._parsed(self._line[: end.start()].decode("utf-8", "surrogateescape"))
        self._chunked = "chunked" in self.head.get("transfer-encoding").lower()
        self._line.clear()
        return data[end.end() - before :]

    def _parsed(self, text: str) -> ResponseHead:
        start, *lines = re.split(r"\r?\n", text)
        status = _STATUS.match(start)
        if status is None or len(lines) > MAX_HEADERS:
            raise not_understood(self._camera, "HTTP")
        pairs = (line.partition(":") for line in lines)
        headers = ((name.strip().lower(), value.strip()) for name, colon, value in pairs if colon)
        return ResponseHead(int(status[1]), tuple(headers))

    def _without_chunks(self, data: bytes) -> bytes:
        pieces, at = [], 0
        while at < len(data) and not self.ended:
            if self._left:
                piece = data[at : at + self._left]
                pieces.append(piece)
                self._left -= len(piece)
                at += len(piece)
                continue
            end = data.find(b"\n", at, at + _MAX_SIZE_LINE)
            self._line += data[at : end + 1] if end >= 0 else data[at : at + _MAX_SIZE_LINE]
            if len(self._line) >= _MAX_SIZE_LINE:
                raise not_understood(self._camera, "HTTP")
            if end < 0:
                break
            at = end + 1
            self._end_line(bytes(self._line).strip())
            self._line.clear()
        return b"".join(pieces)

    def _end_line(self, line: bytes) -> None:
        """Read the size of the next chunk; an empty line is what ends the last one."""
        if line:
            size = _SIZE.fullmatch(line.partition(b";")[0].strip())
            if size is None:
                raise not_understood(self._camera, "HTTP")
            self._left = int(size[0], 16)
            self.ended = not self._left
