"""Recognisers."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from securevision.domain.frames import Pixels
from securevision.domain.observations import Observation

Seen_co = TypeVar("Seen_co", bound=Observation, covariant=True)


class Recogniser(Protocol[Seen_co]):
    """Something that finds and identifies one kind of object."""

    def observe(self, pixels: Pixels) -> Sequence[Seen_co]:
        """Return what is seen in a frame, best first. Does no I/O, keeps no state between calls."""
        ...
