"""A simulated camera, made by others, found by multicast and asked for its streams, in a network of its own.

This file is also the program that runs there.
"""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from fakes.network_namespace import run_alone
from securevision.cameras.addresses import parse_address
from securevision.cameras.authentication import Login
from securevision.cameras.network_policy import NetworkPolicy
from securevision.cameras.onvif.client import OnvifClient
from securevision.cameras.onvif.discovery import merge_answers
from securevision.cameras.onvif.probing import discover
from securevision.clock import SystemClock
from securevision.errors import SourceRefused

PYTHON = Path(__file__).parents[2] / ".venv-onvif/bin/python"
PORT = 8080
PASSWORD = "s<cr>t & more"
SIMULATOR = """
import sys
from ipycam import CameraConfig, IPCamera
camera = IPCamera(CameraConfig(
    name="Gate", local_ip="127.0.0.1", onvif_port=int(sys.argv[1]), username="admin", password=sys.argv[2]))
assert camera.start()
print("up", flush=True)
sys.stdin.read()
camera.stop()
"""

pytestmark = [
    pytest.mark.needs_onvif,
    pytest.mark.skipif(
        not PYTHON.exists(), reason="the simulated camera is not installed: run scripts/onvif-simulator.sh"
    ),
]


@pytest.fixture(scope="module")
def seen() -> Mapping[str, Any]:
    return run_alone(Path(__file__))


def test_it_is_found(seen: Mapping[str, Any]) -> None:
    (found,) = seen["found"]
    assert found["name"] == "Gate"
    assert found["addresses"] == [f"http://127.0.0.1:{PORT}/onvif/device_service"]


def test_it_tells_its_streams_to_the_right_login(seen: Mapping[str, Any]) -> None:
    camera = seen["camera"]
    assert (camera["manufacturer"], camera["model"], camera["firmware"]) == (
        "PythonCam",
        "VirtualCam-1",
        "1.3.0",
    )
    main, sub = camera["profiles"]
    assert (main["name"], main["codec"], main["width"], main["height"]) == ("MainStream", "h264", 1920, 1080)
    assert (sub["name"], sub["codec"], sub["width"], sub["height"]) == ("SubStream", "h264", 640, 360)
    assert [main["address"], sub["address"]] == [
        "rtsp://127.0.0.1:8554/video_main",
        "rtsp://127.0.0.1:8554/video_sub",
    ]


def test_it_tells_a_wrong_login_nothing(seen: Mapping[str, Any]) -> None:
    assert "refuses the user name or password" in seen["refused"]


@contextmanager
def simulator() -> Iterator[None]:
    with subprocess.Popen(
        [PYTHON, "-c", SIMULATOR, str(PORT), PASSWORD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        yield
        process.communicate(timeout=20)


def main() -> None:
    clock = SystemClock()

    def client(address: str, password: str) -> OnvifClient:
        return OnvifClient(
            lambda: socket.create_connection(("127.0.0.1", PORT)).detach(),
            parse_address(address),
            Login("admin", password),
            clock,
        )

    with simulator():
        found = merge_answers(discover(NetworkPolicy(allow_loopback=True), clock, 1.0))
        address = found[0].addresses[0]
        camera = client(address, PASSWORD).describe()
        refused = ""
        try:
            client(address, "wrong").describe()
        except SourceRefused as error:
            refused = str(error)
    json.dump(
        {"found": [asdict(each) for each in found], "camera": asdict(camera), "refused": refused}, sys.stdout
    )


if __name__ == "__main__":
    main()
