"""Recordings, of the cameras that one may see."""

import os
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated

from fastapi import Path, Query, Request, Response

from securevision.access import Demand, Permission, Principal
from securevision.api.downloads import Download
from securevision.api.guard import KnownPrincipal, Network
from securevision.api.held_rights import HeldRight
from securevision.api.identity import Identities
from securevision.api.places import Places
from securevision.api.problems import problem
from securevision.api.ranges import NotInFile, Span, wanted_span
from securevision.api.recording_schemas import (
    EventRecordingsBody,
    KeptBody,
    RecordingBody,
    RecordingsBody,
    RecordingsParameters,
    VideoParameters,
    recording_body,
    recordings_body,
)
from securevision.api.routes.events import EventId
from securevision.api.schemas import MAX_INTEGER
from securevision.api.services import ApiServices
from securevision.domain.audit import AuditAction, AuditDraft
from securevision.domain.recordings import Recording
from securevision.errors import NotFound

RecordingId = Annotated[int, Path(alias="id", ge=1, le=MAX_INTEGER)]
Parameters = Annotated[RecordingsParameters, Query()]
ShownAs = Annotated[VideoParameters, Query()]

MAX_DOWNLOADS, MAX_DOWNLOADS_OF_ONE = 64, 16
_OF_AN_EVENT = 100
_READ = Demand(Permission.RECORDINGS_READ)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST_MS = 253_402_300_799_000
"""The end of the year 9999, after which no calendar of ours goes."""


class RecordingRoutes:
    """Handlers that wait for the store; the framework runs them on its threads."""

    def __init__(self, services: ApiServices, identities: Identities) -> None:
        self._services = services
        self._identities = identities
        self._recordings = services.recordings
        self._files = services.recording_files
        self._audit = services.access.audit
        self._downloads = Places(
            MAX_DOWNLOADS, MAX_DOWNLOADS_OF_ONE, "Too many recordings are read already; close one first."
        )

    def page(self, parameters: Parameters, principal: KnownPrincipal) -> RecordingsBody:
        """Return recordings newest first, and where the next page starts."""
        return recordings_body(self._recordings.page(parameters.query(principal.cameras)))

    def of_event(self, event_id: EventId, principal: KnownPrincipal) -> EventRecordingsBody:
        """Return the recordings of the event's camera and time, oldest first."""
        event = self._services.events.get(event_id)
        if event is None or event.source_id not in principal.cameras:
            raise NotFound(f"There is no event {event_id}.")
        found = self._recordings.overlapping(event.source_id, event.ts_ms, event.ts_ms, _OF_AN_EVENT)
        return EventRecordingsBody(recordings=[recording_body(each) for each in found])

    def get(self, recording_id: RecordingId, principal: KnownPrincipal) -> RecordingBody:
        """Return one recording."""
        return recording_body(self._seen_by(principal, recording_id))

    def video(
        self,
        recording_id: RecordingId,
        parameters: ShownAs,
        request: Request,
        principal: KnownPrincipal,
        network: Network,
    ) -> Response:
        """Return the video of a recording, or the part that `Range` asks for; of one that grows, what is there."""
        recording = self._seen_by(principal, recording_id)
        self._audit.record_repeating(_draft(AuditAction.RECORDING_VIEWED, recording, principal, network))
        file = self._files.open(recording_id)
        if file is None:
            raise NotFound(f"There is no video of recording {recording_id}.")
        size = file.seek(0, os.SEEK_END)
        try:
            span = wanted_span(request.headers, size)
        except NotInFile:
            file.close()
            answer = problem(
                HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, "Nothing of the recording is in that range."
            )
            answer.headers["Content-Range"] = f"bytes */{size}"
            return answer
        right = HeldRight(
            self._identities, self._services.clock, _READ, principal, network, camera=recording.camera_id
        )
        headers = {
            "Content-Type": recording.mime,
            "Content-Disposition": _disposition(recording, inline=parameters.inline),
            "Accept-Ranges": "bytes",
        }
        status = HTTPStatus.OK
        if span is None:
            span = Span(0, size)
        else:
            status = HTTPStatus.PARTIAL_CONTENT
            headers["Content-Range"] = span.content_range(size)
        return Download(file, span, right, self._downloads, status_code=status, headers=headers)

    def keep(
        self, recording_id: RecordingId, body: KeptBody, principal: KnownPrincipal, network: Network
    ) -> RecordingBody:
        """Keep a recording for good, or let it go."""
        recording = self._seen_by(principal, recording_id)
        draft = _draft(AuditAction.RECORDING_KEPT, recording, principal, network, kept=str(body.kept).lower())
        return recording_body(self._recordings.keep(recording_id, draft, kept=body.kept))

    def remove(self, recording_id: RecordingId, principal: KnownPrincipal, network: Network) -> None:
        """Delete a recording that is neither kept nor growing."""
        recording = self._seen_by(principal, recording_id)
        draft = _draft(AuditAction.RECORDING_DELETED, recording, principal, network)
        self._recordings.delete(recording_id, draft)
        self._files.delete(recording_id)

    def _seen_by(self, principal: Principal, recording_id: int) -> Recording:
        """Return a recording. Raises NotFound, also when it is of a camera that they may not see."""
        recording = self._recordings.get(recording_id)
        if recording is None or recording.camera_id not in principal.cameras:
            raise NotFound(f"There is no recording {recording_id}.")
        return recording


def _disposition(recording: Recording, *, inline: bool) -> str:
    began = _EPOCH + timedelta(milliseconds=min(max(recording.begin_ms, 0), _LATEST_MS))
    name = f"{recording.camera_id}-{began:%Y%m%dT%H%M%SZ}.mp4"
    return f'{"inline" if inline else "attachment"}; filename="{name}"'


def _draft(
    action: AuditAction, recording: Recording, principal: Principal, network: str, **details: str
) -> AuditDraft:
    return AuditDraft(
        action,
        principal.actor,
        actor_name=principal.name,
        target=f"recording:{recording.id}",
        network=network,
        details={"camera": recording.camera_id, **details},
    )
