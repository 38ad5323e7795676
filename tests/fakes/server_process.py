"""`securevision serve` and other commands, as a user runs them: processes of their own, over HTTPS."""

import json
import os
import re
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pyotp
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

PATIENCE = 90
PASSWORD = "canary correct horse battery"
LINK = re.compile(r"(https?://localhost:\d+)(/\S*)?#code=(\S+)")
_OPEN = re.compile(r"^(?:Open |  )(https?://\S+)")


def environment(**settings: str) -> dict[str, str]:
    """Return the environment without settings but those that are given, `SECTION__KEY=value`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SECUREVISION__")}
    return kept | {f"SECUREVISION__{name}": value for name, value in settings.items()}


def command(
    directory: Path, *arguments: str, stdin: str = "", **settings: str
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "securevision", *arguments],
        cwd=directory,
        env=environment(**settings),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@dataclass(kw_only=True)
class ServerProcess:
    """A running server."""

    process: subprocess.Popen[str]
    directory: Path
    origin: str
    code: str
    """Of the set-up link; empty when there is an administrator already."""
    cookies: dict[str, str] = field(default_factory=dict)

    @property
    def tls(self) -> ssl.SSLContext:
        """A context that trusts the server's own authority and nobody else."""
        return ssl.create_default_context(cafile=self.directory / "data" / "tls" / "ca.pem")

    def client(self, token: str | None = None) -> httpx.Client:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return httpx.Client(base_url=self.origin, verify=self.tls, headers=headers, timeout=20)

    def send(self, method: str, path: str, body: Any = None) -> httpx.Response:  # noqa: ANN401 - JSON
        """Send a request as our own page does, and keep the cookies that come."""
        said = {"Sec-Fetch-Site": "same-origin", "Origin": self.origin, "X-SV-CSRF": "1"}
        said["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        with self.client() as client:
            answer = client.request(method, path, json=body, headers=said)
        for cookie in answer.headers.get_list("set-cookie"):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer

    def stream(self, token: str | None = None) -> ClientConnection:
        """Open the WebSocket with a token, or with the cookies."""
        headers = {"Authorization": f"Bearer {token}"}
        if token is None:
            headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        return connect(
            self.origin.replace("http", "ws") + "/api/v1/stream",
            additional_headers=headers,
            origin=Origin(self.origin) if token is None else None,
            ssl=self.tls,
            open_timeout=20,
        )

    def set_up(self, name: str = "ada") -> None:
        """Make the first administrator with the set-up link and enrol an authenticator app."""
        body = {"code": self.code, "name": name, "password": PASSWORD}
        assert self.send("POST", "/api/v1/setup", body).json()["next"] == "enrol_factor"
        seed = self.send("POST", "/api/v1/account/totp").json()["seed"]
        confirmed = self.send("PUT", "/api/v1/account/totp", {"code": pyotp.TOTP(seed).now()})
        assert len(confirmed.json()["recovery_codes"]) == 10, confirmed.text

    def new_token(self, *scopes: str) -> str:
        """Make an API token by hand of whoever is signed in."""
        answer = self.send("POST", "/api/v1/tokens", {"name": "a program", "scopes": scopes})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["token"])

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Stop it; return its exit code."""
        self.process.send_signal(number)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return self.process.wait(PATIENCE)


@contextmanager
def server_process(directory: Path, **settings: str) -> Iterator[ServerProcess]:
    """Start a server on a free port in a working directory, and stop it afterwards."""
    with (directory / "stderr.txt").open("a") as errors:
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", "securevision", "serve"],
            cwd=directory,
            env=environment(**{"API__PORT": "0"} | settings),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    assert process.stdout is not None
    try:
        shown = next((found[1] for line in process.stdout if (found := _OPEN.match(line))), None)
        if shown is None:
            process.wait(PATIENCE)
            raise AssertionError((directory / "stderr.txt").read_text())
        address, _, code = shown.partition("#code=")
        origin = "/".join(address.split("/")[:3])
        server = ServerProcess(process=process, directory=directory, origin=origin, code=code)
        yield server
        if process.poll() is None:
            server.stop()
    finally:
        process.kill()
        process.wait(PATIENCE)


def as_json(text: str | bytes) -> dict[str, Any]:
    """Return an object."""
    value: dict[str, Any] = json.loads(text)
    return value
