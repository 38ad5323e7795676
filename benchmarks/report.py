"""Where results go, with the machine and the commit."""

import json
import os
import platform
import subprocess
from collections.abc import Mapping
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]


def save(name: str, figures: Mapping[str, object]) -> None:
    """Write the figures of one benchmark to `benchmarks/results/<name>.json`."""
    text = json.dumps({**figures, **machine()}, indent=2) + "\n"
    (REPOSITORY / "benchmarks" / "results" / f"{name}.json").write_text(text, encoding="utf-8")


def machine() -> Mapping[str, object]:
    """Return what the figures were measured on."""
    return {
        "commit": _output("git", "rev-parse", "--short", "HEAD"),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "kernel": platform.release(),
    }


def _output(*command: str) -> str:
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout.strip()


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next(
        (line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine()
    )
