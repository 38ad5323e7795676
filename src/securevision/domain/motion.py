"""Where a picture moves, and what is done to a camera rather than before it."""

from dataclasses import dataclass
from enum import StrEnum

from securevision.domain.zones import Polygon
from securevision.errors import InvalidInput

MOST_REGIONS = 8


@dataclass(frozen=True, slots=True)
class MotionConfig:
    """What counts as motion, and where. Raises InvalidInput when the sensitivity is none."""

    sensitivity: float = 0.5
    """0 to 1. At 0 a blob is reported from 0.5 % of the picture and 12 grey levels, at 0.5 from 0.1 % and 5, at 1
    from 0.02 % and 2; a pixel that flickers needs more than that."""
    zones: tuple[Polygon, ...] = ()
    """Only what lies in one of them is looked at; none means everywhere."""
    masks: tuple[Polygon, ...] = ()
    """What lies in one of them is never looked at."""

    def __post_init__(self) -> None:
        if not 0.0 <= self.sensitivity <= 1.0:
            raise InvalidInput(
                f"The sensitivity {self.sensitivity} cannot be used; give a number from 0 to 1."
            )


@dataclass(frozen=True, slots=True)
class Region:
    """An upright rectangle in shares of the picture's width and height, 0 to 1; x1 < x2 and y1 < y2."""

    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, slots=True)
class Motion:
    """What is different in a picture from what its camera usually shows."""

    moving: bool
    """Something moves, or nobody can say yet whether it does."""
    boxes: tuple[Region, ...] = ()
    """Where, the biggest blob first, at most 8. None although it is moving: it may be anywhere."""
    share: float = 0.0
    """Of the area that is looked at, how much moves, 0 to 1; above 0 exactly when it is moving."""
    light_changed: bool = False
    """All of it changed at once, as when a light is switched; what else happened cannot be said."""


class Tamper(StrEnum):
    """How a camera that still sends pictures was made useless."""

    COVERED = "covered"
    """Hardly anything is left of what it used to show: covered, sprayed, out of focus, or in sudden darkness."""
    FROZEN = "frozen"
    """It sends the same picture again and again, to the last bit."""
