"""What counting costs: a request, and an attempt to sign in; in one process and in two at once.

Prints medians in microseconds and writes `benchmarks/results/throttle.json`, with the machine and the commit. The
memory of `limits`, which no other process sees, is measured in the same run.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.report import REPOSITORY, save
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from securevision.clock import SystemClock
from securevision.domain.attempts import Attempt, CredentialPath
from securevision.errors import TooManyRequests
from securevision.store.throttle import SqlLoginThrottle, SqlRequestThrottle, ThrottleFile

ROUNDS = 5_000
GOAL_US = 300
"""Authorisation, of which this is a part, may add as much to a request."""


def spread(act: Callable[[int], object]) -> dict[str, float]:
    for number in range(200):
        act(number)
    times = []
    for number in range(ROUNDS):
        begin = time.perf_counter_ns()
        act(number)
        times.append((time.perf_counter_ns() - begin) / 1000)
    return {
        "median": round(statistics.median(times), 1),
        "p99": round(statistics.quantiles(times, n=100)[98], 1),
    }


def measure(path: Path) -> dict[str, dict[str, float]]:
    """Measure each act; meant to be run by several processes at once on the same file."""
    network = f"198.18.0.{os.getpid() % 250}"
    with ThrottleFile.open(path) as file:
        requests = SqlRequestThrottle(file, SystemClock(), principal_limit=10**9, network_limit=10**9)
        logins = SqlLoginThrottle(file, SystemClock())

        def sign_in(number: int) -> None:
            attempt = Attempt(CredentialPath.PASSWORD, network, f"user {os.getpid()} {number}")
            logins.begin(attempt)
            logins.succeed(attempt)

        flood = Attempt(CredentialPath.PASSWORD, "198.18.1.1", "ada")

        def refuse(_: int) -> None:
            try:
                logins.begin(flood)
            except TooManyRequests:
                return

        return {
            "hit": spread(lambda _: requests.hit("user:3")),
            "hit_of_a_new_network": spread(
                lambda number: requests.hit(f"network:198.19.{number // 256}.{number % 256}")
            ),
            "begin_and_succeed": spread(sign_in),
            "begin_refused": spread(refuse),
        }


def measure_memory() -> dict[str, float]:
    limiter, item = FixedWindowRateLimiter(MemoryStorage()), RateLimitItemPerMinute(10**9)

    def hit(_: int) -> None:
        limiter.hit(item, "user:3")
        limiter.get_window_stats(item, "user:3")

    return spread(hit)


def main() -> None:
    with tempfile.TemporaryDirectory(dir=REPOSITORY) as scratch:
        path = Path(scratch) / "throttle.db"
        alone = measure(path)
        memory = measure_memory()
        command = [sys.executable, "-m", "benchmarks.throttle", str(path)]
        processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        both = [json.loads(process.communicate(timeout=600)[0]) for process in processes]
    result = {
        "unit": "microseconds",
        "one_process": alone,
        "two_processes_at_once": {
            name: {key: max(each[name][key] for each in both) for key in alone[name]} for name in alone
        },
        "limits_memory_storage": memory,
        "goal_median": GOAL_US,
    }
    save("throttle", result)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measure(Path(sys.argv[1]))))
    else:
        main()
