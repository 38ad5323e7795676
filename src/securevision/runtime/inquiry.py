"""One question about cameras that are not watched: a sealed worker of its own reads what they answer."""

import os
import threading
from contextlib import suppress
from typing import Any, Self, TypeVar

from securevision.domain.ports.cameras import Connect
from securevision.domain.ports.clock import Clock
from securevision.errors import SourceError, SourceRefused, Unavailable
from securevision.runtime.answers import AnswersRead, Described, FromAsked, NotAnswered
from securevision.runtime.connection import connected
from securevision.runtime.link import Link, LinkBroken
from securevision.runtime.messages import Beat, Describe, NeedConnection, ReadAnswers, Ready
from securevision.runtime.supervision import WorkerKind
from securevision.runtime.worker_process import WorkerProcess
from securevision.telemetry.redaction import redact

MAX_CONNECTIONS = 160
"""More than the longest question needs. A worker that was taken over must not try passwords for hours."""

Wanted = TypeVar("Wanted", AnswersRead, Described)


class Inquiry:
    """A worker that lives as long as the question; used as a context. Whatever it says is treated as hostile."""

    def __init__(self, kind: WorkerKind, clock: Clock, within_s: float) -> None:
        """Start the worker, which gets ready meanwhile; it is killed after so long."""
        self._kind = kind
        self._clock = clock
        self._within_s = within_s
        self._deadline = clock.monotonic() + within_s
        self._process = WorkerProcess(kind.command, "media-asked")
        self._link: Link[Any] = Link(self._process.end, FromAsked)
        self._connections = 0
        # However it keeps us waiting, its end is the end of that.
        self._end = threading.Timer(within_s, self._process.kill)
        self._end.daemon = True
        self._end.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end.cancel()
        self._process.end_it()

    def ask(
        self, question: ReadAnswers | Describe, answer: type[Wanted], connect: Connect | None = None
    ) -> Wanted:
        """Return the answer; `connect` reaches the camera that it is about, if it is about one.

        Raises SourceError or SourceRefused with what the worker says instead, Unavailable.
        """
        try:
            self._greet()
            self._link.send(question)
            while not isinstance(message := self._next(), answer):
                self._attend(message, connect)
        except LinkBroken:
            if self._clock.monotonic() >= self._deadline:
                raise Unavailable(
                    f"What cameras answered could not be read within {self._within_s:g} s; try again."
                ) from None
            raise Unavailable("The process that reads what cameras answer has ended; see the log.") from None
        return message

    def _greet(self) -> None:
        ready = self._next()
        if not isinstance(ready, Ready):
            raise LinkBroken("It says what it must not.")
        if not ready.seal.sufficient and not self._kind.allow_unsealed:
            raise Unavailable(
                f"A process is {ready.seal.text}, so it may not read what cameras answer; "
                "`securevision doctor` says what to do."
            )

    def _next(self) -> Any:  # noqa: ANN401 - FromAsked
        received = self._link.receive(self._within_s)
        if received is None:
            raise LinkBroken("It says nothing.")
        return received.message

    def _attend(self, message: Any, connect: Connect | None) -> None:  # noqa: ANN401 - FromAsked
        match message:
            case NeedConnection() if connect is not None and self._connections < MAX_CONNECTIONS:
                self._connections += 1
                thread = threading.Thread(target=self._hand_over, args=(message, connect), daemon=True)
                thread.start()
                thread.join(max(0.0, self._deadline - self._clock.monotonic()))
            case NotAnswered():
                raise (SourceRefused if message.refused else SourceError)(redact(message.sentence))
            case Beat():
                if self._process.resident_bytes() > self._kind.max_resident_bytes:
                    raise Unavailable(
                        "The process that reads what cameras answer takes more memory than it may."
                    )
            case _:
                raise LinkBroken("It says what it must not.")

    def _hand_over(self, need: NeedConnection, connect: Connect) -> None:
        answer, descriptors = connected(need, connect)
        with suppress(LinkBroken):
            self._link.send(answer, descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
