"""A server-like process on the file of the counters: `python counting_process.py FILE COUNT hit|begin|succeed|hold`.

Waits for a line on its input, makes COUNT requests or attempts as fast as it can, prints how many were let through
and ends. With `succeed` each attempt that is let through works; `hold` keeps the file locked until its input ends.
"""

import sqlite3
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from fakes.clock import FakeClock
from securevision.domain.attempts import Attempt, CredentialPath
from securevision.errors import TooManyRequests
from securevision.store.throttle import SqlLoginThrottle, SqlRequestThrottle, ThrottleFile

ATTEMPT = Attempt(CredentialPath.PASSWORD, "192.0.2.1", "ada")
WHO = "user:3"
LIMIT = 100


def say(word: object) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def wait() -> None:
    say("ready")
    sys.stdin.readline()


def hold(path: Path) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    wait()
    connection.close()


def main(path: Path, times: int, what: str) -> None:
    if what == "hold":
        hold(path)
        return
    clock = FakeClock()  # stands still at the same moment in every process
    with ThrottleFile.open(path) as file:
        requests = SqlRequestThrottle(file, clock, principal_limit=LIMIT)
        logins = SqlLoginThrottle(file, clock)

        def hit() -> bool:
            return requests.hit(WHO).allowed

        def begin() -> bool:
            try:
                logins.begin(ATTEMPT)
            except TooManyRequests:
                return False
            return True

        def succeed() -> bool:
            let_through = begin()
            if let_through:
                logins.succeed(ATTEMPT)
            return let_through

        acts: Mapping[str, Callable[[], bool]] = {"hit": hit, "begin": begin, "succeed": succeed}
        act = acts[what]
        wait()
        say(sum(act() for _ in range(times)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
