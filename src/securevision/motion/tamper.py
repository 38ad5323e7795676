"""Notices that a camera which still sends pictures has been made useless.

    from      to        when
    normal    COVERED   under a tenth of the usual detail, for 5 s
    COVERED   normal    over a quarter of it again, for 2 s
    normal    FROZEN    not one grey level changed for 60 s, in a picture with detail, of a camera whose pictures
                        used to change
    FROZEN    normal    a picture that differs

Detail is the share of a picture in which there are edges, whatever the noise. What is usual follows it within half a
minute, so nightfall is no alarm; it must have been followed for as long, and be a tenth of the picture at least,
before anything can be missed. Sudden darkness cannot be told from a cover, nor a weak blur from fog: the one is
reported, the other not.

A sensor has noise, and a coder writes every part of a picture anew within seconds, so identical pictures for a minute
are no chance. A source that never changed, such as a test picture, and a dark or blank one are not judged.

Time is counted in looks: between two of them at most 2 s pass, whatever the clock says, so one that is set raises no
alarm, and pictures that come more rarely make every time above longer.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from securevision.domain.motion import Tamper
from securevision.domain.ports.cameras import Luma
from securevision.motion.thumbnail import thumbnail

LOOK_MS = 1_000
"""A picture that comes sooner after the last look is not looked at."""
MOST_STEP_MS = 2_000
LEARNT_MS = 30_000
COVERED_MS, CLEAR_MS = 5_000, 2_000
FROZEN_MS, ALIVE_MS = 60_000, 10_000
BLANK, CLEAR = 0.1, 0.25
"""Parts of the usual detail."""
LEAST_DETAIL = 0.1
_EDGE = 3
"""Grey levels between a place and its surroundings that make it detail."""
_CELLS = (32, 18)


@dataclass(frozen=True, slots=True)
class Suspicion:
    """What the looks so far add up to. Does no I/O and reads no clock."""

    tamper: Tamper | None = None
    usual: float = 0.0
    """Detail, 0 to 1."""
    learnt_ms: int = 0
    """How long the usual was followed."""
    alive_ms: int = 0
    """How long pictures differed."""
    blank_ms: int = -1
    clear_ms: int = -1
    same_ms: int = -1
    """How long it has been so; -1 while it is not."""

    def after(self, detail: float, *, same: bool, step_ms: int) -> "Suspicion":
        """Return the sum after a look, `step_ms` after the last: the detail it saw, and whether nothing had changed."""
        judged = self.learnt_ms >= LEARNT_MS and self.usual >= LEAST_DETAIL
        blank = judged and detail < BLANK * self.usual
        seen = replace(
            self,
            alive_ms=self.alive_ms if same else self.alive_ms + step_ms,
            blank_ms=_lasting(self.blank_ms, step_ms, so=blank),
            clear_ms=_lasting(self.clear_ms, step_ms, so=detail > CLEAR * self.usual),
            same_ms=_lasting(self.same_ms, step_ms, so=same and detail >= LEAST_DETAIL),
        )
        tamper = _next(seen)
        if tamper is not None:
            return replace(seen, tamper=tamper)
        share = step_ms / LEARNT_MS if self.learnt_ms else 1.0
        usual = self.usual + (detail - self.usual) * share
        return replace(seen, tamper=None, usual=usual, learnt_ms=self.learnt_ms + step_ms)


def _lasting(before_ms: int, step_ms: int, *, so: bool) -> int:
    if not so:
        return -1
    return before_ms + step_ms if before_ms >= 0 else 0


def _next(seen: Suspicion) -> Tamper | None:
    match seen.tamper:
        case None if seen.blank_ms >= COVERED_MS:
            return Tamper.COVERED
        case None if seen.same_ms >= FROZEN_MS and seen.alive_ms >= ALIVE_MS:
            return Tamper.FROZEN
        case Tamper.COVERED if seen.clear_ms >= CLEAR_MS:
            return None
        case Tamper.FROZEN if seen.same_ms < 0:
            return None
        case _:
            return seen.tamper


class TamperWatch:
    """The watch over one camera. Does no I/O; not thread-safe."""

    def __init__(self) -> None:
        self._suspicion = Suspicion()
        self._last: Luma = np.zeros((0, 0), np.uint8)
        self._last_ms: int | None = None

    def look(self, luma: Luma, ts_ms: int) -> Tamper | None:
        """Return how the camera stands after this picture, taken at that time; None is as it should be.

        `luma` is of any size from 1x1, may be a view with gaps between its rows, and is not kept. The time may
        jump either way.
        """
        passed_ms = 0 if self._last_ms is None else ts_ms - self._last_ms
        if self._last_ms is not None and 0 <= passed_ms < LOOK_MS:
            return self._suspicion.tamper
        small = thumbnail(luma)
        self._suspicion = self._suspicion.after(
            _detail(small),
            same=np.array_equal(small, self._last),
            step_ms=min(max(passed_ms, 0), MOST_STEP_MS),
        )
        self._last, self._last_ms = small, ts_ms
        return self._suspicion.tamper


def _detail(small: Luma) -> float:
    """Return the share of the picture in which there are edges, 0 to 1; noise and slow slopes are none."""
    smooth = cv2.GaussianBlur(small, (5, 5), 0)
    edges = cv2.absdiff(smooth, cv2.blur(smooth, (21, 21)))
    cells = cv2.resize(edges, _CELLS, interpolation=cv2.INTER_AREA)
    return float(np.mean(np.asarray(cells) >= _EDGE))
