"""What comes over a camera's connection: RTP in frames between RTSP messages (RFC 2326 10.12, RFC 3550 5.1)."""

from struct import Struct
from typing import NamedTuple

from securevision.cameras.rtsp_messages import Message, MessageReader
from securevision.domain.video import TICKS_PER_SECOND

_DOLLAR = 0x24
_FRAME = Struct("!xBH")
_LONGEST = _FRAME.size + 0xFFFF
_CAPACITY = 4 * 0x10000

_RTP = Struct("!BBHII")
_EXTENSION = Struct("!xxH")
_VERSION = 0x80
_PADDED, _EXTENDED, _SOURCES = 0x20, 0x10, 0x0F
_MARKER = 0x80


class Frame(NamedTuple):
    """What was sent on one channel: an RTP or RTCP packet."""

    channel: int
    data: memoryview
    """Valid until the buffer is read into again."""


class Interleaved:
    """Takes frames and RTSP messages out of what is read from a connection; its buffer never grows.

    It looks for nothing: where neither a frame nor a message begins, the connection is lost.
    """

    def __init__(self) -> None:
        self._buffer = bytearray(_CAPACITY)
        self._view = memoryview(self._buffer)
        self._start = self._end = 0
        self._messages = MessageReader()
        self._talking = False
        """A message has begun and is not complete."""

    def room(self) -> memoryview:
        """Return where to read the next bytes into, 64 KiB at least; what was given before is no longer valid."""
        if self._start == self._end:
            self._start = self._end = 0
        elif self._end > _CAPACITY - _LONGEST:
            rest = self._end - self._start
            self._view[:rest] = self._view[self._start : self._end]
            self._start, self._end = 0, rest
        return self._view[self._end :]

    def fill(self, count: int) -> None:
        """So many bytes were read."""
        self._end += count

    def next(self) -> Frame | Message | None:
        """Return the next that is complete. Raises Malformed, after which the connection cannot be read any more."""
        while (start := self._start) != (end := self._end):
            if self._talking or self._buffer[start] != _DOLLAR:
                taken, message = self._messages.feed(self._view[start:end])
                self._start += taken
                self._talking = self._messages.busy
                if message is not None:
                    return message
                continue
            start += _FRAME.size
            if start > end:
                return None
            channel, length = _FRAME.unpack_from(self._buffer, start - _FRAME.size)
            if start + length > end:
                return None
            self._start = start + length
            return Frame(channel, self._view[start : start + length])
        return None


class RtpPacket(NamedTuple):
    """One packet of a stream; a tuple, because there are thousands a second."""

    timestamp: int
    """In ticks of 1/90 000 s, without wrap; from below 2^32 on, and may go back as it does."""
    marker: bool
    lost: bool
    """Packets are missing between the one before and this one."""
    payload: memoryview
    """At least one byte; valid as long as its frame."""


class RtpReceiver:
    """Takes the packets of one stream, in the order of their sequence numbers, as TCP keeps it.

    Any other number than the next, and another source (SSRC), means that something is lost in between.
    """

    def __init__(self, payload_type: int, clock_rate: int = TICKS_PER_SECOND) -> None:
        """`clock_rate` is how many ticks of the stream make a second."""
        self._payload_type = payload_type
        self._clock_rate = clock_rate
        self._expected = -1
        self._source = 0
        self._lost = False
        self._stamp = -1
        """The timestamp as it came last, 32 bits."""
        self._time = 0
        """The same without wrap."""
        self._timestamp = 0

    def receive(self, data: memoryview) -> RtpPacket | None:
        """Take a packet; return None if it is of another stream, empty, or damaged, which counts as lost."""
        if len(data) < _RTP.size:
            self._lost = True
            return None
        flags, kind, sequence, stamp, source = _RTP.unpack_from(data)
        if kind & 0x7F != self._payload_type:
            return None
        payload = data[_RTP.size :] if flags == _VERSION else _payload(flags, data)
        if payload is None:
            self._lost = True
            return None
        if sequence != self._expected or source != self._source:
            self._lost |= self._expected >= 0
            self._source = source
        self._expected = (sequence + 1) & 0xFFFF
        if stamp != self._stamp:
            self._advance(stamp)
        if not payload:
            return None
        lost, self._lost = self._lost, False
        return RtpPacket(self._timestamp, kind >= _MARKER, lost, payload)

    def _advance(self, stamp: int) -> None:
        if self._stamp < 0:
            self._time = stamp
        else:
            # The nearest time that has these 32 bits, before or after.
            self._time += ((stamp - self._stamp + (1 << 31)) & 0xFFFFFFFF) - (1 << 31)
        self._stamp = stamp
        self._timestamp = self._time
        if self._clock_rate != TICKS_PER_SECOND:
            self._timestamp = self._time * TICKS_PER_SECOND // self._clock_rate


def _payload(flags: int, data: memoryview) -> memoryview | None:
    """Return what is left without sources, extension and padding; None when their lengths cannot be."""
    start, end = _RTP.size + 4 * (flags & _SOURCES), len(data)
    if flags & 0xC0 != _VERSION or start > end:
        return None
    if flags & _EXTENDED:
        if start + _EXTENSION.size > end:
            return None
        start += _EXTENSION.size + 4 * _EXTENSION.unpack_from(data, start)[0]
    if flags & _PADDED:
        if start >= end or not 0 < data[end - 1] <= end - start:
            return None
        end -= data[end - 1]
    return data[start:end] if start <= end else None
