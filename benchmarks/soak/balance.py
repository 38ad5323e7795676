"""What the processes of a server have, and whether it grows."""

import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.media.processes import descriptors, own_mib, threads
from benchmarks.media.server import Server

PROCESSES = ("core", "media", "recogniser")
MOST_SHARE, MOST_MIB = 0.05, 8.0
"""By so much of its mean, or so many MiB if that is more, a process may grow in the time that it is looked at."""

_YOUNG_S, _LEAST_SAMPLES = 120.0, 12
"""What a process takes in its first minutes is no leak; from so many samples after that a line is drawn."""


@dataclass(frozen=True, slots=True)
class Has:
    """What one process has at one moment."""

    at_s: float
    pid: int
    mib: float
    """Without files: what is shared with others is theirs, too."""
    descriptors: int
    threads: int


@dataclass(slots=True)
class Balance:
    """Takes samples of all processes."""

    server: Server
    begin_s: float = field(default_factory=time.monotonic)
    samples: dict[str, list[Has]] = field(default_factory=lambda: {name: [] for name in PROCESSES})

    def sample(self) -> None:
        """Take one of each process, but for one that is being replaced."""
        server = self.server
        pids = {"core": server.core, "media": server.media, "recogniser": server.recogniser}
        for name, [*of] in pids.items():
            at_s = round(time.monotonic() - self.begin_s, 1)
            try:
                self.samples[name] += [
                    Has(at_s, pid, own_mib(pid), descriptors(pid), threads(pid)) for pid in of
                ]
            except (OSError, StopIteration):
                # It has just ended.
                continue

    def least(self, seconds: int = 12) -> Mapping[str, Mapping[str, int]]:
        """Return the least that each has within some seconds: what comes and goes does not count."""
        taken = Balance(self.server)
        for _ in range(seconds):
            time.sleep(1.0)
            taken.sample()
        return {
            name: {
                "descriptors": min(each.descriptors for each in samples),
                "threads": min(each.threads for each in samples),
            }
            for name, samples in taken.samples.items()
        }

    def growth(self) -> Mapping[str, Mapping[str, float]]:
        """Return how each process that runs now has grown, along the line of least squares."""
        return {name: _growth(samples) for name, samples in self.samples.items()}


def _growth(samples: Sequence[Has]) -> Mapping[str, float]:
    own = [each for each in samples if each.pid == samples[-1].pid]
    grown_up = [each for each in own if each.at_s >= own[0].at_s + _YOUNG_S]
    if len(grown_up) < _LEAST_SAMPLES:
        # Too short a run, or replaced too late.
        return {"seconds": 0, "grown_mib": 0.0, "mean_mib": round(own[-1].mib, 1)}
    slope, _ = statistics.linear_regression([each.at_s for each in grown_up], [each.mib for each in grown_up])
    seconds = grown_up[-1].at_s - grown_up[0].at_s
    return {
        "seconds": round(seconds),
        "grown_mib": round(slope * seconds, 2),
        "mean_mib": round(statistics.mean(each.mib for each in grown_up), 1),
        "mib_an_hour": round(3600 * slope, 1),
    }


def grown(
    before: Mapping[str, Mapping[str, int]],
    after: Mapping[str, Mapping[str, int]],
    memory: Mapping[str, Mapping[str, float]],
) -> list[str]:
    """Return what there is more of than before."""
    found = [
        f"{name} has {after[name][what]} {what}, and had {count}"
        for name, had in before.items()
        for what, count in had.items()
        if after[name][what] > count
    ]
    for name, each in memory.items():
        if each["grown_mib"] > max(MOST_MIB, MOST_SHARE * each["mean_mib"]):
            found.append(f"{name} grew by {each['grown_mib']} MiB in {each['seconds']} s")
    return found
