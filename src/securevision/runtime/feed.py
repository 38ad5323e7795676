"""Live events, from the pipeline to whoever listens."""

import threading
from collections.abc import Callable

from securevision.domain.events import Event
from securevision.domain.ports.feed import Unsubscribe


class Feed:
    """An EventFeed in memory. Safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: dict[object, Callable[[Event], None]] = {}

    def subscribe(self, listener: Callable[[Event], None]) -> Unsubscribe:
        """Add a listener; see EventFeed."""
        key = object()
        with self._lock:
            self._listeners[key] = listener

        def unsubscribe() -> None:
            with self._lock:
                self._listeners.pop(key, None)

        return unsubscribe

    def publish(self, event: Event) -> None:
        """Tell every listener of a stored event, new or revised."""
        with self._lock:
            listeners = list(self._listeners.values())
        for listener in listeners:
            listener(event)
