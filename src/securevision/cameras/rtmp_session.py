"""What is said to play a stream over RTMP: handshake, connect, createStream, play (Adobe, "RTMP 1.0", 5.2 and 7).

Of "Enhanced RTMP" (Veovera), it says that it takes H.265. It has no login: cameras take theirs from path or query.
"""

import os
import struct
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum, auto

from securevision.cameras import amf
from securevision.cameras.addresses import SourceAddress
from securevision.cameras.failures import no_such_stream, not_played, not_understood, redirected
from securevision.cameras.flv import FlvVideo, Item
from securevision.cameras.rtmp_chunks import ChunkReader, Kind, Message, encode
from securevision.errors import SourceError

_VERSION = 3
_HANDSHAKE = 1536
"""Bytes of each part of the handshake but its first."""
_FLASH = "LNX 9,0,124,2"
"""What players call themselves; some servers ask for it."""
_BUFFER_MS = 1000
"""What we say we hold before we show it; a server may send so much at once."""

_CONNECT, _CREATE_STREAM, _PLAY = 1.0, 2.0, 3.0
"""Numbers of our commands, by which their answers are known."""
_FOR_CONTROL, _FOR_COMMANDS, _FOR_PLAYING = 2, 3, 8
"""Our chunk streams."""
_MAX_STREAM = _32_BITS = 0xFFFF_FFFF
_BUFFER_LENGTH, _PING, _PONG = 3, 6, 7
"""User control events (7.1.7)."""

_GONE = frozenset(
    {
        "NetStream.Play.Stop",
        "NetStream.Play.Complete",
        "NetStream.Play.UnpublishNotify",
        "NetConnection.Connect.Closed",
        "NetConnection.Connect.AppShutdown",
    }
)
_NO_SUCH_STREAM = frozenset(
    {"NetStream.Play.StreamNotFound", "NetStream.Play.FileNotFound", "NetConnection.Connect.InvalidApp"}
)


class _Step(Enum):
    """What is waited for."""

    HANDSHAKE = auto()
    CONNECTED = auto()
    CREATED = auto()
    PLAYING = auto()


class RtmpSession:
    """The state of one connection; does no I/O. What it wants to send is in `take_outgoing`."""

    def __init__(self, address: SourceAddress) -> None:
        self.playing = False
        """The camera said that it plays, or sent video."""
        self.ended = False
        """The camera said that the stream is over."""
        self._address = address
        self._camera = address.display
        self._step = _Step.HANDSHAKE
        self._greeting = bytearray()
        self._chunks = ChunkReader(self._camera)
        self._video = FlvVideo(self._camera)
        self._stream = 0
        self._received = self._acknowledged = 0
        self._window = 0
        self._outgoing = [bytes([_VERSION]), bytes(8), os.urandom(_HANDSHAKE - 8)]

    @property
    def pictures(self) -> int:
        """How many have come, those before the first keyframe among them."""
        return self._video.pictures

    def take_outgoing(self) -> bytes:
        """Return what must be sent now, nothing when there is none."""
        outgoing = b"".join(self._outgoing)
        self._outgoing.clear()
        return outgoing

    def feed(self, data: bytes) -> Iterator[Item]:
        """Take what was received and yield the formats and access units that it completes.

        Must be run to its end. Raises SourceError, SourceRefused.
        """
        self._received += len(data)
        if self._step is _Step.HANDSHAKE:
            data = self._greet(data)
        for message in self._chunks.feed(data):
            if message.kind == Kind.VIDEO and self._step is _Step.PLAYING:
                self.playing = True
                yield from self._video.push(message.payload, message.timestamp)
            else:
                self._heed(message)
        self._acknowledge()

    def _greet(self, data: bytes) -> bytes:
        """Take part of the handshake; return what comes after it."""
        before = len(self._greeting)
        self._greeting += data
        if self._greeting[:1] not in (b"", bytes([_VERSION])):
            raise not_understood(self._camera, "RTMP")
        first, end = 1 + _HANDSHAKE, 1 + 2 * _HANDSHAKE
        if before < first <= len(self._greeting):
            self._outgoing.append(bytes(self._greeting[1:first]))
        if len(self._greeting) < end:
            return b""
        self._step = _Step.CONNECTED
        self._ask("connect", _CONNECT, self._connection())
        return bytes(self._greeting[end:])

    def _connection(self) -> Mapping[str, amf.Value]:
        application, _ = self._names()
        return {
            "app": application,
            "flashVer": _FLASH,
            "tcUrl": f"rtmp://{self._address.host}:{self._address.port}/{application}",
            "fpad": False,
            # Every format of its time, as all players say; servers send what they have.
            "capabilities": 15.0,
            "audioCodecs": 4071.0,
            "videoCodecs": 252.0,
            "videoFunction": 1.0,
            "objectEncoding": 0.0,
            "fourCcList": ["avc1", "hvc1"],
        }

    def _names(self) -> tuple[str, str]:
        """Return the names of application and stream: what is before the last slash, and behind it with the query."""
        path, question, query = self._address.target.partition("?")
        application, _, stream = path.removeprefix("/").rpartition("/")
        return application, stream + question + query

    def _heed(self, message: Message) -> None:
        payload = message.payload
        match message.kind:
            case Kind.WINDOW:
                self._window = int.from_bytes(payload[:4], "big")
            case Kind.PEER_BANDWIDTH if len(payload) >= 4:  # noqa: PLR2004 - bytes of its number
                self._send(Message(Kind.WINDOW, payload[:4]))
            case Kind.USER_CONTROL if payload.startswith(_PING.to_bytes(2, "big")):
                self._control(_PONG, payload[2:6])
            case Kind.COMMAND:
                self._obey(amf.decode(payload))
            case Kind.COMMAND_3:
                # A command of the newer kind begins with its format, which is the older one all the same.
                self._obey(amf.decode(payload[1:]))

    def _obey(self, command: Sequence[amf.Value]) -> None:
        if len(command) < 2:  # noqa: PLR2004 - a name and a number
            return
        name, number, *arguments = command
        told = next((each for each in reversed(arguments) if isinstance(each, Mapping)), {})
        match name:
            case "_result":
                self._go_on(number, arguments)
            case "_error":
                raise self._refusal(told)
            case "onStatus":
                self._note(told)
            case "close":
                self.ended = True

    def _go_on(self, number: amf.Value, arguments: Sequence[amf.Value]) -> None:
        """Take the answer to our command of that number, and send the next one."""
        if self._step is _Step.CONNECTED and number == _CONNECT:
            self._step = _Step.CREATED
            self._ask("createStream", _CREATE_STREAM, None)
        elif self._step is _Step.CREATED and number == _CREATE_STREAM:
            stream = next((each for each in arguments if isinstance(each, float)), -1.0)
            if not 0.0 <= stream <= _MAX_STREAM:
                raise not_understood(self._camera, "RTMP")
            self._step = _Step.PLAYING
            _, name = self._names()
            self._control(_BUFFER_LENGTH, struct.pack(">II", int(stream), _BUFFER_MS))
            self._ask("play", _PLAY, None, name, stream=int(stream))

    def _note(self, status: Mapping[str, amf.Value]) -> None:
        code = _code(status)
        if code in _GONE:
            self.ended = True
        elif code == "NetStream.Play.Start":
            self.playing = True
        elif code in _NO_SUCH_STREAM or status.get("level") == "error":
            raise self._refusal(status)

    def _refusal(self, told: Mapping[str, amf.Value]) -> SourceError:
        if _code(told) in _NO_SUCH_STREAM:
            return no_such_stream(self._camera)
        more = told.get("ex")
        if isinstance(more, Mapping) and "redirect" in more:
            return redirected(self._camera)
        return not_played(self._camera)

    def _acknowledge(self) -> None:
        """Say how much was received, well before the camera would wait for that (5.4.4)."""
        if self._window and self._received - self._acknowledged >= self._window // 2:
            self._acknowledged = self._received
            self._send(Message(Kind.ACKNOWLEDGEMENT, (self._received & _32_BITS).to_bytes(4, "big")))

    def _ask(self, name: str, number: float, *arguments: amf.Value, stream: int = 0) -> None:
        command = Message(Kind.COMMAND, amf.encode(name, number, *arguments), stream)
        self._send(command, _FOR_PLAYING if stream else _FOR_COMMANDS)

    def _control(self, event: int, data: bytes) -> None:
        self._send(Message(Kind.USER_CONTROL, event.to_bytes(2, "big") + data))

    def _send(self, message: Message, chunk_stream: int = _FOR_CONTROL) -> None:
        self._outgoing.append(encode(message, chunk_stream))


def _code(status: Mapping[str, amf.Value]) -> str:
    code = status.get("code")
    return code if isinstance(code, str) else ""
