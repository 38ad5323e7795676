"""The audit entries of changes, each in the transaction of its change."""

from collections.abc import Callable

from sqlalchemy import Connection

from securevision.audit.entries import SALT_BYTES
from securevision.domain.audit import AuditDraft
from securevision.domain.ports.clock import Clock
from securevision.store.audit import append


class ChangeLog:
    """Logs changes. Its methods are called inside a write transaction; what they raise undoes the change."""

    def __init__(self, clock: Clock, entropy: Callable[[int], bytes]) -> None:
        self._clock = clock
        self._entropy = entropy

    def write(self, connection: Connection, draft: AuditDraft | None) -> None:
        """Append an entry; None stands for a change that its caller logs as part of a larger one."""
        if draft is not None:
            append(connection, draft, self._clock.now_ms(), lambda: self._entropy(SALT_BYTES))
