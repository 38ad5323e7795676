"""Every error that SecureVision raises on purpose.

    SecureVisionError
    ├── InvalidInput         what was given cannot be used: a file, a setting, a query
    ├── NotFound             the thing named does not exist
    ├── Unauthenticated      nobody proved who they are
    ├── Forbidden            somebody did, and may not
    │   └── StepUpRequired       they may once they have proved again who they are
    ├── Conflict             it contradicts what is there: a name that is taken, the last administrator
    ├── TooManyRequests      it was tried too often; later it may be tried again
    ├── Unavailable          something needed is not there now: models, a port, the database
    │   └── SourceError      a camera or file gives no video
    │       └── SourceRefused    it answered and said no: wrong password, no such stream
    └── StorageFull          no room left to store an event

A message is one sentence that names the thing and, where there is one, the remedy. It holds no secret:
whoever raises the error has already removed credentials from it. The API maps `kind` to a status code
in one table (`api/problems.py`); the command line prints the message and exits with 1.
"""

from enum import StrEnum
from typing import ClassVar


class ErrorKind(StrEnum):
    """What went wrong, as a program needs to know it."""

    INVALID_INPUT = "invalid_input"
    NOT_FOUND = "not_found"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    STEP_UP_REQUIRED = "step_up_required"
    CONFLICT = "conflict"
    TOO_MANY_REQUESTS = "too_many_requests"
    UNAVAILABLE = "unavailable"
    STORAGE_FULL = "storage_full"


class SecureVisionError(Exception):
    """Base of the hierarchy; never raised itself."""

    kind: ClassVar[ErrorKind]


class InvalidInput(SecureVisionError):
    """What was given cannot be used."""

    kind = ErrorKind.INVALID_INPUT


class NotFound(SecureVisionError):
    """The thing named does not exist."""

    kind = ErrorKind.NOT_FOUND


class Unauthenticated(SecureVisionError):
    """Nobody proved who they are."""

    kind = ErrorKind.UNAUTHENTICATED


class Forbidden(SecureVisionError):
    """Somebody proved who they are, and may not do this."""

    kind = ErrorKind.FORBIDDEN


class StepUpRequired(Forbidden):
    """Somebody may do this once they have proved again, within minutes, who they are."""

    kind = ErrorKind.STEP_UP_REQUIRED


class Conflict(SecureVisionError):
    """What was asked for contradicts what is there."""

    kind = ErrorKind.CONFLICT


class TooManyRequests(SecureVisionError):
    """It was tried too often."""

    kind = ErrorKind.TOO_MANY_REQUESTS

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Unavailable(SecureVisionError):
    """Something needed is not there now."""

    kind = ErrorKind.UNAVAILABLE


class SourceError(Unavailable):
    """A camera or a file gives no video; trying again soon may help."""


class SourceRefused(SourceError):
    """The camera answered and said no; trying again soon would only lock the account."""


class StorageFull(SecureVisionError):
    """There is no room left to store something."""

    kind = ErrorKind.STORAGE_FULL
