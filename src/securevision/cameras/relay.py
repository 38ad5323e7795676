"""The way between FFmpeg and a camera: one connection, to one address that was checked, and to no other."""

import contextlib
import selectors
import socket
import ssl
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Self, TypeAlias

from securevision.cameras.addresses import Scheme, SourceAddress

Camera: TypeAlias = socket.socket | ssl.SSLSocket

_CHUNK = 1 << 16
_SENT_WITHIN_S = 10.0
_REDIRECT = b"\nlocation:"


class Relay:
    """Carries the bytes of one RTSP connection between a port of this machine and a camera.

    FFmpeg looks names up itself and goes wherever a camera redirects it, and neither can be turned off. So it
    is given this port, which takes one connection; who reaches the camera is this class. A redirect ends the
    connection: FFmpeg's parser takes `Location:` at the start of a line for one and ignores carriage returns,
    and neither video nor a proper answer holds that text.
    """

    def __init__(self, camera: Camera) -> None:
        """Take a connection to a camera, which is closed with the relay."""
        self._camera = camera
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1)
        self.port: int = self._listener.getsockname()[1]
        self._redirected = False
        self._end = b""
        self._wake, self._woken = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name="camera-relay", daemon=True)
        self._thread.start()

    @property
    def redirected(self) -> bool:
        """Whether the camera tried to send us to another address."""
        return self._redirected

    def _run(self) -> None:
        with contextlib.suppress(OSError), self._camera, self._woken, self._accept() as reader:
            self._camera.setblocking(False)  # noqa: FBT003 - its only parameter
            reader.settimeout(_SENT_WITHIN_S)
            with selectors.DefaultSelector() as selector:
                for end in (self._woken, reader, self._camera):
                    selector.register(end, selectors.EVENT_READ)
                while self._carry(reader, [key.fileobj for key, _ in selector.select()]):
                    pass

    def _accept(self) -> socket.socket:
        with self._listener, selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            selector.register(self._woken, selectors.EVENT_READ)
            if self._woken in [key.fileobj for key, _ in selector.select()]:
                raise OSError
            return self._listener.accept()[0]

    def _carry(self, reader: socket.socket, ready: Sequence[object]) -> bool:
        """Carry what there is; return False at the end of either side."""
        if self._woken in ready:
            return False
        if reader in ready:
            request = reader.recv(_CHUNK)
            if not request:
                return False
            self._send(request)
        return self._camera not in ready or self._answer(reader)

    def _send(self, request: bytes) -> None:
        self._camera.settimeout(_SENT_WITHIN_S)
        self._camera.sendall(request)
        self._camera.setblocking(False)  # noqa: FBT003 - its only parameter

    def _answer(self, reader: socket.socket) -> bool:
        while True:
            try:
                answer = self._camera.recv(_CHUNK)
            except (BlockingIOError, ssl.SSLWantReadError):
                return True
            if not answer:
                return False
            if self._is_redirect(answer):
                self._redirected = True
                return False
            reader.sendall(answer)
            if not (isinstance(self._camera, ssl.SSLSocket) and self._camera.pending()):
                return True

    def _is_redirect(self, answer: bytes) -> bool:
        text = self._end + answer.replace(b"\r", b"").lower()
        self._end = text[1 - len(_REDIRECT) :]
        return _REDIRECT in text

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._wake.close()
        self._thread.join()


def connect(address: SourceAddress, pinned: Sequence[str], timeout_s: float) -> Camera:
    """Connect to the first of the pinned addresses that answers. Raises OSError, of the last one.

    `rtsps` keeps others from listening; it proves nothing about the camera, whose certificate is its own.
    """
    each_s = timeout_s / len(pinned)
    for ip in pinned[:-1]:
        with contextlib.suppress(OSError):
            return _connect(address, ip, each_s)
    return _connect(address, pinned[-1], each_s)


def _connect(address: SourceAddress, ip: str, timeout_s: float) -> Camera:
    plain = socket.create_connection((ip, address.port), timeout_s)
    if address.scheme is not Scheme.RTSPS:
        return plain
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # A camera signs its certificate itself. Its address was chosen by the user, and only its video is believed.
    context.check_hostname = False  # nosemgrep: no-unverified-tls
    context.verify_mode = ssl.CERT_NONE  # nosemgrep: no-unverified-tls
    try:
        return context.wrap_socket(plain, server_hostname=address.host.strip("[]"))
    except (OSError, ValueError):
        plain.close()
        raise
