"""Starts the programs that seal themselves, and looks at them from outside."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Not imported: what they import belongs into processes of their own.
_HERE = Path(__file__).resolve().parent
ATTACKED = _HERE / "sealed_process.py"
MEDIA_WORKER = _HERE / "sealed_media.py"
SEALED_DEVICE = _HERE / "sealed_device.py"
RECOGNISER = _HERE / "sealed_recogniser.py"
_PATIENCE = 60


@dataclass(frozen=True, slots=True)
class Report:
    """What a program said, what the kernel said of it while it was there, and how it ended."""

    said: Any
    status: Mapping[str, str]
    limits: str
    owner: int
    """Of its files in /proc: root when nobody else may look into it."""
    maps: str
    """Empty when the tests may not look into it either."""
    stderr: str
    ended: int

    def limit(self, name: str) -> str:
        """Return the hard limit of that name."""
        line = next(line for line in self.limits.splitlines() if line.startswith(name))
        return line[len(name) :].split()[1]


def start(program: Path, *words: object, descriptors: Sequence[int] = ()) -> subprocess.Popen[str]:
    """Start a program with the descriptors as its last words."""
    return subprocess.Popen(
        [sys.executable, str(program), *map(str, words), *map(str, descriptors)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        pass_fds=tuple(descriptors),
        # No thread of a library, and none that tells its maker what is done with it.
        env={
            "PYTHONPATH": str(_HERE.parent),
            "OPENBLAS_NUM_THREADS": "1",
            "ORT_DISABLE_TELEMETRY": "1",
        },
    )


def report(program: Path, *words: object, descriptors: Sequence[int] = ()) -> Report:
    """Start one, read the line that it says, look at it and end its input."""
    with start(program, *words, descriptors=descriptors) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        files = Path(f"/proc/{process.pid}")
        status = (files / "status").read_text("utf-8")
        limits, owner = (files / "limits").read_text("utf-8"), (files / "limits").stat().st_uid
        maps = (files / "maps").read_text("utf-8") if os.geteuid() == 0 else ""
        _, stderr = process.communicate(timeout=_PATIENCE)
        assert line, stderr
    lines = (line.partition(":") for line in status.splitlines())
    return Report(
        json.loads(line),
        {name: value.strip() for name, _, value in lines},
        limits,
        owner,
        maps,
        stderr,
        process.returncode,
    )
