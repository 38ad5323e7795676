"""A device of Video4Linux2 where the kernel has none.

The thread that reads it gets a filter of system calls which hands its requests to a device, and its `poll`, to
somebody else (seccomp_unotify(2)): here, to a thread of the test that answers as a driver does. The device itself is
a file in memory, so that mapping its buffers is real. The structures are written here anew, from linux/videodev2.h.
"""

import ctypes
import errno
import fcntl
import os
import platform
import queue
import select
import struct
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

BUFFER_BYTES = 1 << 20
X86_64 = platform.machine() == "x86_64"

_POLL, _IOCTL, _SECCOMP, _PRCTL = 7, 16, 317, 157
_NO_NEW_PRIVILEGES = 38
_RECEIVE, _SEND = 0xC0502100, 0xC0182101
_NOTIFICATION, _RESPONSE = struct.Struct("=QIIiIQ6Q"), struct.Struct("=QqiI")
_LIBC = ctypes.CDLL(None, use_errno=True)

_VIDEO = ord("V") << 8


def _filter() -> bytes:
    """Hand over `poll`, and `ioctl` with a request whose type is V; let everything else through."""
    load, equal, every, give = 0x20, 0x15, 0x54, 0x06
    notify, allow = 0x7FC00000, 0x7FFF0000
    program = [
        (load, 0, 0, 0),
        (equal, 4, 0, _POLL),
        (equal, 0, 4, _IOCTL),
        (load, 0, 0, 24),
        (every, 0, 0, 0xFF00),
        (equal, 0, 1, _VIDEO),
        (give, 0, 0, notify),
        (give, 0, 0, allow),
    ]
    return b"".join(struct.pack("=HBBI", *each) for each in program)


def listen() -> int:
    """Put this thread under the filter, for ever, and return where its calls are told."""
    code = ctypes.create_string_buffer(_filter())
    program = ctypes.create_string_buffer(struct.pack("@HP", len(code.raw) // 8, ctypes.addressof(code)))
    _LIBC.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    descriptor: int = _LIBC.syscall(_SECCOMP, 1, 1 << 3, program)
    if descriptor < 0:
        raise OSError(ctypes.get_errno(), "seccomp")
    return descriptor


@dataclass
class Driver:
    """What the device is and does. What is in `failing` is refused with that number."""

    capabilities: int = 0x84200001
    own_capabilities: int = 0x04200001
    formats: Sequence[bytes] = (b"YUYV", b"MJPG")
    sizes: Sequence[tuple[int, int]] = ((640, 480), (1280, 720), (1920, 1080), (2592, 1944))
    failing: dict[str, int] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    size: tuple[int, int] = (0, 0)
    fps: tuple[int, int] = (0, 0)
    streaming: bool = False


class FakeVideoDevice:
    """A camera that gives the pictures which a test puts into it. `reading` runs what reads it."""

    def __init__(self, driver: Driver | None = None) -> None:
        self.driver = driver or Driver()
        self._memory = os.memfd_create("video0")
        os.ftruncate(self._memory, 4 * BUFFER_BYTES)
        self._pictures: queue.SimpleQueue[tuple[bytes, int, int]] = queue.SimpleQueue()
        self._queued: list[int] = []
        self._requests: dict[int, Callable[[bytearray], int]] = {
            0x80685600: self._querycap,
            0xC0405602: self._enum_fmt,
            0xC02C564A: self._enum_framesizes,
            0xC0D05605: self._s_fmt,
            0xC0CC5616: self._s_parm,
            0xC0145608: self._reqbufs,
            0xC0585609: self._querybuf,
            0xC058560F: self._qbuf,
            0xC0585611: self._dqbuf,
            0x40045612: self._streamon,
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._memory)

    def open(self) -> int:
        """Return a descriptor of the device."""
        return os.dup(self._memory)

    def put(self, jpeg: bytes, taken_us: int = 0, flags: int = 0x2000) -> None:
        """Give a picture when somebody takes it next."""
        self._pictures.put((jpeg, taken_us, flags))

    def reading(self, read: Callable[[], None]) -> None:
        """Run what reads the device, on a thread of its own, until it ends. Raises what it raises."""
        listening: queue.SimpleQueue[int | BaseException] = queue.SimpleQueue()
        ended: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()

        def run() -> None:
            try:
                listening.put(listen())
                read()
            except BaseException as error:  # noqa: BLE001 - raised again below
                listening.put(error)
                ended.put(error)
            else:
                ended.put(None)

        thread = threading.Thread(target=run)
        thread.start()
        listener = listening.get()
        if isinstance(listener, BaseException):
            raise listener
        self.serve(listener)
        thread.join()
        if (error := ended.get()) is not None:
            raise error

    def serve(self, listener: int) -> None:
        """Answer what is asked there, until nobody is left who could ask. The descriptor is closed."""
        poll = select.poll()
        poll.register(listener, select.POLLIN)
        try:
            while poll.poll()[0][1] & select.POLLIN:
                room = bytearray(_NOTIFICATION.size)
                fcntl.ioctl(listener, _RECEIVE, room)
                number, thread, _, call, _, _, *arguments = _NOTIFICATION.unpack(room)
                with Path(f"/proc/{thread}/mem").open("r+b", buffering=0) as memory:
                    result = self._answer(call, arguments, memory.fileno())
                fcntl.ioctl(listener, _SEND, _RESPONSE.pack(number, max(result, 0), min(result, 0), 0))
        finally:
            os.close(listener)

    def _answer(self, call: int, arguments: Sequence[int], memory: int) -> int:
        if call == _POLL:
            return self._polled(arguments[0], arguments[2], memory)
        request = arguments[1] & 0xFFFFFFFF
        size = request >> 16 & 0x3FFF
        room = bytearray(os.pread(memory, size, arguments[2]))
        handler = self._requests[request]
        name = handler.__name__[1:]
        self.driver.asked.append(name)
        if name in self.driver.failing:
            return -self.driver.failing[name]
        result = handler(room)
        os.pwrite(memory, room, arguments[2])
        return result

    def _polled(self, address: int, timeout_ms: int, memory: int) -> int:
        """Wait until there is a picture; the only descriptor that is asked for is the device's."""
        try:
            self._next = self._pictures.get(timeout=timeout_ms / 1000)
        except queue.Empty:
            return 0
        os.pwrite(memory, struct.pack("=h", select.POLLIN), address + 6)
        return 1

    def _querycap(self, room: bytearray) -> int:
        struct.pack_into("=16s32s", room, 0, b"uvcvideo", b"Camera")
        struct.pack_into("=II", room, 84, self.driver.capabilities, self.driver.own_capabilities)
        return 0

    def _enum_fmt(self, room: bytearray) -> int:
        index, kind = struct.unpack_from("=II", room)
        if kind != 1 or index >= len(self.driver.formats):
            return -errno.EINVAL
        room[44:48] = self.driver.formats[index]
        return 0

    def _enum_framesizes(self, room: bytearray) -> int:
        (index,) = struct.unpack_from("=I", room)
        if room[4:8] != b"MJPG" or index >= len(self.driver.sizes):
            return -errno.EINVAL
        struct.pack_into("=III", room, 8, 1, *self.driver.sizes[index])
        return 0

    def _s_fmt(self, room: bytearray) -> int:
        width, height = struct.unpack_from("=II", room, 8)
        if room[16:20] != b"MJPG":
            return -errno.EINVAL
        self.driver.size = (width, height)
        return 0

    def _s_parm(self, room: bytearray) -> int:
        numerator, denominator = struct.unpack_from("=II", room, 12)
        self.driver.fps = (numerator, denominator)
        return 0

    def _reqbufs(self, room: bytearray) -> int:
        count, kind, memory = struct.unpack_from("=III", room)
        return -errno.EINVAL if (kind, memory) != (1, 1) or count > 4 else 0

    def _querybuf(self, room: bytearray) -> int:
        (index,) = struct.unpack_from("=I", room)
        struct.pack_into("=II", room, 64, index * BUFFER_BYTES, 0)
        struct.pack_into("=I", room, 72, BUFFER_BYTES)
        return 0

    def _qbuf(self, room: bytearray) -> int:
        (index,) = struct.unpack_from("=I", room)
        if index in self._queued:
            return -errno.EINVAL
        self._queued.append(index)
        return 0

    def _dqbuf(self, room: bytearray) -> int:
        jpeg, taken_us, flags = self._next
        index = self._queued.pop(0)
        os.pwrite(self._memory, jpeg, index * BUFFER_BYTES)
        struct.pack_into("=IIII", room, 0, index, 1, len(jpeg), flags)
        struct.pack_into("=qq", room, 24, *divmod(taken_us, 1_000_000))
        return 0

    def _streamon(self, room: bytearray) -> int:
        if struct.unpack("=I", room) != (1,) or not self._queued:
            return -errno.EINVAL
        self.driver.streaming = True
        return 0
