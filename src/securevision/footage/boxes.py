"""The boxes of an MP4 file that grows: a header, and fragments after it (ISO 14496-12)."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from securevision.domain.video import TICKS_PER_SECOND

_TRACK = 1
_LONGEST = 0x7FFF_FFFF
"""6.6 hours. The fields hold twice that, but some players take more for negative."""
_TURNS = ((1, 0, 0, 1), (0, -1, 1, 0), (-1, 0, 0, -1), (0, 1, -1, 0))
"""The matrix with which a player turns pictures, by quarters counter-clockwise."""
_SYNC, _NON_SYNC = 0x0200_0000, 0x0101_0000
"""Depends on no other picture; depends on others, and cannot be the first."""


@dataclass(frozen=True, slots=True)
class SampleEntry:
    """What a track says of its pictures."""

    kind: bytes
    """Four letters, such as `avc1`."""
    configuration: bytes
    """The codec's own box."""
    width: int
    height: int
    """In pixels, at most 65535; 0 when nobody knows."""
    quarters: int
    """Turns of 90 degrees counter-clockwise until the picture is upright, 0 to 3."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One picture in a track."""

    data: bytes
    keyframe: bool
    duration: int
    offset: int
    """From decoding to showing. Both in ticks, 0 or more."""


def box(kind: bytes, *parts: bytes) -> bytes:
    """Return a box (4.2)."""
    return struct.pack(">I4s", 8 + sum(map(len, parts)), kind) + b"".join(parts)


def full_box(kind: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    """Return a box with a version and flags (4.2)."""
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)


def header(entry: SampleEntry) -> bytes:
    """Return `ftyp` and `moov` of one track whose samples all come in fragments (4.3, 8.1 to 8.8)."""
    movie = struct.pack(">IIIIIH10x", 0, 0, TICKS_PER_SECOND, 0, 1 << 16, 0)
    movie += _matrix(_TURNS[0]) + struct.pack(">24xI", _TRACK + 1)
    return box(b"ftyp", struct.pack(">4sI", b"iso6", 0), b"iso5iso6mp41") + box(
        b"moov",
        full_box(b"mvhd", 0, 0, movie),
        _track(entry),
        box(b"mvex", full_box(b"trex", 0, 0, struct.pack(">5I", _TRACK, 1, 0, 0, 0))),
    )


def fragment(number: int, decode_time: int, samples: Sequence[Sample]) -> bytes:
    """Return `moof` and `mdat` of samples that follow one another (8.8.4 to 8.8.12, 8.1.1).

    `number` counts fragments from 1; `decode_time` is that of the first sample, in ticks.
    A duration or offset of more than 6.6 hours becomes 6.6 hours.
    """
    run = [
        struct.pack(
            ">4I",
            min(sample.duration, _LONGEST),
            len(sample.data),
            _SYNC if sample.keyframe else _NON_SYNC,
            min(sample.offset, _LONGEST),
        )
        for sample in samples
    ]
    before_run, before_data = 88, 8
    data_offset = before_run + 16 * len(run) + before_data
    moof = box(
        b"moof",
        full_box(b"mfhd", 0, 0, struct.pack(">I", number)),
        box(
            b"traf",
            full_box(b"tfhd", 0, 0x020000, struct.pack(">I", _TRACK)),  # offsets count from this moof
            full_box(b"tfdt", 1, 0, struct.pack(">Q", decode_time)),
            # Where the data begin, and of each sample the duration, size, flags and offset.
            full_box(b"trun", 0, 0x000F01, struct.pack(">II", len(run), data_offset), *run),
        ),
    )
    return moof + box(b"mdat", *(sample.data for sample in samples))


def _track(entry: SampleEntry) -> bytes:
    track = struct.pack(">III4xI16x", 0, 0, _TRACK, 0) + _matrix(_TURNS[entry.quarters])
    track += struct.pack(">II", entry.width << 16, entry.height << 16)
    no_language = 0x55C4
    media = struct.pack(">IIIIH2x", 0, 0, TICKS_PER_SECOND, 0, no_language)
    here = full_box(b"url ", 0, 1)
    return box(
        b"trak",
        full_box(b"tkhd", 0, 3, track),
        box(
            b"mdia",
            full_box(b"mdhd", 0, 0, media),
            full_box(b"hdlr", 0, 0, struct.pack(">4x4s12x", b"vide"), b"video\0"),
            box(
                b"minf",
                full_box(b"vmhd", 0, 1, bytes(8)),
                box(b"dinf", full_box(b"dref", 0, 0, struct.pack(">I", 1), here)),
                _sample_table(entry),
            ),
        ),
    )


def _sample_table(entry: SampleEntry) -> bytes:
    dots_per_inch = 72 << 16
    visual = struct.pack(">6xH16xHH", 1, entry.width, entry.height)
    visual += struct.pack(">II4xH32xHh", dots_per_inch, dots_per_inch, 1, 24, -1)
    none = bytes(4)
    return box(
        b"stbl",
        full_box(b"stsd", 0, 0, struct.pack(">I", 1), box(entry.kind, visual, entry.configuration)),
        full_box(b"stts", 0, 0, none),
        full_box(b"stsc", 0, 0, none),
        full_box(b"stsz", 0, 0, none, none),
        full_box(b"stco", 0, 0, none),
    )


def _matrix(turn: tuple[int, int, int, int]) -> bytes:
    a, b, c, d = (number << 16 for number in turn)
    return struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
