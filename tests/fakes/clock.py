"""Time that moves when a test says so."""


class FakeClock:
    """A Clock that stands still until it is advanced. Safe to read from any thread."""

    def __init__(self, now_ms: int = 1_700_000_000_000) -> None:
        self._start_ms = now_ms
        self._elapsed = 0.0

    def now_ms(self) -> int:
        """Return wall-clock time, milliseconds since the Unix epoch."""
        return self._start_ms + round(self._elapsed * 1000)

    def monotonic(self) -> float:
        """Return seconds since the clock was made."""
        return self._elapsed

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._elapsed += seconds

    def jump(self, seconds: float) -> None:
        """Set the wall clock forward or back, as somebody does; no time passes."""
        self._start_ms += round(seconds * 1000)
