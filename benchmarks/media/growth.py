"""One to sixteen idle cameras: CPU, memory and the oldest picture, beside the same of others."""

import time
from collections.abc import Sequence

from benchmarks.media.alternatives import READERS, alternative
from benchmarks.media.blocks import ZONE
from benchmarks.media.cameras import Cameras, cameras, luma_of_jpeg
from benchmarks.media.parts import Figures, Setting, spread
from benchmarks.media.processes import cpu_percent, pss_mib
from benchmarks.media.server import Server, server

COUNTS = (1, 4, 8, 16)
_PAUSE_S = 0.12
"""Between two single pictures: a program may ask six hundred times a minute."""


def measure_growth(setting: Setting) -> Figures:
    """Turn by turn for each count. How old pictures are is looked at afterwards, since that costs something."""
    rows = []
    with server() as ours, cameras("clip", max(COUNTS), setting.still) as all_cameras:
        for count in COUNTS:
            row: Figures = {"cameras": count, "ours": _ours(ours, all_cameras, count, setting)}
            for name in READERS:
                with alternative(name, all_cameras, count) as other:
                    time.sleep(3.0)
                    cpu = cpu_percent({"all": other.pids}, setting.window_s)["all"]
                    all_cameras.late_ms.clear()
                    ages = other.ages(min(10.0, setting.window_s))
                    row[name] = _row(cpu, pss_mib(other.pids), ages, all_cameras)
            print(row, flush=True)
            rows.append(row)
    return {"rows": rows, "window_s": setting.window_s}


def _ours(ours: Server, all_cameras: Cameras, count: int, setting: Setting) -> Figures:
    names = [f"camera-{index}" for index in range(count)]
    for index, name in enumerate(names):
        ours.add(name, all_cameras.address(index), zones=[ZONE], recording="off")
    try:
        ours.wait_until_live(count)
        time.sleep(setting.settle_s)
        took = cpu_percent({"media": ours.media, "core": ours.core}, setting.window_s)
        memory = pss_mib(ours.media)
        all_cameras.late_ms.clear()
        ages = _ages(ours, all_cameras, names, rounds=3 if setting.quick else 8)
        seals = ours.get("/api/v1/health").json()["workers"]
        return {
            **_row(
                took["media"], memory, {"median": spread(ages)["median"], "oldest": max(ages)}, all_cameras
            ),
            "core_cpu": round(took["core"], 2),
            "core_pss_mib": round(pss_mib(ours.core), 1),
            "workers": len(ours.media),
            "replaced": _replaced(ours),
            "seal": next(worker["seal"] for worker in seals if worker["name"].startswith("media")),
        }
    finally:
        for name in names:
            ours.remove(name)


def _ages(ours: Server, all_cameras: Cameras, names: Sequence[str], rounds: int) -> list[float]:
    """Return how old the next picture of each camera is when somebody has it, as JPEG over HTTPS."""
    ages = []
    for _ in range(rounds):
        for index, name in enumerate(names):
            jpeg = ours.get(f"/api/v1/cameras/{name}/picture.jpg").content
            age = all_cameras.age_ms(index, luma_of_jpeg(jpeg), time.time() * 1000)
            if age is None:
                raise SystemExit(f"A picture of {name} has no number that can be read.")
            ages.append(age)
            time.sleep(_PAUSE_S)
    return ages


def _replaced(ours: Server) -> float:
    """Return how often a worker that reads was replaced so far, which should never be."""
    workers = [f"media-{index + 1}" for index in range(len(ours.media))]
    return sum(ours.metric(f'securevision_worker_restarts_total{{worker="{name}"}}') for name in workers)


def _row(cpu: float, memory: float, ages: dict[str, float], senders: Cameras) -> Figures:
    return {
        "cpu": round(cpu, 2),
        "pss_mib": round(memory, 1),
        "median_age_ms": round(ages["median"]),
        "oldest_ms": round(ages["oldest"]),
        "senders_late_ms": max(senders.late_ms, default=0),
    }
