"""What happens to cameras and workers, and whether it is noticed and made good."""

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.media.faults import Watcher, is_live
from benchmarks.media.server import Json, Server

from fakes.camera import Camera
from fakes.fault_proxy import Fault, FaultProxy

_NOTICED_WITHIN_S, _BACK_WITHIN_S, _REFUSED_BACK_WITHIN_S = 15.0, 40.0, 90.0
_HELD_S = (1.0, 8.0)
_OTHER_PASSWORD = "changed"
_AT_PROXY = {fault.name: fault for fault in Fault if fault is not Fault.NONE}
_AT_CAMERA = ("power", "password")
_MEDIA = "media-1"
WORKERS = (_MEDIA, "recogniser")
SIGNALS = {
    f"{word} {name}": number
    for word, number in (("kill -9", signal.SIGKILL), ("stop", signal.SIGSTOP))
    for name in WORKERS
}
FAULTS = (*_AT_PROXY, *_AT_CAMERA, *SIGNALS)


@dataclass(slots=True)
class Site:
    """A camera behind its proxy."""

    name: str
    clip: Path
    camera: Camera
    proxy: FaultProxy
    is_failing: bool = False

    def restart(self, password: str) -> None:
        """Give the camera its power back."""
        self.camera = Camera(self.clip, port=self.camera.port, password=password)

    def end(self) -> None:
        self.camera.kill()


@dataclass(slots=True)
class Happening:
    """A fault and what became of it."""

    fault: str
    camera: str
    at_s: float
    noticed_s: float = 0.0
    back_s: float = 0.0
    failure: str = ""

    def __str__(self) -> str:
        became = self.failure or f"noticed after {self.noticed_s:.1f} s, back after {self.back_s:.1f} s"
        return f"{self.at_s:7.1f} s  {self.camera}  {self.fault:18}  {became}"


@dataclass(slots=True)
class Striker:
    """Lets one thing after the other happen, drawn from a seed; all that there is before anything comes again."""

    server: Server
    watching: Watcher
    sites: Sequence[Site]
    chance: random.Random
    begin_s: float = field(default_factory=time.monotonic)
    happenings: list[Happening] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    """What is still to come."""
    worker_is_failing: bool = False

    def strike(self, *, workers_too: bool) -> threading.Thread:
        """Let something happen to somebody to whom nothing happens just now; return the thread that sees to it."""
        may_be = [fault for fault in FAULTS if workers_too or fault not in SIGNALS]
        if not set(self.kinds) & set(may_be):
            self.kinds = self.chance.sample(FAULTS, len(FAULTS))
        ready = [
            each for each in self.kinds if each in may_be and not (self.worker_is_failing and each in SIGNALS)
        ]
        kind = ready[0] if ready else Fault.STALL.name
        self.kinds = [each for each in self.kinds if each != kind]
        site = self.chance.choice([each for each in self.sites if not each.is_failing])
        happening = Happening(kind, site.name, round(time.monotonic() - self.begin_s, 1))
        self.happenings.append(happening)
        site.is_failing = True
        self.worker_is_failing |= kind in SIGNALS
        thread = threading.Thread(target=self._happen, args=(happening, site, self.chance.uniform(*_HELD_S)))
        thread.start()
        return thread

    def replaced(self) -> Mapping[str, tuple[int, float]]:
        """Return how often each worker was made to end, and how often it was replaced."""
        faults = [each.fault for each in self.happenings]
        return {
            name: (
                sum(fault.endswith(name) for fault in faults),
                self.server.metric(f'securevision_worker_restarts_total{{worker="{name}"}}'),
            )
            for name in WORKERS
        }

    def _happen(self, happening: Happening, site: Site, held_s: float) -> None:
        begin_ms = time.time() * 1000
        # Until it is known to have gone well.
        happening.failure = "It broke off; see the output."
        try:
            if happening.fault in SIGNALS:
                self._of_worker(happening)
            else:
                self._of_camera(happening, site, held_s, begin_ms)
            happening.failure = ""
        except (TimeoutError, RuntimeError) as error:
            happening.failure = str(error)
        finally:
            site.is_failing = False
            if happening.fault in SIGNALS:
                self.worker_is_failing = False
            print(happening, flush=True)

    def _of_camera(self, happening: Happening, site: Site, held_s: float, begin_ms: float) -> None:
        heal = self._let_fail(happening.fault, site)
        if happening.fault == Fault.CORRUPT.name:
            # It sends all the time, and what cannot be decoded is left out: it must just stay.
            time.sleep(held_s)
        else:
            is_noticed = _is_refused if happening.fault == "password" else _has_left(begin_ms)
            happening.noticed_s = self.watching.wait_until(site.name, is_noticed, _NOTICED_WITHIN_S)
        if happening.fault not in (Fault.FIN.name, Fault.RST.name):
            time.sleep(held_s)
        heal()
        patience_s = _REFUSED_BACK_WITHIN_S if happening.fault == "password" else _BACK_WITHIN_S
        happening.back_s = self.watching.wait_until(site.name, is_live, patience_s)

    def _let_fail(self, fault: str, site: Site) -> Callable[[], None]:
        """Let a camera fail; return what ends that."""
        if fault in _AT_PROXY:
            site.proxy.set(_AT_PROXY[fault])
            return lambda: site.proxy.set(Fault.NONE)
        right = site.camera.password
        site.camera.kill()
        if fault == "power":
            return lambda: site.restart(right)
        site.restart(_OTHER_PASSWORD)

        def change_back() -> None:
            site.camera.kill()
            site.restart(right)

        return change_back

    def _of_worker(self, happening: Happening) -> None:
        name = happening.fault.rpartition(" ")[2]
        replaced = f'securevision_worker_restarts_total{{worker="{name}"}}'
        before = self.server.metric(replaced)
        for pid in self.server.media if name == _MEDIA else self.server.recogniser:
            os.kill(pid, SIGNALS[happening.fault])
        happening.noticed_s = _waited(lambda: self.server.metric(replaced) > before, _NOTICED_WITHIN_S)
        works = f'securevision_worker_up{{worker="{name}"}}'
        begin = time.monotonic()
        _waited(lambda: self.server.metric(works) == 1.0, _BACK_WITHIN_S)
        # It was everybody's worker.
        for site in self.sites:
            if not site.is_failing or site.name == happening.camera:
                self.watching.wait_until(site.name, is_live, _BACK_WITHIN_S)
        happening.back_s = time.monotonic() - begin


def _has_left(begin_ms: float) -> Callable[[Json], bool]:
    return lambda camera: not is_live(camera) or camera["since_ms"] > begin_ms


def _is_refused(camera: Json) -> bool:
    return bool(camera["state"] == "refused")


def _waited(condition: Callable[[], bool], patience_s: float) -> float:
    """Return for how long something had to be waited for, seen twice a second. Raises TimeoutError."""
    begin = time.monotonic()
    while not condition():
        if time.monotonic() - begin > patience_s:
            raise TimeoutError(f"It was not so after {patience_s:g} s.")
        time.sleep(0.5)
    return time.monotonic() - begin
