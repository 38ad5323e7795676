"""Time, given from outside."""

from typing import Protocol


class Clock(Protocol):
    """The two clocks."""

    def now_ms(self) -> int:
        """Return wall-clock time, milliseconds since the Unix epoch; may jump."""
        ...

    def monotonic(self) -> float:
        """Return seconds since some fixed moment; never goes back."""
        ...
