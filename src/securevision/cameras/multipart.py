"""The parts of a `multipart/x-mixed-replace` body, as cameras write it, which is not always as RFC 2046 has it."""

import re
from collections.abc import Sequence
from enum import Enum, auto

from securevision.cameras.failures import not_understood

MAX_PART = 8 << 20
"""Bytes of a picture."""
MAX_HEAD = 4 << 10
"""Bytes before the first boundary, and of the head of a part."""
MAX_DELIMITER = 100

_BOUNDARY = re.compile(r"""(?i);\s*boundary\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s;]*))""")
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_LENGTH = re.compile(rb"(?im)^content-length[ \t]*:[ \t]*([0-9]{1,9})[ \t]*\r?$")
_TYPE = re.compile(rb"(?im)^content-type[ \t]*:[ \t]*([^\s;]+)")
_DASHES = b"--"


def boundary_of(content_type: str) -> str:
    """Return the boundary that a `Content-Type` names, without quotes; nothing when it names none."""
    found = _BOUNDARY.search(content_type)
    return next(filter(None, found.groups()), "") if found else ""


class _Place(Enum):
    """What the buffer begins with."""

    BEFORE_ALL = auto()
    HEAD = auto()
    BODY = auto()


class MultipartReader:
    """Takes the parts of one body, from bytes that come in any pieces; does no I/O, and keeps one part at most.

    What stands between the parts is taken from the body itself: the first line that begins with two dashes, or is
    the boundary that the header names. Firmware names another one, or counts the dashes as a part of it.
    """

    def __init__(self, camera: str, boundary: str) -> None:
        """`camera` is how errors call it; `boundary` is what the header names."""
        self.ended = False
        """What ends the last part has come."""
        self._camera = camera
        self._named = boundary.encode(errors="replace")
        self._delimiter = b""
        self._place = _Place.BEFORE_ALL
        self._buffer = bytearray()
        self._searched = 0
        """So much of the buffer was looked through in vain."""
        self._length = 0
        """Of the part, if its head says it."""
        self._is_picture = False

    def feed(self, data: bytes) -> Sequence[bytes]:
        """Take what was received and return the pictures that it completes.

        Parts of other types are left out. Raises SourceError for what has no parts, or too long ones.
        """
        parts: list[bytes] = []
        if not self.ended:
            self._buffer += data
            while self._step(parts):
                self._searched = 0
        return parts

    def _step(self, parts: list[bytes]) -> bool:
        """Take what the buffer begins with; return False when that has not come whole."""
        match self._place:
            case _Place.BEFORE_ALL:
                return self._take_first_line()
            case _Place.HEAD:
                return self._take_head()
            case _Place.BODY:
                return self._take_body(parts)

    def _take_first_line(self) -> bool:
        end = self._buffer.find(b"\n", self._searched, MAX_HEAD)
        if end < 0:
            return self._wait_for_more(MAX_HEAD, 0)
        line = bytes(self._buffer[:end]).strip()
        if len(_DASHES) < len(line) <= MAX_DELIMITER and (line.startswith(_DASHES) or line == self._named):
            self._delimiter = line
            self._place = _Place.HEAD
            # The end of the line is left, as it is after each delimiter.
            end -= 1
        del self._buffer[: end + 1]
        return True

    def _take_head(self) -> bool:
        if self._buffer.startswith(_DASHES):
            self.ended = True
            self._buffer.clear()
            return False
        end = _END_OF_HEAD.search(self._buffer, self._searched, MAX_HEAD)
        if end is None:
            return self._wait_for_more(MAX_HEAD, len(b"\r\n\r"))
        head = bytes(self._buffer[: end.end()])
        length, kind = _LENGTH.search(head), _TYPE.search(head)
        self._length = int(length[1]) if length else 0
        if self._length > MAX_PART:
            raise not_understood(self._camera, "MJPEG")
        self._is_picture = kind is None or kind[1].lower().startswith(b"image/")
        self._place = _Place.BODY
        del self._buffer[: end.end()]
        return True

    def _take_body(self, parts: list[bytes]) -> bool:
        buffer = self._buffer
        if self._length:
            if len(buffer) < self._length:
                return False
            self._add(parts, self._length)
            del buffer[: self._length]
            # What is before the next delimiter is not wanted.
            self._length, self._is_picture = 0, False
            return True
        end = buffer.find(self._delimiter, self._searched)
        if end < 0:
            return self._wait_for_more(MAX_PART, len(self._delimiter))
        self._add(parts, end - 2 if buffer.endswith(b"\r\n", 0, end) else end)
        del buffer[: end + len(self._delimiter)]
        self._place = _Place.HEAD
        return True

    def _add(self, parts: list[bytes], length: int) -> None:
        if self._is_picture and length:
            parts.append(bytes(memoryview(self._buffer)[:length]))

    def _wait_for_more(self, limit: int, overlap: int) -> bool:
        self._searched = max(0, len(self._buffer) - overlap)
        if self._searched > limit:
            raise not_understood(self._camera, "MJPEG")
        return False
