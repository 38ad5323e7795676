"""The time of pictures: where they stand in a stream, and when they were taken."""

import math

from securevision.domain.ports.clock import Clock
from securevision.domain.video import TICKS_PER_SECOND, AccessUnit, Packet

MAX_GAP = 10 * TICKS_PER_SECOND
"""A longer jump between two pictures is a broken timestamp, not a pause."""
_MIN_STEP, _MAX_STEP = TICKS_PER_SECOND // 120, 2 * TICKS_PER_SECOND
_TICKS_A_MS = TICKS_PER_SECOND // 1000


class PacketTime:
    """Turns timestamps, as cameras send them, into ticks from 0 that always grow.

    One that is missing, repeated, goes back or jumps is replaced by the time that passed since the last picture
    came, or, of a file, by the length of one picture.
    """

    def __init__(self, *, step: int | None = None) -> None:
        """`step` is the length of a picture in ticks, if a file says so; nonsense is ignored."""
        self._step = step if step is not None and _MIN_STEP <= step <= _MAX_STEP else None
        self._offset: int | None = None
        self._last = -1
        self._last_ms = 0

    def place(self, unit: AccessUnit, ts_ms: int) -> Packet:
        """Return the next packet in the order of decoding; `ts_ms` is its capture time."""
        given = unit.dts if unit.dts is not None else unit.pts
        dts = self._dts(given, ts_ms)
        shown_after = unit.pts - unit.dts if unit.pts is not None and unit.dts is not None else 0
        self._last, self._last_ms = dts, ts_ms
        pts = dts + min(max(shown_after, 0), MAX_GAP)
        return Packet(unit.data, unit.keyframe, ts_ms, pts, dts, unit.damaged)

    def _dts(self, given: int | None, ts_ms: int) -> int:
        if self._last < 0:
            self._offset = None if given is None else -given
            return 0
        if given is not None and self._offset is not None:
            dts = given + self._offset
            if 0 < dts - self._last <= MAX_GAP:
                return dts
        dts = self._last + (self._step or self._passed(ts_ms))
        self._offset = None if given is None else dts - given
        return dts

    def _passed(self, ts_ms: int) -> int:
        return min(max((ts_ms - self._last_ms) * _TICKS_A_MS, _MIN_STEP), MAX_GAP)


class Sampler:
    """Picks pictures of each second of a stream, evenly."""

    def __init__(self) -> None:
        self._fps = 0.0
        self._last, self._pts = -1, -1
        """Share of a second, and time, of the picture that was picked last."""

    def wants(self, pts: int, fps: float) -> bool:
        """Say whether the picture of that moment is the first of its share of a second; `fps` may change."""
        if fps != self._fps:
            self._fps = fps
            self._last = _share(self._pts, fps) if self._pts >= 0 else -1
        share = _share(pts, fps)
        if share <= self._last:
            return False
        self._last, self._pts = share, pts
        return True


def _share(pts: int, fps: float) -> int:
    return math.floor(pts / TICKS_PER_SECOND * fps + 1e-6)


class CaptureTime:
    """The wall clock, as a source stamps what it gives: it never goes back.

    When the clock was set back, time goes on at half speed until the clock has caught up, so that
    tracks still end. Not thread-safe.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last_ms = clock.now_ms()
        self._read_at = clock.monotonic()

    def now_ms(self) -> int:
        """Return milliseconds since the Unix epoch, never less than before."""
        now_ms, read_at = self._clock.now_ms(), self._clock.monotonic()
        slow_ms = self._last_ms + int((read_at - self._read_at) * 500)
        if now_ms >= slow_ms or slow_ms > self._last_ms:
            self._last_ms, self._read_at = max(now_ms, slow_ms), read_at
        return self._last_ms
