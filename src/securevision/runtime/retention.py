"""Deletes what is older than the retention."""

import logging

from securevision.domain.ports.clock import Clock
from securevision.domain.ports.store import EventStore, FootageFiles, RecordingStore
from securevision.domain.recordings import Recording

_log = logging.getLogger(__name__)
MS_A_DAY = 24 * 60 * 60 * 1000
_AT_ONCE = 100


def delete_expired(store: EventStore, clock: Clock, retention_days: int) -> int:
    """Delete the events that were stored more than so many days ago; return how many."""
    deleted = store.delete_created_before(clock.now_ms() - retention_days * MS_A_DAY)
    if deleted:
        _log.info("Deleted %d event(s) older than %d days.", deleted, retention_days)
    return deleted


class RecordingRetention:
    """Deletes recordings that are too old or too many; what is kept or grows stays."""

    def __init__(
        self, store: RecordingStore, files: FootageFiles, clock: Clock, *, days: int, max_bytes: int
    ) -> None:
        self._store = store
        self._files = files
        self._clock = clock
        self._days = days
        self._max_bytes = max_bytes

    def apply(self) -> None:
        """Delete what is due."""
        oldest_ms = self._clock.now_ms() - self._days * MS_A_DAY
        while expired := self._store.expired(oldest_ms, _AT_ONCE):
            for recording in expired:
                self._delete(recording)
        sizes = self._store.sizes()
        excess = sizes.kept + sizes.unkept - self._max_bytes
        while excess > 0 and (oldest := self._store.oldest_unkept(_AT_ONCE)):
            for recording in oldest:
                if excess > 0:
                    self._delete(recording)
                    excess -= recording.size

    def _delete(self, recording: Recording) -> None:
        # The row first: a file that nobody knows is deleted at the next start.
        self._store.delete(recording.id, None)
        self._files.delete(recording.id)
