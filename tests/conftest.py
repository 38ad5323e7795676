"""System programs that some tests need: without them a test is skipped, and in CI it fails."""

import os
import subprocess
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import pytest

from fakes.models import models
from securevision.settings import Settings
from securevision.wiring.demo import Demo, prepare_demo

_RTSP_PROBE = """
import gi
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gst, GstRtspServer
Gst.init(None)
assert all(Gst.ElementFactory.find(name) for name in ("h264parse", "rtph264pay", "h265parse", "rtph265pay"))
"""


@cache
def _has_rtsp_server() -> bool:
    try:
        probe = subprocess.run(
            ["/usr/bin/python3", "-c", _RTSP_PROBE], capture_output=True, timeout=30, check=False
        )
    except OSError:
        return False
    return probe.returncode == 0


def _has_chromium() -> bool:
    return all(Path(program).exists() for program in ("/usr/bin/chromium", "/usr/bin/chromedriver"))


_PROGRAMS: Mapping[str, tuple[str, Callable[[], bool]]] = {
    "needs_rtsp": ("the GStreamer RTSP server", _has_rtsp_server),
    "needs_chromium": ("Chromium and ChromeDriver", _has_chromium),
}


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The demo's clip and gallery, made once; for tests that are marked `needs_models`."""
    settings = Settings()
    settings.storage.directory = tmp_path_factory.mktemp("demo-files")
    return prepare_demo(settings, models(), "SV26DEM", print)


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker, (program, is_here) in _PROGRAMS.items():
        if item.get_closest_marker(marker) and not is_here():
            reason = f"needs {program}: run `make test-deps`"
            if os.environ.get("CI") == "true":
                pytest.fail(reason, pytrace=False)
            pytest.skip(reason)
