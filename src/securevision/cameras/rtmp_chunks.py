"""RTMP's chunks: messages cut into pieces, several streams of them on one connection (Adobe, "RTMP 1.0", 5.3)."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from securevision.cameras.failures import not_understood

MAX_MESSAGE = 8 << 20
"""Bytes; a picture is one message."""
MAX_HELD = 2 * MAX_MESSAGE
"""Bytes of messages that are not complete, of all chunk streams together."""
MAX_CHUNK_STREAMS = 64
MIN_CHUNK_SIZE = 128
"""What everybody begins with; a smaller size costs work for nothing (5.4.1)."""

_FULL, _SAME_STREAM, _SAME_LENGTH, _SAME = range(4)
"""The forms of a header, each with less in it (5.3.1.2)."""
_IN_FOUR_BYTES = 0xFFFFFF
"""Stands for a timestamp that follows the header."""
_31_BITS = 0x7FFF_FFFF
_32_BITS = 0xFFFF_FFFF
_24 = struct.Struct(">HB")
_32 = struct.Struct(">I")
_LITTLE_32 = struct.Struct("<I")


class Kind(IntEnum):
    """The kinds of message that we know."""

    CHUNK_SIZE = 1
    ABORT = 2
    ACKNOWLEDGEMENT = 3
    USER_CONTROL = 4
    WINDOW = 5
    PEER_BANDWIDTH = 6
    VIDEO = 9
    COMMAND_3 = 17
    COMMAND = 20


@dataclass(frozen=True, slots=True)
class Message:
    """One message; its kind may be one that is not in Kind."""

    kind: int
    payload: bytes
    stream: int = 0
    """The message stream that it belongs to; 0 is the connection itself."""
    timestamp: int = 0
    """Milliseconds, 0 to 2**32 - 1, from any start."""


def encode(message: Message, chunk_stream: int) -> bytes:
    """Return a message as chunks of 128 bytes; `chunk_stream` is 2 to 63, and the timestamp below 2**24 - 1."""
    time, length = message.timestamp.to_bytes(3, "big"), len(message.payload).to_bytes(3, "big")
    pieces = [bytes([chunk_stream]), time, length, bytes([message.kind]), _LITTLE_32.pack(message.stream)]
    for at in range(0, len(message.payload), MIN_CHUNK_SIZE):
        if at:
            pieces.append(bytes([_SAME << 6 | chunk_stream]))
        pieces.append(message.payload[at : at + MIN_CHUNK_SIZE])
    return b"".join(pieces)


class _Header(NamedTuple):
    """What the headers of a chunk stream say; a later one leaves out what is as it was."""

    kind: int = 0
    stream: int = 0
    length: int = 0
    timestamp: int = 0
    step: int = 0
    extended: int | None = None
    """The four bytes behind the last header, if there were any."""


class _ChunkStream:
    """The last header, and what has come of a message that is not complete."""

    __slots__ = ("header", "held")

    def __init__(self) -> None:
        self.header = _Header()
        self.held = bytearray()


class ChunkReader:
    """Puts messages together; does no I/O. Holds `MAX_HELD` bytes and one chunk at most."""

    def __init__(self, camera: str) -> None:
        """`camera` is how errors call it."""
        self._camera = camera
        self._buffer = bytearray()
        self._streams: dict[int, _ChunkStream] = {}
        self._chunk_size = MIN_CHUNK_SIZE
        self._held = 0

    def feed(self, data: bytes) -> Sequence[Message]:
        """Take what was received and return the messages that it completes.

        Changes of the chunk size and aborts take effect here. Raises SourceError for what cannot be chunks.
        """
        self._buffer += data
        messages: list[Message] = []
        start = 0
        while (end := self._read_chunk(start, messages)) > start:
            start = end
        del self._buffer[:start]
        return messages

    def _read_chunk(self, start: int, messages: list[Message]) -> int:
        """Return the end of the chunk at `start`; `start` when it has not come whole."""
        try:
            form, number, at = self._basic_header(start)
            stream = self._stream(form, number)
            header, at = self._header(form, at, stream)
        except (IndexError, struct.error):
            return start
        if header.length > MAX_MESSAGE:
            raise not_understood(self._camera, "RTMP")
        left = header.length - (len(stream.held) if form == _SAME else 0)
        end = at + min(self._chunk_size, left)
        if end > len(self._buffer):
            return start
        if form != _SAME:
            self._drop(stream)
        stream.header = header
        if end - at == header.length:
            self._complete(header, bytes(memoryview(self._buffer)[at:end]), messages)
        else:
            self._hold(stream, at, end, messages)
        return end

    def _basic_header(self, start: int) -> tuple[int, int, int]:
        """Return the form of the header, the number of the chunk stream, and where the rest begins (5.3.1.1)."""
        buffer = self._buffer
        form, number = buffer[start] >> 6, buffer[start] & 63
        if number == 0:
            return form, 64 + buffer[start + 1], start + 2
        if number == 1:
            return form, 64 + buffer[start + 1] + 256 * buffer[start + 2], start + 3
        return form, number, start + 1

    def _stream(self, form: int, number: int) -> _ChunkStream:
        stream = self._streams.get(number)
        if stream is None:
            if form >= _SAME_LENGTH or len(self._streams) == MAX_CHUNK_STREAMS:
                raise not_understood(self._camera, "RTMP")
            stream = self._streams[number] = _ChunkStream()
        return stream

    def _header(self, form: int, at: int, stream: _ChunkStream) -> tuple[_Header, int]:
        """Return what the header at `at` makes of the last one, and where it ends."""
        buffer, last = self._buffer, stream.header
        if form == _SAME:
            # These four bytes should be here again, and many leave them out: they are here if they are the same.
            if last.extended is not None and _32.unpack_from(buffer, at)[0] == last.extended:
                at += _32.size
            if not stream.held:
                last = last._replace(timestamp=last.timestamp + last.step & _32_BITS)
            return last, at
        time, at = _unpack_24(buffer, at)
        length, kind, number = last.length, last.kind, last.stream
        if form < _SAME_LENGTH:
            length, at = _unpack_24(buffer, at)
            kind, at = buffer[at], at + 1
        if form == _FULL:
            (number,) = _LITTLE_32.unpack_from(buffer, at)
            at += _LITTLE_32.size
        extended = None
        if time == _IN_FOUR_BYTES:
            (extended,) = _32.unpack_from(buffer, at)
            time, at = extended, at + _32.size
        if form == _FULL:
            # By the letter, the next step would be as long as this time; nobody means that.
            return _Header(kind, number, length, time, 0, extended), at
        return _Header(kind, number, length, last.timestamp + time & _32_BITS, time, extended), at

    def _hold(self, stream: _ChunkStream, at: int, end: int, messages: list[Message]) -> None:
        stream.held += memoryview(self._buffer)[at:end]
        self._held += end - at
        if len(stream.held) == stream.header.length:
            payload = bytes(stream.held)
            self._drop(stream)
            self._complete(stream.header, payload, messages)
        elif self._held > MAX_HELD:
            raise not_understood(self._camera, "RTMP")

    def _drop(self, stream: _ChunkStream) -> None:
        self._held -= len(stream.held)
        stream.held = bytearray()

    def _complete(self, header: _Header, payload: bytes, messages: list[Message]) -> None:
        value = int.from_bytes(payload[:4], "big")
        if header.kind == Kind.CHUNK_SIZE:
            self._chunk_size = value & _31_BITS
            if self._chunk_size < MIN_CHUNK_SIZE:
                raise not_understood(self._camera, "RTMP")
        elif header.kind == Kind.ABORT:
            if aborted := self._streams.get(value):
                self._drop(aborted)
        else:
            messages.append(Message(header.kind, payload, header.stream, header.timestamp))


def _unpack_24(buffer: bytearray, at: int) -> tuple[int, int]:
    high, low = _24.unpack_from(buffer, at)
    return high << 8 | low, at + _24.size
