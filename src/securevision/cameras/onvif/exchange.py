"""One question over HTTP, over a connection of its own, with an end in time and in size."""

import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass

from securevision.cameras.addresses import Scheme, SourceAddress
from securevision.cameras.camera_tls import secured
from securevision.cameras.http_message import ResponseHead, ResponseReader
from securevision.cameras.onvif.element import MAX_BYTES, Malformed
from securevision.domain.ports.clock import Clock

_MAX_READ = MAX_BYTES + (64 << 10)
"""Of an answer with its head and what is between its chunks."""
_CHUNK = 16 << 10
_LENGTH = re.compile(r"[0-9]{1,9}")


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
        with secured(plain, address.host) if address.scheme is Scheme.HTTPS else plain as connection:
            connection.sendall(request)
            return _read(connection, address.display, clock, deadline)


def _left(clock: Clock, deadline: float) -> float:
    left = deadline - clock.monotonic()
    if left <= 0.0:
        raise TimeoutError
    return left


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
