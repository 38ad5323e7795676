"""The core's answer to a worker that needs a connection."""

import logging

from securevision.domain.ports.cameras import Connect
from securevision.errors import SecureVisionError, SourceRefused
from securevision.runtime.camera_thread import INTERNAL_ERROR
from securevision.runtime.messages import Connected, NeedConnection
from securevision.telemetry.redaction import redact

_log = logging.getLogger(__name__)


def connected(need: NeedConnection, connect: Connect) -> tuple[Connected, list[int]]:
    """Connect, and return the answer with the descriptor for it, if any, which is the caller's.

    The worker has no say in where its camera is. Whatever goes wrong, it has an answer.
    """
    failure, refused = "", False
    try:
        return Connected(need.camera, need.serial, failure, refused=refused), [connect()]
    except SecureVisionError as error:
        failure, refused = redact(str(error)), isinstance(error, SourceRefused)
    except Exception:  # noqa: BLE001 - see above
        _log.exception("Camera %s could not be connected.", need.camera)
        failure = INTERNAL_ERROR
    return Connected(need.camera, need.serial, failure, refused=refused), []
