"""The parameter sets of a video, which a player needs first, and the records that hold them in MP4."""

from dataclasses import dataclass

from securevision.errors import InvalidInput
from securevision.footage.nal_units import H264, HEVC, NalSyntax, payload, split_annex_b, split_prefixed
from securevision.footage.sequences import VideoSequence, h264_sequence, hevc_sequence

_MAX_SETS, _MAX_BYTES = 31, 65_535
"""What the fields of both records can hold; a camera has one set of each kind."""
_WITHOUT_CHROMA = frozenset({66, 77, 88})
"""Profiles of H.264 whose record ends early."""


@dataclass(frozen=True, slots=True)
class ParameterSets:
    """What is the same for every picture of a video."""

    syntax: NalSyntax
    sets: tuple[bytes, ...]
    sequence: VideoSequence
    record: bytes
    """`avcC` or `hvcC` without its box, for units after lengths of four bytes."""
    codecs: str
    """As a browser is asked whether it can play it (RFC 6381)."""
    length_size: int
    """Of the lengths before the units of a picture, as it comes; 0 when they follow start codes."""

    def units(self, picture: bytes) -> list[bytes]:
        """Return the units of a picture without the parameter sets, which have their own place.

        When one is not the same as there, all stay: a decoder that takes it forgets those that were built on the old.
        """
        size = self.length_size
        units = split_prefixed(picture, size) if size else split_annex_b(picture)
        sets = [unit for unit in units if self.syntax.kind(unit) in self.syntax.parameter_sets]
        if all(unit in self.sets for unit in sets):
            return [unit for unit in units if unit not in self.sets]
        return units


def h264_sets(extradata: bytes) -> ParameterSets:
    """Read those of H.264: Annex B or `avcC` (ISO 14496-15, 5.3.3.1). Raises InvalidInput."""
    units, length_size = _read_avcc(extradata) if extradata[:1] == b"\1" else (split_annex_b(extradata), 0)
    sps, pps = _sorted(units, H264)
    sequence = h264_sequence(sps[0])
    record = [b"\1", sps[0][1:4], b"\xff", bytes([0xE0 | len(sps)]), *_counted(sps)]
    record += [bytes([len(pps)]), *_counted(pps)]
    if sps[0][1] not in _WITHOUT_CHROMA:
        record.append(_colours(sequence) + b"\0")
    codecs = "avc1." + sps[0][1:4].hex()
    return ParameterSets(H264, (*sps, *pps), sequence, b"".join(record), codecs, length_size)


def hevc_sets(extradata: bytes) -> ParameterSets:
    """Read those of H.265: Annex B or `hvcC` (ISO 14496-15, 8.3.3.1). Raises InvalidInput."""
    units, length_size = _read_hvcc(extradata) if extradata[:1] == b"\1" else (split_annex_b(extradata), 0)
    vps, sps, pps = arrays = _sorted(units, HEVC)
    sequence = hevc_sequence(sps[0])
    plain = payload(sps[0], 32)
    profile, sub_layers, nested = plain[3:15], plain[2] >> 1 & 7, plain[2] & 1
    layers = (sub_layers + 1) << 3 | nested << 2 | 3
    record = [b"\1", profile, b"\xf0\0\xfc", _colours(sequence), b"\0\0", bytes([layers, len(arrays)])]
    for kind, sets in zip(HEVC.parameter_sets, arrays, strict=True):
        record += [bytes([0x80 | kind]), len(sets).to_bytes(2), *_counted(sets)]
    codecs = _hevc_codecs(profile)
    return ParameterSets(HEVC, (*vps, *sps, *pps), sequence, b"".join(record), codecs, length_size)


def _hevc_codecs(profile: bytes) -> str:
    """Return the name of ISO 14496-15, E.3, from the twelve bytes of the general profile, tier and level."""
    space = ("", "A", "B", "C")[profile[0] >> 6]
    compatible = int(f"{int.from_bytes(profile[1:5]):032b}"[::-1], 2)
    tier = "H" if profile[0] & 0x20 else "L"
    constraints = [f"{byte:X}" for byte in profile[5:11].rstrip(b"\0")]
    return ".".join(
        ["hvc1", f"{space}{profile[0] & 31}", f"{compatible:X}", f"{tier}{profile[11]}", *constraints]
    )


def _sorted(units: list[bytes], syntax: NalSyntax) -> list[list[bytes]]:
    """Return the parameter sets of each kind, each once and at least one."""
    arrays = [
        list(dict.fromkeys(unit for unit in units if syntax.kind(unit) == kind))
        for kind in syntax.parameter_sets
    ]
    if not all(arrays):
        raise InvalidInput(
            "The video comes without its parameter sets, so nothing can show it; restart the camera."
        )
    if any(len(sets) > _MAX_SETS or len(unit) > _MAX_BYTES for sets in arrays for unit in sets):
        raise InvalidInput("The parameter sets of the video are too many or too long; restart the camera.")
    return arrays


def _counted(sets: list[bytes]) -> list[bytes]:
    return [len(unit).to_bytes(2) + unit for unit in sets]


def _colours(sequence: VideoSequence) -> bytes:
    return bytes([0xFC | sequence.chroma, 0xF8 | sequence.luma_depth - 8, 0xF8 | sequence.chroma_depth - 8])


class _Record:
    """Reads a record, never past its end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size))

    def take(self, size: int) -> bytes:
        start, self._position = self._position, self._position + size
        if self._position > len(self._data):
            raise InvalidInput("The parameter sets of the video are cut off; save the file again.")
        return self._data[start : self._position]

    def units(self, count: int) -> list[bytes]:
        units = [self.take(self.number(2)) for _ in range(count)]
        return [unit for unit in units if unit]


def _read_avcc(extradata: bytes) -> tuple[list[bytes], int]:
    record = _Record(extradata)
    record.take(4)
    length_size = (record.number(1) & 3) + 1
    return record.units(record.number(1) & 31) + record.units(record.number(1)), length_size


def _read_hvcc(extradata: bytes) -> tuple[list[bytes], int]:
    record = _Record(extradata)
    record.take(21)
    length_size = (record.number(1) & 3) + 1
    units = []
    for _ in range(record.number(1)):
        record.take(1)
        units += record.units(record.number(2))
    return units, length_size
