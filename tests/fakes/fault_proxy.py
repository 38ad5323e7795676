"""A network that fails on demand, between a source and its camera."""

import contextlib
import socket
import struct
import threading
from enum import Enum
from random import Random
from types import TracebackType
from typing import Self


class Fault(Enum):
    """What happens to a connection."""

    NONE = "everything passes"
    STALL = "nothing passes, and the connection stays"
    NO_VIDEO = "the camera keeps talking and sends no picture"
    BLACKHOLE = "the connection is closed; the next ones are taken, and nothing is ever said on them"
    CORRUPT = "bytes of the pictures are changed on their way"
    FIN = "the connection is closed; the next one passes"
    RST = "the connection is reset; the next one passes"


class FaultProxy:
    """A TCP proxy on the loopback address. Without a target it accepts and never answers."""

    def __init__(self, target_port: int | None) -> None:
        self._target_port = target_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._fault = Fault.NONE
        self._changed = threading.Condition()
        self._closed = False
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self.connections = 0
        self._threads[0].start()

    def set(self, fault: Fault) -> None:
        """Let this happen from now on, also to connections that are open."""
        with self._changed:
            self._fault = fault
            self._changed.notify_all()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            if self._fault in (Fault.FIN, Fault.RST):
                self.set(Fault.NONE)
            self._open.append(client)
            if self._target_port is None or self._fault is Fault.BLACKHOLE:
                continue
            try:
                camera = socket.create_connection(("127.0.0.1", self._target_port))
            except OSError:
                client.close()
                continue
            self._open.append(camera)
            for source, sink, down in ((client, camera, False), (camera, client, True)):
                thread = threading.Thread(target=self._pump, args=(source, sink, down))
                self._threads.append(thread)
                thread.start()

    def _pump(self, source: socket.socket, sink: socket.socket, down: bool) -> None:
        rest = b""
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                with self._changed:
                    self._changed.wait_for(lambda: self._fault is not Fault.STALL or self._closed)
                    fault = self._fault
                if fault is Fault.RST and down:
                    sink.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    sink.shutdown(socket.SHUT_RD)  # lets go the other pump, which would keep the socket open
                    sink.close()
                    source.shutdown(socket.SHUT_RDWR)
                    return
                if fault in (Fault.FIN, Fault.BLACKHOLE):
                    break
                if down:
                    packets, rest = _split(rest + data)
                    data = b"".join(p for p in packets if fault is not Fault.NO_VIDEO or p[:2] != b"$\x00")
                    if fault is Fault.CORRUPT:
                        data = b"".join(map(_corrupted, packets))
                    if fault is Fault.NO_VIDEO:
                        data += b"$\x01\x00\x1c\x80\xc8\x00\x06" + bytes(24)  # an RTCP sender report
                sink.sendall(data)
        if self._fault is Fault.RST:
            return  # a shutdown would close politely
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._threads[0].join(timeout=5)
        for end in self._open:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        for thread in self._threads[1:]:
            thread.join(timeout=5)


def _corrupted(packet: bytes) -> bytes:
    """Change a few bytes of a picture, behind the header of its RTP packet."""
    if packet[:2] != b"$\x00" or len(packet) < 40:
        return packet
    changed, chance = bytearray(packet), Random(packet)
    for _ in range(4):
        changed[chance.randrange(18, len(packet))] ^= chance.randrange(1, 256)
    return bytes(changed)


def _split(data: bytes) -> tuple[list[bytes], bytes]:
    """Cut what a camera sends into interleaved packets (RFC 2326, 10.12) and text; return what is unfinished."""
    packets = []
    while data:
        if data[:1] != b"$":
            end = data.find(b"$") if b"$" in data else len(data)
        elif len(data) < 4 or len(data) < 4 + int.from_bytes(data[2:4], "big"):
            break
        else:
            end = 4 + int.from_bytes(data[2:4], "big")
        packets.append(data[:end])
        data = data[end:]
    return packets, data
