"""What has to be done every now and then."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from securevision.domain.ports.clock import Clock
from securevision.errors import SecureVisionError

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Chore:
    """Something to do at the start and then again and again."""

    every_s: float
    do: Callable[[], object]


class Chores:
    """A thread that does chores, one after the other. One that fails is logged and tried again the next time."""

    def __init__(self, chores: Sequence[Chore], clock: Clock) -> None:
        self._due = {chore: float("-inf") for chore in chores}
        self._clock = clock
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="chores")

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self) -> None:
        """End the thread, and wait for a chore under way."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            for chore, due in self._due.items():
                if self._clock.monotonic() >= due and not self._stop.is_set():
                    self._do(chore)
            wait_s = min(self._due.values(), default=float("inf")) - self._clock.monotonic()
            if self._stop.wait(max(0.0, min(wait_s, threading.TIMEOUT_MAX))):
                return

    def _do(self, chore: Chore) -> None:
        self._due[chore] = self._clock.monotonic() + chore.every_s
        try:
            chore.do()
        except SecureVisionError as error:
            _log.error("%s", error)
