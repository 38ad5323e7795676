"""What the recogniser saw in one frame."""

from collections.abc import Sequence
from dataclasses import dataclass

from securevision.domain.geometry import Box
from securevision.domain.observations import FaceObservation, PlateObservation


@dataclass(frozen=True, slots=True)
class Crop:
    """The picture of one observation."""

    box: Box
    jpeg: bytes


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """All that is seen in one frame of a camera; the pixels stay behind."""

    source_id: str
    ts_ms: int
    """Capture time of the frame, milliseconds since the Unix epoch."""
    width: int
    height: int
    """Of the frame, in pixels; the boxes are in the same."""
    faces: Sequence[FaceObservation]
    plates: Sequence[PlateObservation]
    crops: Sequence[Crop]
    """One for each observation."""
    picture: bytes
    """The whole frame as JPEG; empty when nothing is seen in it."""

    def crop_of(self, box: Box) -> bytes | None:
        """Return the picture of the observation with that box."""
        return next((crop.jpeg for crop in self.crops if crop.box == box), None)
