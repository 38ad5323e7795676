"""What processes take, as the kernel counts it."""

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")


def children(parent: int, command: str = "") -> list[int]:
    """Return the processes that a process started, those with these words in their command."""
    found = []
    for directory in _PROC.iterdir():
        if directory.name.isdigit() and (fields := _stat(int(directory.name))) and int(fields[1]) == parent:
            said = (directory / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if command in said:
                found.append(int(directory.name))
    return sorted(found)


def cpu_s(pids: Sequence[int]) -> float:
    """Return the seconds of user and system time that processes have had, all threads of theirs."""
    stats = [_stat(pid) for pid in pids]
    if not all(stats):
        raise SystemExit("A process ended while it was measured; look at the log of the server.")
    return sum((int(fields[11]) + int(fields[12])) / _TICKS for fields in stats)


def cpu_percent(groups: Mapping[str, Sequence[int]], window_s: float) -> dict[str, float]:
    """Return what groups of processes take of one core from now on for some seconds."""
    begin, before = time.monotonic(), {name: cpu_s(pids) for name, pids in groups.items()}
    time.sleep(window_s)
    passed = time.monotonic() - begin
    return {name: 100 * (cpu_s(pids) - before[name]) / passed for name, pids in groups.items()}


def pss_mib(pids: Sequence[int]) -> float:
    """Return the memory of processes; what they share counts once. Needs to be root for those that are sealed."""
    return sum(_kib(pid, "Pss:") for pid in pids) / 1024


def own_mib(pid: int) -> float:
    """Return the memory that is no file's, and shared with nobody but who forked it."""
    return _kib(pid, "Pss_Anon:") / 1024


def _kib(pid: int, name: str) -> int:
    lines = (_PROC / str(pid) / "smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))


def descriptors(pid: int) -> int:
    return len(os.listdir(_PROC / str(pid) / "fd"))  # noqa: PTH208 - names alone


def threads(pid: int) -> int:
    return len(os.listdir(_PROC / str(pid) / "task"))  # noqa: PTH208 - names alone


def _stat(pid: int) -> list[str]:
    """Return the fields behind the name; nothing when the process is gone."""
    try:
        return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
