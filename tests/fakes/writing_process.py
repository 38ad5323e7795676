"""A process that stores events until it is ended: `python writing_process.py DATABASE [COUNT] [FILE_SIZE_LIMIT]`.

Prints the id of each event once it is stored, or the kind of error and its sentence. Under a limit to the
size of files it lifts the limit after the first error, stores one more event and ends.
"""

import resource
import sys
from pathlib import Path

from securevision.clock import SystemClock
from securevision.domain.events import EventDraft, FacePayload
from securevision.domain.geometry import Box
from securevision.errors import SecureVisionError
from securevision.store.database import Database
from securevision.store.events import SqlEventStore

DRAFT = EventDraft(1, "gate", 1, FacePayload("ada", 0.5, Box(0, 0, 1, 1)))
CROP = bytes(range(256)) * 64


def say(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def main(path: Path, count: int, limit: int) -> None:
    with Database.open(path) as database:
        store = SqlEventStore(database, SystemClock())
        if limit:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        for _ in range(count):
            try:
                say(store.add(DRAFT, CROP).id)
            except SecureVisionError as error:
                say(error.kind, error)
                break
        if limit:
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            say(store.add(DRAFT, CROP).id)


if __name__ == "__main__":
    arguments = [int(argument) for argument in sys.argv[2:]] + [10**9, 0][len(sys.argv[2:]) :]
    main(Path(sys.argv[1]), arguments[0], arguments[1])
