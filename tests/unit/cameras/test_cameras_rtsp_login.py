"""A camera that asks for a login and hangs up."""

import socket
from itertools import chain
from pathlib import Path

import pytest

from fakes.rtp_packets import Packetiser, access_units, interleaved
from fakes.rtsp_camera import opening
from securevision.cameras.addresses import parse_address
from securevision.cameras.rtsp_stream import RtspStream
from securevision.clock import SystemClock
from securevision.domain.video import AccessUnit
from securevision.errors import SourceError

ADDRESS = "rtsp://admin:p%40ss@camera.local/stream"
ASKS_AND_HANGS_UP = b"RTSP/1.0 401 No\r\nConnection: close\r\nWWW-Authenticate: Basic realm=x\r\n\r\n"


class HangingUp:
    """A camera that says something on each connection, then ends it; `heard` is what came on each."""

    def __init__(self, *says: bytes) -> None:
        self._ends: list[socket.socket] = []
        self._says = list(says)

    def connect(self) -> int:
        camera, viewer = socket.socketpair()
        self._ends.append(camera)
        camera.sendall(self._says.pop(0))
        camera.shutdown(socket.SHUT_WR)
        return viewer.detach()

    @property
    def heard(self) -> list[bytes]:
        return [_rest_of(end) for end in self._ends]


def _rest_of(end: socket.socket) -> bytes:
    with end:
        return b"".join(iter(lambda: end.recv(1 << 16), b""))


def read(camera: HangingUp) -> tuple[list[object], str]:
    """Return what a stream gave, and how it ended."""
    items: list[object] = []
    with pytest.raises(SourceError) as raised:
        items.extend(RtspStream(camera.connect, parse_address(ADDRESS), SystemClock()).items())
    return items, str(raised.value)


def test_a_camera_that_hangs_up_when_it_asks_for_a_login_gets_it_on_another_connection(
    raw_h264: Path,
) -> None:
    pictures = Packetiser("h264", 300).pictures(access_units("h264", raw_h264.read_bytes()))
    video = b"".join(map(interleaved, chain.from_iterable(pictures)))
    camera = HangingUp(ASKS_AND_HANGS_UP, b"".join([*opening(), video]))
    items, end = read(camera)
    assert end.endswith("ended the connection.")
    assert sum(isinstance(item, AccessUnit) for item in items) == 60
    first, second = camera.heard
    assert b"Authorization" not in first.partition(b"\r\n\r\n")[0]
    assert second.startswith(b"OPTIONS")
    assert b"Authorization: Basic" in second.partition(b"\r\n\r\n")[0]


@pytest.mark.parametrize(
    ("says", "sentence"),
    [
        ((ASKS_AND_HANGS_UP, ASKS_AND_HANGS_UP), "refuses the user name or password"),
        ((ASKS_AND_HANGS_UP, b""), "ended the connection"),
        ((b"".join(opening()[:1]),), "ended the connection"),
        ((ASKS_AND_HANGS_UP, b"".join(opening()[:2]) + ASKS_AND_HANGS_UP), "ended the connection"),
    ],
)
def test_it_is_connected_again_once_and_for_nothing_else(says: tuple[bytes, ...], sentence: str) -> None:
    camera = HangingUp(*says)
    assert sentence in read(camera)[1]
    assert len(camera.heard) == len(says)
