"""Starts the cameras, and tells when they saw what is in a picture."""

import os
import select
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from benchmarks.media.blocks import value_of
from benchmarks.media.clips import LENGTH, RATE

from fakes.camera import SYSTEM_PYTHON
from securevision.domain.ports.cameras import Luma

_PROGRAM = Path(__file__).with_name("paced_camera.py")


@dataclass(frozen=True, slots=True)
class Cameras:
    """The cameras of one server."""

    port: int
    begin_ms: float
    count: int
    late_ms: list[int] = field(default_factory=list, compare=False)
    """By how much the cameras themselves were late, the most of each second so far."""

    def address(self, index: int) -> str:
        return f"rtsp://127.0.0.1:{self.port}/{index}"

    def seen_ms(self, index: int, number: int, before_ms: float) -> float:
        """Return when that camera last saw the picture of a clip, before a time."""
        first = self.begin_ms + (number + index / self.count) * 1000 / RATE
        turn = LENGTH * 1000 / RATE
        return first + (before_ms - first) // turn * turn

    def age_ms(self, index: int, luma: Luma, now_ms: float) -> float | None:
        """Return how old a picture is; None when its number cannot be read."""
        number = read_number(luma)
        return None if number is None else now_ms - self.seen_ms(index, number, now_ms)


def read_number(luma: Luma) -> int | None:
    return value_of(lambda x, y: bool(luma[y - 4 : y + 4, x - 4 : x + 4].mean() > 127))


def luma_of_jpeg(data: bytes) -> Luma:
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert picture is not None
    return np.asarray(picture, np.uint8)


@contextmanager
def cameras(kind: str, count: int, path: Path) -> Iterator[Cameras]:
    """Run cameras; `kind` as paced_camera.py has it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    process = subprocess.Popen(
        [SYSTEM_PYTHON, str(_PROGRAM), kind, str(count), str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    )
    assert process.stdout is not None
    try:
        ready, _, _ = select.select([process.stdout], [], [], 30)
        words = process.stdout.readline().split() if ready else []
        if not words:
            raise SystemExit("The RTSP server did not start; run `make test-deps`.")
        late: list[int] = []
        output = process.stdout
        # Ends with the process.
        threading.Thread(target=lambda: late.extend(map(int, output)), daemon=True).start()
        yield Cameras(int(words[0]), float(words[1]), count, late)
    finally:
        process.kill()
        process.wait()
