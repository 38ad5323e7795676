"""What is kept."""

from collections.abc import Callable, Sequence
from typing import BinaryIO, Protocol

from securevision.domain.audit import AuditDraft
from securevision.domain.cameras import Camera, CameraConfig, SealedAddress
from securevision.domain.events import Event, EventDraft, EventPage, EventQuery
from securevision.domain.people import Person, Template
from securevision.domain.recordings import (
    Recording,
    RecordingKind,
    RecordingPage,
    RecordingQuery,
    RecordingSizes,
)

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

    def oldest_id(self) -> int:
        """Return the number of the oldest event; when there is none, one larger than any."""
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


class CameraStore(Protocol):
    """The cameras. As EventStore for threads and errors. Each change is logged with it, or not made."""

    def all(self) -> Sequence[Camera]:
        """Return all cameras, by id."""
        ...

    def get(self, camera_id: str) -> Camera | None:
        """Return one camera, or None."""
        ...

    def sealed_address(self, camera_id: str) -> bytes:
        """Return the whole address, with its login, for the AddressVault to open. Raises NotFound."""
        ...

    def add(self, config: CameraConfig, address: SealedAddress, audit: AuditDraft) -> Camera:
        """Add a camera. Raises Conflict when its id is taken, or there are 64."""
        ...

    def change(self, config: CameraConfig, address: SealedAddress | None, audit: AuditDraft) -> Camera:
        """Change the camera of that id; its address stays when it is None. Raises NotFound."""
        ...

    def remove(self, camera_id: str, audit: AuditDraft) -> None:
        """Delete a camera with its address; its events and recordings stay. Raises NotFound."""
        ...

    def revision(self) -> int:
        """Return a number that changes whenever a camera does, also by another process."""
        ...


class RecordingStore(Protocol):
    """What is known of recordings. As EventStore for threads and errors.

    The files are their maker's and their deleter's. A row comes before its file and goes before it, so a file
    without a row is one that nobody wants any more.
    """

    def begin(self, camera_id: str, kind: RecordingKind, begin_ms: int, mime: str) -> Recording:
        """Note a new recording, which grows; its id was never used before. Raises InvalidInput for the type."""
        ...

    def grow(self, recording_id: int, size: int) -> None:
        """Note how many bytes it has now; every few seconds is often enough. Raises NotFound as `end`."""
        ...

    def end(self, recording_id: int, end_ms: int, size: int) -> Recording:
        """Note that it is complete. Raises NotFound unless it is there and grows."""
        ...

    def get(self, recording_id: int) -> Recording | None:
        """Return one recording, or None."""
        ...

    def page(self, query: RecordingQuery) -> RecordingPage:
        """Return recordings newest first, by (begin_ms, id). Raises InvalidInput for a limit below 1."""
        ...

    def overlapping(self, camera_id: str, from_ms: int, to_ms: int, limit: int) -> Sequence[Recording]:
        """Return recordings of a camera with anything between the two times, both included, oldest first."""
        ...

    def keep(self, recording_id: int, audit: AuditDraft, *, kept: bool) -> Recording:
        """Keep a recording for good, or let it go. Raises NotFound."""
        ...

    def delete(self, recording_id: int, audit: AuditDraft | None) -> Recording:
        """Forget a recording and return what it was; None stands for retention, which is not logged one by one.

        Raises NotFound, and Conflict for one that is kept or grows.
        """
        ...

    def open_ones(self) -> Sequence[Recording]:
        """Return those that grow: at a start, those that a crash left."""
        ...

    def expired(self, older_than_ms: int, limit: int) -> Sequence[Recording]:
        """Return the oldest that ended before that moment, neither kept nor growing."""
        ...

    def oldest_unkept(self, limit: int) -> Sequence[Recording]:
        """Return the oldest, neither kept nor growing."""
        ...

    def sizes(self) -> RecordingSizes:
        """Return how many bytes there are in all, growing ones as last noted."""
        ...


class PictureStore(Protocol):
    """The whole frame of each event, as a file."""

    def put(self, event_id: int, jpeg: bytes) -> None:
        """Keep the picture of an event, in place of an older one. Raises StorageFull, Unavailable."""
        ...

    def get(self, event_id: int) -> bytes | None:
        """Return the picture of an event, or None. Raises Unavailable."""
        ...

    def delete_before(self, event_id: int) -> None:
        """Delete the pictures of all events with a smaller number, whose events are gone. Raises Unavailable."""
        ...


class FootageFiles(Protocol):
    """The files of recordings, named by their number. Any thread."""

    def create(self, number: int) -> BinaryIO:
        """Open a new file to write. Raises StorageFull, Unavailable."""
        ...

    def finish(self, file: BinaryIO) -> None:
        """Close a file once what was written to it is on the disk; a disk that fails then is logged."""
        ...

    def open(self, number: int) -> BinaryIO | None:
        """Open the file of a recording to read, also while it grows; None when there is none. Raises Unavailable."""
        ...

    def measure(self, number: int) -> tuple[int, int]:
        """Return the bytes of a file, and when it last changed in milliseconds since the Unix epoch; zeros if none."""
        ...

    def delete(self, number: int) -> None:
        """Delete the file of a recording; none is no matter. Raises Unavailable."""
        ...

    def delete_unknown(self, is_known: Callable[[int], bool]) -> None:
        """Delete the files of recordings that are not known."""
        ...
