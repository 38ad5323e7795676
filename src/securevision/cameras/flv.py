"""Video as FLV tags carry it: H.264, and H.265 with a FourCC (Adobe, "FLV 10.1", E.4.3; Veovera, "Enhanced RTMP").

The pictures in them are as in MP4, each NAL unit behind its length (ISO/IEC 14496-15); they leave as Annex B.
"""

import struct
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias

from securevision.cameras import h264, h265
from securevision.cameras.bits import Damaged
from securevision.cameras.failures import not_supported
from securevision.cameras.parameter_sets import MAX_PARAMETER_SET, START_CODE, ParameterSets, ReadSet
from securevision.domain.video import TICKS_PER_SECOND, AccessUnit, VideoFormat

MAX_NALS = 1024
"""Of one picture; more are damage."""
MAX_SETS = 64
"""Parameter sets in one record or picture."""

Item: TypeAlias = VideoFormat | AccessUnit

_TICKS = TICKS_PER_SECOND // 1000
_KEYFRAME, _COMMAND = 1, 5
_AVC = 7
_ENHANCED = 0x80
_CONFIGURATION, _PICTURE, _PICTURE_ON_TIME = 0, 1, 3
"""Kinds of packet; the last is there with a FourCC alone."""
_SHORTEST = 5
_SIZE = struct.Struct(">H")


@dataclass(frozen=True, slots=True)
class _Codec:
    """How the NAL units of a format are told apart, by their type, and its configuration record is read."""

    name: str
    shift: int
    """Right of the type in a NAL unit's first byte."""
    types: int
    slices: range
    sets: tuple[int, ...]
    left_out: frozenset[int]
    """The sets, which stand in front already, delimiters and filling."""
    read_set: ReadSet
    length_at: int
    """Where its record says how long lengths are."""

    def type_of(self, nal: bytes) -> int:
        return nal[0] >> self.shift & self.types


_H264 = _Codec("h264", 0, 31, range(1, 6), (7, 8), frozenset({7, 8, 9, 12}), h264.read_set, 4)
_H265 = _Codec("hevc", 1, 63, range(32), (32, 33, 34), frozenset({32, 33, 34, 35, 38}), h265.read_set, 21)
_BY_FOUR_CC: Mapping[bytes, _Codec] = {b"avc1": _H264, b"hvc1": _H265}


@dataclass(frozen=True, slots=True)
class _Tag:
    """A video tag without its header."""

    codec: _Codec
    kind: int
    keyframe: bool
    shown_after_ms: int
    data: bytes


class FlvVideo:
    """Turns the bodies of video tags into formats and access units; does no I/O.

    What comes before the first configuration and keyframe is left out. After one that is damaged, pictures are
    `damaged` until a keyframe. Parameter sets stand before each keyframe.
    """

    def __init__(self, camera: str) -> None:
        """`camera` is how errors call it."""
        self.pictures = 0
        """So many have come, those that were left out among them."""
        self._camera = camera
        self._record = b""
        self._length_size = 0
        self._codec = _H264
        self._sets = ParameterSets(_H264.name, _H264.sets)
        self._sent: VideoFormat | None = None
        self._broken = False
        """Something is lost that the coming pictures build on."""

    def push(self, body: bytes, timestamp: int) -> Sequence[Item]:
        """Take the body of a tag with its timestamp in milliseconds; return what it gives.

        Raises SourceRefused for a format that is not supported. What is cut off or of no use is left out.
        """
        tag = self._parsed(body)
        if tag is None:
            return ()
        if tag.kind == _CONFIGURATION:
            self._configure(tag.codec, tag.data)
            return ()
        if tag.codec is not self._codec or not self._length_size:
            return ()
        return self._picture(tag, timestamp * _TICKS)

    def _parsed(self, body: bytes) -> _Tag | None:
        if len(body) < _SHORTEST:
            return None
        first = body[0]
        if first & _ENHANCED:
            frame, kind, at = first >> 4 & 7, first & 15, 5
            codec = _BY_FOUR_CC.get(body[1:5])
            known = kind in (_CONFIGURATION, _PICTURE, _PICTURE_ON_TIME)
            timed = kind == _PICTURE
        else:
            frame, kind, at = first >> 4, body[1], 2
            codec = _H264 if first & 15 == _AVC else None
            timed = kind in (_CONFIGURATION, _PICTURE)
            known = timed or codec is None
        if frame == _COMMAND or not known:
            return None
        if codec is None:
            raise not_supported(self._camera)
        after_ms = int.from_bytes(body[at : at + 3], "big", signed=True) if timed else 0
        return _Tag(codec, kind, frame == _KEYFRAME, after_ms, body[at + 3 * timed :])

    def _configure(self, codec: _Codec, record: bytes) -> None:
        """Take a configuration record; one that is as the last changes nothing."""
        if (codec is self._codec and record == self._record) or len(record) <= codec.length_at:
            return
        self._codec, self._record = codec, record
        self._length_size = (record[codec.length_at] & 3) + 1
        self._sets = ParameterSets(codec.name, codec.sets)
        for nal in islice(_sets_in(codec, record), MAX_SETS):
            self._learn(nal)

    def _learn(self, nal: bytes) -> bool:
        """Take a parameter set; return False when it is damaged."""
        if len(nal) > MAX_PARAMETER_SET:
            return False
        try:
            self._sets.add(self._codec.read_set(nal))
        except Damaged:
            return False
        return True

    def _picture(self, tag: _Tag, dts: int) -> Sequence[Item]:
        codec = self._codec
        nals, whole = _split(tag.data, self._length_size)
        sets = [nal for nal in nals if codec.type_of(nal) in codec.sets]
        if not all(self._learn(nal) for nal in sets[:MAX_SETS]) or len(sets) > MAX_SETS:
            whole = False
        kept = [nal for nal in nals if codec.type_of(nal) not in codec.left_out]
        is_picture = any(codec.type_of(nal) in codec.slices for nal in kept)
        self.pictures += is_picture
        known = self._sets.format
        if known is None or not is_picture:
            self._broken |= not whole
            return ()
        new = known != self._sent
        if tag.keyframe:
            self._broken = not whole
        elif self._sent is None:
            return ()
        else:
            self._broken |= new or not whole
        data = START_CODE + START_CODE.join(kept)
        if tag.keyframe:
            data = known.extradata + data
            self._sent = known
        unit = AccessUnit(data, tag.keyframe, dts + tag.shown_after_ms * _TICKS, dts, self._broken)
        return (known, unit) if new and tag.keyframe else (unit,)


def _sets_in(codec: _Codec, record: bytes) -> Iterator[bytes]:
    """Yield the parameter sets of a configuration record, as far as it goes (5.3.3.1 and 8.3.3.1)."""
    at = codec.length_at + 1
    try:
        if codec is _H264:
            for bits in (0x1F, 0xFF):
                at = yield from _counted(record, at + 1, record[at] & bits)
            return
        groups, at = record[at], at + 1
        for _ in range(groups):
            at = yield from _counted(record, at + 3, _SIZE.unpack_from(record, at + 1)[0])
    except (IndexError, struct.error):
        return


def _counted(record: bytes, at: int, count: int) -> Generator[bytes, None, int]:
    """Yield so many NAL units, each behind its length; return where they end."""
    for _ in range(count):
        start = at + _SIZE.size
        at = start + _SIZE.unpack_from(record, at)[0]
        yield record[start:at]
    return at


def _split(data: bytes, length_size: int) -> tuple[Sequence[bytes], bool]:
    """Return the NAL units of a picture that are there whole, and whether that is all."""
    nals: list[bytes] = []
    at, end = 0, len(data)
    for _ in range(MAX_NALS):
        if at == end:
            return nals, True
        start = at + length_size
        at = start + int.from_bytes(data[at:start], "big")
        if at > end:
            break
        if at > start:
            nals.append(data[start:at])
    return nals, at == end
