"""The newest packets of a camera: what was before something happened, and what a new viewer begins with."""

from collections import deque
from collections.abc import Sequence
from itertools import chain

from securevision.domain.video import TICKS_PER_SECOND, Packet, VideoFormat

_PACKET_BYTES = 256
"""What a packet takes besides its data, so that many tiny ones are bounded too."""


class PacketRing:
    """A PacketRing of whole GOPs, one after another up to now. Not thread-safe.

    It lets a GOP go when the rest covers the seconds, or when there are too many bytes. A GOP that is too large by
    itself is let go too, and what follows until the next keyframe: its beginning would end in the past, and its end
    cannot be decoded without it.
    """

    def __init__(self, seconds: float, max_bytes: int) -> None:
        """`max_bytes` is the limit for everything, with what Python needs around it."""
        self._ticks = round(seconds * TICKS_PER_SECOND)
        self._max_bytes = max_bytes
        self._bytes = 0
        self._gops: deque[list[Packet]] = deque()

    def start(self, video: VideoFormat) -> None:  # noqa: ARG002 - to see that one begins is enough here
        """See the port."""
        self._gops.clear()
        self._bytes = 0

    def push(self, packet: Packet) -> None:
        """See the port."""
        if packet.keyframe:
            self._gops.append([])
        elif not self._gops:
            return
        self._gops[-1].append(packet)
        self._bytes += _size(packet)
        while self._bytes > self._max_bytes or self._rest_covers(packet.dts):
            self._bytes -= sum(map(_size, self._gops.popleft()))

    def packets(self) -> Sequence[Packet]:
        """See the port."""
        return list(chain.from_iterable(self._gops))

    def newest_gop(self) -> Sequence[Packet]:
        """See the port."""
        return list(self._gops[-1]) if self._gops else []

    def _rest_covers(self, now: int) -> bool:
        return len(self._gops) > 1 and now - self._gops[1][0].dts >= self._ticks


def _size(packet: Packet) -> int:
    return len(packet.data) + _PACKET_BYTES
