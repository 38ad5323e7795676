"""Starts the RTMP server as a process that a test can take away."""

import contextlib
import socket
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

_SERVER = Path(__file__).with_name("rtmp_server.py")
_STARTS_WITHIN_S = 20.0


class RtmpCamera:
    """A server on the loopback address that plays a clip once, to whoever connects first."""

    def __init__(self, clip: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self.address = f"rtmp://127.0.0.1:{self.port}/live/x"
        self._process = subprocess.Popen(
            [sys.executable, str(_SERVER), str(self.port), str(clip)],
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def connect(self) -> int:
        """Return the descriptor of a connection, as soon as the server listens."""
        waiting = threading.Event()
        for _ in range(round(_STARTS_WITHIN_S / 0.02)):
            with contextlib.suppress(ConnectionRefusedError):
                return socket.create_connection(("127.0.0.1", self.port)).detach()
            if self._process.poll() is not None:
                break
            waiting.wait(0.02)
        raise RuntimeError("The RTMP server did not start.")

    def finish(self) -> None:
        """End the stream as a server does that is asked to."""
        assert self._process.stdin is not None
        self._process.stdin.close()

    def kill(self) -> None:
        """Take the power away."""
        self._process.kill()
        self._process.wait()
        self.finish()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
