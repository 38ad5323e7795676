"""NAL units, the pieces that H.264 and H.265 are made of, and the two ways to lay them one after another."""

from collections.abc import Iterable
from dataclasses import dataclass

from securevision.errors import InvalidInput

_START_CODE = b"\0\0\1"
_MAX_ZEROS = 31


@dataclass(frozen=True, slots=True)
class NalSyntax:
    """How a codec numbers the kinds of its units."""

    shift: int
    mask: int
    """Where the kind is in the first byte."""
    parameter_sets: tuple[int, ...]
    """The kinds that a decoder must have before a picture."""

    def kind(self, unit: bytes) -> int:
        """Return the kind of a unit, which is not empty."""
        return unit[0] >> self.shift & self.mask


H264 = NalSyntax(0, 31, (7, 8))
"""Sequence and picture parameter sets (ITU-T H.264, 7.3.1 and table 7-1)."""
HEVC = NalSyntax(1, 63, (32, 33, 34))
"""Video, sequence and picture parameter sets (ITU-T H.265, 7.3.1.2 and table 7-1)."""


def split_annex_b(data: bytes) -> list[bytes]:
    """Return the units between start codes (ITU-T H.264 annex B, H.265 annex B); empty when there is none.

    What comes before the first start code is no unit. Takes time in proportion to the data, whatever it is.
    """
    units = (piece.rstrip(b"\0") for piece in data.split(_START_CODE)[1:])
    return [unit for unit in units if unit]


def split_prefixed(data: bytes, length_size: int) -> list[bytes]:
    """Return the units that follow their lengths of `length_size` bytes (ISO 14496-15, 5.3.4.2).

    A unit that is longer than what is left ends the list.
    """
    units, position = [], 0
    while position + length_size <= len(data):
        start = position + length_size
        position = start + int.from_bytes(data[position:start])
        if position > len(data):
            break
        if position > start:
            units.append(data[start:position])
    return units


def prefixed(units: Iterable[bytes]) -> bytes:
    """Return the units one after another, each after its length of four bytes."""
    return b"".join(part for unit in units for part in (len(unit).to_bytes(4), unit))


def payload(unit: bytes, limit: int) -> bytes:
    """Return the first `limit` bytes of a unit without the bytes that keep start codes from appearing in it."""
    return unit[:limit].replace(b"\0\0\3", b"\0\0")


class BitReader:
    """Reads the fields of a unit (ITU-T H.264 7.2 and 9.1)."""

    def __init__(self, data: bytes) -> None:
        self._bits = int.from_bytes(data)
        self._left = 8 * len(data)

    def u(self, count: int) -> int:
        """Return an unsigned number of so many bits. Raises InvalidInput when they are not there."""
        if count > self._left:
            raise InvalidInput("The parameter sets of the video are cut off; restart the camera.")
        self._left -= count
        return self._bits >> self._left & ((1 << count) - 1)

    def ue(self) -> int:
        """Return an unsigned Exp-Golomb number, at most 32 bits. Raises InvalidInput."""
        zeros = 0
        while not self.u(1):
            zeros += 1
            if zeros > _MAX_ZEROS:
                raise InvalidInput("The parameter sets of the video make no sense; restart the camera.")
        return (1 << zeros) - 1 + self.u(zeros)

    def se(self) -> int:
        """Return a signed Exp-Golomb number. Raises InvalidInput."""
        number = self.ue()
        return (number + 1) // 2 if number % 2 else -(number // 2)
