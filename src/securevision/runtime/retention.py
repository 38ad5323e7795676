"""Deletes what is older than the retention."""

import logging

from securevision.domain.ports.clock import Clock
from securevision.domain.ports.store import EventStore

_log = logging.getLogger(__name__)
MS_A_DAY = 24 * 60 * 60 * 1000


def delete_expired(store: EventStore, clock: Clock, retention_days: int) -> int:
    """Delete the events that were stored more than so many days ago; return how many."""
    deleted = store.delete_created_before(clock.now_ms() - retention_days * MS_A_DAY)
    if deleted:
        _log.info("Deleted %d event(s) older than %d days.", deleted, retention_days)
    return deleted
