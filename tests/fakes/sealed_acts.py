"""What every sealed worker does, and how the programs of the tests say what came out."""

import dataclasses
import json
import os
import socket
import sys
from collections.abc import Callable, Mapping
from threading import Thread

from securevision.domain.seal import Seal


def receive(link: int) -> str:
    """Take a descriptor from the link and read what is in it."""
    with _channel(link) as channel:
        _, descriptors, _, _ = socket.recv_fds(channel, 1, 1)
        return os.read(descriptors[0], 100).decode()


def wait_in_vain(link: int) -> bool:
    """Say whether a read gives up in time."""
    with _channel(link) as channel:
        channel.settimeout(0.01)
        try:
            channel.recv(1)
        except TimeoutError:
            return True
        return False


def run_threads() -> int:
    """Return how many of eight threads ran."""
    done: list[int] = []
    threads = [Thread(target=done.append, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(done)


def finish(seal: Seal, work: Mapping[str, Callable[[], object]]) -> None:
    """Do the work, say what it gave as one line of JSON, and wait for the end of the input."""
    done = {name: act() for name, act in work.items()}
    sys.stdout.write(json.dumps({"seal": dataclasses.asdict(seal), "done": done}) + "\n")
    sys.stdout.flush()
    sys.stderr.write("said at the end\n")
    sys.stdin.read()


def _channel(link: int) -> socket.socket:
    return socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, os.dup(link))
