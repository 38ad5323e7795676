"""A person and a car before a real RTSP camera, watched as a user does it."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import av
import pytest

from fakes.camera import Camera
from securevision.wiring.demo import Demo

pytestmark = [pytest.mark.needs_models, pytest.mark.needs_rtsp]

PATIENCE = 90


def as_a_camera_sends_it(clip: Path, destination: Path) -> Path:
    """Write the clip as bare H.264, each picture in four slices, as many cameras do."""
    with av.open(str(clip)) as source, av.open(str(destination), "w", format="h264") as target:
        options = {"preset": "ultrafast", "crf": "24", "g": "30", "bf": "0", "x264-params": "aud=1:slices=4"}
        stream = target.add_stream("libx264", rate=15, options=options)
        stream.width, stream.height, stream.pix_fmt = 1280, 720, "yuv420p"
        for frame in source.decode(video=0):
            frame.pts = None
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    return destination


def test_the_face_and_the_plate_before_a_camera_are_recognised(demo: Demo, tmp_path: Path) -> None:
    clip = as_a_camera_sends_it(demo.clip, tmp_path / "clip.h264")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SECUREVISION__")}
    environment["SECUREVISION__CAMERA__ALLOW_LOOPBACK"] = "true"
    with Camera(clip) as camera:
        watching = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "securevision",
                "watch",
                camera.address(),
                "--gallery",
                demo.gallery,
                "--json",
            ],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            # A shell starts background jobs with interruptions ignored, and children inherit that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - nothing is locked
        )
        watchdog = threading.Timer(PATIENCE, watching.kill)
        watchdog.start()
        assert watching.stdout is not None
        seen = set()
        for line in watching.stdout:
            payload = json.loads(line)["payload"]
            seen.add(payload.get("person_name") or payload.get("plate_text"))
            if {"eileen_collins", "SV26DEM"} <= seen:
                break
        watching.send_signal(signal.SIGINT)
        watching.stdout.close()
        code = watching.wait(PATIENCE)
        watchdog.cancel()
    assert seen == {"eileen_collins", "SV26DEM"}
    assert code == 130
