"""A worker that does what its first argument says: `python -I odd_worker.py MODE DESCRIPTOR`."""

import os
import signal
import socket
import sys
import threading

from securevision.domain.seal import Seal
from securevision.runtime.link import Link
from securevision.runtime.messages import Beat, Quiet, Ready, Stop, ToMedia

SEALED = Seal(no_new_privileges=True, limits=True, system_calls=True)


def main(mode: str, descriptor: str) -> None:
    """Greet, then behave; on Stop, end."""
    end = socket.socket(fileno=int(descriptor))
    link: Link[ToMedia] = Link(end, ToMedia, takes_descriptors=True)
    if mode == "mute":
        signal.pause()
    if mode == "stillborn":
        return
    link.send(Ready(Seal() if mode == "unsealed" else SEALED))
    if mode == "talkative":
        sys.stderr.write("a line for the log\n")
        sys.stderr.flush()
    if mode == "swollen":
        bytearray(os.urandom(1 << 20)) * 300
        swollen = bytearray(os.urandom(1 << 20)) * 300
        assert swollen
    while True:
        received = link.receive(0.1)
        if received is not None and isinstance(received.message, Stop):
            if mode == "stubborn":
                signal.pause()
            return
        if mode == "chatty":
            # A beat is not the first thing that waits for whoever was busy.
            for _ in range(100):
                link.send(Quiet("gate", 1))
        link.send(Beat([]))
        _misbehave(mode, end, link)


def _misbehave(mode: str, end: socket.socket, link: Link[ToMedia]) -> None:
    match mode:
        case "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "stuck":
            os.kill(os.getpid(), signal.SIGSTOP)
        case "silent main thread":
            # Others go on talking, which must not hide it.
            threading.Thread(target=lambda: _chatter(link), daemon=True).start()
            threading.Event().wait()
        case "babble":
            end.sendall(os.urandom(1000))


def _chatter(link: Link[ToMedia]) -> None:
    while True:
        link.send(Quiet("gate", 1))
        threading.Event().wait(0.05)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
