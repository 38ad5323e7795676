"""A camera that sends one JPEG after the other over HTTP."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from securevision.cameras.addresses import SourceAddress
from securevision.cameras.authentication import Login, is_stale
from securevision.cameras.camera_connection import CameraConnection
from securevision.cameras.decoding import MAX_PIXELS
from securevision.cameras.failures import (
    explain_end,
    no_login,
    no_such_stream,
    no_video,
    redirected,
    server_error,
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
    """What a camera answered, and what came behind its head."""

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
        self._connection = CameraConnection(connect, address, clock)
        self._address = address
        self._camera = address.display
        self._clock = clock
        self._open_timeout_s = open_timeout_s
        self._read_timeout_s = read_timeout_s

    def items(self) -> Iterator[VideoFormat | AccessUnit | None]:
        """See Stream."""
        opened = False
        try:
            answer = yield from self._open()
            opened = True
            yield from self._watch(answer)
        except (OSError, SourceError) as error:
            if not self._connection.ended:
                limit_s = self._read_timeout_s if opened else self._open_timeout_s
                raise explain_end(error, self._camera, opened=opened, limit_s=limit_s) from None
        finally:
            self._connection.close()

    def close(self) -> None:
        """See Stream."""
        self._connection.end()

    # Each of the following raises SourceError, and OSError as CameraConnection does.

    def _open(self) -> Generator[None, None, _Answer]:
        """Ask for the video, with a login if the camera wants one."""
        login, proof, left_s = Login(self._address.username, self._address.password), "", self._open_timeout_s
        refusals = 0
        while True:
            deadline = yield from self._connection.open(left_s)
            answer = yield from self._ask(proof, deadline)
            if answer.head.status != HTTPStatus.UNAUTHORIZED:
                self._check(answer.head)
                return answer
            left_s = deadline - self._clock.monotonic()
            proof = self._prove(login, answer.head.all("www-authenticate"), refusals)
            refusals += 1

    def _ask(self, proof: str, deadline: float) -> Generator[None, None, _Answer]:
        """Send the request and take the head of the answer."""
        self._connection.send(get_request(self._address, proof), deadline)
        reader = ResponseReader(self._camera)
        while True:
            body = reader.feed(self._connection.receive(deadline))
            if reader.head is not None:
                return _Answer(reader.head, reader, body)
            yield None

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
            body = answer.reader.feed(self._connection.receive(heard + self._read_timeout_s))

    def _format(self, size: tuple[int, int]) -> VideoFormat:
        width, height = size
        if width * height > MAX_PIXELS:
            raise too_large(self._camera)
        return VideoFormat("mjpeg", width, height)
