"""A camera at this machine as Linux gives it: Video4Linux2, linux/videodev2.h on machines of 64 bits."""

import fcntl
import mmap
import select
import struct
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from securevision.domain.video import TICKS_PER_SECOND

_CAPTURE, _MMAP = 1, 1
"""V4L2_BUF_TYPE_VIDEO_CAPTURE, V4L2_MEMORY_MMAP."""
_MJPEG = int.from_bytes(b"MJPG", "little")
_HAS_VIDEO, _HAS_BUFFERS, _OWN_CAPABILITIES = 0x1, 0x4000000, 0x80000000
_DISCRETE = 1
_BUFFERS = 4

# The requests, and where their structures have what is asked or told. The sandbox lets these through and no others.
_QUERYCAP, _CAPABILITY = 0x80685600, struct.Struct("=84xII12x")
_ENUM_FMT, _FORMAT_DESCRIPTION = 0xC0405602, struct.Struct("=II36xI16x")
_ENUM_FRAMESIZES, _FRAME_SIZE = 0xC02C564A, struct.Struct("=IIIII24x")
_S_FMT, _FORMAT = 0xC0D05605, struct.Struct("=I4xIII188x")
_S_PARM, _RATE = 0xC0CC5616, struct.Struct("=I8xII184x")
_REQBUFS, _REQUEST = 0xC0145608, struct.Struct("=III8x")
_QUERYBUF, _QBUF, _DQBUF = 0xC0585609, 0xC058560F, 0xC0585611
_BUFFER = struct.Struct("=IIII8xqq20xIQI12x")
_STREAMON, _TYPE = 0x40045612, struct.Struct("=I")

_DAMAGED = 0x40
"""V4L2_BUF_FLAG_ERROR: bytes of the picture were lost on their way."""
_MOST = 1000
"""Of a list that a driver gives."""


@dataclass(frozen=True, slots=True)
class Captured:
    """One encoded picture."""

    data: bytes
    pts: int
    """When it was taken, in ticks of the driver's clock."""
    damaged: bool


class VideoDevice:
    """An open device that gives MJPEG. What the driver refuses is raised as OSError, with its number."""

    def __init__(self, descriptor: int) -> None:
        """Take the descriptor of a device that was opened without blocking; the caller closes it."""
        self._descriptor = descriptor
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLIN)
        self._rooms: list[mmap.mmap] = []

    def gives_video(self) -> bool:
        """Say whether it is one that is read: a camera has other devices besides, for what it says of itself."""
        all_of_it, own = _CAPABILITY.unpack(self._ask(_QUERYCAP, bytes(_CAPABILITY.size)))
        capabilities = own if all_of_it & _OWN_CAPABILITIES else all_of_it
        return bool(capabilities & _HAS_VIDEO and capabilities & _HAS_BUFFERS)

    def gives_mjpeg(self) -> bool:
        """Say whether it can encode pictures."""
        asked = (_FORMAT_DESCRIPTION.pack(index, _CAPTURE, 0) for index in range(_MOST))
        return any(_FORMAT_DESCRIPTION.unpack(each)[2] == _MJPEG for each in self._list(_ENUM_FMT, asked))

    def sizes(self) -> Sequence[tuple[int, int]]:
        """Return the widths and heights that it has; none when it does not name them one by one."""
        asked = (_FRAME_SIZE.pack(index, _MJPEG, 0, 0, 0) for index in range(_MOST))
        found = [_FRAME_SIZE.unpack(each) for each in self._list(_ENUM_FRAMESIZES, asked)]
        return [(width, height) for _, _, kind, width, height in found if kind == _DISCRETE]

    def start(self, size: tuple[int, int], fps: int) -> None:
        """Begin to capture in this size and at this rate, or the nearest that it has."""
        self._ask(_S_FMT, _FORMAT.pack(_CAPTURE, *size, _MJPEG))
        with suppress(OSError):  # some have one rate, and no way to ask for it
            self._ask(_S_PARM, _RATE.pack(_CAPTURE, 1, fps))
        made, _, _ = _REQUEST.unpack(self._ask(_REQBUFS, _REQUEST.pack(_BUFFERS, _CAPTURE, _MMAP)))
        for index in range(made):
            *_, offset, length = _BUFFER.unpack(self._ask(_QUERYBUF, _buffer(index)))
            self._rooms.append(mmap.mmap(self._descriptor, length, offset=offset))
            self._ask(_QBUF, _buffer(index))
        self._ask(_STREAMON, _TYPE.pack(_CAPTURE))

    def take(self, wait_s: float) -> Captured | None:
        """Return the next picture, None when none came in time."""
        if not self._poll.poll(round(wait_s * 1000)):
            return None
        try:
            answer = self._ask(_DQBUF, _buffer(0))
        except BlockingIOError:
            return None
        index, _, used, flags, seconds, microseconds, *_ = _BUFFER.unpack(answer)
        data = self._rooms[index][:used]
        self._ask(_QBUF, _buffer(index))
        pts = (seconds * 1_000_000 + microseconds) * TICKS_PER_SECOND // 1_000_000
        return Captured(data, pts, damaged=bool(flags & _DAMAGED))

    def close(self) -> None:
        """Give the memory back; the device stops when its descriptor is closed too."""
        for room in self._rooms:
            room.close()

    def _ask(self, request: int, argument: bytes) -> bytes:
        room = bytearray(argument)
        fcntl.ioctl(self._descriptor, request, room)
        return bytes(room)

    def _list(self, request: int, asked: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the answers until the driver says that there is no more."""
        for each in asked:
            try:
                yield self._ask(request, each)
            except OSError:
                return


def _buffer(index: int) -> bytes:
    return _BUFFER.pack(index, _CAPTURE, 0, 0, 0, 0, _MMAP, 0, 0)
