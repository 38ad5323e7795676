"""What the sequence parameter set of H.264 and H.265 says of the pictures."""

from dataclasses import dataclass

from securevision.errors import InvalidInput
from securevision.footage.nal_units import BitReader, payload

_LIMIT = 1024
"""Bytes of a set that are looked at; what we want is in the first hundreds."""
_MAX_SIDE = 16_384
_WITH_CHROMA = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})
"""Profiles of H.264 whose sets say how colours are stored."""
_SUBSAMPLED = {1: (2, 2), 2: (2, 1)}
"""How many pixels share a colour, across and down, by `chroma_format_idc`; in all others each has its own."""
_FULL_CHROMA = 3
_MAX_DEPTH = 15
_SMALL_LISTS = 6
"""Scaling lists of 16 numbers, before those of 64."""


@dataclass(frozen=True, slots=True)
class VideoSequence:
    """Size in pixels, as it is shown; how colours are stored (1 is 4:2:0); bits of brightness and colours."""

    width: int
    height: int
    chroma: int
    luma_depth: int
    chroma_depth: int

    def __post_init__(self) -> None:
        if not (0 < self.width <= _MAX_SIDE and 0 < self.height <= _MAX_SIDE):
            raise InvalidInput(
                f"The pictures of the video have {self.width}x{self.height} pixels; set the camera to a usual size."
            )
        if self.chroma > _FULL_CHROMA or max(self.luma_depth, self.chroma_depth) > _MAX_DEPTH:
            raise InvalidInput("The parameter sets of the video make no sense; restart the camera.")


def h264_sequence(unit: bytes) -> VideoSequence:
    """Read a set of H.264 (ITU-T H.264, 7.3.2.1.1). Raises InvalidInput."""
    bits = BitReader(payload(unit, _LIMIT))
    bits.u(8)
    profile = bits.u(8)
    bits.u(16)
    bits.ue()
    chroma, luma_depth, chroma_depth, separate = 1, 8, 8, 0
    if profile in _WITH_CHROMA:
        chroma = bits.ue()
        separate = bits.u(1) if chroma == _FULL_CHROMA else 0
        luma_depth, chroma_depth = 8 + bits.ue(), 8 + bits.ue()
        bits.u(1)
        if bits.u(1):
            _skip_scaling_lists(bits, 12 if chroma == _FULL_CHROMA else 8)
    bits.ue()
    _skip_picture_order(bits)
    bits.ue()
    bits.u(1)
    columns, rows = bits.ue() + 1, bits.ue() + 1
    frames_only = bits.u(1)
    if not frames_only:
        bits.u(1)
    bits.u(1)
    across, down = (1, 1) if separate else _SUBSAMPLED.get(chroma, (1, 1))
    cut_width, cut_height = _crop(bits, across, down * (2 - frames_only))
    width, height = 16 * columns - cut_width, 16 * rows * (2 - frames_only) - cut_height
    return VideoSequence(width, height, chroma, luma_depth, chroma_depth)


def hevc_sequence(unit: bytes) -> VideoSequence:
    """Read a set of H.265 (ITU-T H.265, 7.3.2.2.1). Raises InvalidInput."""
    bits = BitReader(payload(unit, _LIMIT))
    bits.u(16)
    bits.u(4)
    sub_layers = bits.u(3)
    bits.u(1)
    bits.u(96)
    _skip_sub_layers(bits, sub_layers)
    bits.ue()
    chroma = bits.ue()
    separate = bits.u(1) if chroma == _FULL_CHROMA else 0
    width, height = bits.ue(), bits.ue()
    across, down = (1, 1) if separate else _SUBSAMPLED.get(chroma, (1, 1))
    cut_width, cut_height = _crop(bits, across, down)
    luma_depth, chroma_depth = 8 + bits.ue(), 8 + bits.ue()
    return VideoSequence(width - cut_width, height - cut_height, chroma, luma_depth, chroma_depth)


def _crop(bits: BitReader, across: int, down: int) -> tuple[int, int]:
    """Return how many pixels are cut off in width and in height."""
    if not bits.u(1):
        return 0, 0
    left, right, top, bottom = bits.ue(), bits.ue(), bits.ue(), bits.ue()
    return (left + right) * across, (top + bottom) * down


def _skip_scaling_lists(bits: BitReader, count: int) -> None:
    for index in range(count):
        if not bits.u(1):
            continue
        scale = 8
        for _ in range(16 if index < _SMALL_LISTS else 64):
            scale = (scale + bits.se()) % 256
            if scale == 0:
                break


def _skip_picture_order(bits: BitReader) -> None:
    kind = bits.ue()
    if kind == 0:
        bits.ue()
    elif kind == 1:
        bits.u(1)
        bits.se()
        bits.se()
        for _ in range(bits.ue()):  # each takes a bit at least, so the set's end is the limit
            bits.se()


def _skip_sub_layers(bits: BitReader, count: int) -> None:
    present = [(bits.u(1), bits.u(1)) for _ in range(count)]
    if count:
        bits.u(2 * (8 - count))
    for profile, level in present:
        bits.u(88 * profile + 8 * level)
