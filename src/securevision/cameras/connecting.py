"""Opens what a source reads: the only place from which a camera is reached."""

import os
import socket
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from securevision.cameras.addresses import Scheme, SourceAddress
from securevision.cameras.failures import explain_opening
from securevision.cameras.network_policy import NetworkPolicy
from securevision.errors import SourceError

CONNECT_TIMEOUT_S = 5.0


def open_descriptor(address: SourceAddress, policy: NetworkPolicy, demo_clip: Path | None) -> int:
    """Return an open descriptor of a camera, connected, or of a file or device; the caller owns it.

    The camera's name is looked up once, every address of it is checked, and no other is used.
    Raises SourceError, SourceRefused.
    """
    match address.scheme:
        case Scheme.FILE | Scheme.DEMO:
            path = demo_clip if address.scheme is Scheme.DEMO else address.path
            if path is None:
                raise SourceError("There is no demo clip here; run `securevision demo`, which makes one.")
            return _open_file(path)
        case Scheme.DEVICE:
            return _open_device(address.path or Path())
        case _:
            return _connected(address, policy)


def _connected(address: SourceAddress, policy: NetworkPolicy) -> int:
    try:
        pinned = policy.pin(address, CONNECT_TIMEOUT_S)
        return _first_that_answers(pinned, address.port, CONNECT_TIMEOUT_S)
    except (OSError, ValueError) as error:
        raise explain_opening(error, address.display, CONNECT_TIMEOUT_S) from None


def _first_that_answers(pinned: Sequence[str], port: int, limit_s: float) -> int:
    each_s = limit_s / len(pinned)
    for ip in pinned[:-1]:
        with suppress(OSError):
            return _connect(ip, port, each_s)
    return _connect(pinned[-1], port, each_s)


def _connect(ip: str, port: int, timeout_s: float) -> int:
    connection = socket.create_connection((ip, port), timeout_s)
    connection.setblocking(True)  # noqa: FBT003 - its only parameter
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection.detach()


def _open_file(path: Path) -> int:
    descriptor = _open(path, os.O_RDONLY, "the path of the video file")
    information = os.fstat(descriptor)
    if not stat.S_ISREG(information.st_mode):
        os.close(descriptor)
        raise SourceError(f"{path} is not a file; give the path of a video file.")
    if information.st_size == 0:
        os.close(descriptor)
        raise SourceError(f"{path} is empty; record or copy it again.")
    return descriptor


def _open_device(path: Path) -> int:
    descriptor = _open(path, os.O_RDWR, "that the camera is plugged in")
    if not stat.S_ISCHR(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise SourceError(f"{path} is not a video device; give the path of one, such as /dev/video0.")
    return descriptor


def _open(path: Path, flags: int, what: str) -> int:
    try:
        # Not blocking: a pipe that is named as a file would keep us waiting for its writer.
        return os.open(path, flags | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK)
    except FileNotFoundError:
        raise SourceError(f"{path} does not exist; check {what}.") from None
    except PermissionError:
        raise SourceError(f"{path} may not be read; give this user the right to read it.") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a path"
        raise SourceError(f"{path} cannot be read: {reason}.") from None
