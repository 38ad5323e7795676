"""One question over HTTP, over a connection of its own, with an end in time and in size."""

import encodings.idna  # noqa: F401 - TLS encodes names with it, and there are no files to load it from later
import re
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass

from securevision.cameras.addresses import Scheme, SourceAddress
from securevision.cameras.http_message import ResponseHead, ResponseReader
from securevision.cameras.onvif.element import MAX_BYTES, Malformed
from securevision.domain.ports.clock import Clock

_MAX_READ = MAX_BYTES + (64 << 10)
"""Of an answer with its head and what is between its chunks."""
_CHUNK = 16 << 10
_LENGTH = re.compile(r"[0-9]{1,9}")


def _tls() -> ssl.SSLContext:
    """Return what keeps others from listening; it proves nothing about the camera, whose certificate is its own."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # A camera signs its certificate itself. Its address was chosen by the user, and only its words are believed.
    context.check_hostname = False  # nosemgrep: no-unverified-tls
    context.verify_mode = ssl.CERT_NONE  # nosemgrep: no-unverified-tls
    return context


_TLS = _tls()
"""Made while there still are files: OpenSSL reads its configuration."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a camera answered."""

    status: int
    challenges: Sequence[str]
    """The values of `WWW-Authenticate`."""
    body: bytes


def exchange(descriptor: int, address: SourceAddress, request: bytes, clock: Clock, deadline: float) -> Reply:
    """Send a request and read the answer; the descriptor is closed. `deadline` is of the clock's monotonic time.

    Raises Malformed or SourceError for what is not HTTP; OSError when the connection breaks, TimeoutError at the
    deadline.
    """
    with socket.socket(fileno=descriptor) as plain:
        plain.settimeout(_left(clock, deadline))
        with _secured(plain, address) as connection:
            connection.sendall(request)
            return _read(connection, address.display, clock, deadline)


def _left(clock: Clock, deadline: float) -> float:
    left = deadline - clock.monotonic()
    if left <= 0.0:
        raise TimeoutError
    return left


def _secured(plain: socket.socket, address: SourceAddress) -> socket.socket:
    if address.scheme is not Scheme.HTTPS:
        return plain
    try:
        return _TLS.wrap_socket(plain, server_hostname=address.host.strip("[]"))
    except ValueError as error:
        raise OSError from error


def _read(connection: socket.socket, camera: str, clock: Clock, deadline: float) -> Reply:
    reader, body, received = ResponseReader(camera), bytearray(), 0
    while reader.head is None or not (reader.ended or _is_whole(reader.head, body)):
        connection.settimeout(_left(clock, deadline))
        data = connection.recv(_CHUNK)
        received += len(data)
        if received > _MAX_READ:
            raise Malformed("too long")
        if not data:
            break
        body += reader.feed(data)
    if reader.head is None:
        raise Malformed("no HTTP") if received else ConnectionResetError
    return Reply(reader.head.status, reader.head.all("www-authenticate"), bytes(body))


def _is_whole(head: ResponseHead, body: bytearray) -> bool:
    """Say whether all has come that was announced; without an announcement, the end of the connection says it."""
    length = "" if head.get("transfer-encoding") else head.get("content-length")
    return _LENGTH.fullmatch(length) is not None and len(body) >= int(length)
