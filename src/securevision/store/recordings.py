"""What is known of recordings, in the database."""

from collections.abc import Callable, Sequence

from sqlalchemy import Connection, Select, delete, func, insert, select, tuple_, update

from securevision.domain.audit import AuditDraft
from securevision.domain.ports.clock import Clock
from securevision.domain.recordings import (
    Recording,
    RecordingKind,
    RecordingPage,
    RecordingPosition,
    RecordingQuery,
    RecordingSizes,
)
from securevision.domain.rights import NO_CAMERAS
from securevision.errors import Conflict, InvalidInput, NotFound
from securevision.store.camera_tables import RecordingRow, recordings
from securevision.store.change_log import ChangeLog
from securevision.store.database import Database
from securevision.store.values import int64, these

_ALL = select(recordings)
_OLDEST_FIRST = (recordings.c.begin_ms, recordings.c.id)
_GROWS = recordings.c.end_ms.is_(None)


class SqlRecordingStore:
    """The RecordingStore of a Database."""

    def __init__(self, database: Database, clock: Clock, entropy: Callable[[int], bytes]) -> None:
        self._database = database
        self._log = ChangeLog(clock, entropy)

    def begin(self, camera_id: str, kind: RecordingKind, begin_ms: int, mime: str) -> Recording:
        """Note a new recording, which grows. Raises InvalidInput for the type."""
        statement = (
            insert(recordings)
            .values(
                camera_id=camera_id,
                kind=kind.value,
                begin_ms=begin_ms,
                end_ms=None,
                size=0,
                kept=False,
                mime=mime,
            )
            .returning(recordings)
        )
        return self._database.write(lambda connection: _recording(connection.execute(statement).one()))

    def grow(self, recording_id: int, size: int) -> None:
        """Note how many bytes it has now. Raises NotFound unless it is there and grows."""
        statement = (
            update(recordings).where(recordings.c.id == int64(recording_id), _GROWS).values(size=int64(size))
        )
        if not self._database.write(lambda connection: connection.execute(statement).rowcount):
            raise _does_not_grow(recording_id)

    def end(self, recording_id: int, end_ms: int, size: int) -> Recording:
        """Note that it is complete. Raises NotFound unless it is there and grows."""
        statement = (
            update(recordings)
            .where(recordings.c.id == int64(recording_id), _GROWS)
            # The clock may have been set back.
            .values(end_ms=func.max(recordings.c.begin_ms, int64(end_ms)), size=int64(size))
        )

        def work(connection: Connection) -> Recording:
            if not connection.execute(statement).rowcount:
                raise _does_not_grow(recording_id)
            return _the_recording(connection, recording_id)

        return self._database.write(work)

    def get(self, recording_id: int) -> Recording | None:
        """Return one recording, or None."""
        statement = _ALL.where(recordings.c.id == int64(recording_id))
        return next(iter(self._read(statement)), None)

    def page(self, query: RecordingQuery) -> RecordingPage:
        """Return recordings newest first, by (begin_ms, id). Raises InvalidInput for a limit below 1."""
        if query.limit < 1:
            raise InvalidInput("A page has a limit of 1 recording or more.")
        if query.cameras == NO_CAMERAS:
            return RecordingPage((), None)
        # One more than asked for tells whether there is a next page.
        statement = _ALL.order_by(recordings.c.begin_ms.desc(), recordings.c.id.desc()).limit(
            int64(query.limit + 1)
        )
        if query.cameras.names is not None:
            statement = statement.where(recordings.c.camera_id.in_(these(query.cameras.names)))
        if query.since_ms is not None:
            statement = statement.where(recordings.c.begin_ms >= int64(query.since_ms))
        if query.before is not None:
            before = (int64(query.before.begin_ms), int64(query.before.id))
            statement = statement.where(tuple_(*_OLDEST_FIRST) < before)
        found = self._read(statement)
        page = tuple(found[: query.limit])
        more = len(found) > query.limit
        return RecordingPage(page, RecordingPosition(page[-1].begin_ms, page[-1].id) if more else None)

    def overlapping(self, camera_id: str, from_ms: int, to_ms: int, limit: int) -> Sequence[Recording]:
        """Return recordings of a camera with anything between the two times, both included, oldest first."""
        return self._read(
            _ALL.where(
                recordings.c.camera_id == camera_id,
                recordings.c.begin_ms <= int64(to_ms),
                _GROWS | (recordings.c.end_ms >= int64(from_ms)),
            )
            .order_by(*_OLDEST_FIRST)
            .limit(int64(limit))
        )

    def keep(self, recording_id: int, audit: AuditDraft, *, kept: bool) -> Recording:
        """Keep a recording for good, or let it go. Raises NotFound."""
        statement = update(recordings).where(recordings.c.id == int64(recording_id)).values(kept=kept)

        def work(connection: Connection) -> Recording:
            connection.execute(statement)
            recording = _the_recording(connection, recording_id)
            self._log.write(connection, audit)
            return recording

        return self._database.write(work)

    def delete(self, recording_id: int, audit: AuditDraft | None) -> Recording:
        """Forget a recording and return what it was. Raises NotFound, and Conflict for one that is kept or grows."""
        statement = delete(recordings).where(recordings.c.id == int64(recording_id))

        def work(connection: Connection) -> Recording:
            recording = _the_recording(connection, recording_id)
            if recording.kept:
                raise Conflict(f"Recording {recording_id} is kept; let it go first.")
            if recording.end_ms is None:
                raise Conflict(f"Recording {recording_id} is still being made; delete it when it has ended.")
            connection.execute(statement)
            self._log.write(connection, audit)
            return recording

        return self._database.write(work)

    def open_ones(self) -> Sequence[Recording]:
        """Return those that grow."""
        return self._read(_ALL.where(_GROWS).order_by(recordings.c.id))

    def expired(self, older_than_ms: int, limit: int) -> Sequence[Recording]:
        """Return the oldest that ended before that moment, neither kept nor growing."""
        moment = int64(older_than_ms)
        # That they began before it, too, is all that the index knows.
        return self._read(_unkept(limit).where(recordings.c.begin_ms < moment, recordings.c.end_ms < moment))

    def oldest_unkept(self, limit: int) -> Sequence[Recording]:
        """Return the oldest, neither kept nor growing."""
        return self._read(_unkept(limit))

    def sizes(self) -> RecordingSizes:
        """Return how many bytes there are in all."""
        statement = select(recordings.c.kept, func.sum(recordings.c.size)).group_by(recordings.c.kept)
        rows = self._database.read(lambda connection: connection.execute(statement).all())
        found = dict(rows)
        return RecordingSizes(kept=found.get(True, 0), unkept=found.get(False, 0))

    def _read(self, statement: Select[*RecordingRow]) -> Sequence[Recording]:
        rows = self._database.read(lambda connection: connection.execute(statement).all())
        return [_recording(row) for row in rows]


def _unkept(limit: int) -> Select[*RecordingRow]:
    return _ALL.where(~recordings.c.kept, ~_GROWS).order_by(*_OLDEST_FIRST).limit(int64(limit))


def _the_recording(connection: Connection, recording_id: int) -> Recording:
    """Return it. Raises NotFound."""
    row = connection.execute(_ALL.where(recordings.c.id == int64(recording_id))).one_or_none()
    if row is None:
        raise NotFound(f"There is no recording {recording_id}.")
    return _recording(row)


def _does_not_grow(recording_id: int) -> NotFound:
    return NotFound(f"There is no recording {recording_id} that is still being made.")


def _recording(row: RecordingRow) -> Recording:
    recording_id, camera_id, kind, begin_ms, end_ms, size, kept, mime = row
    return Recording(recording_id, camera_id, RecordingKind(kind), begin_ms, end_ms, size, kept, mime)
