"""The time of pictures: where they stand in a stream, and when they were taken."""

import math

from securevision.domain.ports.clock import Clock

MAX_GAP_S = 10.0
"""A longer jump between two pictures is a broken timestamp, not a pause."""
_USUAL_RATE = 25.0
_MIN_RATE, _MAX_RATE = 0.5, 120.0


class StreamTime:
    """Turns presentation timestamps, as cameras send them, into seconds from 0 that always grow.

    A timestamp that is missing, repeated, goes back or jumps is replaced by one frame after the last.
    """

    def __init__(self, rate: float | None) -> None:
        """`rate` is the stream's own idea of its frames per second; nonsense is ignored."""
        sane = rate is not None and _MIN_RATE <= rate <= _MAX_RATE
        self._step = 1.0 / (rate if rate is not None and sane else _USUAL_RATE)
        self._offset: float | None = None
        self._last = -self._step

    @property
    def step(self) -> float:
        """Seconds that one frame lasts, as far as is known."""
        return self._step

    def place(self, timestamp: float | None) -> float:
        """Return the seconds of the next picture in the order of showing."""
        seconds = self._last + self._step
        if timestamp is not None:
            if self._offset is not None and 0.0 < timestamp + self._offset - self._last <= MAX_GAP_S:
                seconds = timestamp + self._offset
            else:
                self._offset = seconds - timestamp
        self._last = seconds
        return seconds


class Sampler:
    """Picks at most `fps` pictures of each second of a stream, evenly."""

    def __init__(self, fps: float) -> None:
        self._fps = fps
        self._last = -1

    def wants(self, seconds: float) -> bool:
        """Say whether the picture of that moment is the first of its share of a second."""
        share = math.floor(seconds * self._fps + 1e-6)
        wanted = share > self._last
        self._last = max(self._last, share)
        return wanted


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
