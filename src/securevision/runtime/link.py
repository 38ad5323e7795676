"""Messages over a Unix socket between the core and one worker."""

import array
import contextlib
import select
import socket
import struct
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from securevision.errors import Unavailable
from securevision.runtime.messages import Message

MAX_BYTES = 32 << 20
"""Of one message: a few seconds of video in one fragment are the longest."""
_HEADER = struct.Struct("<IB")
"""Length of the record, and how many descriptors come with its header."""
_MAX_DESCRIPTORS = 4
_SENT_WITHIN_S = 5
_PRIVATE = getattr(socket, "MSG_CMSG_CLOEXEC", 0)
_DESCRIPTOR_SIZE = array.array("i").itemsize

Incoming = TypeVar("Incoming")


class LinkBroken(Unavailable):
    """The other side has gone, or says what it must not."""


@dataclass(frozen=True, slots=True)
class Received(Generic[Incoming]):
    """A message and the descriptors that came with it, which are the receiver's now."""

    message: Incoming
    descriptors: Sequence[int]


class Link(Generic[Incoming]):
    """One end. Any thread may send; one receives."""

    def __init__(self, end: socket.socket, incoming: Any, *, takes_descriptors: bool = False) -> None:  # noqa: ANN401 - a union of types
        """Take a connected stream socket. `incoming` is the union of messages that may come."""
        self._socket = end
        self._decoder = msgspec.msgpack.Decoder(incoming)
        self._takes_descriptors = takes_descriptors
        self._lock = threading.Lock()
        self._encoder = msgspec.msgpack.Encoder()
        end.setblocking(True)  # noqa: FBT003 - its only parameter
        # Whoever does not read or breaks off within a message must not stop us; a time-out comes as BlockingIOError.
        limit = struct.pack("ll", _SENT_WITHIN_S, 0)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
        self._poll = select.poll()
        self._poll.register(end, select.POLLIN)

    def send(self, message: Message, descriptors: Sequence[int] = ()) -> None:
        """Send a message with descriptors, which stay the sender's. Raises LinkBroken."""
        record = self._encoder.encode(message)
        header = _HEADER.pack(len(record), len(descriptors))
        rights = (
            [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
        )
        try:
            with self._lock:
                # Descriptors belong to the first byte, and the receiver asks for the header alone.
                sent = self._socket.sendmsg([header], rights)
                self._socket.sendall(header[sent:] + record if sent < len(header) else record)
        except OSError:
            self.close()
            raise LinkBroken("The other process does not take messages any more.") from None

    def receive(self, timeout_s: float) -> Received[Incoming] | None:
        """Return the next message, or None when none begins in that time. Raises LinkBroken."""
        try:
            if not self._poll.poll(timeout_s * 1000):
                return None
            header, descriptors = self._receive_header()
            length, count = _HEADER.unpack(header)
            if length > MAX_BYTES or count != len(descriptors):
                raise LinkBroken("The other process sends what is no message.")
            return Received(self._decoder.decode(self._receive_exactly(length)), descriptors)
        except OSError:
            raise LinkBroken("The other process has gone.") from None
        except msgspec.MsgspecError:
            raise LinkBroken("The other process sends what is no message.") from None

    def close(self) -> None:
        """End both directions, from any thread; twice is fine."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def _receive_header(self) -> tuple[bytes, list[int]]:
        room = socket.CMSG_LEN(_MAX_DESCRIPTORS * _DESCRIPTOR_SIZE) if self._takes_descriptors else 0
        # Without room the kernel closes what a worker tries to hand us.
        data, ancillary, _, _ = self._socket.recvmsg(_HEADER.size, room, _PRIVATE)
        descriptors = array.array("i")
        for level, kind, content in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                whole = len(content) - len(content) % descriptors.itemsize
                descriptors.frombytes(content[:whole])
        if not data:
            raise ConnectionResetError
        return data + self._receive_exactly(_HEADER.size - len(data)), descriptors.tolist()

    def _receive_exactly(self, length: int) -> bytearray | bytes:
        data = bytearray(length)
        room = memoryview(data)
        while room:
            received = self._socket.recv_into(room)
            if not received:
                raise ConnectionResetError
            room = room[received:]
        return data
