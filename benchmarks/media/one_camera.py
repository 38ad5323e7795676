"""What one camera costs: idle, idle by keyframes alone, and busy; beside others who only read it."""

import threading
import time
from collections import defaultdict
from contextlib import suppress

from benchmarks.media.alternatives import READERS, alternative
from benchmarks.media.blocks import ZONE
from benchmarks.media.cameras import Cameras, cameras
from benchmarks.media.parts import Figures, Setting, median
from benchmarks.media.processes import cpu_percent
from benchmarks.media.server import Json, Server, server
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.typing import Origin

_OFFERED = 'securevision_camera_frames_offered_total{camera="gate"}'
_ANALYSED = 'securevision_camera_frames_analysed_total{camera="gate"}'


def measure_idle(setting: Setting) -> Figures:
    """Turn by turn: our two ways and the two others. CPU is of the media worker; the core's is beside it."""
    found: dict[str, list[float]] = defaultdict(list)
    offered = 0.0
    with server() as ours, cameras("clip", 1, setting.still) as camera:
        for _ in range(setting.rounds):
            without = cpu_percent({"core": ours.core}, setting.window_s / 2)["core"]
            for name, keyframes_only in (("idle", False), ("keyframes", True)):
                settings: Json = {"zones": [ZONE], "recording": "off", "keyframes_only": keyframes_only}
                took = _watched(ours, camera, setting, settings)
                found[name].append(took["media"])
                found[f"{name}_core"].append(took["core"] - without)
                offered += took["offered"]
            for name in READERS:
                with alternative(name, camera, 1) as other:
                    time.sleep(2.0)
                    found[name].append(cpu_percent({"all": other.pids}, setting.window_s)["all"])
            print({name: values[-1] for name, values in found.items()}, flush=True)
    figures: Figures = {f"{name}_cpu": median(values) for name, values in found.items()}
    for name in READERS:
        figures[f"of_{name}"] = round(figures["idle_cpu"] / figures[f"{name}_cpu"], 3)
    # Of those in all rounds: an idle camera has none.
    figures["pictures_that_moved"] = offered
    return figures | {"rounds": setting.rounds, "window_s": setting.window_s}


def measure_busy(setting: Setting) -> Figures:
    """Something moves all the time, all is recorded, one person looks. The recogniser's CPU is told, not counted."""
    found: dict[str, list[float]] = defaultdict(list)
    with server() as ours, cameras("clip", 1, setting.busy) as camera:
        for _ in range(setting.rounds):
            without = cpu_percent({"core": ours.core}, setting.window_s / 2)["core"]
            settings: Json = {"zones": [ZONE], "recording": "continuous"}
            took = _watched(ours, camera, setting, settings, viewed=True)
            found["media"].append(took["media"])
            found["core"].append(took["core"] - without)
            found["recogniser"].append(took["recogniser"])
            found["sum"].append(took["media"] + took["core"] - without)
            found["analysed_a_second"].append(took["analysed"] / setting.window_s)
            print({name: values[-1] for name, values in found.items()}, flush=True)
    figures: Figures = {name: median(values) for name, values in found.items()}
    return figures | {"rounds": setting.rounds, "window_s": setting.window_s}


def _watched(
    ours: Server, camera: Cameras, setting: Setting, settings: Json, *, viewed: bool = False
) -> dict[str, float]:
    """Watch the camera for a while; return what each process takes, and the pictures that were looked at."""
    ours.add("gate", camera.address(0), **settings)
    over = threading.Event()
    viewer = threading.Thread(target=view, args=(ours, "gate", over))
    try:
        ours.wait_until_live(1)
        if viewed:
            viewer.start()
        time.sleep(setting.settle_s)
        before = {name: ours.metric(name) for name in (_OFFERED, _ANALYSED)}
        groups = {"media": ours.media, "core": ours.core, "recogniser": ours.recogniser}
        took = cpu_percent(groups, setting.window_s)
        took["offered"] = ours.metric(_OFFERED) - before[_OFFERED]
        took["analysed"] = ours.metric(_ANALYSED) - before[_ANALYSED]
    finally:
        over.set()
        if viewed:
            viewer.join()
        ours.remove("gate")
    return took


def view(ours: Server, camera: str, over: threading.Event) -> None:
    """Look at the live video of a camera until it is over."""
    address = f"{ours.process.origin.replace('http', 'ws')}/api/v1/cameras/{camera}/live"
    headers = {"Authorization": f"Bearer {ours.token}"}
    with (
        suppress(ConnectionClosed),
        connect(
            address,
            additional_headers=headers,
            origin=Origin(ours.process.origin),
            ssl=ours.process.tls,
            max_size=None,
        ) as stream,
    ):
        while not over.is_set():
            with suppress(TimeoutError):
                stream.recv(1.0)
