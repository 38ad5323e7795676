"""Others' ways to read cameras, each in a process of its own, run as `python -m benchmarks.media.alternatives`.

`opencv`: a thread a camera reads all pictures with `VideoCapture`. `ffmpeg`: a process a camera decodes to BGR and
pipes it to a thread here. Neither does anything with the pictures. When a number comes on standard input they are
looked at for so many seconds, and the answer is how old they are, as JSON.
"""

import fcntl
import json
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import cv2
import numpy as np
from benchmarks.media.cameras import Cameras
from benchmarks.media.processes import children

from securevision.cameras.demo_scene import HEIGHT, WIDTH
from securevision.domain.frames import Pixels

_PIPE_BYTES = 1 << 20
_OLDEST = 60_000.0
_PATIENCE_S = 60.0


@dataclass(slots=True)
class Ages:
    """What the threads find."""

    cameras: Cameras
    wanted: bool = False
    pictures: list[int] = field(default_factory=list)
    found: list[float] = field(default_factory=list)

    def take(self, index: int, pixels: Pixels) -> None:
        self.pictures[index] += 1
        if self.wanted:
            age = self.cameras.age_ms(index, pixels[..., 1], time.time() * 1000)
            self.found.append(_OLDEST if age is None else age)


def read_opencv(index: int, ages: Ages) -> None:
    capture = cv2.VideoCapture(ages.cameras.address(index), cv2.CAP_FFMPEG)
    while True:
        ok, picture = capture.read()
        if not ok:
            return
        ages.take(index, np.asarray(picture, np.uint8))


def read_ffmpeg(index: int, ages: Ages) -> None:
    address = ages.cameras.address(index)
    before, after = ("-nostdin", "-loglevel", "error", "-rtsp_transport", "tcp"), ("-an", "-f", "rawvideo")
    command = ["ffmpeg", *before, "-i", address, *after, "-pix_fmt", "bgr24", "-"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0) as process:
        assert process.stdout is not None
        with suppress(OSError):
            fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        buffer = bytearray(HEIGHT * WIDTH * 3)
        pixels = np.frombuffer(buffer, np.uint8).reshape(HEIGHT, WIDTH, 3)
        while True:
            room = memoryview(buffer)
            while room:
                # A file that is not buffered gives what is there.
                taken = process.stdout.readinto(room)  # type: ignore[attr-defined]
                if not taken:
                    return
                room = room[taken:]
            ages.take(index, pixels)


READERS: dict[str, Callable[[int, Ages], None]] = {"opencv": read_opencv, "ffmpeg": read_ffmpeg}


def main(kind: str, watched: str, *of: str) -> None:
    port, begin_ms, count = of
    ages = Ages(Cameras(int(port), float(begin_ms), int(count)), pictures=[0] * int(count))
    for index in range(int(watched)):
        threading.Thread(target=READERS[kind], args=(index, ages), daemon=True).start()
    until = time.monotonic() + _PATIENCE_S
    while not all(ages.pictures[: int(watched)]):
        if time.monotonic() > until:
            raise SystemExit(f"Pictures of each camera so far: {ages.pictures}.")
        time.sleep(0.1)
    print("reading", flush=True)
    for line in sys.stdin:
        ages.found.clear()
        ages.wanted = True
        time.sleep(float(line))
        ages.wanted = False
        found = list(ages.found)
        print(json.dumps({"median": statistics.median(found), "oldest": max(found)}), flush=True)
    # What was started here ends with its pipe.


@dataclass(frozen=True, slots=True)
class Alternative:
    """One that reads."""

    process: subprocess.Popen[str]

    @property
    def pids(self) -> Sequence[int]:
        return [self.process.pid, *children(self.process.pid)]

    def ages(self, window_s: float) -> dict[str, float]:
        """Return how old pictures are when they can be used, in milliseconds."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{window_s}\n")
        self.process.stdin.flush()
        found: dict[str, float] = json.loads(self.process.stdout.readline())
        return found


@contextmanager
def alternative(kind: str, cameras: Cameras, watched: int) -> Iterator[Alternative]:
    """Run one on some of the cameras, until all of those gave a picture."""
    of = [str(value) for value in (cameras.port, cameras.begin_ms, cameras.count)]
    command = [sys.executable, "-m", "benchmarks.media.alternatives", kind, str(watched), *of]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        started = children(process.pid)
        try:
            assert process.stdout is not None
            if not process.stdout.readline():
                raise SystemExit(f"{kind} does not read; is it installed?")
            started = children(process.pid)
            yield Alternative(process)
        finally:
            process.kill()
            for pid in started:
                # They end by themselves when they find the pipe closed.
                _wait_for_end(pid)


def _wait_for_end(pid: int) -> None:
    with suppress(OSError):
        for _ in range(100):
            with open(f"/proc/{pid}/stat", encoding="utf-8") as file:  # noqa: PTH123 - gone, mostly
                if file.read().rpartition(")")[2].split()[0] == "Z":
                    return
            time.sleep(0.05)


if __name__ == "__main__":
    main(*sys.argv[1:])
