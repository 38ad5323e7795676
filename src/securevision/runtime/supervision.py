"""Keeps one worker running: starts it, listens to it, and replaces it when it ends, hangs or swells."""

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from securevision.domain.camera_reports import WorkerReport
from securevision.domain.ports.clock import Clock
from securevision.domain.seal import Seal
from securevision.errors import SecureVisionError
from securevision.runtime.link import Link, LinkBroken, Received
from securevision.runtime.messages import Heartbeat, Message, Ready, Stop
from securevision.runtime.worker_process import WorkerProcess

_log = logging.getLogger(__name__)
_LOOK_EVERY_S = 0.25
_WEIGH_EVERY_S = 1.0
_SILENT_S = 3.0
_STARTED_WITHIN_S = 30.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 8.0
_LIVED_LONG_S = 60.0
_DRAINED_WITHIN_S = 5.0


@dataclass(frozen=True, slots=True)
class WorkerKind:
    """How workers of one kind are started and judged."""

    command: Sequence[str]
    """Arguments of Python that run it."""
    incoming: Any
    """Union of the messages that it may send."""
    max_resident_bytes: int
    allow_unsealed: bool = False


class WorkerOwner(Protocol):
    """Who gives a worker its work. Called from the worker's thread alone, but for nothing else."""

    def started(self, seal: Seal) -> None:
        """Give a new worker, which is ready, all that it shall do; `send` of its Worker works from here on."""
        ...

    def received(self, message: Any) -> str:  # noqa: ANN401 - of the kind's union
        """Take a message; return why the worker must be replaced, or an empty string."""
        ...

    def ended(self) -> None:
        """Take back what the worker did; a new one may follow."""
        ...


class Worker:
    """One place for a worker, and whoever fills it now."""

    def __init__(self, name: str, kind: WorkerKind, owner: WorkerOwner, clock: Clock) -> None:
        self.name = name
        self._kind = kind
        self._owner = owner
        self._clock = clock
        self._stopping = threading.Event()
        self._link: Link[Any] | None = None
        self._process: WorkerProcess | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.restarts = 0
        self.seal: Seal | None = None
        self.failure = ""
        """Why there is no worker that works, or an empty string."""

    def report(self) -> WorkerReport:
        """Say how it does."""
        process = self._process
        return WorkerReport(
            self.name,
            process.pid if process else 0,
            self.restarts,
            self.failure,
            self.seal,
            process.resident_bytes() if process else 0,
        )

    def start(self) -> None:
        """Start the thread, which starts the process."""
        self._thread.start()

    def send(self, message: Message, descriptors: Sequence[int] = ()) -> bool:
        """Send a message if there is somebody to take it; return whether there was."""
        link = self._link
        if link is None:
            return False
        try:
            link.send(message, descriptors)
        except LinkBroken:
            return False
        return True

    def close(self) -> None:
        """Ask the worker to finish, and wait for its end; kill it when it takes too long."""
        self._stopping.set()
        self.send(Stop())
        if self._thread.ident is None:
            return
        self._thread.join(_DRAINED_WITHIN_S)
        if (process := self._process) is not None:
            process.kill()
        self._thread.join()

    def _run(self) -> None:
        quick = 0
        while not self._stopping.is_set():
            begin = self._clock.monotonic()
            self._live()
            if self._stopping.is_set():
                return
            self.restarts += 1
            _log.error("%s is replaced: %s", self.name, self.failure)
            quick = 0 if self._clock.monotonic() - begin > _LIVED_LONG_S else quick + 1
            # At once the first time; something that never works must not keep the machine busy.
            self._stopping.wait(
                min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** (quick - 2)) if quick > 1 else 0.0
            )

    def _live(self) -> None:
        """Run one process to its end."""
        process = WorkerProcess(self._kind.command, self.name)
        self._process = process
        link: Link[Any] = Link(process.end, self._kind.incoming)
        try:
            reason = self._greet(link) or self._attend(process, link)
        except SecureVisionError as error:
            reason = str(error)
        except Exception:  # noqa: BLE001 - whatever a worker's message led to, the worker is what ends
            _log.exception("A message of %s led to an internal error.", self.name)
            reason = "A message of it led to an internal error."
        finally:
            self._link = self._process = None
            code = process.end_it()
        self.failure = f"{reason} (exit {code})"
        self._owner.ended()

    def _greet(self, link: Link[Any]) -> str:
        until = self._clock.monotonic() + _STARTED_WITHIN_S
        while (received := link.receive(_LOOK_EVERY_S)) is None:
            if self._stopping.is_set() or self._clock.monotonic() > until:
                return "It did not start."
        if not isinstance(received.message, Ready):
            return "It did not start."
        self.seal = received.message.seal
        if not self.seal.sufficient and not self._kind.allow_unsealed:
            return (
                f"It is {self.seal.text}, so it may not read anything; `securevision doctor` says what to do."
            )
        self._link, self.failure = link, ""
        if self._stopping.is_set():
            # Nobody could tell it before.
            return "It is not wanted any more."
        self._owner.started(self.seal)
        return ""

    def _attend(self, process: WorkerProcess, link: Link[Any]) -> str:
        heard = weighed = looked = self._clock.monotonic()
        while True:
            received: Received[Any] | None = link.receive(_LOOK_EVERY_S)
            now = self._clock.monotonic()
            # While we were busy or stopped ourselves, nobody could be heard.
            heard += max(0.0, now - looked - _LOOK_EVERY_S)
            looked = now
            if received is not None:
                heard = now if isinstance(received.message, Heartbeat) else heard
                if reason := self._owner.received(received.message):
                    return reason
            if now - heard > _SILENT_S:
                return f"Its main thread was silent for {_SILENT_S:g} s."
            if now - weighed > _WEIGH_EVERY_S:
                weighed = now
                if process.resident_bytes() > self._kind.max_resident_bytes:
                    return "It takes more memory than it may."
