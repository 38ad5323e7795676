"""A client of a camera on the loopback address."""

import socket
from typing import Protocol

import pytest

from fakes.onvif_camera import OnvifCamera as FakeCamera
from securevision.cameras.addresses import parse_address
from securevision.cameras.authentication import Login
from securevision.cameras.onvif.camera import OnvifCamera
from securevision.cameras.onvif.client import OnvifClient
from securevision.clock import SystemClock


class Describe(Protocol):
    """Asks a camera what it is."""

    def __call__(
        self, camera: FakeCamera, *, password: str | None = None, path: str = "", limit_s: float = 10.0
    ) -> OnvifCamera: ...


@pytest.fixture
def describe() -> Describe:
    def ask(
        camera: FakeCamera, *, password: str | None = None, path: str = "", limit_s: float = 10.0
    ) -> OnvifCamera:
        def connect() -> int:
            return socket.create_connection(("127.0.0.1", camera.port), 5.0).detach()

        login = Login(camera.user, camera.password if password is None else password)
        scheme = "http" if camera.tls is None else "https"
        address = parse_address(f"{scheme}://127.0.0.1:{camera.port}{path}")
        return OnvifClient(connect, address, login, SystemClock(), limit_s=limit_s).describe()

    return ask
