"""From NAL units to whole pictures, with what is known of their losses; the same for H.264 and H.265."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from struct import Struct
from typing import TypeAlias

from securevision.cameras.bits import Damaged
from securevision.cameras.parameter_sets import (
    MAX_PARAMETER_SET,
    START_CODE,
    ParameterSet,
    ParameterSets,
    ReadSet,
)
from securevision.domain.video import AccessUnit, VideoFormat

MAX_UNIT = 8 << 20
"""Bytes of an access unit; what is longer is damage."""
_MAX_BEFORE = 64 << 10
"""Bytes of what comes before the slices."""
_MAX_SETS = 64
_SIZE = Struct("!H")
_MAX_AGGREGATED = 64
_TRUSTED_AFTER = 4
_NEVER = -(1 << 62)


class Nal(Enum):
    """What a NAL unit is for."""

    DROPPED = auto()
    """Nothing that a decoder needs: a delimiter, filling, another layer."""
    BEFORE = auto()
    """It precedes the slices of its picture."""
    AFTER = auto()
    """It follows them."""
    PARAMETERS = auto()
    SLICE = auto()
    KEY_SLICE = auto()
    """Of a picture with which decoding can begin."""
    LEADING_SLICE = auto()
    """Of a picture that builds on pictures before the keyframe it follows."""


Item: TypeAlias = VideoFormat | AccessUnit

_SLICES = frozenset({Nal.SLICE, Nal.KEY_SLICE, Nal.LEADING_SLICE})


@dataclass(slots=True)
class _Unit:
    """An access unit as far as it has come."""

    data: bytearray = field(default_factory=bytearray)
    sets: list[ParameterSet] = field(default_factory=list)
    picture: Nal | None = None
    """Its first slice."""
    marked: bool = False
    """The marker came after its last slice."""
    hurt: bool = False
    """A part of it is lost."""


class AccessUnits:
    """Puts access units together, as Annex B, from the NAL units of an RTP stream.

    *Where a picture ends.* At the first slice of the next one (a slice says so in its first bit, in both formats), when
    the timestamp changes, or at the marker, whichever comes first. The marker counts once four pictures from a
    keyframe on ended with it and none had it before its end, so that the first four come one picture late and all
    others at once. When a slice follows after a marker, it never counts again.

    *What is whole.* After a loss every picture is damaged until a keyframe that has its first slice, and with it as
    many kinds of parameter sets as the keyframe before: those that are missing may have been new ones.

    *Parameter sets* are taken out of the stream and put before each keyframe, and before another picture when they
    are new. Pictures before the first keyframe that has all of them are counted and left out.
    """

    def __init__(self, sets: ParameterSets, read_set: ReadSet, known: Iterable[bytes]) -> None:
        """`known` are the parameter sets that a session description told."""
        self.pictures = 0
        """So many ended, those that were left out among them."""
        self.timestamp: int | None = None
        """Of the packet that came last."""
        self._read_set = read_set
        self._sets = sets
        self._out: list[Item] = []
        self._format: VideoFormat | None = None
        """The last one that was given."""
        self._sent: VideoFormat | None = None
        """Whose parameter sets are in the stream."""

        self._unit = _Unit()
        self._ahead = _Unit()
        """What came after the slices of `_unit`: of the next one, unless another slice follows."""
        self._open: bytearray | None = None
        """Where the bytes of the NAL unit go that has begun."""
        self._room = 0
        """So many more it may have."""
        self._set_of: _Unit | None = None
        """To whom it belongs, if it is a parameter set."""
        self._ignoring = False
        """It is one that is dropped."""

        self._confirmed = 0
        """Pictures that ended with the marker, from a keyframe on: it may have slices where others have one."""
        self._marker_at: int | None = None
        """Timestamp of the last picture that was ended by it."""
        self._broken = True
        """Something is lost that the next pictures build on."""
        self._fresh = False
        """The last keyframe ended that, so that leading pictures lack what they build on."""
        self._usual: frozenset[int] = frozenset()
        """Kinds of the parameter sets that the last whole keyframe brought."""
        for nal in known:
            with suppress(Damaged):
                sets.add(read_set(nal))

    def begin_packet(self, timestamp: int, *, lost: bool) -> None:
        """Begin a packet; needless when neither the timestamp changes nor a packet before it is lost."""
        if lost:
            self.lose()
        if timestamp != self.timestamp:
            self.end()
            if self._unit.picture is not None:
                self._finish()
            elif self._unit.hurt:
                self._drop()
            self.timestamp = timestamp

    def lose(self) -> None:
        """Something is missing here, or cannot be read."""
        self._close()
        self._broken = True
        for unit in (self._unit, self._ahead):
            if unit.data or unit.sets or unit.picture:
                unit.hurt = True

    def aggregated(self, payload: memoryview, header: int) -> Sequence[memoryview]:
        """Return the NAL units of an aggregation packet, in which each has its size before it.

        `header` is how long the header of a NAL unit is. A packet that is not of that form is lost.
        """
        nals: list[memoryview] = []
        at, end = header, len(payload)
        while at + _SIZE.size <= end and len(nals) < _MAX_AGGREGATED:
            (size,) = _SIZE.unpack_from(payload, at)
            at += _SIZE.size
            if not header < size <= end - at:
                break
            nals.append(payload[at : at + size])
            at += size
        if at == end and nals:
            return nals
        self.lose()
        return ()

    def begin(self, nal: Nal, header: bytes, body: memoryview) -> None:
        """Begin a NAL unit, ending the one before; `body` is what came of it after its header."""
        self.end()
        if not body:
            self.lose()
            return
        if nal is Nal.DROPPED:
            self._ignoring = True
            return
        if nal in _SLICES:
            unit, limit = self._picture(nal, first=bool(body[0] & 0x80)), MAX_UNIT
        elif nal is Nal.AFTER:
            unit, limit = self._unit, MAX_UNIT
        else:
            unit, limit = self._ahead if self._unit.picture else self._unit, _MAX_BEFORE
        if nal is Nal.PARAMETERS:
            self._set_of = unit
            self._open, self._room = bytearray(header), MAX_PARAMETER_SET
        else:
            self._open, self._room = unit.data, limit - len(unit.data)
            self._open += START_CODE
            self._open += header
        self.more(body)

    def more(self, body: memoryview) -> None:
        """Take the next bytes of the NAL unit."""
        if self._open is None:
            if not self._ignoring:
                self.lose()
                self._unit.hurt = True
            return
        self._room -= len(body)
        if self._room < 0:
            self.lose()
            self._unit, self._ahead = _Unit(hurt=True), _Unit()
        else:
            self._open += body

    def end(self) -> None:
        """End the NAL unit, if one has begun."""
        if self._set_of is not None and self._open is not None:
            unit = self._set_of
            try:
                given = self._read_set(bytes(self._open))
            except Damaged:
                self.lose()
                unit.hurt = True
            else:
                if len(unit.sets) < _MAX_SETS:
                    unit.sets.append(given)
        self._close()

    def end_picture(self) -> None:
        """End a packet that has the marker."""
        self.end()
        trusted = self._confirmed >= _TRUSTED_AFTER
        if self._unit.picture is not None:
            self._unit.marked = True
            if trusted:
                self._marker_at = self.timestamp
                self._finish()
        elif self._unit.hurt and trusted:
            self._drop()

    def take(self) -> Sequence[Item]:
        """Return what is complete."""
        if not self._out:
            return ()
        out, self._out = self._out, []
        return out

    def _picture(self, nal: Nal, *, first: bool) -> _Unit:
        """Return the unit of a slice."""
        if first and self._unit.picture is not None:
            self._finish()
        unit = self._unit
        if unit.marked or (unit.picture is None and not first and self._marker_at == self.timestamp):
            self._confirmed = _NEVER
        unit.marked = False
        if unit.picture is None:
            unit.picture = nal
            if not first:
                unit.hurt = self._broken = True
        return unit

    def _close(self) -> None:
        self._open = self._set_of = None
        self._ignoring = False

    def _drop(self) -> None:
        """Leave out a unit of which no slice came."""
        self._learn(self._unit)
        self._unit, self._ahead = self._ahead, _Unit()

    def _learn(self, unit: _Unit) -> None:
        for each in unit.sets:
            self._sets.add(each)

    def _finish(self) -> None:
        """End the picture; what came after its slices begins the next."""
        unit = self._unit
        self._unit, self._ahead = self._ahead, _Unit()
        self.pictures += 1
        self._learn(unit)
        described, keyframe = self._sets.format, unit.picture is Nal.KEY_SLICE
        if unit.marked and not unit.hurt and (keyframe or self._confirmed):
            self._confirmed += 1
        if described is None or (self._format is None and not keyframe):
            return
        if keyframe:
            self._judge(unit)
            if described != self._format:
                self._format = described
                self._out.append(described)
        data = bytes(unit.data)
        if keyframe or described is not self._sent:
            self._sent = described
            data = described.extradata + data
        damaged = self._broken or (self._fresh and unit.picture is Nal.LEADING_SLICE)
        self._out.append(AccessUnit(data, keyframe, self.timestamp, None, damaged))

    def _judge(self, unit: _Unit) -> None:
        """Say whether a keyframe ends what was broken."""
        brought = frozenset(each.kind for each in unit.sets)
        if not unit.hurt and (not self._broken or brought >= self._usual):
            self._fresh, self._broken, self._usual = self._broken, False, brought
