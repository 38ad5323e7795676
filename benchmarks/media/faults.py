"""Cameras that fall silent and come back: how soon that is noticed, and how soon they are live again."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from benchmarks.media.blocks import ZONE
from benchmarks.media.cameras import cameras
from benchmarks.media.parts import Figures, Setting, spread
from benchmarks.media.server import Json, Server, server

from fakes.fault_proxy import Fault, FaultProxy

SEED = 26
CAMERAS = 5
_LOOK_S = 0.125
_PATIENCE_S = 60.0
_KINDS = (Fault.STALL, Fault.NO_VIDEO, Fault.BLACKHOLE)
_SILENT_S = (0.5, 12.0)
"""From when it was noticed until the camera comes back: the longest waits of the backoff are among those."""


@dataclass
class Watcher:
    """Asks all the time where the cameras stand."""

    server: Server
    every_s: float
    states: dict[str, Json] = field(default_factory=dict)
    looked: threading.Condition = field(default_factory=threading.Condition)
    over: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Look until it is over."""
        while True:
            states = self.server.states()
            with self.looked:
                self.states = states
                self.looked.notify_all()
            if self.over.wait(self.every_s):
                return

    def wait_until(self, camera: str, is_so: Callable[[Json], bool], patience_s: float) -> float:
        """Return after how many seconds something is so of a camera. Raises TimeoutError."""
        begin = time.monotonic()
        with self.looked:
            if not self.looked.wait_for(
                lambda: camera in self.states and is_so(self.states[camera]), patience_s
            ):
                raise TimeoutError(f"{camera} stayed {self.states[camera]['state']} for {patience_s:g} s.")
        return time.monotonic() - begin


@contextmanager
def watcher(server: Server, every_s: float) -> Iterator[Watcher]:
    """Watch until the end of the block."""
    watching = Watcher(server, every_s)
    thread = threading.Thread(target=watching.run)
    thread.start()
    try:
        yield watching
    finally:
        watching.over.set()
        thread.join()


def is_live(camera: Json) -> bool:
    return bool(camera["state"] == "live")


def measure_faults(setting: Setting) -> Figures:
    """Let each camera fail again and again, at moments drawn from a seed."""
    found: list[tuple[Fault, float, float]] = []
    repetitions = len(_KINDS) * (1 if setting.quick else 5)
    with ExitStack() as stack:
        ours = stack.enter_context(server())
        camera = stack.enter_context(cameras("clip", CAMERAS, setting.still))
        proxies = [stack.enter_context(FaultProxy(camera.port)) for _ in range(CAMERAS)]
        for index, proxy in enumerate(proxies):
            address = camera.address(index).replace(str(camera.port), str(proxy.port))
            ours.add(f"camera-{index}", address, zones=[ZONE], recording="off")
        ours.wait_until_live(CAMERAS)
        watching = stack.enter_context(watcher(ours, _LOOK_S))
        failing = [
            threading.Thread(target=_fail, args=(index, proxy, watching, repetitions, found))
            for index, proxy in enumerate(proxies)
        ]
        for thread in failing:
            thread.start()
        for thread in failing:
            thread.join()
    if len(found) != repetitions * CAMERAS:
        raise SystemExit("A camera did not come back.")
    return {
        **{
            kind.name.lower(): {
                "noticed_s": spread([noticed for each, noticed, _ in found if each is kind], 2),
                "back_s": spread([back for each, _, back in found if each is kind], 2),
            }
            for kind in _KINDS
        },
        "seed": SEED,
        "looked_every_s": _LOOK_S,
    }


def _fail(
    index: int,
    proxy: FaultProxy,
    watching: Watcher,
    repetitions: int,
    found: list[tuple[Fault, float, float]],
) -> None:
    chance, name = random.Random(SEED * 100 + index), f"camera-{index}"
    for repetition in range(repetitions):
        time.sleep(chance.uniform(2.0, 5.0))
        kind = _KINDS[(repetition + index) % len(_KINDS)]
        proxy.set(kind)
        noticed = watching.wait_until(name, lambda camera: not is_live(camera), _PATIENCE_S)
        time.sleep(chance.uniform(*_SILENT_S))
        proxy.set(Fault.NONE)
        back = watching.wait_until(name, is_live, _PATIENCE_S)
        found.append((kind, noticed, back))
        print(f"{name}: {kind.name}, noticed after {noticed:.2f} s, back after {back:.2f} s", flush=True)
