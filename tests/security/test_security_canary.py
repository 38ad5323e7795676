"""Secrets of every kind are planted in the running product, used rightly and wrongly, and then looked for.

The product is a server over HTTPS, before a real camera, and commands, all of them processes that log all they can.
Looked at is everything that leaves them: answers, headers, messages, both outputs of each process, and each file.
"""

import json
import re
import resource
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import time
from base64 import b32decode, urlsafe_b64decode
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import quote

import pyotp
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from fakes.camera import Camera
from fakes.canary import found_in
from fakes.clips import write_raw
from fakes.server_process import PATIENCE, ServerProcess, environment, server_process
from securevision.api.credentials import PROTOCOL
from securevision.vault.sealer import Sealer

pytestmark = [pytest.mark.needs_models, pytest.mark.needs_rtsp]

CAMERA_USER = "canary-viewer"
CAMERA_PASSWORD = 'canary:c@m/ra "ö&%41'
WRONG_CAMERA_PASSWORD = 'canary:wr@ng/"ü&%42'
MALFORMED_CAMERA_PASSWORD = "canary-m@lformed/with+slash"
PASSWORD = 'canary "battery" & stäple/horse\\%43'
NEW_PASSWORD = 'canary <nine> "purple" & gräpes\\%44'
WRONG_PASSWORD = 'canary wr@ng/passwörd & "more"%45'
INVITED_PASSWORD = 'canary of "somebody" else & ö%46'
STATIC_TOKEN = "canary-static-token-of-0.1/+=%47abcdef"

MAY_BE_IN: dict[str, Sequence[str]] = {
    "TOTP seed": ["POST /api/v1/account/totp: body"],
    "recovery code": ["PUT /api/v1/account/totp: body"],
    "API token": ["POST /api/v1/tokens: body", "commands: stdout"],
    "set-up code": ["serve: stdout"],
    "invitation code": ["POST /api/v1/users: body", "commands: stdout"],
    "display code": ["POST /api/v1/tokens: body"],
    "ticket": ["POST /api/v1/stream-ticket: body"],
    "session cookie": [
        "POST /api/v1/setup: headers",
        "PUT /api/v1/account/totp: headers",
        "POST /api/v1/session/step-up: headers",
        "POST /api/v1/login: headers",
        "POST /api/v1/login/recovery-code: headers",
        "PUT /api/v1/account/password: headers",
        "POST /api/v1/display: headers",
    ],
    "device cookie": ["POST /api/v1/login/recovery-code: headers", "PUT /api/v1/account/totp: headers"],
    "key file": ["data/securevision.key"],
    "key of the server's certificate": ["data/tls/server.pem"],
}
"""Where a secret is given to whom it belongs, and nothing else: whatever is not here may be nowhere."""

BROKEN_LIBRARY = """
import socket

class Dropped:
    def __init__(self, url):
        self.url = url

    def __del__(self):
        raise RuntimeError(f"dropped {self.url}")

def broken(*arguments, **options):
    Dropped(ADDRESS)
    raise RuntimeError(f"cannot open {ADDRESS} {options}")

socket.create_connection = broken
"""
"""A library that fails in an unforeseen way, with the camera's address in its words."""


RUN = """
import json, sys
from securevision.cli import main

for sys.argv in [["securevision", *words] for words in json.loads(sys.argv[1])]:
    try:
        main()
    except SystemExit as done:
        print("exit code", done.code, flush=True)
"""


@dataclass
class Hunt:
    """What was planted, and what came out."""

    directory: Path
    camera: Camera
    planted: set[tuple[str, str | bytes]] = field(default_factory=set)
    heard: set[tuple[str, bytes]] = field(default_factory=set)
    statuses: set[int] = field(default_factory=set)

    def plant(self, kind: str, secret: str | bytes) -> None:
        self.planted.add((kind, secret))
        if isinstance(secret, str) and re.fullmatch(r"[A-Za-z0-9_-]{43}", secret):
            self.planted.add((kind, urlsafe_b64decode(secret + "=")))

    def hear(self, place: str, data: str | bytes) -> None:
        self.heard.add((place, data.encode() if isinstance(data, str) else data))

    def settings(self, password: str = CAMERA_PASSWORD) -> dict[str, str]:
        return {
            "CAMERA__URL": self.camera.address(password=password),
            "CAMERA__ALLOW_LOOPBACK": "true",
            "CAMERA__FPS": "1",
            "PLATES__ENABLED": "false",
            "API__AUTH_TOKEN": STATIC_TOKEN,
            "LOG__LEVEL": "debug",
        }

    def run(self, name: str, *commands: Sequence[str], stdin: str = "", **settings: str) -> tuple[str, str]:
        """Run commands one after the other, in one process so that all is read in once; return what they say."""
        done = subprocess.run(
            [sys.executable, "-c", RUN, json.dumps(commands)],
            cwd=self.directory,
            env=environment(**self.settings() | settings),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        self.hear(f"{name}: stdout", done.stdout)
        self.hear(f"{name}: stderr", done.stderr)
        return done.stdout, done.stderr

    def ask(self, server: ServerProcess, method: str, path: str, body: object = None) -> dict[str, object]:
        """Send a request as a browser, keep the cookies as secrets, and return the answer."""
        before = dict(server.cookies)
        answer = server.send(method, path, body)
        for name, value in server.cookies.items():
            if value and before.get(name) != value:
                self.plant("session cookie" if name == "__Host-sv" else "device cookie", value)
        self.statuses.add(answer.status_code)
        shown = re.sub(r"[?].*", "", path) if path.startswith("/api/v1/") else path
        self.hear(f"{method} {shown}: headers", repr(answer.headers.multi_items()))
        self.hear(f"{method} {shown}: body", answer.content)
        is_json = answer.content and answer.headers["content-type"] == "application/json"
        return answer.json() if is_json else {}

    def look_at_files(self) -> None:
        for path in self.directory.rglob("*"):
            if path.is_file():
                with suppress(FileNotFoundError):
                    self.hear(str(path.relative_to(self.directory)), path.read_bytes().strip(b"\0"))

    def end(self, server: ServerProcess, number: int) -> int:
        """End a server, and hear the rest of what it says."""
        self.hear("serve: command line", Path(f"/proc/{server.process.pid}/cmdline").read_bytes())
        server.process.send_signal(number)
        assert server.process.stdout is not None
        with server.process.stdout as rest:
            self.hear("serve: stdout", f"{server.origin}/setup#code={server.code}\n{rest.read()}")
        return server.process.wait(PATIENCE)


# What is done


def sign_up(hunt: Hunt, server: ServerProcess) -> list[str]:
    """Make the first administrator; return the recovery codes."""
    hunt.plant("set-up code", server.code)
    body = {"code": server.code, "name": "ada", "password": PASSWORD}
    hunt.ask(server, "POST", "/api/v1/setup", body | {"code": server.code[::-1]})
    hunt.ask(server, "POST", "/api/v1/setup", body | {"password": "canary"})
    assert hunt.ask(server, "POST", "/api/v1/setup", body)["next"] == "enrol_factor"
    seed = str(hunt.ask(server, "POST", "/api/v1/account/totp")["seed"])
    hunt.plant("TOTP seed", seed)
    hunt.plant("TOTP seed", b32decode(seed))
    hunt.ask(server, "PUT", "/api/v1/account/totp", {"code": seed})
    codes = hunt.ask(server, "PUT", "/api/v1/account/totp", {"code": pyotp.TOTP(seed).now()})[
        "recovery_codes"
    ]
    assert isinstance(codes, list)
    for code in codes:
        hunt.plant("recovery code", code)
        hunt.plant("recovery code", code.replace("-", ""))
        hunt.plant("recovery code", code.upper())
    return codes


def hand_out(hunt: Hunt, server: ServerProcess) -> str:
    """Make a token, a screen and an invitation, and use them; return the token."""
    made = {"name": "a program", "scopes": ["events:read", "stream:read", "health:read", "crops:read"]}
    token = str(hunt.ask(server, "POST", "/api/v1/tokens", made)["token"])
    hunt.plant("API token", token)
    screen = str(hunt.ask(server, "POST", "/api/v1/tokens", {"name": "a screen", "kind": "display"})["link"])
    invited = str(hunt.ask(server, "POST", "/api/v1/users", {"name": "grace", "role": "viewer"})["link"])
    display, invitation = (link.partition("#code=")[2] for link in (screen, invited))
    hunt.plant("display code", display)
    hunt.plant("invitation code", invitation)
    visitor = replace(server, cookies={})
    hunt.ask(visitor, "POST", "/api/v1/invitation", {"code": invitation, "password": "canary"})
    hunt.ask(visitor, "POST", "/api/v1/invitation", {"code": invitation, "password": INVITED_PASSWORD})
    hunt.ask(visitor, "POST", "/api/v1/display", {"code": display})
    assert hunt.ask(visitor, "GET", "/api/v1/session")["level"] == "display"
    return token


def sign_in(hunt: Hunt, server: ServerProcess, codes: Sequence[str]) -> None:
    """Sign in wrongly and rightly, step up, and take another password."""
    browser = replace(server, cookies={})
    hunt.ask(browser, "POST", "/api/v1/login", {"name": "ada", "password": WRONG_PASSWORD})
    assert hunt.ask(browser, "POST", "/api/v1/login", {"name": "ada", "password": PASSWORD})["next"] != "done"
    hunt.ask(browser, "POST", "/api/v1/login/totp", {"code": codes[0]})
    assert hunt.ask(browser, "POST", "/api/v1/login/recovery-code", {"code": codes[0]})["next"] == "done"
    hunt.ask(browser, "POST", "/api/v1/session/step-up", {"password": PASSWORD, "code": codes[1]})
    hunt.ask(browser, "PUT", "/api/v1/account/password", {"current": PASSWORD, "new": NEW_PASSWORD})
    server.cookies = browser.cookies


def watch_live(hunt: Hunt, server: ServerProcess, token: str) -> None:
    """Open the stream with each credential there is, rightly and wrongly."""
    ticket = str(hunt.ask(server, "POST", "/api/v1/stream-ticket")["ticket"])
    hunt.plant("ticket", ticket)
    address = server.origin.replace("https", "wss")
    cookie = "; ".join(f"{name}={value}" for name, value in server.cookies.items())
    for query, headers, offered, origin in (
        ("", {}, ticket, server.origin),
        ("", {}, ticket, server.origin),
        ("", {"Authorization": f"Bearer {token}"}, None, None),
        (f"?token={token}&ticket={ticket}", {"Authorization": f"Bearer {STATIC_TOKEN}"}, None, None),
        ("", {"Cookie": cookie}, None, server.origin),
        ("", {"Cookie": cookie}, None, "https://evil.example"),
    ):
        try:
            with connect(
                f"{address}/api/v1/stream{query}",
                additional_headers=headers,
                origin=None if origin is None else Origin(origin),
                subprotocols=[Subprotocol(PROTOCOL), Subprotocol(f"ticket.{offered}")] if offered else None,
                ssl=server.tls,
                open_timeout=20,
            ) as socket_:
                hunt.hear("stream: headers", repr(socket_.response))
                socket_.send("ping")
                hunt.hear("stream: message", socket_.recv(PATIENCE))
        except InvalidStatus as refused:
            hunt.statuses.add(refused.response.status_code)
            hunt.hear("stream: refusal", bytes(refused.response.body or b""))
            hunt.hear("stream: headers", repr(refused.response.headers))


def wait_for_camera(hunt: Hunt, server: ServerProcess, state: str) -> None:
    """Ask for the camera's state until it is this one."""
    end = time.monotonic() + PATIENCE
    while f'"state":"{state}"' not in json.dumps(
        hunt.ask(server, "GET", "/api/v1/health"), separators=(",", ":")
    ):
        assert time.monotonic() < end


def look_around(hunt: Hunt, server: ServerProcess) -> None:
    """Ask for whatever there is to see."""
    wait_for_camera(hunt, server, "live")
    for path in ("session", "sessions", "users", "tokens", "cameras", "events", "audit?limit=1000",
                 "openapi.json", "account/passkeys", "events/1", "events/1/crop"):  # fmt: skip
        hunt.ask(server, "GET", f"/api/v1/{path}")
    for path in ("/", "/health", "/account"):
        hunt.ask(server, "GET", path)
    hunt.ask(server, "POST", "/api/v1/audit/export")


def go_wrong(hunt: Hunt, server: ServerProcess, token: str) -> None:
    """Send every secret where it does not belong, and ask for what cannot be answered."""
    one_of_each = {kind: text for kind, text in sorted(hunt.planted, key=repr) if isinstance(text, str)}
    for secret in one_of_each.values():
        typed = quote(secret, safe="")
        hunt.ask(server, "PATCH", "/api/v1/users/1", {"role": secret, secret: secret})
        hunt.ask(server, "GET", f"/api/v1/events?limit={typed}&cursor={typed}&token={typed}")
    secret = NEW_PASSWORD
    typed = quote(secret, safe="")
    credential = {"id": secret, "rawId": secret, "response": {"clientDataJSON": secret}}
    for method, path, body in (
        ("GET", f"/api/v1/events/{typed}", None),
        ("GET", f"/{typed}", None),
        ("PUT", "/api/v1/events", {secret: secret}),
        ("POST", "/api/v1/account/passkeys", {"name": secret, "credential": credential}),
        ("POST", "/api/v1/account/passkeys", {"name": "phone", "credential": credential}),
        ("POST", "/api/v1/login/passkey", {"credential": credential}),
        ("POST", "/api/v1/tokens", {"name": "x", "scopes": ["events:read"], "network": secret[:50]}),
        ("POST", "/api/v1/users", {"name": "grace", "role": "viewer"}),
        ("POST", "/api/v1/login", {"name": "ada", "password": secret * 2000}),
        # People type their password where their name belongs.
        ("POST", "/api/v1/login", {"name": secret, "password": secret}),
        ("POST", "/api/v1/session/step-up", {"password": WRONG_PASSWORD, "code": secret}),
    ):
        hunt.ask(server, method, path, body)
    for wrong in (token + "x", STATIC_TOKEN + "x", secret.encode().hex()):
        with server.client(wrong) as client:
            for answer in (
                client.get("/events"),
                client.post("/api/v1/cleanup", content=b'{"' + secret.encode()),
            ):
                hunt.statuses.add(answer.status_code)
                hunt.hear("with a wrong token", repr(answer.headers.multi_items()) + answer.text)
    with server.client(STATIC_TOKEN) as client:
        hunt.hear("with the static token", client.get("/events").text + client.get("/api/v1/events").text)
    with server.tls.wrap_socket(
        socket.create_connection(("localhost", int(server.origin.rpartition(":")[2]))),
        server_hostname="localhost",
    ) as raw:
        raw.sendall(f"{secret} {token}\r\n{STATIC_TOKEN}\r\n\r\n".encode())
        with suppress(ssl.SSLError):
            hunt.hear("no HTTP at all", raw.recv(65536))
    # A row that nothing of ours writes: reading it fails in a way that nobody expected.
    with closing(sqlite3.connect(hunt.directory / "data/securevision.db", timeout=20)) as database, database:
        database.execute(
            "INSERT INTO events (version, type, source_id, ts_ms, created_ms, x1, y1, x2, y2, plate_text,"
            " confidence, list_match) VALUES (1, 'plate_read', 'default', 1, 1, 0, 0, 1, 1, 'SV26', 1, 'none')"
        )
    hunt.ask(server, "GET", f"/api/v1/events?token={typed}")


def ask_cameras(hunt: Hunt, pool: Executor, closed: int, silent: int) -> list[Future[object]]:
    """Start the commands that talk to cameras, which need no server."""
    camera = hunt.camera
    wrong = camera.address(password=WRONG_CAMERA_PASSWORD)
    malformed = f"rtsp://{CAMERA_USER}:{MALFORMED_CAMERA_PASSWORD}@127.0.0.1/stream"
    addresses = [
        wrong,
        camera.address(port=closed),
        camera.address(path="other"),
        wrong.replace("127.0.0.1", "x" * 64),
        wrong.replace("127.0.0.1", "169.254.169.254"),
        wrong.replace("rtsp", "gopher"),
        malformed,
    ]
    watched = [["watch", address] for address in addresses]
    return [
        pool.submit(hunt.run, "doctor", ["doctor"], **hunt.settings(WRONG_CAMERA_PASSWORD)),
        pool.submit(hunt.run, "watch", ["watch", camera.address(port=silent)]),
        pool.submit(hunt.run, "watch", *watched, ["serve", wrong, PASSWORD], [wrong]),
        pool.submit(
            hunt.run, "serve, malformed", ["serve"], ["doctor"], CAMERA__URL=malformed, API__PORT="0"
        ),
    ]


def fixed_secrets() -> Iterator[tuple[str, str]]:
    yield "camera user", CAMERA_USER
    for password in (CAMERA_PASSWORD, WRONG_CAMERA_PASSWORD, MALFORMED_CAMERA_PASSWORD):
        yield "camera password", password
    for password in (PASSWORD, NEW_PASSWORD, WRONG_PASSWORD, INVITED_PASSWORD):
        yield "account password", password
    yield "static token", STATIC_TOKEN


def keys_of(directory: Path) -> Iterator[tuple[str, bytes]]:
    """Open what is sealed, with the key file."""
    key = (directory / "securevision.key").read_bytes()
    yield "key file", key
    sealer, row = Sealer({1: key}, current=1), "audit-signing-key"
    with closing(sqlite3.connect(directory / "securevision.db")) as database:
        (sealed,) = database.execute("SELECT sealed FROM sealed_secrets WHERE name = ?", (row,)).fetchone()
    yield "key of the audit log", sealer.open(sealed, table="sealed_secrets", column="sealed", row=row)
    authority = (directory / "tls/authority.pem").read_bytes()
    for kind, pem in (
        ("key of the server's certificate", (directory / "tls/server.pem").read_bytes()),
        ("key of our authority", sealer.open(authority, table="files", column="authority.pem", row=0)),
    ):
        private = load_pem_private_key(pem, None)
        assert isinstance(private, EllipticCurvePrivateKey)
        yield kind, private.private_numbers().private_value.to_bytes(32, "big")


def use_commands(hunt: Hunt) -> None:
    """Do on the machine itself what makes secrets and what tells of them."""
    said, _ = hunt.run(
        "commands",
        ["user", "add", "heidi"],
        ["user", "reset", "heidi", "--password-stdin"],
        ["token", "create", "x", "--user", "ada", "--scope", "events:read"],
        ["user", "list"],
        ["token", "list"],
        ["audit", "export", "log.jsonl"],
        ["audit", "verify", "log.jsonl"],
        ["audit", "verify"],
        ["audit", "checkpoint"],
        stdin=f"{INVITED_PASSWORD}\n",
    )
    assert said.count("exit code 0") == 9, said
    hunt.plant("invitation code", re.findall(r"#code=(\S+)", said)[0])
    hunt.plant("API token", re.findall(r"sv_pat_\S+", said)[0])


def crash(hunt: Hunt, library: Path, address: str, patch: pytest.MonkeyPatch) -> None:
    """Let a command and a server fail in a way that nobody foresaw, and the server's process end at once."""
    (library / "sitecustomize.py").write_text(f"ADDRESS = {address!r}\n{BROKEN_LIBRARY}")
    patch.setenv("PYTHONPATH", str(library))
    patch.setenv("PYTHONFAULTHANDLER", "1")
    log = hunt.directory / "stderr.txt"
    before = log.read_text()
    limits = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (limits[1], limits[1]))
    with server_process(hunt.directory, **hunt.settings() | {"CAMERA__URL": address}) as server:
        hunt.run("watch, broken", ["watch", address])
        while "cannot open" not in log.read_text().removeprefix(before):
            assert server.process.poll() is None
        assert hunt.end(server, signal.SIGABRT) == -signal.SIGABRT
    resource.setrlimit(resource.RLIMIT_CORE, limits)


@pytest.fixture(scope="module")
def hunt(tmp_path_factory: pytest.TempPathFactory) -> Hunt:
    """Do all of it once."""
    directory = tmp_path_factory.mktemp("canary")
    clip = write_raw(tmp_path_factory.mktemp("clip") / "clip.h264")
    library = tmp_path_factory.mktemp("library")
    with socket.create_server(("127.0.0.1", 0)) as silent, socket.create_server(("127.0.0.1", 0)) as taken:
        closed = taken.getsockname()[1]
        taken.close()
        with (
            Camera(clip, user=CAMERA_USER, password=CAMERA_PASSWORD) as camera,
            ThreadPoolExecutor(4) as pool,
            pytest.MonkeyPatch.context() as patch,
        ):
            hunt = Hunt(directory, camera)
            for kind, secret in fixed_secrets():
                hunt.plant(kind, secret)
            with server_process(directory, **hunt.settings()) as server:
                asked = ask_cameras(hunt, pool, closed, silent.getsockname()[1])
                codes = sign_up(hunt, server)
                token = hand_out(hunt, server)
                sign_in(hunt, server, codes)
                watch_live(hunt, server, token)
                look_around(hunt, server)
                go_wrong(hunt, server, token)
                server.process.send_signal(signal.SIGHUP)
                use_commands(hunt)
                for work in asked:
                    work.result()
                camera.kill()
                wait_for_camera(hunt, server, "backing_off")
                hunt.ask(server, "GET", "/api/v1/cameras")
                hunt.ask(server, "DELETE", "/api/v1/session")
                hunt.look_at_files()
                assert hunt.end(server, signal.SIGTERM) == 0
            crash(hunt, library, camera.address(port=silent.getsockname()[1]), patch)
            hunt.look_at_files()
            for kind, key in keys_of(directory / "data"):
                hunt.plant(kind, key)
    return hunt


def test_no_secret_is_anywhere_but_with_whom_it_is_for(hunt: Hunt) -> None:
    for kind in sorted({kind for kind, _ in hunt.planted}):
        elsewhere = [each for each in sorted(hunt.heard) if each[0] not in MAY_BE_IN.get(kind, ())]
        everything = b"\0".join(data for _, data in elsewhere)
        for secret in (secret for planted, secret in hunt.planted if planted == kind):
            if forms := found_in(everything, secret):
                places = {place for place, data in elsewhere if found_in(data, secret)}
                pytest.fail(f"The {kind} is in {places} ({', '.join(forms)}).")


def test_each_secret_is_found_where_it_may_be(hunt: Hunt) -> None:
    """So that nothing is permitted which does not happen, and the search finds what there is."""
    nowhere = [
        (kind, place)
        for kind, places in MAY_BE_IN.items()
        for place in places
        if not any(
            found_in(data, secret)
            for planted, secret in hunt.planted
            if planted == kind
            for name, data in hunt.heard
            if name == place
        )
    ]
    assert nowhere == []


def test_everything_was_tried(hunt: Hunt) -> None:
    assert {kind for kind, _ in hunt.planted} >= {*MAY_BE_IN, "key of the audit log", "key of our authority"}
    assert hunt.statuses >= {200, 201, 204, 400, 401, 403, 404, 405, 409, 413, 422, 429, 500}
    said: dict[str, str] = {}
    for place, data in sorted(hunt.heard):
        said[place] = said.get(place, "") + data.decode("utf-8", "replace")
    for place, sentence in (
        ("doctor: stdout", "refuses the user name or password"),
        ("watch: stderr", "gave no answer within"),
        ("watch: stderr", "refuses the user name or password"),
        ("watch: stderr", "refuses connections"),
        ("watch: stderr", "has no such stream"),
        ("watch: stderr", "was not found"),
        ("watch: stderr", "leads to a metadata service"),
        ("watch: stderr", "has a scheme that is not known"),
        ("watch: stderr", "'@' after its first '/'"),
        ("watch: stderr", "unexpected extra argument"),
        ("watch: stderr", "No such command 'rtsp://***@127.0.0.1"),
        ("serve, malformed: stderr", "'@' after its first '/'"),
        ("serve, malformed: stdout", "'@' after its first '/'"),
        ("watch, broken: stderr", "because of an internal error"),
        ("watch, broken: stderr", "RuntimeError: cannot open rtsp://***@127.0.0.1"),
        ("watch, broken: stderr", "Traceback"),
        ("stderr.txt", "A request failed in a way that nobody expected."),
        ("stderr.txt", "The certificate was loaded anew."),
        ("stderr.txt", "Camera default could not be connected."),
        ("stderr.txt", "    RuntimeError: cannot open rtsp://***@127.0.0.1"),
        ("stderr.txt", "    RuntimeError: dropped rtsp://***@127.0.0.1"),
        ("stderr.txt", "Fatal Python error: Aborted"),
        ("log.jsonl", "login.failed"),
        ("data/securevision.db", "SQLite format 3"),
        ("data/securevision.db-wal", "user:1"),
        ("GET /api/v1/health: body", '"detail":"rtsp://127.0.0.1:'),
        ("GET /api/v1/cameras: body", "127.0.0.1"),
        ("no HTTP at all", "400 Bad Request"),
    ):
        assert sentence in said[place], (place, sentence)


def test_a_crash_leaves_no_picture_of_the_memory(hunt: Hunt) -> None:
    """Which the system would have written, for the test allowed it."""
    assert [path.name for path in hunt.directory.rglob("core*")] == []
