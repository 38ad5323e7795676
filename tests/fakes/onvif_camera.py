"""An ONVIF camera on the loopback address: real HTTP, and it checks who asks as cameras do."""

import base64
import hashlib
import ssl
import sys
import threading
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from xml.etree import ElementTree

SOAP = "http://www.w3.org/2003/05/soap-envelope"
TDS = "http://www.onvif.org/ver10/device/wsdl"
TRT = "http://www.onvif.org/ver10/media/wsdl"
TR2 = "http://www.onvif.org/ver20/media/wsdl"
TT = "http://www.onvif.org/ver10/schema"
_WSSE = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd}"
_WSU = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd}"
_OPEN = ("GetSystemDateAndTime", "GetServices", "GetCapabilities")
"""What every camera answers to anybody (ONVIF Core 5.9.1)."""

_IDENTITY = (
    "<tds:Manufacturer>Ac&amp;me</tds:Manufacturer><tds:Model>Bull\u202eet\n1</tds:Model>"
    "<tds:FirmwareVersion>V5.7</tds:FirmwareVersion><tds:SerialNumber>1</tds:SerialNumber>"
)


def message(body: str, *, prefix: str = "SOAP-ENV") -> bytes:
    """Return an envelope with prefixes of its own."""
    names = f'xmlns:{prefix}="{SOAP}" xmlns:tds="{TDS}" xmlns:trt="{TRT}" xmlns:tr2="{TR2}" xmlns:tt="{TT}"'
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<{prefix}:Envelope {names}><{prefix}:Body>{body}</{prefix}:Body>'
        f"</{prefix}:Envelope>"
    ).encode()


def fault(subcode: str = "ter:ActionNotSupported") -> bytes:
    """Return a fault with a text that nobody should repeat."""
    return message(
        "<SOAP-ENV:Fault><SOAP-ENV:Code><SOAP-ENV:Value>SOAP-ENV:Sender</SOAP-ENV:Value><SOAP-ENV:Subcode>"
        f"<SOAP-ENV:Value>{subcode}</SOAP-ENV:Value></SOAP-ENV:Subcode></SOAP-ENV:Code><SOAP-ENV:Reason>"
        '<SOAP-ENV:Text xml:lang="en">call +1 555 0100 now</SOAP-ENV:Text></SOAP-ENV:Reason></SOAP-ENV:Fault>'
    )


@dataclass(frozen=True)
class Stream:
    """What the camera says of one profile."""

    name: str
    token: str
    encoding: str
    """Empty when the profile has no video."""
    width: int
    height: int
    fps: float
    uri: str


STREAMS = (
    Stream(
        "Main",
        "Profile_1",
        "H264",
        2560,
        1440,
        25,
        "rtsp://HOST:554/Streaming/Channels/101?unicast=true&x=1",
    ),
    Stream("Sub", "Profile_2", "H264", 640, 360, 15, "rtsp://HOST/Streaming/Channels/102"),
)


@dataclass
class OnvifCamera:
    """A camera whose answers can be exchanged for any bytes; they then go out as they are, HTTP and all."""

    login: str = "token"
    """`token` (WS-Security), `digest` (HTTP), `basic` (which it asks for, and nobody should send) or `none`."""
    user: str = "o'ne & <two>"
    password: str = "p@ss <&> wörd"
    ahead_s: int = 0
    """What its clock is ahead."""
    skew_s: int = 5
    """How old a token may be."""
    media: Sequence[str] = (TRT,)
    streams: Sequence[Stream] = STREAMS
    xaddr: str = "http://HOST:PORT/onvif/media"
    missing: Sequence[str] = ()
    """Operations that it does not know."""
    closed: Sequence[str] = ()
    """Operations that it answers to nobody without a login, though the standard says so."""
    blame: str = "ter:NotAuthorized"
    """What it says of a wrong token."""
    raw: Mapping[str, bytes | Callable[[BaseHTTPRequestHandler], None]] = field(default_factory=dict)
    """What goes out for an operation instead."""
    tls: ssl.SSLContext | None = None
    port: int = 0
    asked: list[str] = field(default_factory=list)
    """Operations, in the order of asking."""
    attempts: int = 0
    """Requests with a login."""
    paths: list[str] = field(default_factory=list)
    nonce_lasts: int = 1000
    """Requests that one challenge can be answered for."""
    nonces: list[str] = field(default_factory=list)
    failures: list[BaseException] = field(default_factory=list)
    """What was wrong with a request, for the test to hear of when the camera goes."""

    def __enter__(self) -> Self:
        camera = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                camera.serve(self)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:
                error = sys.exception()
                if error is not None and not isinstance(error, ConnectionError):
                    camera.failures.append(error)

        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = False
        if self.tls is not None:
            self._server.socket = self.tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        if self.failures:
            raise self.failures[0]

    def serve(self, request: BaseHTTPRequestHandler) -> None:
        root = ElementTree.fromstring(request.rfile.read(int(request.headers["Content-Length"])))
        body = root.find(f"{{{SOAP}}}Body")
        assert body is not None
        namespace, _, operation = body[0].tag[1:].partition("}")
        assert f'action="{namespace}/{operation}"' in request.headers["Content-Type"]
        self.asked.append(operation)
        self.paths.append(request.path)
        if operation in self.raw:
            raw = self.raw[operation]
            if isinstance(raw, bytes):
                request.wfile.write(raw)
            else:
                raw(request)
            request.close_connection = True
        elif (operation not in _OPEN or operation in self.closed) and not self._knows(request, root):
            self._refuse(request)
        elif operation in self.missing:
            self._send(request, 400, fault())
        else:
            self._send(request, 200, message(self._answer(operation, namespace, body[0])))

    def _send(self, request: BaseHTTPRequestHandler, status: int, body: bytes, *headers: str) -> None:
        request.send_response(status)
        for header in headers:
            request.send_header("WWW-Authenticate", header)
        request.send_header("Content-Type", "application/soap+xml; charset=utf-8")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    def _refuse(self, request: BaseHTTPRequestHandler) -> None:
        if self.login == "token":
            self._send(request, 400, fault(self.blame if self.attempts else "ter:NotAuthorized"))
        elif self.login == "digest":
            self.nonces.append(f"nonce{len(self.nonces)}")
            challenge = (
                f'Digest realm="a, \\"camera\\"", nonce="{self.nonces[-1]}", qop="auth", algorithm=MD5'
            )
            self._send(request, 401, b"", 'Basic realm="camera"', challenge)
        else:
            self._send(request, 401, b"", 'Basic realm="camera"')

    def _knows(self, request: BaseHTTPRequestHandler, root: ElementTree.Element) -> bool:
        authorization = request.headers.get("Authorization")
        token = root.find(f".//{_WSSE}UsernameToken")
        if authorization is not None:
            assert self.password not in authorization
            assert not authorization.startswith("Basic")
        if authorization is not None or token is not None:
            self.attempts += 1
        if self.login == "none":
            return True
        if self.login == "digest":
            return authorization is not None and self._digest_is_right(authorization, request.path)
        return token is not None and self._token_is_right(token)

    def _token_is_right(self, token: ElementTree.Element) -> bool:
        created = token.findtext(f"{_WSU}Created", "")
        nonce = token.findtext(f"{_WSSE}Nonce", "")
        age = self.now() - datetime.fromisoformat(created).timestamp()
        secret = base64.b64decode(nonce, validate=True) + created.encode() + self.password.encode()
        expected = base64.b64encode(hashlib.sha1(secret).digest()).decode()
        fresh = nonce not in self.nonces and abs(age) <= self.skew_s
        self.nonces.append(nonce)
        return (
            fresh
            and token.findtext(f"{_WSSE}Username") == self.user
            and token.findtext(f"{_WSSE}Password") == expected
        )

    def _digest_is_right(self, authorization: str, path: str) -> bool:
        said = urllib.request.parse_keqv_list(
            urllib.request.parse_http_list(authorization.removeprefix("Digest "))
        )

        def md5(*parts: str) -> str:
            return hashlib.md5(":".join(parts).encode()).hexdigest()

        proof = md5(
            md5(self.user, 'a, "camera"', self.password),
            said["nonce"],
            said["nc"],
            said["cnonce"],
            said["qop"],
            md5("POST", path),
        )
        fresh = said["nonce"] == self.nonces[-1] and int(said["nc"], 16) <= self.nonce_lasts
        return fresh and said["uri"] == path and said["response"] == proof

    def now(self) -> float:
        """Return the time by its own clock, seconds since the Unix epoch."""
        return datetime.now(UTC).timestamp() + self.ahead_s

    def _placed(self, text: str) -> str:
        return text.replace("HOST", "127.0.0.1").replace("PORT", str(self.port))

    def _answer(self, operation: str, namespace: str, asked: ElementTree.Element) -> str:
        prefix = {TDS: "tds", TRT: "trt", TR2: "tr2"}[namespace]
        if namespace != TDS:
            assert namespace in self.media
        content = ""
        match operation:
            case "GetSystemDateAndTime":
                content = self._time()
            case "GetServices":
                content = self._services()
            case "GetCapabilities":
                content = self._capabilities()
            case "GetDeviceInformation":
                content = _IDENTITY
            case "GetProfiles":
                content = "".join(_profile(prefix, each) for each in self.streams)
            case "GetStreamUri":
                content = self._stream(prefix, asked)
        return f"<{prefix}:{operation}Response>{content}</{prefix}:{operation}Response>"

    def _time(self) -> str:
        now = datetime.fromtimestamp(self.now(), UTC)
        return (
            "<tds:SystemDateAndTime><tt:DateTimeType>Manual</tt:DateTimeType><tt:UTCDateTime>"
            f"<tt:Time><tt:Hour>{now.hour}</tt:Hour><tt:Minute>{now.minute}</tt:Minute><tt:Second>{now.second}</tt:Second>"
            f"</tt:Time><tt:Date><tt:Year>{now.year}</tt:Year><tt:Month>{now.month}</tt:Month><tt:Day>{now.day}</tt:Day>"
            "</tt:Date></tt:UTCDateTime></tds:SystemDateAndTime>"
        )

    def _services(self) -> str:
        places = [
            (TDS, "http://HOST:PORT/onvif/device_service"),
            *((each, self.xaddr) for each in self.media),
        ]
        return "".join(
            f"<tds:Service><tds:Namespace>{namespace}</tds:Namespace><tds:XAddr>{self._placed(place)}</tds:XAddr></tds:Service>"
            for namespace, place in places
        )

    def _capabilities(self) -> str:
        media = self._placed(self.xaddr)
        return f"<tds:Capabilities><tt:Media><tt:XAddr>{media}</tt:XAddr></tt:Media></tds:Capabilities>"

    def _stream(self, prefix: str, asked: ElementTree.Element) -> str:
        tag = f"{{{TRT if prefix == 'trt' else TR2}}}"
        if prefix == "trt":
            assert asked.findtext(f"{tag}StreamSetup/{{{TT}}}Stream") == "RTP-Unicast"
            assert asked.findtext(f"{tag}StreamSetup/{{{TT}}}Transport/{{{TT}}}Protocol") == "RTSP"
        else:
            assert asked.findtext(f"{tag}Protocol") == "RTSP"
        token = asked.findtext(f"{tag}ProfileToken")
        uri = self._placed(next(each.uri for each in self.streams if each.token == token))
        return (
            f"<trt:MediaUri><tt:Uri>{escape(uri)}</tt:Uri></trt:MediaUri>"
            if prefix == "trt"
            else f"<tr2:Uri>{escape(uri)}</tr2:Uri>"
        )


def _profile(prefix: str, stream: Stream) -> str:
    if not stream.encoding:
        return f'<{prefix}:Profiles token="{stream.token}"/>'
    encoder = (
        f"<tt:Name>encoder</tt:Name><tt:Encoding>{stream.encoding}</tt:Encoding><tt:Resolution><tt:Width>{stream.width}"
        f"</tt:Width><tt:Height>{stream.height}</tt:Height></tt:Resolution><tt:RateControl><tt:FrameRateLimit>"
        f"{stream.fps}</tt:FrameRateLimit></tt:RateControl>"
    )
    if prefix == "trt":
        encoder = f"<tt:VideoEncoderConfiguration>{encoder}</tt:VideoEncoderConfiguration>"
        inside = f"<tt:Name>{escape(stream.name)}</tt:Name>{encoder}"
    else:
        inside = (
            f"<tr2:Name>{escape(stream.name)}</tr2:Name><tr2:Configurations><tr2:VideoEncoder>{encoder}</tr2:VideoEncoder>"
            "</tr2:Configurations>"
        )
    return f'<{prefix}:Profiles token="{escape(stream.token)}" fixed="true">{inside}</{prefix}:Profiles>'


def http(status: str, body: bytes, *fields: str) -> bytes:
    """Return an HTTP answer as bytes, whatever it says of itself."""
    return "\r\n".join((f"HTTP/1.1 {status}", *fields, "", "")).encode() + body
