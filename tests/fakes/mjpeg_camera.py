"""A camera that answers HTTP as it is told, and the pictures that it sends."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import cv2

from fakes.clips import HEIGHT, WIDTH, numbered

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n"


def jpeg(number: int, size: tuple[int, int] = (WIDTH, HEIGHT)) -> bytes:
    """Return a numbered picture."""
    done, encoded = cv2.imencode(".jpg", numbered(number, *size), (cv2.IMWRITE_JPEG_QUALITY, 100))
    assert done
    return encoded.tobytes()


def part(picture: bytes, *, boundary: bytes = b"--frame", length: bool = True) -> bytes:
    """Return a picture as a part of a body."""
    head = b"Content-Type: image/jpeg\r\n" + (b"Content-Length: %d\r\n" % len(picture) if length else b"")
    return boundary + b"\r\n" + head + b"\r\n" + picture + b"\r\n"


@dataclass(frozen=True)
class Answer:
    """What is said on one connection."""

    pieces: Sequence[bytes]
    stays: bool = False
    """Afterwards nothing comes, and the connection stays."""
    pause_s: float = 0.0
    """Between pieces."""


class MjpegCamera:
    """Listens on the loopback address. Each connection gets the next answer; the last one is given again."""

    def __init__(self, *answers: bytes | Answer, tls: ssl.SSLContext | None = None) -> None:
        self._answers = [each if isinstance(each, Answer) else Answer([each]) for each in answers]
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._port: int = self._listener.getsockname()[1]
        self._stopped = threading.Event()
        self.requests: list[bytes] = []
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def address(self, login: str = "", path: str = "/video") -> str:
        """Return where it is; `login` ends with an '@'."""
        return f"{'https' if self._tls else 'http'}://{login}127.0.0.1:{self._port}{path}"

    def connect(self) -> int:
        """Return the descriptor of a new connection."""
        return socket.create_connection(("127.0.0.1", self._port)).detach()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            client.settimeout(5)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with contextlib.suppress(OSError), self._wrapped(client) as connection:
                self._converse(connection)

    def _wrapped(self, client: socket.socket) -> socket.socket:
        return self._tls.wrap_socket(client, server_side=True) if self._tls else client

    def _converse(self, connection: socket.socket) -> None:
        request = b""
        while not request.endswith(b"\r\n\r\n"):
            received = connection.recv(65_536)
            if not received:
                return
            request += received
        self.requests.append(request)
        answer = self._answers[min(len(self.requests), len(self._answers)) - 1]
        for piece in answer.pieces:
            connection.sendall(piece)
            if answer.pause_s and self._stopped.wait(answer.pause_s):
                return
        if answer.stays:
            connection.recv(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(timeout=10)
