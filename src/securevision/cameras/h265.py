"""H.265 in RTP: packets to access units (RFC 7798), and what its parameter sets say (ITU-T H.265)."""

from collections.abc import Iterable, Sequence

from securevision.cameras.access_units import AccessUnits, Item, Nal
from securevision.cameras.bits import Bits, Damaged
from securevision.cameras.parameter_sets import MAX_SIDE, ParameterSet, ParameterSets
from securevision.cameras.rtp import RtpPacket

_VPS, _SPS, _PPS = 32, 33, 34
_TRAILING, _RASL, _KEYFRAMES = range(8), range(8, 10), range(16, 22)
_NALS = tuple(
    Nal.SLICE
    if number in _TRAILING
    else Nal.LEADING_SLICE
    if number in _RASL
    else Nal.KEY_SLICE
    if number in _KEYFRAMES
    else {
        _VPS: Nal.PARAMETERS,
        _SPS: Nal.PARAMETERS,
        _PPS: Nal.PARAMETERS,
        36: Nal.AFTER,
        37: Nal.AFTER,
        39: Nal.BEFORE,
        40: Nal.AFTER,
    }.get(number, Nal.DROPPED)
    for number in range(64)
)
_AP, _FU = 48, 49
_HEADER, _FU_HEADER = 2, 3
_PROFILE_BITS, _LEVEL_BITS = 88, 8
_YUV_420, _YUV_422, _YUV_444 = 1, 2, 3


class H265Depacketiser:
    """Turns RTP packets of H.265 into formats and access units.

    Takes single NAL units, AP and FU without DONL; all else is counted as a loss. How pictures are told apart and what
    is damaged is written at AccessUnits.
    """

    def __init__(self, parameter_sets: Iterable[bytes] = ()) -> None:
        """`parameter_sets` are what the session description told; those that cannot be read are left out."""
        self.units = AccessUnits(ParameterSets("hevc", (_VPS, _SPS, _PPS)), read_set, parameter_sets)

    def push(self, packet: RtpPacket) -> Sequence[Item]:
        """Take a packet; return what it completes."""
        timestamp, marker, lost, payload = packet
        units = self.units
        if lost or timestamp != units.timestamp:
            units.begin_packet(timestamp, lost=lost)
        first = payload[0]
        kind = first >> 1  # above 63 when the forbidden bit is set
        if kind == _FU and len(payload) > _FU_HEADER:
            header = payload[2]
            if header & 0x80:
                nal_header = bytes((first & 1 | (header & 0x3F) << 1, payload[1]))
                units.begin(_nal(nal_header), nal_header, payload[_FU_HEADER:])
            else:
                units.more(payload[_FU_HEADER:])
            if header & 0x40:
                units.end()
        elif kind < _AP and len(payload) > _HEADER:
            nal_header = bytes(payload[:_HEADER])
            units.begin(_nal(nal_header), nal_header, payload[_HEADER:])
            units.end()
        elif kind == _AP:
            for nal in units.aggregated(payload, _HEADER):
                nal_header = bytes(nal[:_HEADER])
                units.begin(_nal(nal_header), nal_header, nal[_HEADER:])
                units.end()
        else:
            units.lose()
        if marker:
            units.end_picture()
        return units.take()


def _nal(header: bytes) -> Nal:
    layer = (header[0] & 1) << 5 | header[1] >> 3
    return Nal.DROPPED if layer else _NALS[header[0] >> 1 & 0x3F]


def read_set(nal: bytes) -> ParameterSet:
    """Read a video, sequence or picture parameter set. Raises Damaged."""
    kind = nal[0] >> 1 if nal else 0
    bits = Bits(nal, _HEADER)
    if kind == _VPS:
        return ParameterSet(kind, bits.unsigned(4), nal)
    if kind == _SPS:
        return _sequence(nal, bits)
    if kind == _PPS:
        return ParameterSet(kind, bits.at_most(63), nal)
    raise Damaged


def _sequence(nal: bytes, bits: Bits) -> ParameterSet:
    """Read a sequence parameter set as far as the size (7.3.2.2.1)."""
    bits.skip(4)
    layers = bits.unsigned(3)
    bits.flag()
    _skip_profile(bits, layers)
    number = bits.at_most(15)
    chroma = bits.at_most(_YUV_444)
    if chroma == _YUV_444:
        bits.flag()
    width, height = bits.at_most(MAX_SIDE), bits.at_most(MAX_SIDE)
    if bits.flag():
        left, right, top, bottom = (bits.at_most(MAX_SIDE) for _ in range(4))
        width -= (left + right) * (2 if chroma in (_YUV_420, _YUV_422) else 1)
        height -= (top + bottom) * (2 if chroma == _YUV_420 else 1)
    if width <= 0 or height <= 0:
        raise Damaged
    return ParameterSet(_SPS, number, nal, (width, height))


def _skip_profile(bits: Bits, layers: int) -> None:
    """Pass over profile_tier_level() of `layers` + 1 temporal layers (7.3.3)."""
    bits.skip(_PROFILE_BITS + _LEVEL_BITS)
    present = [(bits.flag(), bits.flag()) for _ in range(layers)]
    if layers:
        bits.skip(2 * (8 - layers))
    for profile, level in present:
        bits.skip(_PROFILE_BITS * profile + _LEVEL_BITS * level)
