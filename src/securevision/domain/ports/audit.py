"""The audit log."""

from collections.abc import Iterator
from typing import Protocol

from securevision.domain.audit import AuditDraft, AuditPage


class AuditWriter(Protocol):
    """Writes entries that stand for themselves; entries of changes are written by the stores, with the change."""

    def record(self, draft: AuditDraft) -> None:
        """Write an entry; it is safe on the disk when this returns. Any thread. Raises as the stores do.

        What was to be logged must not happen when this raises.
        """
        ...

    def record_repeating(self, draft: AuditDraft) -> None:
        """Write an entry of a kind that somebody can make many of: failures, and views of pictures.

        The first ones of the same action, actor, target, outcome and network within ten minutes are written as they
        come; the rest are counted and written as one entry with `details["count"]`. Raises as `record`.
        """
        ...


class AuditReader(Protocol):
    """Reads the log. Any thread. Raises Unavailable when the database cannot be used."""

    def page(self, before_seq: int | None, limit: int) -> AuditPage:
        """Return entries newest first, with None from the end. Raises InvalidInput for a limit below 1."""
        ...

    def export(self) -> Iterator[bytes]:
        """Yield the lines of a signed export of the log as it is now. Whoever asks records it, before."""
        ...

    def checkpoint(self) -> str:
        """Sign the log's size and root, keep that and return the note."""
        ...
