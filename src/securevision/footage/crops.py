"""The picture that an event shows."""

from securevision.domain.frames import Pixels
from securevision.domain.geometry import Box
from securevision.errors import InvalidInput
from securevision.footage.stills import jpeg_of

_MAX_SIDE = 640


class JpegCrops:
    """Cuts a box with some surroundings out of a frame, as JPEG."""

    def __init__(self, *, margin: float = 0.35) -> None:
        """Add `margin` of the box's longer side all round."""
        self._margin = margin

    def crop(self, pixels: Pixels, box: Box) -> bytes:
        """Return the JPEG, its longer side at most 640 px. Raises InvalidInput when the box is outside."""
        height, width = pixels.shape[:2]
        margin = self._margin * max(box.width, box.height)
        around = Box(box.x1 - margin, box.y1 - margin, box.x2 + margin, box.y2 + margin)
        x1, y1, x2, y2 = around.clipped(width, height).rounded()
        if x2 <= x1 or y2 <= y1:
            raise InvalidInput("The box lies outside the frame; nothing can be cut out.")
        return jpeg_of(pixels[y1:y2, x1:x2], _MAX_SIDE)
