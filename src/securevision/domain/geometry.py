"""Boxes in the pixel coordinates of a frame."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Box:
    """An axis-aligned box in pixels; (x1, y1) is inside, (x2, y2) is the first pixel outside.

    Coordinates may lie outside the frame: a face at the border is larger than what is seen of it.
    """

    x1: float
    y1: float
    x2: float
    y2: float

    @property
    def width(self) -> float:
        """Width in pixels, 0 or more."""
        return max(0.0, self.x2 - self.x1)

    @property
    def height(self) -> float:
        """Height in pixels, 0 or more."""
        return max(0.0, self.y2 - self.y1)

    @property
    def area(self) -> float:
        """Area in square pixels, 0 or more."""
        return self.width * self.height

    def shifted(self, dx: float, dy: float) -> "Box":
        """Return the same box, moved."""
        return Box(self.x1 + dx, self.y1 + dy, self.x2 + dx, self.y2 + dy)

    def grown(self, ratio: float) -> "Box":
        """Return the box with `ratio` of its width and height added on every side."""
        dx, dy = self.width * ratio, self.height * ratio
        return Box(self.x1 - dx, self.y1 - dy, self.x2 + dx, self.y2 + dy)

    def clipped(self, width: int, height: int) -> "Box":
        """Return the part of the box that lies inside a frame of that size."""
        return Box(
            min(max(self.x1, 0.0), width),
            min(max(self.y1, 0.0), height),
            min(max(self.x2, 0.0), width),
            min(max(self.y2, 0.0), height),
        )

    def rounded(self) -> tuple[int, int, int, int]:
        """Return (x1, y1, x2, y2) in whole pixels."""
        return round(self.x1), round(self.y1), round(self.x2), round(self.y2)


def iou(a: Box, b: Box) -> float:
    """Return the intersection over union of two boxes, 0 to 1; 0 when either is empty."""
    overlap = Box(max(a.x1, b.x1), max(a.y1, b.y1), min(a.x2, b.x2), min(a.y2, b.y2)).area
    union = a.area + b.area - overlap
    return overlap / union if union > 0.0 else 0.0
