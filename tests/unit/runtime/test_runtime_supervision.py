"""One worker after the other: whatever ends or hangs is replaced, and what must not run does not."""

import logging
import queue
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fakes import odd_worker
from securevision.clock import SystemClock
from securevision.domain.seal import Seal
from securevision.errors import InvalidInput
from securevision.runtime.messages import FromMedia, Message, Quiet
from securevision.runtime.supervision import Worker, WorkerKind

PATIENCE = 15.0
_PROGRAM = Path(odd_worker.__file__)


class Owner:
    """Notes what happens to its worker."""

    def __init__(self, answer: Callable[[Message], str] = lambda _: "") -> None:
        self.told: queue.Queue[str] = queue.Queue()
        self._answer = answer

    def started(self, seal: Seal) -> None:  # noqa: ARG002 - the worker keeps it
        self.told.put("started")

    def received(self, message: Any) -> str:  # noqa: ANN401 - see WorkerOwner
        return self._answer(message)

    def ended(self) -> None:
        self.told.put("ended")

    def until(self, *wanted: str) -> None:
        assert [self.told.get(timeout=PATIENCE) for _ in wanted] == list(wanted)


@pytest.fixture
def run() -> Iterator[Callable[..., tuple[Worker, Owner]]]:
    workers: list[Worker] = []

    def start(mode: str, owner: Owner | None = None, **kind: Any) -> tuple[Worker, Owner]:  # noqa: ANN401
        owner = owner or Owner()
        settings = {"max_resident_bytes": 200 << 20} | kind
        worker = Worker("odd", WorkerKind([str(_PROGRAM), mode], FromMedia, **settings), owner, SystemClock())
        workers.append(worker)
        worker.start()
        return worker, owner

    yield start
    for worker in workers:
        worker.close()


Run = Callable[..., tuple[Worker, Owner]]


def test_a_worker_runs_until_it_is_asked_to_stop(run: Run) -> None:
    worker, owner = run("good")
    owner.until("started")
    report = worker.report()
    assert report.pid > 0
    assert report.seal == odd_worker.SEALED
    assert report.resident_bytes > 1 << 20
    worker.close()
    owner.until("ended")
    assert (worker.restarts, worker.report().pid) == (0, 0)


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        ("crash", "has gone. (exit -11)"),
        ("stuck", "silent for 3 s"),
        ("silent main thread", "silent for 3 s"),
        ("swollen", "more memory than it may"),
        ("babble", "no message"),
    ],
)
def test_a_worker_that_fails_is_replaced_at_once(run: Run, mode: str, reason: str) -> None:
    clock = SystemClock()
    worker, owner = run(mode)
    owner.until("started")
    begin = clock.monotonic()
    owner.until("ended")
    assert reason in worker.failure
    owner.until("started")
    assert clock.monotonic() - begin < 5.0
    assert worker.restarts == 1


@pytest.mark.parametrize("mode", ["stillborn", "unsealed"])
def test_a_worker_that_does_not_start_or_is_not_sealed_gets_nothing_to_do(run: Run, mode: str) -> None:
    worker, owner = run(mode)
    owner.until("ended")
    assert worker.failure
    assert not worker.send(Quiet("gate", 1))


def test_an_unsealed_worker_runs_where_that_was_allowed(run: Run) -> None:
    worker, owner = run("unsealed", allow_unsealed=True)
    owner.until("started")
    assert worker.report().seal == Seal()


def test_a_worker_that_never_works_is_not_started_again_and_again_at_once(run: Run) -> None:
    clock = SystemClock()
    _, owner = run("stillborn")
    owner.until("ended", "ended")
    begin = clock.monotonic()
    owner.until("ended", "ended")
    assert clock.monotonic() - begin > 1.4


def test_whatever_a_message_leads_to_ends_the_worker_alone(run: Run) -> None:
    def fail(_: Message) -> str:
        raise ZeroDivisionError

    worker, owner = run("good", Owner(fail))
    owner.until("started", "ended")
    assert "internal error" in worker.failure
    owner.until("started")


def test_an_owner_that_says_why_has_the_worker_replaced(run: Run) -> None:
    def refuse(_: Message) -> str:
        raise InvalidInput("It says what cannot be.")

    worker, owner = run("good", Owner(refuse))
    owner.until("started", "ended")
    assert "It says what cannot be." in worker.failure


def test_a_worker_that_is_not_wanted_any_more_while_it_starts_is_not_waited_for(run: Run) -> None:
    clock = SystemClock()
    worker, owner = run("mute")
    begin = clock.monotonic()
    worker.close()
    assert clock.monotonic() - begin < 2.0
    owner.until("ended")


def test_how_long_we_were_busy_ourselves_is_no_silence_of_the_worker(run: Run) -> None:
    """Else one worker that hangs with a full socket would have the others replaced."""
    busy = threading.Event()

    def be_busy(_: Message) -> str:
        if not busy.is_set():
            busy.wait(2.5)
            busy.set()
        return ""

    worker, owner = run("chatty", Owner(be_busy))
    owner.until("started")
    assert busy.wait(PATIENCE)
    assert heard_for(worker, 0.5) == 0


def heard_for(worker: Worker, seconds: float) -> int:
    """Return how often a worker was replaced meanwhile."""
    threading.Event().wait(seconds)
    return worker.restarts


def test_a_worker_that_does_not_stop_is_killed(run: Run) -> None:
    worker, owner = run("stubborn")
    owner.until("started")
    worker.close()
    owner.until("ended")
    assert worker.report().pid == 0


def test_what_a_worker_writes_to_stderr_is_logged_under_its_name(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        worker, owner = run("talkative")
        owner.until("started")
        worker.close()
    assert "odd: a line for the log" in caplog.text
