"""An HTTP client that sends whatever it is told, also what others refuse to send."""

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser


@dataclass(frozen=True)
class RawAnswer:
    """An answer as it came."""

    status: int
    headers: Message
    body: bytes


def send_raw(
    host: str,
    target: str,
    *,
    method: str = "GET",
    headers: Sequence[str] = (),
    body: bytes = b"",
) -> RawAnswer:
    """Send one request to `address:port` and read to the end; header lines go out as they are."""
    address, _, port = host.partition(":")
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", "Connection: close", *headers, "", ""]
    with socket.create_connection((address, int(port)), timeout=10) as connection:
        connection.sendall("\r\n".join(lines).encode("latin-1") + body)
        with connection.makefile("rb") as reader:
            answer = reader.read()
    head, _, content = answer.partition(b"\r\n\r\n")
    status_line, _, fields = head.partition(b"\r\n")
    return RawAnswer(int(status_line.split()[1]), BytesHeaderParser().parsebytes(fields), content)
