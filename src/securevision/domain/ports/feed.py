"""Live events, from the pipeline to whoever listens."""

from collections.abc import Callable
from typing import Protocol

from securevision.domain.events import Event

Unsubscribe = Callable[[], None]


class EventFeed(Protocol):
    """Tells every listener of each event, new or revised, after it was stored."""

    def subscribe(self, listener: Callable[[Event], None]) -> Unsubscribe:
        """Add a listener; it is called from the pipeline's thread and must return at once."""
        ...
