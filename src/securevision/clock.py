"""The system's clocks, wall and monotonic."""

import time


class SystemClock:
    """The Clock of a running program."""

    def now_ms(self) -> int:
        """Return wall-clock time, milliseconds since the Unix epoch."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Return seconds since some fixed moment."""
        return time.monotonic()
