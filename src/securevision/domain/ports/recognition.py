"""Recognisers."""

from collections.abc import Sequence
from typing import Protocol

from securevision.domain.frames import Pixels
from securevision.domain.observations import Observation


class Recogniser(Protocol):
    """Something that finds and identifies one kind of object."""

    def observe(self, pixels: Pixels) -> Sequence[Observation]:
        """Return what is seen in a frame, best first. Does no I/O and keeps no state between calls."""
        ...
