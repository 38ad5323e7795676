"""Starts a worker: a fresh process that has nothing of ours but one end of a socket."""

import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO, cast

_log = logging.getLogger(__name__)
_MAX_LINE = 2000
_MAX_LINES_A_LIFE = 10_000
_ENVIRONMENT = {
    # One thread each: the cameras are what runs side by side.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONUNBUFFERED": "1",
    # onnxruntime would start a thread that notes what this machine does, to be sent to its maker.
    "ORT_DISABLE_TELEMETRY": "1",
}
_KEPT = ("LANG", "LC_ALL", "TZ", "SYSTEMROOT")


class WorkerProcess:
    """A process and our end of its socket."""

    def __init__(self, command: Sequence[str], name: str) -> None:
        """Start `python -I COMMAND... DESCRIPTOR`. What it writes to stderr goes to our log under its name."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        environment = {each: os.environ[each] for each in _KEPT if each in os.environ} | _ENVIRONMENT
        with theirs:
            # Our own interpreter and our own module, nothing that anybody gave us.
            self._process = subprocess.Popen(  # noqa: S603 # nosec B603
                [sys.executable, "-I", *command, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=(theirs.fileno(),),
                env=environment,
                cwd="/",
            )
        self.end = ours
        self.name = name
        stderr = cast("IO[bytes]", self._process.stderr)
        self._reader = threading.Thread(
            target=self._log_lines, args=(stderr,), name=f"log-{name}", daemon=True
        )
        self._reader.start()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def resident_bytes(self) -> int:
        """Return its own memory, without what it shares with us; 0 where that is not known."""
        try:
            status = Path(f"/proc/{self.pid}/status").read_text()
        except OSError:
            return 0
        fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
        return int(fields.get("RssAnon", "0").split()[0]) * 1024

    def wait(self, timeout_s: float) -> bool:
        """Wait for its end; return whether it came."""
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self) -> None:
        """Kill it, from any thread."""
        self._process.kill()

    def end_it(self) -> int:
        """Kill it if it still runs, and return how it ended, as `subprocess` does."""
        self._process.kill()
        code = self._process.wait()
        self.end.close()
        self._reader.join()
        return code

    def _log_lines(self, stderr: IO[bytes]) -> None:
        with stderr:
            # A worker that floods its stderr must not fill our log.
            for number, line in enumerate(iter(lambda: stderr.readline(_MAX_LINE), b"")):
                if number < _MAX_LINES_A_LIFE:
                    _log.warning("%s: %s", self.name, line.decode(errors="replace").rstrip())
