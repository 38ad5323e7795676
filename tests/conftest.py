"""What many tests share: the demo's files; and that a missing system program skips a test, and fails it in CI."""

import functools
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator

import hypothesis
import pytest

from fakes.camera import SYSTEM_PYTHON
from fakes.models import models
from securevision.settings import Settings
from securevision.telemetry.logs import RedactingFormatter
from securevision.wiring.demo import Demo, prepare_demo

# A run of `make test` can be repeated; `make soak` is what looks further.
hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None)
hypothesis.settings.load_profile("repeatable")

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


@pytest.fixture(autouse=True)
def log_as_it_was() -> Iterator[None]:
    """Undo what a command that runs in the test's process makes of the log, or later tests would find none."""
    root = logging.getLogger()
    level, hooks = root.level, (sys.excepthook, threading.excepthook, sys.unraisablehook)
    yield
    root.setLevel(level)
    for handler in root.handlers[:]:
        if isinstance(handler.formatter, RedactingFormatter):
            root.removeHandler(handler)
    logging.captureWarnings(capture=False)
    sys.excepthook, threading.excepthook, sys.unraisablehook = hooks


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The demo's clip and gallery, made once; for tests that are marked `needs_models`."""
    settings = Settings()
    settings.storage.directory = tmp_path_factory.mktemp("demo-files")
    return prepare_demo(settings, models(), "SV26DEM", print)
