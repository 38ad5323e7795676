"""Runs the soak: `python -m benchmarks.soak`, from the root of the repository.

Every 20 s one of eight cameras gets a fault that is drawn from SOAK_SEED, or a worker is killed or stopped. Each must
be noticed, and the camera live again. At the end memory must not have grown, no descriptor and no thread may be left
over, and every camera must be live. Prints what happens, and writes `benchmarks/results/soak.json`. As root alone:
the memory of sealed processes is nobody else's business.
"""

import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from benchmarks.media.blocks import ZONE
from benchmarks.media.faults import is_live, watcher
from benchmarks.media.one_camera import view
from benchmarks.media.parts import Setting
from benchmarks.media.server import Json, Server, server
from benchmarks.report import save
from benchmarks.soak.balance import Balance, grown
from benchmarks.soak.striking import Site, Striker

from fakes.camera import Camera
from fakes.fault_proxy import FaultProxy

CAMERAS = 8
EVERY_S = 20.0
_LOOK_S, _SAMPLE_S = 0.2, 5.0
_WARM_S, _COOL_S = 60.0, 15.0


def run(ours: Server, striker: Striker, minutes: float) -> Json:
    """Let it all happen; return the results, with what went wrong."""
    balance = Balance(ours)
    time.sleep(min(_WARM_S, 15 * minutes))
    before = balance.least()
    over = threading.Event()
    looking = threading.Thread(target=_look, args=(ours, over))
    looking.start()
    begin, running, due = time.monotonic(), list[threading.Thread](), 0.0
    while (now := time.monotonic() - begin) < 60 * minutes:
        if now >= due:
            due += EVERY_S
            # A worker that is replaced shows no growth; so they are left alone in the second half.
            running.append(striker.strike(workers_too=now < 30 * minutes))
        balance.sample()
        time.sleep(_SAMPLE_S)
    for thread in running:
        thread.join()
    over.set()
    looking.join()
    memory = balance.growth()
    time.sleep(_COOL_S)
    after = balance.least()
    return {
        "minutes": minutes,
        "wrong": [*_went_wrong(ours, striker), *grown(before, after, memory)],
        "memory": memory,
        "before": before,
        "after": after,
        "replaced": striker.replaced(),
        "why": [line for line in _log_of(ours) if " is replaced: " in line],
        "happenings": [asdict(each) for each in striker.happenings],
    }


def _went_wrong(ours: Server, striker: Striker) -> Iterator[str]:
    for happening in striker.happenings:
        if happening.failure:
            yield str(happening)
    for name, (made, was) in striker.replaced().items():
        if was != made:
            yield f"{name} was replaced {was:g} times, and made to end {made} times"
    for name, camera in ours.states().items():
        if not is_live(camera):
            yield f"{name} is {camera['state']}: {camera['detail']}"
    for line in _log_of(ours):
        if "Traceback" in line or "internal error" in line:
            yield f"the log says: {line}"


def _log_of(ours: Server) -> list[str]:
    return (ours.process.directory / "stderr.txt").read_text(encoding="utf-8").splitlines()


def _look(ours: Server, over: threading.Event) -> None:
    """Look at one camera after the other for some seconds each, until it is over."""
    turn = 0
    while not over.is_set():
        closing = threading.Event()
        ending = threading.Timer(3.0 + turn % 5, closing.set)
        ending.start()
        view(ours, f"camera-{turn % CAMERAS}", closing)
        ending.cancel()
        turn += 1
        over.wait(1.0)


def main() -> int:
    minutes, seed = float(os.environ.get("SOAK_MINUTES", "30")), int(os.environ.get("SOAK_SEED", "26"))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        setting = Setting(folder, quick=False, window_s=0.0, rounds=0)
        clips = [setting.busy, setting.comings] + [setting.still] * (CAMERAS - 2)
        # Little room, so that recordings are deleted all the time.
        ours = stack.enter_context(server(FOOTAGE__MAX_GIB="0.1", TRACKING__COOLDOWN_SECONDS="0"))
        sites = []
        for index, clip in enumerate(clips):
            camera = Camera(clip)
            proxy = stack.enter_context(FaultProxy(camera.port))
            sites.append(Site(f"camera-{index}", clip, camera, proxy))
            stack.callback(sites[-1].end)
            recording = "continuous" if index % 2 else "events"
            ours.add(sites[-1].name, camera.address(port=proxy.port), zones=[ZONE], recording=recording)
        ours.wait_until_live(CAMERAS)
        watching = stack.enter_context(watcher(ours, _LOOK_S))
        results = run(ours, Striker(ours, watching, sites, random.Random(seed)), minutes)
    save("soak", {"seed": seed, **results})
    print("\n".join(results["wrong"]) or "Every camera came back, and nothing was left over.")
    return 1 if results["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
