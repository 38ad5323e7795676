"""A camera of one connection, made of a socket pair, that says what a test lets it say."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Self, TypeAlias

from securevision.errors import SourceError

SDP = b"v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 %s/90000\r\na=control:track1\r\n"

Say: TypeAlias = Callable[[bytes], None]


def described(codec: bytes = b"H264") -> bytes:
    """Return the answer to DESCRIBE."""
    body = SDP % codec
    return b"RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def opening(codec: bytes = b"H264") -> list[bytes]:
    """Return the answers of a good camera, up to where it plays."""
    return [
        b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nPublic: GET_PARAMETER\r\n\r\n",
        described(codec),
        b"RTSP/1.0 200 OK\r\nCSeq: 3\r\nSession: 42;timeout=60\r\nTransport: RTP/AVP/TCP;interleaved=0-1\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nCSeq: 4\r\nSession: 42\r\n\r\n",
    ]


class PairedCamera:
    """Gives each answer to one request, and then does what the test says, on a thread of its own.

    It hangs up when that is done and whoever watches has nothing more to say, or at the end of the test.
    """

    def __init__(
        self,
        answers: Iterable[bytes],
        then: Callable[["PairedCamera"], None] | None = None,
        *,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._answers = answers
        self._then = then
        self._tls = tls
        self._socket, viewer = socket.socketpair()
        self.descriptor = viewer.detach()
        self._taken = False
        self.requests: list[bytes] = []
        self.leave = threading.Event()
        """Set at the end of the test; to wait for between two things that are said."""
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def connect(self) -> int:
        """Return the descriptor of the one connection that there is; see Connect."""
        if self._taken:
            raise SourceError("The camera takes no other connection.")
        self._taken = True
        return self.descriptor

    def say(self, data: bytes) -> None:
        """Send."""
        self._socket.sendall(data)

    def hang_up(self) -> None:
        """Say that nothing more comes."""
        self._socket.shutdown(socket.SHUT_WR)

    def hear(self) -> bytes:
        """Wait for the next request and return it; nothing when there is none any more."""
        request = b""
        while not request.endswith(b"\r\n\r\n"):
            piece = self._socket.recv(1)
            if not piece:
                return b""
            request += piece
        self.requests.append(request)
        return request

    @property
    def methods(self) -> list[str]:
        """What was asked."""
        return [each.split(b" ")[0].decode() for each in self.requests]

    def _run(self) -> None:
        with contextlib.suppress(OSError):
            if self._tls is not None:
                self._socket = self._tls.wrap_socket(self._socket, server_side=True)
            for answer in self._answers:
                self.hear()
                self.say(answer)
            if self._then is not None:
                self._then(self)
            while self.hear():
                pass

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave.set()
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
        self._thread.join(timeout=10)
        self._socket.close()


def canned(data: bytes) -> tuple[int, socket.socket]:
    """Return the descriptor of a connection on which all of this has come and nothing more will, and its other end."""
    camera, viewer = socket.socketpair()
    camera.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    camera.sendall(data)
    camera.shutdown(socket.SHUT_WR)
    return viewer.detach(), camera
