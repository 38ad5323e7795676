"""What the way in costs: authorisation per request, and a flood of wrong passwords to somebody who has the right one.

Prints the figures and writes `benchmarks/results/api.json`, with the machine and the commit. Each server is a process
of its own; the load goes to loopback, is bounded in count, and stops by itself.

1. The same route with the guard and with a stub in its place, asked in turn over one connection each.
2. A person's sign-in (Argon2id with its real parameters), alone, and while 2,000 wrong ones for their own, another and
   unknown names come from another address.
"""

import http.client
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import uvicorn
from benchmarks.report import save
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from securevision.access import Principal
from securevision.access.roles import ROLES
from securevision.api.app import create_app
from securevision.api.client_address import ClientAddress
from securevision.api.guard import Guard
from securevision.api.server import server_config
from securevision.api.services import ApiServices
from securevision.clock import SystemClock
from securevision.domain.accounts import UserDraft
from securevision.domain.audit import AuditAction
from securevision.domain.rights import ALL_CAMERAS, Role
from securevision.runtime.epoch_watch import PollingEpochWatch
from securevision.runtime.feed import Feed
from securevision.settings import Settings
from securevision.store.throttle import SqlRequestThrottle, ThrottleFile
from securevision.wiring.access import by_command, make_access
from securevision.wiring.audit import make_audit
from securevision.wiring.cameras import camera_desk
from securevision.wiring.engine import media_kind
from securevision.wiring.footage import open_footage
from securevision.wiring.keys import open_sealer
from securevision.wiring.models import Models
from securevision.wiring.onvif import NetworkCameras
from securevision.wiring.storage import open_storage
from securevision.wiring.watching import make_watching

PASSWORD = "a long phrase for a benchmark"
REQUESTS = 3000
WRONG_LOGINS = 2000
SIGN_INS = 12
ROUNDS = 3
GOAL_ADDED_MS = 0.3
GOAL_SLOWER = 0.20
ROUTE = "/api/v1/cameras"
ATTACKER, PERSON = "127.0.0.2", "127.0.0.1"


class Stub:
    """Stands in for the guard: everybody is an administrator."""

    def __init__(self, app: ASGIApp, /, **_: object) -> None:
        self._app = app
        self._principal = Principal("user:1", "ada", ROLES[Role.ADMIN], ALL_CAMERAS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["securevision.principal"], scope["securevision.network"] = self._principal, PERSON
        await self._app(scope, receive, send)


def serve(directory: Path, port: int, *, stubbed: bool) -> None:
    settings = Settings()
    settings.storage.directory = directory
    settings.tls.mode = "off"
    origin = f"http://localhost:{port}"
    with ExitStack() as stack:
        storage = stack.enter_context(open_storage(settings))
        sealer = open_sealer(settings, storage.database)
        audit = make_audit(storage.database, sealer, SystemClock())
        counters = ThrottleFile.open(directory / "throttle.db")
        epoch = PollingEpochWatch(storage.epoch, SystemClock())
        epoch.start()
        access = make_access(settings, storage, audit, sealer, counters=counters, epoch=epoch, origin=origin)
        # Requests are counted as ever, but not refused: each wrong password is to reach the sign-in.
        unlimited = SqlRequestThrottle(counters, SystemClock(), principal_limit=10**9, network_limit=10**9)
        feed, footage = Feed(), open_footage(settings)
        # It is not started: there is no camera, and nobody asks for one.
        watching = make_watching(
            settings, Models(settings, print), storage, sealer, footage=footage, feed=feed
        )
        services = ApiServices(
            events=storage.events,
            feed=feed,
            clock=SystemClock(),
            access=replace(access, request_throttle=unlimited),
            cameras=storage.cameras,
            camera_desk=camera_desk(settings, storage, sealer, watching.sync),
            camera_search=NetworkCameras(media_kind(settings)),
            watching=watching.engine.hub,
            live=watching.engine.live,
            recordings=storage.recordings,
            recording_files=footage.recordings,
            pictures=footage.pictures,
            retention_days=30,
            origin=origin,
            client_address=ClientAddress(()),
        )
        if not storage.users.all():
            for name in ("ada", "bob"):
                draft = UserDraft(
                    name, Role.VIEWER, ALL_CAMERAS, SystemClock().now_ms(), access.passwords.hash(PASSWORD)
                )
                storage.users.add(draft, lambda _: by_command(AuditAction.USER_CREATED))
        app = create_app(services)
        if stubbed:
            _stub(app)
        uvicorn.Server(server_config(app, host=PERSON, port=port, clients=services.client_address)).run()


def _stub(app: FastAPI) -> None:
    app.user_middleware = [
        Middleware(Stub) if _is_guard(middleware) else middleware for middleware in app.user_middleware
    ]
    for context in iter_route_contexts(app.routes):
        for dependency in getattr(context.original_route, "dependencies", ()):
            app.dependency_overrides[dependency.dependency] = lambda: None


def _is_guard(middleware: Middleware) -> bool:
    kind: object = middleware.cls
    return kind is Guard


@contextmanager
def server(directory: Path, *, stubbed: bool) -> Iterator[int]:
    """Run a server in a process of its own; yields its port."""
    port = _free_port()
    command = [
        sys.executable,
        "-m",
        "benchmarks.api",
        "--serve",
        str(directory),
        str(port),
        "stub" if stubbed else "real",
    ]
    with subprocess.Popen(command) as process:
        try:
            _wait(port)
            yield port
        finally:
            process.terminate()
            process.wait(30)


def _free_port() -> int:
    with socket.create_server((PERSON, 0)) as listener:
        return int(listener.getsockname()[1])


def _wait(port: int) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            connection = http.client.HTTPConnection(PERSON, port, timeout=5)
            connection.request("GET", "/health")
            connection.getresponse().read()
            connection.close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit("The server did not start.")


class Browser:
    """A connection that is kept, from an address of ours."""

    def __init__(self, port: int, address: str) -> None:
        self._connection = http.client.HTTPConnection(PERSON, port, timeout=60, source_address=(address, 0))
        self._headers = {
            "Origin": f"http://localhost:{port}",
            "Sec-Fetch-Site": "same-origin",
            "X-SV-CSRF": "1",
            "Content-Type": "application/json",
        }
        self.cookie = ""

    def get(self, path: str) -> int:
        self._connection.request("GET", path, headers={"Cookie": self.cookie})
        return self._read()

    def login(self, name: str, password: str) -> int:
        body = json.dumps({"name": name, "password": password})
        self._connection.request("POST", "/api/v1/login", body, self._headers | {"Cookie": self.cookie})
        return self._read()

    def _read(self) -> int:
        answer = self._connection.getresponse()
        answer.read()
        cookies = [value.partition(";")[0] for name, value in answer.getheaders() if name == "set-cookie"]
        self.cookie = "; ".join(cookies) or self.cookie
        return answer.status


def milliseconds(act: Callable[[], object]) -> float:
    begin = time.perf_counter()
    act()
    return (time.perf_counter() - begin) * 1000


def expect(status: int, wanted: int) -> None:
    if status != wanted:
        raise SystemExit(f"expected {wanted}, got {status}")


def measure_authorisation(directory: Path) -> dict[str, float]:
    with server(directory, stubbed=False) as real_port, server(directory, stubbed=True) as stub_port:
        real, stub = Browser(real_port, PERSON), Browser(stub_port, PERSON)
        expect(real.login("ada", PASSWORD), 200)
        times: dict[str, list[float]] = {"with": [], "without": []}
        for number in range(REQUESTS + 200):
            guarded = milliseconds(lambda: expect(real.get(ROUTE), 200))
            bare = milliseconds(lambda: expect(stub.get(ROUTE), 200))
            if number >= 200:
                times["with"].append(guarded)
                times["without"].append(bare)
    with_, without = (statistics.median(times[name]) for name in ("with", "without"))
    return {
        "with_authorisation_ms": round(with_, 3),
        "stubbed_ms": round(without, 3),
        "added_ms": round(with_ - without, 3),
        "goal_added_ms": GOAL_ADDED_MS,
    }


def flood(port: int, answers: dict[int, int]) -> None:
    attacker = Browser(port, ATTACKER)
    for number in range(WRONG_LOGINS):
        # The person's own account among them: it is the known device that keeps the door open.
        name = ("ada", "bob", f"nobody{number}")[number % 3]
        status = attacker.login(name, "wrong")
        answers[status] = answers.get(status, 0) + 1


def measure_flood(directory: Path) -> dict[str, object]:
    alone: list[float] = []
    during: list[float] = []
    answers: dict[int, int] = {}
    with server(directory, stubbed=False) as port:
        person = Browser(port, PERSON)
        for _ in range(ROUNDS):
            alone += [
                milliseconds(lambda: expect(person.login("ada", PASSWORD), 200)) for _ in range(SIGN_INS)
            ]
            process = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.api", "--flood", str(port)], stdout=subprocess.PIPE
            )
            while process.poll() is None and len(during) < 10_000:
                during.append(milliseconds(lambda: expect(person.login("ada", PASSWORD), 200)))
            assert process.stdout is not None
            for status, count in json.loads(process.stdout.read()).items():
                answers[int(status)] = answers.get(int(status), 0) + count
            process.wait()
    before, under = statistics.median(alone), statistics.median(during)
    return {
        "sign_in_alone_ms": round(before, 1),
        "sign_in_during_flood_ms": round(under, 1),
        "sign_ins_during_flood": len(during),
        "slower": round(under / before - 1, 3),
        "goal_slower": GOAL_SLOWER,
        "wrong_logins": WRONG_LOGINS * ROUNDS,
        "answers_to_the_flood": {str(status): answers[status] for status in sorted(answers)},
    }


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        authorisation = measure_authorisation(Path(scratch) / "a")
        print(authorisation)
        under_flood = measure_flood(Path(scratch) / "b")
        print(under_flood)
    save("api", {"authorisation": authorisation, "flood": under_flood})


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--serve", directory, port, kind]:
            serve(Path(directory), int(port), stubbed=kind == "stub")
        case ["--flood", port]:
            counted: dict[int, int] = {}
            flood(int(port), counted)
            print(json.dumps(counted))
        case _:
            main()
