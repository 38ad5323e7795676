"""Starts the RTSP server as a process that a test can take away."""

import os
import select
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

SYSTEM_PYTHON = "/usr/bin/python3"
_SERVER = Path(__file__).with_name("rtsp_server.py")


class Camera:
    """An RTSP server on the loopback address with one stream, at `/stream`, and with a sound at `/sound`."""

    def __init__(
        self,
        clip: Path,
        *,
        method: str = "digest",
        user: str = "admin",
        password: str = "p@ss:word",
        port: int = 0,
    ) -> None:
        self.user, self.password = user, password
        command = [
            SYSTEM_PYTHON,
            str(_SERVER),
            str(port),
            method,
            user,
            password,
            f"stream={clip}",
            f"sound={clip}",
        ]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
        )
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], 20)
        line = self._process.stdout.readline() if ready else b""
        if not line:
            self.kill()
            raise RuntimeError("The RTSP server did not start.")
        self.port = int(line)

    def address(self, *, password: str | None = None, path: str = "stream", port: int | None = None) -> str:
        secret = quote(self.password if password is None else password, safe="")
        return f"rtsp://{self.user}:{secret}@127.0.0.1:{port or self.port}/{path}"

    def kill(self) -> None:
        """Take the power away."""
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
