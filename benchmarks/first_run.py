"""How long a first run takes: a fresh clone, an empty home, `make demo ONCE=1`.

Prints a line and writes `benchmarks/results/first_run.json`, with the machine and the commit. Needs git, make and
what `make demo` needs. The download of packages and models is part of it, so the network is too.
"""

import json
import os
import platform
import subprocess
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
RESULT = REPOSITORY / "benchmarks" / "results" / "first_run.json"
GOAL_S = 180


def output(*command: str) -> str:
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout.strip()


def processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next(
        (line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine()
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        clone, home = Path(scratch) / "clone", Path(scratch) / "home"
        home.mkdir()
        subprocess.run(["git", "clone", "--quiet", str(REPOSITORY), str(clone)], check=True)
        environment = os.environ | {"HOME": str(home)}
        begin = time.monotonic()
        subprocess.run(["make", "demo", "ONCE=1"], cwd=clone, env=environment, check=True)
        seconds = time.monotonic() - begin
    result = {
        "seconds": round(seconds, 1),
        "goal_seconds": GOAL_S,
        "commit": output("git", "rev-parse", "--short", "HEAD"),
        "processor": processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "kernel": platform.release(),
    }
    RESULT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(f"{seconds:.1f} s (goal: {GOAL_S} s)")


if __name__ == "__main__":
    main()
