"""How long a first run takes: a fresh clone, an empty home, `make demo ONCE=1`.

Prints a line and writes `benchmarks/results/first_run.json`, with the machine and the commit. Needs git, make and
what `make demo` needs. The download of packages and models is part of it, so the network is too.
"""

import os
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks.report import REPOSITORY, save

GOAL_S = 180


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        clone, home = Path(scratch) / "clone", Path(scratch) / "home"
        home.mkdir()
        subprocess.run(["git", "clone", "--quiet", str(REPOSITORY), str(clone)], check=True)
        environment = os.environ | {"HOME": str(home)}
        begin = time.monotonic()
        subprocess.run(["make", "demo", "ONCE=1"], cwd=clone, env=environment, check=True)
        seconds = time.monotonic() - begin
    save("first_run", {"seconds": round(seconds, 1), "goal_seconds": GOAL_S})
    print(f"{seconds:.1f} s (goal: {GOAL_S} s)")


if __name__ == "__main__":
    main()
