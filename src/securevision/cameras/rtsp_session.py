"""The conversation with a camera that ends in video: what to ask next, and what an answer means (RFC 2326)."""

import re
import string
from collections.abc import Sequence
from http import HTTPStatus
from urllib.parse import quote

from securevision.cameras.addresses import SourceAddress
from securevision.cameras.authentication import Login, is_stale
from securevision.cameras.failures import (
    ended,
    no_login,
    no_room,
    no_such_stream,
    no_tcp,
    not_understood,
    redirected,
    server_error,
    unknown_login,
    wrong_login,
)
from securevision.cameras.rtsp_messages import Headers, Message, Request, Response, answer_to
from securevision.cameras.sdp import VideoMedia, first_video
from securevision.errors import SourceError

_PLAIN = string.ascii_letters + string.digits + string.punctuation
_ABSOLUTE = re.compile(r"(?i)rtsps?://[^/?#]*(.*)", re.DOTALL)
_MAX_URI = 4096
_INTERLEAVED = re.compile(r"(?i)\binterleaved\s*=\s*([0-9]{1,3})(?![0-9])")
_SESSION = re.compile(r"([^;\s]{1,128})(?:\s*;.*?\btimeout\s*=\s*([0-9]{1,6}))?")
_MAX_CHANNEL = 255
_KEEPALIVE_S = 30.0
_MIN_KEEPALIVE_S = 2.0
_NO_BANDWIDTH, _NO_SESSION, _UNSUPPORTED_TRANSPORT = 453, 454, 461


class RtspSession:
    """Asks for the first video of a camera over TCP and keeps it coming; does no I/O, reads no clock.

    One question is open at a time, so that an answer belongs to it whatever number it bears. Every request goes to the
    host of the address: of a URL in an answer only path and query are used, since cameras write the address there that
    they know themselves by. The login is sent when it is asked for, and a wrong one is sent once, because cameras lock
    accounts. No receiver reports (RTCP) are sent: over TCP no camera needs them, and the keepalive says we are here.

    `receive` raises SourceRefused when the camera says no, SourceError.
    """

    def __init__(self, address: SourceAddress) -> None:
        self.media: VideoMedia | None = None
        """The video, once the camera described it."""
        self.channel = -1
        """Where its packets come, once it is set up."""
        self.playing = False
        """The camera has said that it sends."""
        self.keepalive_s = _KEEPALIVE_S
        """How often `keep_alive` is to be sent while it plays."""
        self._camera = address.display
        self._origin = f"{address.scheme}://{address.host}:{address.port}"
        self._base = self._origin + _printable(address.target or "/")
        self._login = Login(address.username, address.password)
        self._challenges: Sequence[str] = ()
        self._refusals = 0
        """How often the open question was answered by 401."""
        self._asked: Request | None = None
        self._asked_again = False
        self._count = 0
        self._id = ""
        self._keeps_alive_with = "OPTIONS"

    def start(self) -> bytes:
        """Return the first request."""
        return self._ask("OPTIONS", self._base)

    def ask_again(self) -> bytes:
        """Return the open question for a new connection, when the old one ended as the login was sent; else nothing.

        The camera has not read the login then: it hung up when it had asked for one. This is done once.
        """
        asked, may = self._asked, self._refusals == 1 and not (self._id or self._asked_again)
        if asked is None or not may:
            return b""
        self._asked_again = True
        return self._ask(asked.method, asked.uri, asked.headers)

    def keep_alive(self) -> bytes:
        """Return a request that tells the camera that we are still here, once it plays, whether it said so or not."""
        self.playing = True
        return self._ask(self._keeps_alive_with, self._base)

    def tear_down(self) -> bytes:
        """Return the last request; nothing when there is no session to end."""
        return self._ask("TEARDOWN", self._base) if self._id else b""

    def receive(self, message: Message) -> bytes:
        """Take what the camera says; return what is to be sent, which may be nothing."""
        if isinstance(message, Request):
            if message.method == "REDIRECT":
                raise redirected(self._camera)
            return answer_to(message)
        asked, status = self._asked, message.status
        if asked is None or status < HTTPStatus.OK:
            return b""
        if status == HTTPStatus.UNAUTHORIZED:
            return self._prove(asked, message.all("www-authenticate"))
        if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
            raise redirected(self._camera)
        self._asked, self._refusals = None, 0
        if self.playing:
            return self._kept_alive(status)
        if asked.method != "OPTIONS" and status >= HTTPStatus.BAD_REQUEST:
            raise self._refusal(status)
        return self._next(asked.method, message)

    def _next(self, method: str, answer: Response) -> bytes:
        """Return what is asked after that was answered."""
        if method == "OPTIONS":
            return self._describe(answer)
        if method == "DESCRIBE":
            return self._set_up(answer)
        if method == "SETUP":
            return self._play(answer)
        self.playing = True
        return b""

    def _describe(self, options: Response) -> bytes:
        # Whatever OPTIONS is answered: it is asked for what it offers, and some cameras don't know it.
        if "GET_PARAMETER" in options.get("public").upper():
            self._keeps_alive_with = "GET_PARAMETER"
        return self._ask("DESCRIBE", self._base, (("Accept", "application/sdp"),))

    def _set_up(self, description: Response) -> bytes:
        self.media = first_video(description.body, self._camera)
        for base in (description.get("content-base"), description.get("content-location")):
            if _ABSOLUTE.fullmatch(base):
                self._base = self._uri(base)
                break
        if _ABSOLUTE.fullmatch(self.media.session_control):
            self._base = self._uri(self.media.session_control)
        return self._ask(
            "SETUP",
            self._uri(self.media.control),
            (("Transport", "RTP/AVP/TCP;unicast;interleaved=0-1"),),
        )

    def _play(self, setup: Response) -> bytes:
        transport = setup.get("transport")
        interleaved = _INTERLEAVED.search(transport)
        if transport and not interleaved and "TCP" not in transport.upper():
            raise no_tcp(self._camera)
        channel = int(interleaved[1]) if interleaved else 0
        self.channel = channel if channel <= _MAX_CHANNEL else 0
        if session := _SESSION.match(setup.get("session")):
            self._id = session[1]
            half_s = int(session[2]) / 2 if session[2] else _KEEPALIVE_S
            self.keepalive_s = min(max(half_s, _MIN_KEEPALIVE_S), _KEEPALIVE_S)
        return self._ask("PLAY", self._base, (("Range", "npt=0.000-"),))

    def _kept_alive(self, status: int) -> bytes:
        if status == _NO_SESSION:
            raise SourceError(ended(self._camera))
        if status >= HTTPStatus.BAD_REQUEST:
            self._keeps_alive_with = "OPTIONS"
        return b""

    def _uri(self, control: str) -> str:
        """Return the URI of what a description calls so."""
        if control in ("", "*"):
            return self._base
        if absolute := _ABSOLUTE.fullmatch(control):
            uri = self._origin + _printable(absolute[1] or "/")
        else:
            # As all others do, and not as RFC 3986 resolves it: a name of the camera has its query in the middle.
            uri = f"{self._base.removesuffix('/')}/{_printable(control.removeprefix('/'))}"
        if len(uri) > _MAX_URI:
            raise not_understood(self._camera, "RTSP")
        return uri

    def _prove(self, asked: Request, challenges: Sequence[str]) -> bytes:
        """Answer 401 once, and once more if only the nonce was too old."""
        self._refusals += 1
        if self._refusals > (2 if is_stale(challenges) else 1):
            raise wrong_login(self._camera)
        self._challenges = challenges
        if self._login.answer(challenges, asked.method, asked.uri) is None:
            known = self._login.username or self._login.password
            raise (unknown_login if known else no_login)(self._camera)
        return self._ask(asked.method, asked.uri, asked.headers)

    def _ask(self, method: str, uri: str, headers: Headers = ()) -> bytes:
        self._count += 1
        self._asked = Request(method, uri, headers)
        lines = [("CSeq", str(self._count)), ("User-Agent", "SecureVision"), *headers]
        if self._id:
            lines.append(("Session", self._id))
        if self._challenges and (proof := self._login.answer(self._challenges, method, uri)):
            lines.append(("Authorization", proof))
        return Request(method, uri, tuple(lines)).encode()

    def _refusal(self, status: int) -> SourceError:
        if status == HTTPStatus.FORBIDDEN:
            return wrong_login(self._camera)
        if status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
            return no_such_stream(self._camera)
        if status == _UNSUPPORTED_TRANSPORT:
            return no_tcp(self._camera)
        if status in (_NO_BANDWIDTH, HTTPStatus.SERVICE_UNAVAILABLE):
            return no_room(self._camera)
        return server_error(self._camera, status)


def _printable(target: str) -> str:
    """Return a path and query in which nothing can be mistaken for the end of the line."""
    return quote(target, safe=_PLAIN, errors="surrogateescape")
