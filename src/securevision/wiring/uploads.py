"""Pictures that somebody gave us, looked at in a sealed process that lives no longer than they do."""

from collections.abc import Iterator
from contextlib import contextmanager

from securevision.clock import SystemClock
from securevision.recognition.gallery_folder import LookAt
from securevision.runtime.recognition_desk import RecognitionDesk
from securevision.settings import Settings
from securevision.wiring.engine import recogniser_kind
from securevision.wiring.models import Models


@contextmanager
def recogniser(settings: Settings, models: Models) -> Iterator[LookAt]:
    """Give what looks at picture files. Raises Unavailable when it cannot be started."""
    kind = recogniser_kind(settings, models)
    desk = RecognitionDesk(kind, SystemClock(), threads=1, deliver=lambda _: None)
    desk.worker.start()
    try:
        desk.wait_until_ready()
        yield desk.look_at
    finally:
        desk.close()
