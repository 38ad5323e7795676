"""What is kept."""

from collections.abc import Callable, Sequence
from typing import Protocol

from securevision.domain.audit import AuditDraft
from securevision.domain.events import Event, EventDraft, EventPage, EventQuery
from securevision.domain.people import Person, Template

EnrolmentEntry = Callable[[int, str, int], AuditDraft]
"""Makes the audit entry of somebody who was enrolled, from their number, name and how many photos were new."""


class EventStore(Protocol):
    """Events with their crops. Each call may be made from any thread, and is done when it returns.

    Every method raises StorageFull when there is no room and Unavailable when the database cannot be
    used; what was stored before stays.
    """

    def add(self, draft: EventDraft, crop: bytes | None) -> Event:
        """Store a new event, version 1."""
        ...

    def revise(self, event_id: int, draft: EventDraft, crop: bytes | None) -> Event:
        """Replace the payload, and the crop unless it is None; the version grows by 1, times stay.

        Raises NotFound when the event is gone.
        """
        ...

    def get(self, event_id: int) -> Event | None:
        """Return one event, or None."""
        ...

    def crop(self, event_id: int) -> bytes | None:
        """Return the JPEG of an event, or None."""
        ...

    def page(self, query: EventQuery) -> EventPage:
        """Return events newest first, by (ts_ms, id). Raises InvalidInput for a limit below 1."""
        ...

    def delete_created_before(self, created_ms: int) -> int:
        """Delete events stored before that moment, with their crops; return how many."""
        ...


class PeopleStore(Protocol):
    """The gallery. As EventStore for threads and errors."""

    def enrol(self, templates: Sequence[Template], audit: EnrolmentEntry) -> int:
        """Add templates, making people as needed; return how many were new. All are added or none.

        Raises InvalidInput for an embedding that is not 128 finite numbers.
        """
        ...

    def remove(self, person_name: str, audit: Callable[[int], AuditDraft]) -> int:
        """Delete a person with all templates, and their name from the audit log; return how many templates.

        `audit` makes the entry from the person's number. Raises NotFound.
        """
        ...

    def people(self) -> Sequence[Person]:
        """Return everybody, by name."""
        ...

    def templates(self) -> Sequence[Template]:
        """Return all templates."""
        ...

    def revision(self) -> int:
        """Return a number that changes whenever the gallery does, also by another process."""
        ...
