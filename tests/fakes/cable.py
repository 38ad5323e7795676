"""A network cable between a client and a server, which a test can pull."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Cable:
    """Forwards TCP connections from `port` to a port of this machine."""

    def __init__(self, listener: socket.socket, server_port: int) -> None:
        self._listener = listener
        self._server_port = server_port
        self._lock = threading.Lock()
        self._ends: list[socket.socket] = []
        self._plugged = True

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def pull(self) -> None:
        """Cut every connection; new ones are cut at once until `plug`."""
        with self._lock:
            self._plugged = False
            ends, self._ends = self._ends, []
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def plug(self) -> None:
        """Let new connections through again."""
        with self._lock:
            self._plugged = True

    def run(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                with self._lock:
                    if not self._plugged:
                        near.close()
                        continue
                    far = socket.create_connection(("127.0.0.1", self._server_port))
                    self._ends += [near, far]
                pair = [threading.Thread(target=_pump, args=ends) for ends in ((near, far), (far, near))]
                threading.Thread(target=_close_after, args=(pair, near, far)).start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self.pull()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def _close_after(pair: list[threading.Thread], *ends: socket.socket) -> None:
    for thread in pair:
        thread.start()
    for thread in pair:
        thread.join()
    for end in ends:
        end.close()


@contextmanager
def cable_to(server_port: int) -> Iterator[Cable]:
    """Lay a cable to a port of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        cable = Cable(listener, server_port)
        thread = threading.Thread(target=cable.run)
        thread.start()
        try:
            yield cable
        finally:
            cable.close()
            thread.join(10)
