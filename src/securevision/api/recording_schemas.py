"""What the API says and takes about recordings, as JSON."""

from typing import Annotated

from pydantic import BaseModel, Field

from securevision.api.access_schemas import Body, CameraName
from securevision.api.cursors import decode_cursor, encode_cursor
from securevision.api.schemas import MAX_INTEGER
from securevision.domain.events import EventPosition
from securevision.domain.recordings import (
    Recording,
    RecordingKind,
    RecordingPage,
    RecordingPosition,
    RecordingQuery,
)
from securevision.domain.rights import Cameras


class RecordingBody(BaseModel):
    """A recording; times are milliseconds since the Unix epoch."""

    id: int
    camera: str
    """It may be gone."""
    kind: RecordingKind
    begin_ms: int
    end_ms: int | None
    """Null while it grows."""
    size: int
    """In bytes; while it grows, those of a while ago."""
    kept: bool
    mime: str


class RecordingsBody(BaseModel):
    """One page of recordings, newest first."""

    recordings: list[RecordingBody]
    next_cursor: str | None


class EventRecordingsBody(BaseModel):
    """The recordings that show an event, oldest first."""

    recordings: list[RecordingBody]


class KeptBody(Body):
    """Whether a recording is kept for good."""

    kept: bool


class VideoParameters(BaseModel):
    """How a recording is wanted."""

    inline: bool = False
    """To be shown rather than saved."""


class RecordingsParameters(BaseModel):
    """Which recordings are wanted."""

    camera: CameraName | None = None
    since: Annotated[int, Field(ge=0, le=MAX_INTEGER)] | None = None
    """Only those that began at this time or later."""
    before: Annotated[int, Field(ge=0, le=MAX_INTEGER)] | None = None
    """Only those that began earlier than this."""
    limit: Annotated[int, Field(ge=1, le=1000)] = 100
    cursor: Annotated[str, Field(max_length=100)] | None = None

    def query(self, seen: Cameras) -> RecordingQuery:
        """Return the query, of the cameras that one may see. Raises InvalidInput for a cursor that is none."""
        ends = [] if self.before is None else [RecordingPosition(self.before, 0)]
        if self.cursor is not None:
            position = decode_cursor(self.cursor)
            ends.append(RecordingPosition(position.ts_ms, position.id))
        return RecordingQuery(
            since_ms=self.since,
            before=min(ends, default=None),
            limit=self.limit,
            cameras=seen if self.camera is None else seen & Cameras(frozenset({self.camera})),
        )


def recording_body(recording: Recording) -> RecordingBody:
    """Return a recording."""
    return RecordingBody(
        id=recording.id,
        camera=recording.camera_id,
        kind=recording.kind,
        begin_ms=recording.begin_ms,
        end_ms=recording.end_ms,
        size=recording.size,
        kept=recording.kept,
        mime=recording.mime,
    )


def recordings_body(page: RecordingPage) -> RecordingsBody:
    """Return a page of recordings."""
    following = page.next and encode_cursor(EventPosition(page.next.begin_ms, page.next.id))
    return RecordingsBody(
        recordings=[recording_body(each) for each in page.recordings], next_cursor=following
    )
