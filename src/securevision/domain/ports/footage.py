"""Evidence for people to look at."""

from typing import Protocol

from securevision.domain.frames import Pixels
from securevision.domain.geometry import Box


class CropEncoder(Protocol):
    """Makes the picture that an event shows."""

    def crop(self, pixels: Pixels, box: Box) -> bytes:
        """Return a JPEG of the box with some surroundings. Raises InvalidInput when it is outside."""
        ...
