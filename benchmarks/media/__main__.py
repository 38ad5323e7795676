"""Measures the parts, or those that are named, and writes `benchmarks/results/media.json`, `.md` and `.svg`.

    .venv/bin/python -m benchmarks.media [--quick] [--only PART]...

From the root of the repository, as root where the memory of sealed processes shall be seen; needs `make models
test-deps`, and ffmpeg. What other parts found before stays in the results. A quick run shows that it works.
"""

import argparse
import datetime
import json
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.media.events import measure_events
from benchmarks.media.faults import measure_faults
from benchmarks.media.growth import measure_growth
from benchmarks.media.live import measure_live
from benchmarks.media.one_camera import measure_busy, measure_idle
from benchmarks.media.parts import Figures, Setting
from benchmarks.media.plot import growth_plot
from benchmarks.media.tables import tables
from benchmarks.report import REPOSITORY, machine, save

PARTS: Mapping[str, Callable[[Setting], Figures]] = {
    "idle": measure_idle,
    "busy": measure_busy,
    "growth": measure_growth,
    "live": measure_live,
    "faults": measure_faults,
    "events": measure_events,
}
_RESULTS = REPOSITORY / "benchmarks" / "results"


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.media", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short windows")
    parser.add_argument("--only", action="append", choices=[*PARTS], help="a part; again for more")
    arguments = parser.parse_args()
    quick = bool(arguments.quick)
    with tempfile.TemporaryDirectory() as folder:
        setting = Setting(Path(folder), quick, window_s=5.0 if quick else 30.0, rounds=1 if quick else 5)
        for name in arguments.only or PARTS:
            print(f"== {name}", flush=True)
            about = _about(quick=quick)
            keep(name, PARTS[name](setting) | about)


def keep(part: str, figures: Figures) -> None:
    """Write what a part found beside what the others did."""
    path = _RESULTS / "media.json"
    parts = json.loads(path.read_text())["parts"] if path.exists() else {}
    parts[part] = figures
    ordered = {name: parts[name] for name in PARTS if name in parts}
    save("media", {"parts": ordered})
    (_RESULTS / "media.md").write_text(tables(ordered, machine()), encoding="utf-8")
    if "growth" in ordered:
        (_RESULTS / "media.svg").write_text(growth_plot(ordered["growth"]["rows"]), encoding="utf-8")


def _about(*, quick: bool) -> Figures:
    now = datetime.datetime.now(datetime.UTC)
    return {
        "commit": machine()["commit"],
        "when": now.isoformat(timespec="minutes"),
        "load": round(os.getloadavg()[0], 2),
        "quick": quick,
    }


if __name__ == "__main__":
    main()
