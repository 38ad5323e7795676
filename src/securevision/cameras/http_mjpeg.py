"""A camera that sends one JPEG after the other over HTTP."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from securevision.cameras.addresses import Scheme, SourceAddress
from securevision.cameras.authentication import Login, is_stale
from securevision.cameras.camera_tls import secured
from securevision.cameras.decoding import MAX_PIXELS
from securevision.cameras.failures import (
    ended,
    explain_opening,
    no_login,
    no_such_stream,
    no_video,
    redirected,
    server_error,
    stalled,
    still_picture,
    too_large,
    unknown_login,
    wrong_login,
)
from securevision.cameras.http_message import ResponseHead, ResponseReader, get_request, target_of
from securevision.cameras.jpeg import from_start, jpeg_size
from securevision.cameras.multipart import MultipartReader, boundary_of
from securevision.domain.ports.cameras import Connect
from securevision.domain.ports.clock import Clock
from securevision.domain.video import AccessUnit, VideoFormat
from securevision.errors import SourceError

_READ = 1 << 16
_STEP_S = 1.0


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a camera answered, where more of it comes, and what came behind its head."""

    connection: socket.socket
    head: ResponseHead
    reader: ResponseReader
    body: bytes


class HttpMjpegStream:
    """A Stream of a camera: MJPEG over HTTP, with TLS for `https`. Each picture is a keyframe without a timestamp.

    It connects anew to send a login: many cameras close the connection on which they ask for one.
    """

    def __init__(
        self,
        connect: Connect,
        address: SourceAddress,
        clock: Clock,
        *,
        open_timeout_s: float = 5.0,
        read_timeout_s: float = 5.0,
    ) -> None:
        """`connect` connects to the camera, up to three times, on the thread that takes the items.

        The camera must begin its video within `open_timeout_s`, the time that `connect` takes not counted, and then
        each picture must come within `read_timeout_s`.
        """
        self._connect = connect
        self._address = address
        self._camera = address.display
        self._clock = clock
        self._open_timeout_s = open_timeout_s
        self._read_timeout_s = read_timeout_s
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._closed = False

    def items(self) -> Iterator[VideoFormat | AccessUnit | None]:
        """See Stream."""
        if self._closed:
            return
        opened = False
        try:
            answer = yield from self._open()
            opened = True
            yield from self._watch(answer)
        except (OSError, SourceError) as error:
            if not self._closed:
                raise self._explained(error, opened=opened) from None
        finally:
            self._hang_up()

    def close(self) -> None:
        """See Stream."""
        with self._lock:
            self._closed = True
            if self._socket is not None:
                with contextlib.suppress(OSError):
                    # Not TLS's own, which must not be called while another thread reads.
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def _hang_up(self) -> None:
        with self._lock:
            if self._socket is not None:
                self._socket.close()
            self._socket = None

    def _explained(self, error: OSError | SourceError, *, opened: bool) -> SourceError:
        if isinstance(error, SourceError):
            return error
        if not isinstance(error, TimeoutError):
            return SourceError(ended(self._camera))
        if opened:
            return stalled(self._camera, self._read_timeout_s)
        return explain_opening(error, self._camera, self._open_timeout_s)

    # Each of the following raises SourceError, OSError at the end of the connection, and TimeoutError after a silence.

    def _open(self) -> Generator[None, None, _Answer]:
        """Ask for the video, with a login if the camera wants one."""
        login, proof, left_s = Login(self._address.username, self._address.password), "", self._open_timeout_s
        refusals = 0
        while True:
            connection = self._dial()
            deadline = self._clock.monotonic() + left_s
            answer = yield from self._ask(connection, proof, deadline)
            if answer.head.status != HTTPStatus.UNAUTHORIZED:
                self._check(answer.head)
                return answer
            self._hang_up()
            left_s = self._left(deadline)
            proof = self._prove(login, answer.head.all("www-authenticate"), refusals)
            refusals += 1

    def _dial(self) -> socket.socket:
        plain = socket.socket(fileno=self._connect())
        with self._lock:
            self._socket = plain
            if self._closed:
                raise ConnectionAbortedError
            if self._address.scheme is Scheme.HTTPS:
                self._socket = secured(plain, self._address.host)
            return self._socket

    def _ask(self, connection: socket.socket, proof: str, deadline: float) -> Generator[None, None, _Answer]:
        """Send the request and take the head of the answer."""
        if isinstance(connection, ssl.SSLSocket):
            yield from self._shake_hands(connection, deadline)
        connection.settimeout(self._left(deadline))
        connection.sendall(get_request(self._address, proof))
        reader = ResponseReader(self._camera)
        while True:
            body = reader.feed(self._receive(connection, deadline))
            if reader.head is not None:
                return _Answer(connection, reader.head, reader, body)
            yield None

    def _shake_hands(self, connection: ssl.SSLSocket, deadline: float) -> Generator[None, None, None]:
        while True:
            connection.settimeout(min(self._left(deadline), _STEP_S))
            with contextlib.suppress(TimeoutError):
                connection.do_handshake()
                return
            yield None

    def _receive(self, connection: socket.socket, deadline: float) -> bytes:
        """Return what came, nothing when nothing came for a second."""
        connection.settimeout(min(self._left(deadline), _STEP_S))
        try:
            data = connection.recv(_READ)
        except TimeoutError:
            return b""
        if not data:
            raise ConnectionResetError
        return data

    def _left(self, deadline: float) -> float:
        left = deadline - self._clock.monotonic()
        if left <= 0.0:
            raise TimeoutError
        return left

    def _prove(self, login: Login, challenges: Sequence[str], refusals: int) -> str:
        """Return the answer to the challenges: once, and once more if only the nonce was too old."""
        if refusals and not (refusals == 1 and is_stale(challenges)):
            raise wrong_login(self._camera)
        proof = login.answer(challenges, "GET", target_of(self._address))
        if proof is None:
            known = login.username or login.password
            raise (unknown_login if known else no_login)(self._camera)
        return proof

    def _check(self, head: ResponseHead) -> None:
        """Raise what an answer means that is not video."""
        if 300 <= head.status < 400:  # noqa: PLR2004 - all of them
            raise redirected(self._camera)
        if head.status == HTTPStatus.FORBIDDEN:
            raise wrong_login(self._camera)
        if head.status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
            raise no_such_stream(self._camera)
        if head.status != HTTPStatus.OK:
            raise server_error(self._camera, head.status)
        kind = head.get("content-type").lower()
        if kind.startswith("image/"):
            raise still_picture(self._camera)
        if not kind.startswith("multipart/"):
            raise no_video(self._camera)

    def _watch(self, answer: _Answer) -> Iterator[VideoFormat | AccessUnit | None]:
        """Yield what comes until the camera ends it."""
        parts = MultipartReader(self._camera, boundary_of(answer.head.get("content-type")))
        heard = told = self._clock.monotonic()
        size = (0, 0)
        body = answer.body
        while True:
            for part in parts.feed(body):
                jpeg = from_start(part)
                found = jpeg_size(jpeg)
                if found is None:
                    continue
                if found != size:
                    size = found
                    yield self._format(size)
                yield AccessUnit(jpeg, keyframe=True)
                heard = told = self._clock.monotonic()
            if parts.ended or answer.reader.ended:
                raise ConnectionResetError
            if self._clock.monotonic() - told >= _STEP_S:
                told = self._clock.monotonic()
                yield None
            body = answer.reader.feed(self._receive(answer.connection, heard + self._read_timeout_s))

    def _format(self, size: tuple[int, int]) -> VideoFormat:
        width, height = size
        if width * height > MAX_PIXELS:
            raise too_large(self._camera)
        return VideoFormat("mjpeg", width, height)
