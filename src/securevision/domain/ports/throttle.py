"""Throttling: counters that hold across processes."""

from dataclasses import dataclass
from typing import Protocol

from securevision.domain.attempts import Attempt


class LoginThrottle(Protocol):
    """Slows down guessing. Any thread. Raises Unavailable when the counters cannot be used: closed."""

    def begin(self, attempt: Attempt) -> None:
        """Count an attempt as failed, before anything costly is done for it.

        Raises TooManyRequests, and counts nothing, while a delay of an earlier failure runs.
        """
        ...

    def take_back(self, attempt: Attempt) -> None:
        """Take back what `begin` counted, and forget nothing else: it was right, but another step has to follow."""
        ...

    def succeed(self, attempt: Attempt) -> None:
        """Take back what `begin` counted, and forget the failures of the account (or its known device)."""
        ...


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of a principal's requests."""

    allowed: bool
    limit: int
    """Requests in a window."""
    remaining: int
    reset_s: int
    """Seconds until the window starts anew."""
    window_s: int


class RequestThrottle(Protocol):
    """Counts requests. Any thread. Raises Unavailable when the counters cannot be used: closed."""

    def hit(self, who: str) -> Allowance:
        """Count a request of a principal, such as `user:3`, or of a network, such as `network:192.0.2.7`."""
        ...
