"""Parts of a picture, as people draw them: polygons in shares of its width and height."""

from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias, TypeGuard

from securevision.errors import InvalidInput

LEAST_POINTS, MOST_POINTS = 3, 64
_LEAST_CROSS = 1e-9

Point: TypeAlias = tuple[float, float]
"""(x, y): shares of the width and the height, 0 to 1, from the top left corner."""


@dataclass(frozen=True, slots=True)
class Polygon:
    """A closed polygon; where its edges cross, what is enclosed an even number of times is outside.

    Raises InvalidInput when it has fewer than 3 or more than 64 points, one outside the picture, or no area.
    """

    points: tuple[Point, ...]

    def __post_init__(self) -> None:
        if not LEAST_POINTS <= len(self.points) <= MOST_POINTS:
            raise InvalidInput(
                f"A polygon of {len(self.points)} points cannot be used; draw {LEAST_POINTS} to {MOST_POINTS}."
            )
        # NaN is not between them either.
        if not all(0.0 <= x <= 1.0 and 0.0 <= y <= 1.0 for x, y in self.points):
            raise InvalidInput("A point of a polygon lies outside the picture; give x and y from 0 to 1.")
        (x0, y0), *others = self.points
        if all(
            abs((x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)) <= _LEAST_CROSS
            for (x1, y1), (x2, y2) in pairwise(others)
        ):
            raise InvalidInput("A polygon encloses nothing; draw points that are not all on one line.")

    @classmethod
    def parse(cls, pairs: object) -> "Polygon":
        """Return the polygon of a list of [x, y] pairs, as JSON and settings have it; raises InvalidInput."""
        if not isinstance(pairs, list | tuple):
            raise InvalidInput("A polygon cannot be read; give a list of points, each as [x, y].")
        # Before the points are read, so that a long list costs nothing.
        if len(pairs) > MOST_POINTS:
            raise InvalidInput(
                f"A polygon of {len(pairs)} points cannot be used; draw at most {MOST_POINTS}."
            )
        return cls(tuple(_point(pair) for pair in pairs))


def _point(pair: object) -> Point:
    match pair:
        case [x, y] if _is_share(x) and _is_share(y):
            return float(x), float(y)
        case _:
            raise InvalidInput(
                "A point of a polygon cannot be used; give it as [x, y], two numbers from 0 to 1."
            )


def _is_share(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
