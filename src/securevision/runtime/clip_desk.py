"""Recordings: when each camera's begin and end, and where their bytes go."""

import logging
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import BinaryIO, Protocol

from securevision.domain.cameras import RecordingMode
from securevision.domain.ports.clock import Clock
from securevision.domain.ports.store import FootageFiles, RecordingStore
from securevision.domain.recordings import Recording, RecordingKind
from securevision.errors import Conflict, NotFound, SecureVisionError
from securevision.runtime.messages import ClipData, ClipEnded

_log = logging.getLogger(__name__)
POST_ROLL_S = 5.0
"""An event's recording goes on for so long after nothing is there any more."""
LONGEST_S = 300.0
"""A longer recording is several, which follow each other without a gap."""
_NOTED_EVERY_S = 5.0
_KINDS = {RecordingMode.EVENTS: RecordingKind.EVENT, RecordingMode.CONTINUOUS: RecordingKind.CONTINUOUS}


class ClipOrders(Protocol):
    """Who makes a camera send."""

    def begin_clip(self, camera: str, clip: int, *, replaces: int = 0) -> bool:
        """Ask for a clip; return whether somebody was there to ask."""
        ...

    def end_clip(self, camera: str, clip: int) -> None:
        """Ask for the end of a clip."""
        ...


@dataclass(slots=True)
class _Clip:
    number: int
    begun_s: float
    noted_s: float
    recording: Recording | None = None
    file: BinaryIO | None = None
    size: int = 0
    end_ms: int = 0
    is_over: bool = False
    """Its end was asked for, or another one follows it."""


@dataclass(slots=True)
class _Camera:
    mode: RecordingMode
    wanted_until_s: float = float("-inf")
    clips: list[_Clip] | None = None

    @property
    def open_clips(self) -> Sequence[_Clip]:
        return [clip for clip in self.clips or [] if not clip.is_over]


class ClipDesk:
    """All recordings that grow. Any thread."""

    def __init__(self, recordings: RecordingStore, files: FootageFiles, clock: Clock) -> None:
        self._recordings = recordings
        self._files = files
        self._clock = clock
        self._orders: ClipOrders | None = None
        self._lock = threading.RLock()
        self._cameras: dict[str, _Camera] = {}
        self._numbers = count(1)

    def use(self, orders: ClipOrders) -> None:
        """Take who makes cameras send, once."""
        self._orders = orders

    def recover(self) -> None:
        """End what a crash left growing, and delete files that nobody knows. Called before anything begins."""
        for recording in self._recordings.open_ones():
            size, changed_ms = self._files.measure(recording.id)
            if size:
                self._recordings.end(recording.id, max(changed_ms, recording.begin_ms), size)
                continue
            self._recordings.end(recording.id, recording.begin_ms, 0)
            with suppress(Conflict):  # somebody keeps it, and may let it go
                self._recordings.delete(recording.id, None)
        self._files.delete_unknown(lambda number: self._recordings.get(number) is not None)

    def set_mode(self, camera: str, mode: RecordingMode) -> None:
        """Say what is recorded of a camera, before it is watched."""
        with self._lock:
            self._cameras[camera] = _Camera(mode)

    def something_is_there(self, camera: str) -> None:
        """Record now and for a while."""
        with self._lock:
            record = self._cameras.get(camera)
            if record is None or record.mode is RecordingMode.OFF:
                return
            record.wanted_until_s = self._clock.monotonic() + POST_ROLL_S
            if not record.open_clips:
                self._begin(camera, record)

    def resumed(self, camera: str) -> None:
        """Take that a camera is read anew."""
        with self._lock:
            record = self._cameras.get(camera)
            if record is not None and self._is_wanted(record) and not record.open_clips:
                self._begin(camera, record)

    def lost(self, camera: str) -> None:
        """End the recordings of a camera that sends nothing more of them."""
        with self._lock:
            record = self._cameras.get(camera)
            for clip in list(record.clips or []) if record else []:
                self._finish(camera, clip)

    def tick(self) -> None:
        """End what is not wanted any more, and follow up what is too long."""
        now = self._clock.monotonic()
        with self._lock:
            for name, record in self._cameras.items():
                for clip in record.open_clips:
                    if not self._is_wanted(record):
                        clip.is_over = True
                        self._ask_end(name, clip)
                    elif now - clip.begun_s >= LONGEST_S:
                        clip.is_over = True
                        self._begin(name, record, replaces=clip.number)

    def take(self, message: ClipData | ClipEnded) -> None:
        """Take what a camera sent."""
        with self._lock:
            record = self._cameras.get(message.camera)
            clips = record.clips or [] if record else []
            clip = next((each for each in clips if each.number == message.clip), None)
            if record is None or clip is None:
                return
            if isinstance(message, ClipData):
                self._write(message, clip, _KINDS[record.mode])
                return
            was_wanted = not clip.is_over and self._is_wanted(record)
            self._finish(message.camera, clip)
            if was_wanted:
                # The camera's format changed, or its picture broke off; what follows is another recording.
                self._begin(message.camera, record)

    def close(self) -> None:
        """End all recordings."""
        with self._lock:
            for camera in list(self._cameras):
                self.lost(camera)

    def _is_wanted(self, record: _Camera) -> bool:
        if record.mode is RecordingMode.CONTINUOUS:
            return True
        return record.mode is RecordingMode.EVENTS and self._clock.monotonic() < record.wanted_until_s

    def _begin(self, camera: str, record: _Camera, *, replaces: int = 0) -> None:
        clip = _Clip(next(self._numbers), self._clock.monotonic(), self._clock.monotonic())
        if self._orders is not None and self._orders.begin_clip(camera, clip.number, replaces=replaces):
            record.clips = [*(record.clips or []), clip]

    def _ask_end(self, camera: str, clip: _Clip) -> None:
        if self._orders is not None:
            self._orders.end_clip(camera, clip.number)

    def _write(self, message: ClipData, clip: _Clip, kind: RecordingKind) -> None:
        try:
            if clip.recording is None:
                clip.recording = self._recordings.begin(message.camera, kind, message.begin_ms, message.mime)
                clip.file = self._files.create(clip.recording.id)
            if clip.file is not None:
                clip.file.write(message.data)
                # What the system has survives our own death.
                clip.file.flush()
                clip.size += len(message.data)
                clip.end_ms = max(clip.end_ms, message.begin_ms, message.end_ms)
            if self._clock.monotonic() - clip.noted_s >= _NOTED_EVERY_S:
                clip.noted_s = self._clock.monotonic()
                self._recordings.grow(clip.recording.id, clip.size)
        except (SecureVisionError, OSError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            _log.error("A recording of camera %s breaks off: %s", message.camera, reason)
            clip.is_over = True
            self._ask_end(message.camera, clip)
            self._finish(message.camera, clip)

    def _finish(self, camera: str, clip: _Clip) -> None:
        record = self._cameras[camera]
        record.clips = [each for each in record.clips or [] if each is not clip]
        if clip.file is not None:
            self._files.finish(clip.file)
        if clip.recording is None:
            return
        try:
            self._recordings.end(clip.recording.id, clip.end_ms or clip.recording.begin_ms, clip.size)
        except NotFound:
            # Somebody deleted it meanwhile.
            return
        except SecureVisionError as error:
            _log.error("A recording of camera %s could not be ended in the database: %s", camera, error)
