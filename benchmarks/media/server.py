"""A real server in a process of its own, with sealed workers, run over HTTPS as its page and as programs do."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pyotp
from benchmarks.media.processes import children

from fakes.server_process import PASSWORD, ServerProcess, command, server_process

_PROVEN_S = 240.0
_STEP_S = 30
_PATIENCE_S = 60.0

Json = Any


@dataclass(kw_only=True, slots=True)
class Server:
    """The server, whoever administers it, and a program with a token."""

    process: ServerProcess
    seed: str
    token: str
    program: httpx.Client
    proven_s: float = field(default_factory=time.monotonic)

    @property
    def core(self) -> list[int]:
        return [self.process.process.pid]

    @property
    def media(self) -> list[int]:
        return children(self.process.process.pid, "securevision.wiring.media")

    @property
    def recogniser(self) -> list[int]:
        return children(self.process.process.pid, "securevision.wiring.recogniser")

    def add(self, name: str, address: str, **settings: Json) -> None:
        """Add a camera, which is watched from now on."""
        body = {"id": name, "address": address, "allow_loopback": True, **settings}
        self._administer("POST", "/api/v1/cameras", body, 201)

    def remove(self, name: str) -> None:
        self._administer("DELETE", f"/api/v1/cameras/{name}", None, 204)

    def get(self, path: str) -> httpx.Response:
        answer = self.program.get(path)
        answer.raise_for_status()
        return answer

    def states(self) -> dict[str, Json]:
        """Return how each camera does, by name."""
        return {camera["id"]: camera for camera in self.get("/api/v1/cameras").json()}

    def metric(self, name: str) -> float:
        """Return a value of `/metrics`, named with its labels."""
        lines = self.get("/metrics").text.splitlines()
        return next(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name + " "))

    def wait_until_live(self, count: int) -> None:
        """Wait until so many cameras are live."""
        wait_for(
            lambda: sum(each["state"] == "live" for each in self.states().values()) >= count,
            f"{count} live cameras",
        )

    def _administer(self, method: str, path: str, body: Json, wanted: int) -> None:
        if time.monotonic() - self.proven_s > _PROVEN_S:
            # A code of the app opens once.
            time.sleep(_STEP_S - time.time() % _STEP_S + 0.5)
            proof = {"password": PASSWORD, "code": pyotp.TOTP(self.seed).now()}
            _expect(self.process.send("POST", "/api/v1/session/step-up", proof), 204)
            self.proven_s = time.monotonic()
        _expect(self.process.send(method, path, body), wanted)


@contextmanager
def server(gallery: Path | None = None, **settings: str) -> Iterator[Server]:
    """Run one with an administrator; `gallery` are the people who are enrolled."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if gallery is not None:
            done = command(directory, "person", "enrol", str(gallery), **settings)
            if done.returncode:
                raise SystemExit(done.stderr)
        process = stack.enter_context(server_process(directory, **settings))
        body = {"code": process.code, "name": "ada", "password": PASSWORD}
        _expect(process.send("POST", "/api/v1/setup", body), 201)
        seed = process.send("POST", "/api/v1/account/totp").json()["seed"]
        # Not the code of now: that one is for the first time something must be proved.
        before = pyotp.TOTP(seed).at(int(time.time()) - _STEP_S)
        _expect(process.send("PUT", "/api/v1/account/totp", {"code": before}), 200)
        token = process.new_token("health:read", "live:view", "metrics:read", "stream:read")
        program = stack.enter_context(process.client(token))
        yield Server(process=process, seed=seed, token=token, program=program)


def wait_for(condition: Callable[[], object], what: str, patience_s: float = _PATIENCE_S) -> None:
    """Wait until something is true."""
    until = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > until:
            raise SystemExit(f"There was no {what} after {patience_s:g} s.")
        time.sleep(0.25)


def _expect(answer: httpx.Response, status: int) -> None:
    if answer.status_code != status:
        raise SystemExit(f"{answer.request.url.path} answered {answer.status_code}: {answer.text}")
