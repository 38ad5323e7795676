"""Deletes what is older than the retention."""

import logging
import threading

from securevision.domain.ports.clock import Clock
from securevision.domain.ports.store import EventStore
from securevision.errors import SecureVisionError

_log = logging.getLogger(__name__)
MS_A_DAY = 24 * 60 * 60 * 1000
_SECONDS_BETWEEN = 60 * 60.0


def delete_expired(store: EventStore, clock: Clock, retention_days: int) -> int:
    """Delete the events that were stored more than so many days ago; return how many."""
    return store.delete_created_before(clock.now_ms() - retention_days * MS_A_DAY)


class RetentionLoop:
    """A thread that deletes what has expired, at the start and then every hour."""

    def __init__(self, store: EventStore, clock: Clock, retention_days: int) -> None:
        self._store = store
        self._clock = clock
        self._retention_days = retention_days
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="retention")

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self) -> None:
        """End the thread, and wait for a deletion under way."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            try:
                if deleted := delete_expired(self._store, self._clock, self._retention_days):
                    _log.info("Deleted %d event(s) older than %d days.", deleted, self._retention_days)
            except SecureVisionError as error:
                _log.error("%s", error)
            if self._stop.wait(_SECONDS_BETWEEN):
                return
