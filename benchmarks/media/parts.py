"""What every part of the benchmark is given, and how its figures are put in words."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.media import clips

from fakes.models import model_file

Figures = dict[str, Any]
"""As JSON has them."""


@dataclass(frozen=True, slots=True)
class Setting:
    """Where the videos are, and how long to measure."""

    folder: Path
    quick: bool
    window_s: float
    rounds: int

    @property
    def settle_s(self) -> float:
        return 8.0 if self.quick else 15.0

    @property
    def still(self) -> Path:
        return self._made("still.h264")

    @property
    def busy(self) -> Path:
        return self._made("busy.h264")

    @property
    def comings(self) -> Path:
        return self._made("comings.h264")

    @property
    def raw(self) -> Path:
        return self._made("still.i420")

    def _made(self, name: str) -> Path:
        path = self.folder / name
        if not path.exists():
            print(f"making {name}", flush=True)
            match name:
                case "still.h264":
                    clips.write_still(path)
                case "busy.h264":
                    clips.write_busy(path)
                case "comings.h264":
                    clips.write_comings(path, model_file("astronaut.png"))
                case _:
                    clips.write_raw_pictures(path)
        return path


def spread(values: Sequence[float], digits: int = 0) -> Figures:
    """Return the median, the fifth and ninety-fifth hundredth, the largest, and how many there are."""
    ordered = sorted(values)
    last = len(ordered) - 1
    return {
        "count": len(ordered),
        "median": round(statistics.median(ordered), digits),
        "p5": round(ordered[round(0.05 * last)], digits),
        "p95": round(ordered[-1 - round(0.05 * last)], digits),
        "most": round(ordered[-1], digits),
    }


def median(values: Sequence[float], digits: int = 2) -> float:
    return round(statistics.median(values), digits)
