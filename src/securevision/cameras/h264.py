"""H.264 in RTP: packets to access units (RFC 6184), and what its parameter sets say (ITU-T H.264)."""

from collections.abc import Iterable, Sequence

from securevision.cameras.access_units import AccessUnits, Item, Nal
from securevision.cameras.bits import Bits, Damaged
from securevision.cameras.parameter_sets import MAX_SIDE, ParameterSet, ParameterSets
from securevision.cameras.rtp import RtpPacket

_SPS, _PPS = 7, 8
_NALS = tuple(
    {
        1: Nal.SLICE,
        5: Nal.KEY_SLICE,
        6: Nal.BEFORE,
        _SPS: Nal.PARAMETERS,
        _PPS: Nal.PARAMETERS,
        10: Nal.AFTER,
        11: Nal.AFTER,
    }.get(number, Nal.DROPPED)
    for number in range(32)
)
_LAST_SINGLE, _STAP_A, _FU_A = 23, 24, 28
_FORBIDDEN = 0x80
_HEADER, _FU_HEADER = 1, 2

_WITH_CHROMA = frozenset({44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244})
"""Profiles whose sequence parameter set tells the kind of colours and scaling lists."""
_YUV_420, _YUV_422, _YUV_444 = 1, 2, 3


class H264Depacketiser:
    """Turns RTP packets of H.264 into formats and access units.

    Takes single NAL units, STAP-A and FU-A (packetization modes 0 and 1); all else is counted as a loss. How pictures
    are told apart and what is damaged is written at AccessUnits.
    """

    def __init__(self, parameter_sets: Iterable[bytes] = ()) -> None:
        """`parameter_sets` are what the session description told; those that cannot be read are left out."""
        self.units = AccessUnits(ParameterSets("h264", (_SPS, _PPS)), read_set, parameter_sets)

    def push(self, packet: RtpPacket) -> Sequence[Item]:
        """Take a packet; return what it completes."""
        timestamp, marker, lost, payload = packet
        units = self.units
        if lost or timestamp != units.timestamp:
            units.begin_packet(timestamp, lost=lost)
        indicator = payload[0]
        kind = indicator & 0x1F
        if indicator & _FORBIDDEN:
            units.lose()
        elif kind == _FU_A and len(payload) > _FU_HEADER:
            header = payload[1]
            if header & 0x80:
                units.begin(
                    _NALS[header & 0x1F], bytes((indicator & 0xE0 | header & 0x1F,)), payload[_FU_HEADER:]
                )
            else:
                units.more(payload[_FU_HEADER:])
            if header & 0x40:
                units.end()
        elif 0 < kind <= _LAST_SINGLE:
            units.begin(_NALS[kind], bytes(payload[:_HEADER]), payload[_HEADER:])
            units.end()
        elif kind == _STAP_A:
            for nal in units.aggregated(payload, _HEADER):
                units.begin(_NALS[nal[0] & 0x1F], bytes(nal[:_HEADER]), nal[_HEADER:])
                units.end()
        else:
            units.lose()
        if marker:
            units.end_picture()
        return units.take()


def read_set(nal: bytes) -> ParameterSet:
    """Read a sequence or picture parameter set. Raises Damaged."""
    kind = nal[0] & 0x1F if nal else 0
    bits = Bits(nal, _HEADER)
    if kind == _SPS:
        return _sequence(nal, bits)
    if kind == _PPS:
        return ParameterSet(kind, bits.at_most(255), nal)
    raise Damaged


def _sequence(nal: bytes, bits: Bits) -> ParameterSet:
    """Read a sequence parameter set as far as the size (7.3.2.1.1)."""
    profile = bits.unsigned(8)
    bits.skip(16)
    number, chroma = bits.at_most(31), _YUV_420
    if profile in _WITH_CHROMA:
        chroma = bits.at_most(_YUV_444)
        if chroma == _YUV_444:
            bits.flag()
        _skip_depth_and_scaling(bits, chroma)
    bits.at_most(12)
    _skip_order_count(bits)
    bits.exp_golomb()
    bits.flag()
    width = 16 * (bits.at_most(MAX_SIDE // 16) + 1)
    rows = bits.at_most(MAX_SIDE // 16) + 1
    whole_frames = bits.flag()
    lines = 1 if whole_frames else 2
    height = 16 * rows * lines
    if not whole_frames:
        bits.flag()
    bits.flag()
    if bits.flag():
        left, right, top, bottom = (bits.at_most(MAX_SIDE) for _ in range(4))
        width -= (left + right) * (2 if chroma in (_YUV_420, _YUV_422) else 1)
        height -= (top + bottom) * (2 if chroma == _YUV_420 else 1) * lines
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise Damaged
    return ParameterSet(_SPS, number, nal, (width, height))


def _skip_depth_and_scaling(bits: Bits, chroma: int) -> None:
    bits.at_most(6)
    bits.at_most(6)
    bits.flag()
    if not bits.flag():
        return
    for size in (*[16] * 6, *[64] * (6 if chroma == _YUV_444 else 2)):
        if bits.flag():
            _skip_scaling_list(bits, size)


def _skip_scaling_list(bits: Bits, size: int) -> None:
    """Pass over a scaling list (7.3.2.1.1.1)."""
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.signed_exp_golomb()) % 256
        last = following or last


def _skip_order_count(bits: Bits) -> None:
    kind = bits.at_most(2)
    if kind == 0:
        bits.at_most(12)
    elif kind == 1:
        bits.flag()
        bits.signed_exp_golomb()
        bits.signed_exp_golomb()
        for _ in range(bits.at_most(255)):
            bits.signed_exp_golomb()
