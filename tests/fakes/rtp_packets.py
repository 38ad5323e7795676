"""Puts pictures into RTP packets, as cameras do, good ones and bad ones."""

import re
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import count, groupby
from typing import Literal, TypeAlias

STEP = 6000
"""Ticks from one picture to the next, 15 a second."""

Codec: TypeAlias = Literal["h264", "hevc"]

_START_CODE = re.compile(rb"\x00\x00\x00?\x01")
_DELIMITER = {"h264": 9, "hevc": 35}
_SETS = {"h264": (7, 8), "hevc": (32, 33, 34)}


class Marking(Enum):
    """Which packets have the marker."""

    LAST = "the last of each picture, as it should be"
    NONE = "none"
    NAL = "the last of each NAL unit"


class Stamping(Enum):
    """What the timestamps are."""

    RISING = "as they should be"
    CONSTANT = "always the same"
    FALLING = "going back"


@dataclass(frozen=True)
class Packetiser:
    """How a camera sends."""

    codec: Codec
    size: int = 1400
    """Bytes of a payload, at most."""
    aggregated: bool = False
    """Small NAL units that follow each other go together in one packet."""
    marking: Marking = Marking.LAST
    stamping: Stamping = Stamping.RISING
    first: int = 0
    """Sequence number of the first packet."""

    def pictures(self, units: Iterable[bytes]) -> Iterator[list[bytes]]:
        """Return the RTP packets of each access unit, which is given as Annex B."""
        numbers = count(self.first)
        for index, unit in enumerate(units):
            payloads = list(self._payloads(nal_units(unit)))
            yield [
                rtp(next(numbers), self._timestamp(index), payload, marker=self._marked(position, payloads))
                for position, (payload, _) in enumerate(payloads)
            ]

    def _payloads(self, nals: Sequence[bytes]) -> Iterator[tuple[bytes, bool]]:
        """Yield each payload, and whether a NAL unit ends with it."""
        for small, run in groupby(nals, lambda nal: self.aggregated and len(nal) < self.size // 4):
            if small:
                yield aggregate(self.codec, run), True
                continue
            for nal in run:
                *parts, last = fragments(self.codec, nal, self.size)
                yield from ((part, False) for part in parts)
                yield last, True

    def _marked(self, position: int, payloads: Sequence[tuple[bytes, bool]]) -> bool:
        if self.marking is Marking.LAST:
            return position == len(payloads) - 1
        return self.marking is Marking.NAL and payloads[position][1]

    def _timestamp(self, index: int) -> int:
        if self.stamping is Stamping.CONSTANT:
            return 1000
        return 900_000 + (STEP if self.stamping is Stamping.RISING else -STEP) * index


def rtp(
    sequence: int, timestamp: int, payload: bytes, *, marker: bool = False, kind: int = 96, source: int = 7
) -> bytes:
    """Return one packet."""
    head = struct.pack(
        "!BBHII", 0x80, kind | marker << 7, sequence % (1 << 16), timestamp % (1 << 32), source
    )
    return head + payload


def interleaved(packet: bytes, channel: int = 0) -> bytes:
    """Return a packet in its frame."""
    return struct.pack("!cBH", b"$", channel, len(packet)) + packet


def fragments(codec: Codec, nal: bytes, size: int) -> list[bytes]:
    """Return the payloads of a NAL unit, of at most `size` bytes each: alone, or as fragmentation units."""
    if len(nal) <= size:
        return [nal]
    if codec == "h264":
        header, kind, indicator = 1, nal[0] & 0x1F, bytes((nal[0] & 0xE0 | 28,))
    else:
        header, kind, indicator = 2, nal[0] >> 1 & 0x3F, bytes((nal[0] & 0x81 | 49 << 1, nal[1]))
    room = size - header - 1
    pieces = [nal[at : at + room] for at in range(header, len(nal), room)]
    last = len(pieces) - 1
    return [
        indicator + bytes((kind | (index == 0) << 7 | (index == last) << 6,)) + piece
        for index, piece in enumerate(pieces)
    ]


def aggregate(codec: Codec, nals: Iterable[bytes]) -> bytes:
    """Return one payload with several NAL units in it."""
    head = b"\x18" if codec == "h264" else b"\x60\x01"
    return head + b"".join(struct.pack("!H", len(nal)) + nal for nal in nals)


def nal_units(stream: bytes) -> list[bytes]:
    """Return the NAL units of an Annex B stream, without start codes."""
    return [unit for unit in _START_CODE.split(stream) if unit]


def kind_of(codec: Codec, nal: bytes) -> int:
    """Return the type of a NAL unit."""
    return nal[0] & 0x1F if codec == "h264" else nal[0] >> 1 & 0x3F


def access_units(codec: Codec, stream: bytes) -> list[bytes]:
    """Return the access units of an Annex B stream that has delimiters."""
    units: list[list[bytes]] = []
    for nal in nal_units(stream):
        if kind_of(codec, nal) == _DELIMITER[codec]:
            units.append([])
        units[-1].append(nal)
    return [annex_b(unit) for unit in units]


def annex_b(nals: Iterable[bytes]) -> bytes:
    """Return NAL units as a stream."""
    return b"".join(b"\0\0\0\1" + nal for nal in nals)


def parameter_sets(codec: Codec, stream: bytes) -> list[bytes]:
    """Return the parameter sets in a stream, each once."""
    return list(dict.fromkeys(nal for nal in nal_units(stream) if kind_of(codec, nal) in _SETS[codec]))


def without_sets(codec: Codec, stream: bytes) -> bytes:
    """Return a stream without its parameter sets and delimiters."""
    left_out = (*_SETS[codec], _DELIMITER[codec])
    return annex_b(nal for nal in nal_units(stream) if kind_of(codec, nal) not in left_out)
