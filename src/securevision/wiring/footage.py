"""Where recordings and pictures are, and how long."""

from dataclasses import dataclass

from securevision.clock import SystemClock
from securevision.runtime.retention import RecordingRetention
from securevision.settings import Settings
from securevision.store.footage_files import EventPictures, RecordingFiles
from securevision.wiring.storage import Storage

_RECORDINGS, _PICTURES = "recordings", "pictures"
_GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Footage:
    """The files."""

    recordings: RecordingFiles
    pictures: EventPictures

    def retention(self, settings: Settings, storage: Storage) -> RecordingRetention:
        """Return what deletes recordings when they are old, or too many."""
        footage = settings.footage
        return RecordingRetention(
            storage.recordings,
            self.recordings,
            SystemClock(),
            days=footage.retention_days,
            max_bytes=round(footage.max_gib * _GIB),
        )

    def forget_pictures(self, storage: Storage) -> None:
        """Delete the pictures of events that are gone."""
        self.pictures.delete_before(storage.events.oldest_id())


def open_footage(settings: Settings) -> Footage:
    """Open the directories, made as needed. Raises Unavailable."""
    directory = settings.storage.directory
    return Footage(RecordingFiles(directory / _RECORDINGS), EventPictures(directory / _PICTURES))
