"""Tests that need a program of the system are skipped where it is missing, and fail in CI."""

import functools
import os
import subprocess

import pytest

from fakes.camera import SYSTEM_PYTHON

_PROBE = (
    "import gi; gi.require_version('Gst', '1.0'); gi.require_version('GstRtspServer', '1.0')\n"
    "from gi.repository import Gst, GstRtspServer; Gst.init(None)\n"
    "assert all(map(Gst.ElementFactory.find, ('appsrc', 'h264parse', 'h265parse', 'rtph264pay', 'rtph265pay')))"
)


@functools.cache
def _rtsp_server_works() -> bool:
    try:
        done = subprocess.run([SYSTEM_PYTHON, "-c", _PROBE], capture_output=True, timeout=30, check=False)
    except OSError:
        return False
    return done.returncode == 0


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("needs_rtsp") is None or _rtsp_server_works():
        return
    reason = "the GStreamer RTSP server is not installed: run `make test-deps` as root"
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
