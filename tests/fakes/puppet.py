"""A worker that says what a test lets it say: a process that hands its end of the socket to the test, and waits.

`python -I puppet.py PATH DESCRIPTOR` sends the descriptor over the Unix socket at the path.
"""

import contextlib
import shutil
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from securevision.domain.seal import Seal
from securevision.runtime.link import Link, LinkBroken, Received
from securevision.runtime.messages import Heartbeat, Message, Ready, Stop

PATIENCE = 15.0
SEALED = Seal(no_new_privileges=True, limits=True, system_calls=True)
Wanted = TypeVar("Wanted", bound=Message)


class Puppet:
    """One process, as the test plays it. It beats by itself, and is gone when the core or the test ends it."""

    def __init__(self, control: socket.socket, incoming: Any, beat: Heartbeat) -> None:  # noqa: ANN401 - a union
        _, [descriptor], _, _ = socket.recv_fds(control, 1, 1)
        self._control = control
        self._end = socket.socket(fileno=descriptor)
        self.link: Link[Any] = Link(self._end, incoming, takes_descriptors=True)
        self._beat = beat
        self.is_dead = False
        self._quiet = threading.Event()
        self._beating = threading.Thread(target=self._run)

    def begin(self, seal: Seal = SEALED) -> None:
        """Say that it is ready."""
        self.link.send(Ready(seal))
        self._beating.start()

    def say(self, message: Message) -> None:
        """Send."""
        self.link.send(message)

    def babble(self, data: bytes) -> None:
        """Send what is no message."""
        self._end.sendall(data)

    def fall_silent(self) -> None:
        """Beat no more."""
        self._quiet.set()

    def next(self, kind: type[Wanted]) -> Wanted:
        """Return the next message of a kind; what comes before it is not of interest."""
        return self.next_with(kind).message

    def next_with(self, kind: type[Wanted]) -> Received[Wanted]:
        """Return it with its descriptors, which are the test's."""
        while True:
            received = self.link.receive(PATIENCE)
            assert received is not None, f"no {kind.__name__} came"
            if isinstance(received.message, kind):
                return received

    def hears_nothing(self) -> bool:
        """Return whether nothing waits."""
        return self.link.receive(0.05) is None

    def is_gone(self) -> bool:
        """Wait until the core has ended it."""
        with contextlib.suppress(LinkBroken):
            while self.link.receive(PATIENCE) is not None:
                pass
            return False
        return True

    def die(self) -> None:
        """End the process."""
        self.is_dead = True
        self._quiet.set()
        if self._beating.ident is not None:
            self._beating.join(PATIENCE)
        self._end.close()
        self._control.close()

    def _run(self) -> None:
        with contextlib.suppress(LinkBroken):
            while not self._quiet.wait(0.3):
                self.link.send(self._beat)


class Puppets:
    """All that a place for a worker starts, one after the other."""

    def __init__(self, incoming: Any, beat: Heartbeat) -> None:  # noqa: ANN401 - a union of types
        self._incoming, self._beat = incoming, beat
        self._directory = Path(tempfile.mkdtemp(prefix="sv-"))
        path = self._directory / "s"
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._listener.settimeout(PATIENCE)
        self._all: list[Puppet] = []
        self.command: Sequence[str] = (str(Path(__file__).resolve()), str(path))

    def unready(self) -> Puppet:
        """Wait for the next process, which has said nothing yet."""
        control, _ = self._listener.accept()
        control.settimeout(PATIENCE)
        self._all.append(Puppet(control, self._incoming, self._beat))
        return self._all[-1]

    def next(self) -> Puppet:
        """Wait for the next process; it is ready."""
        puppet = self.unready()
        puppet.begin()
        return puppet

    def end(self, close: Callable[[], None]) -> None:
        """Close whoever started them, and end when it asks for that."""
        closing = threading.Thread(target=close)
        closing.start()
        for puppet in self._all:
            if not puppet.is_dead:
                with contextlib.suppress(LinkBroken):
                    puppet.next(Stop)
                puppet.die()
        closing.join(PATIENCE)
        assert not closing.is_alive()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for puppet in self._all:
            puppet.die()
        self._listener.close()
        shutil.rmtree(self._directory)


def main(path: str, descriptor: str) -> None:
    """Hand the socket over, and wait for the end."""
    control = socket.socket(socket.AF_UNIX)
    control.connect(path)
    socket.send_fds(control, [b"."], [int(descriptor)])
    control.recv(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
