"""What a decoder must know before a picture: the parameter sets that a stream has sent so far."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from securevision.domain.video import VideoFormat

START_CODE = b"\0\0\0\1"
MAX_PARAMETER_SET = 4096
"""Bytes; cameras send less than a hundred."""
MAX_SIDE = 16_384
"""Pixels; a larger picture is damage."""
_MAX_SETS = 32


@dataclass(frozen=True, slots=True)
class ParameterSet:
    """One parameter set: a NAL unit without start code, and what it says of itself."""

    kind: int
    """Its NAL unit type; sets of a lower type come first."""
    number: int
    """Its id: a later set of the same kind and number takes its place."""
    nal: bytes
    size: tuple[int, int] | None = None
    """Of a sequence: width and height of the picture in pixels, as it is to be shown."""


ReadSet: TypeAlias = Callable[[bytes], ParameterSet]
"""Reads a set from its NAL unit. Raises Damaged."""


class ParameterSets:
    """The newest set of each kind and number."""

    def __init__(self, codec: str, kinds: Iterable[int]) -> None:
        """`kinds` are what a decoder needs at least one of each of."""
        self._codec = codec
        self._kinds = frozenset(kinds)
        self._sets: dict[tuple[int, int], ParameterSet] = {}
        self._size = (0, 0)
        self.format: VideoFormat | None = None
        """What the sets describe; None as long as one is missing. The same object as long as nothing changes."""

    def add(self, given: ParameterSet) -> None:
        """Take a set; what would be too many is left out."""
        place = (given.kind, given.number)
        known = self._sets.get(place)
        if known == given or (known is None and len(self._sets) >= _MAX_SETS):
            return
        self._sets[place] = given
        self._size = given.size or self._size
        if self._kinds <= {kind for kind, _ in self._sets}:
            ordered = (self._sets[place].nal for place in sorted(self._sets))
            self.format = VideoFormat(
                self._codec, *self._size, extradata=b"".join(START_CODE + nal for nal in ordered)
            )
