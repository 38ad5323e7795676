"""The real web server on a free loopback port, with real stores, a real vault and a clock that a test moves."""

import asyncio
import secrets
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random

import cv2
import httpx
import numpy as np
import uvicorn
from fastapi import FastAPI
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from fakes.clock import FakeClock
from fakes.databases import new_database
from fakes.visitor import Visitor
from fakes.watching import MIME, Searches, Trials, Watching, shown_address
from securevision.access.lifetimes import session_lifetime_ms
from securevision.access.roles import DISPLAY_SCOPES
from securevision.access.tokens import mint_program_token, mint_secret, token_digest
from securevision.api.app import create_app
from securevision.api.client_address import ClientAddress
from securevision.api.cookies import SESSION_COOKIE
from securevision.api.credentials import PROTOCOL
from securevision.api.links import Links
from securevision.api.server import server_config
from securevision.api.services import AccessServices, ApiServices
from securevision.clock import SystemClock
from securevision.domain.accounts import (
    ApiTokenDraft,
    Purpose,
    SessionDraft,
    SessionLevel,
    TokenKind,
    User,
    UserDraft,
)
from securevision.domain.audit import AuditAction, AuditDraft
from securevision.domain.cameras import Camera, CameraConfig
from securevision.domain.events import (
    CameraPayload,
    CameraState,
    Event,
    EventDraft,
    FacePayload,
    Payload,
    PlatePayload,
)
from securevision.domain.geometry import Box
from securevision.domain.ports.store import EventStore
from securevision.domain.recordings import Recording, RecordingKind
from securevision.domain.rights import ALL_CAMERAS, Cameras, Permission, Role
from securevision.runtime.camera_desk import KeptCameras
from securevision.runtime.epoch_watch import PollingEpochWatch
from securevision.runtime.feed import Feed
from securevision.runtime.live_desk import LiveDesk
from securevision.store.cameras import SqlCameraStore
from securevision.store.epoch import SqlEpochReader
from securevision.store.events import SqlEventStore
from securevision.store.factors import SqlFactorStore
from securevision.store.footage_files import EventPictures, RecordingFiles
from securevision.store.one_time import SqlOneTimeStore
from securevision.store.recordings import SqlRecordingStore
from securevision.store.sessions import SqlSessionStore
from securevision.store.throttle import SqlLoginThrottle, SqlRequestThrottle, ThrottleFile
from securevision.store.tokens import SqlTokenStore
from securevision.store.users import SqlUserStore
from securevision.vault.addresses import SealedAddresses
from securevision.vault.passkeys import Passkeys
from securevision.vault.passwords import Argon2Cost, Argon2Passwords
from securevision.vault.sealer import Sealer
from securevision.vault.totp import SealedTotp
from securevision.wiring.audit import Audit, make_audit

LEGACY_TOKEN = "canary-api-token-0123456789-abcdefghij"
PASSWORD = "canary correct horse battery"
ALLOWED_ORIGIN = "https://home.example"
CAMERA = "driveway"
OTHER_CAMERA = "bedroom"
ADDRESS = "rtsp://192.168.7.7/stream"
VIDEO = bytes(range(256)) * 4
JPEG = cv2.imencode(".jpg", np.full((60, 80, 3), 128, np.uint8))[1].tobytes()
BOX = Box(10.2, 20.0, 30.0, 40.7)
FACE = FacePayload(person_name="Resident", similarity=0.75, bbox=BOX)
STRANGER = FacePayload(person_name=None, similarity=0.125, bbox=BOX)
PLATE = PlatePayload(plate_text="SV26DEM", confidence=0.5, list_match=None, region=None, bbox=BOX)
WHOLE_FRAME = cv2.imencode(".jpg", np.full((90, 160, 3), 64, np.uint8))[1].tobytes()
DOWN = CameraPayload(CameraState.DOWN, "No picture for 8 s.")
QUICK = Argon2Cost(memory_kib=8, iterations=1)
_SET_UP = AuditDraft(AuditAction.SERVER_STARTED, "system")


@dataclass(kw_only=True)
class RunningApi:
    """A server that answers at `url`, and what lies behind it."""

    url: str
    app: FastAPI
    services: ApiServices
    clock: FakeClock
    feed: Feed
    audit: Audit
    watching: Watching
    trials: Trials
    searches: Searches
    visitors: list[Visitor] = field(default_factory=list)

    @property
    def access(self) -> AccessServices:
        return self.services.access

    @property
    def host(self) -> str:
        return self.url.removeprefix("http://")

    @property
    def origin(self) -> str:
        return self.services.origin

    def client(self, token: str | None = None) -> httpx.Client:
        """Return a program's client."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        # There is no TLS to verify, and reading the certificates is most of a client's cost.
        return httpx.Client(base_url=self.url, headers=headers, timeout=10, verify=False)

    def program(self) -> httpx.Client:
        """Return a client with the static token of 0.1."""
        return self.client(LEGACY_TOKEN)

    def visitor(self, network: str | None = None) -> Visitor:
        """Return somebody with a browser who has not signed in; see Visitor for the network."""
        visitor = Visitor(self.url, self.origin, network)
        self.visitors.append(visitor)
        return visitor

    def close_visitors(self) -> None:
        """End everybody's connections: the server has only so many."""
        while self.visitors:
            self.visitors.pop().close()

    def add_user(self, name: str = "Ada", role: Role = Role.VIEWER, cameras: Cameras = ALL_CAMERAS) -> User:
        """Make a user with PASSWORD."""
        draft = UserDraft(name, role, cameras, self.clock.now_ms(), self.access.passwords.hash(PASSWORD))
        return self.access.users.add(draft, lambda _: _SET_UP)

    def session(self, user: User, level: SessionLevel = SessionLevel.FULL) -> Visitor:
        """Return a browser that has just signed in as this user."""
        secret, now_ms = mint_secret(secrets.token_bytes), self.clock.now_ms()
        self.access.sessions.add(
            SessionDraft(
                token_digest(secret),
                level,
                now_ms,
                now_ms + session_lifetime_ms(level),
                "127.0.0.1",
                "Visitor/1.0",
                user_id=user.id,
            ),
            None,
        )
        return self._with_session(secret)

    def display(self, cameras: Cameras = ALL_CAMERAS, *, owner: User | None = None) -> Visitor:
        """Return a screen on a wall."""
        owner = owner or self.add_user(f"owner of {cameras}"[:60], Role.ADMIN)
        token_id, _ = self._add_token(TokenKind.DISPLAY, owner, DISPLAY_SCOPES, cameras)
        visitor = self.visitor()
        link = Links(self.services).issue(Purpose.DISPLAY, str(token_id))
        answer = visitor.post("/api/v1/display", {"code": link.partition("#code=")[2]})
        assert answer.status_code == 200, answer.text
        return visitor

    def signed_in(
        self, name: str = "Ada", role: Role = Role.VIEWER, cameras: Cameras = ALL_CAMERAS
    ) -> Visitor:
        """Make a user and return their browser."""
        return self.session(self.add_user(name, role, cameras))

    def token(
        self,
        owner: User,
        scopes: Iterable[Permission],
        cameras: Cameras = ALL_CAMERAS,
        network: str | None = None,
    ) -> str:
        """Return the secret of a new API token."""
        return self._add_token(TokenKind.PROGRAM, owner, scopes, cameras, network)[1]

    def link_code(self, purpose: Purpose, subject: str = "") -> str:
        """Return the code of a new link."""
        return Links(self.services).issue(purpose, subject).partition("#code=")[2]

    def ticket(self, visitor: Visitor) -> str:
        return str(visitor.post("/api/v1/stream-ticket").json()["ticket"])

    def stream(
        self,
        path: str = "/api/v1/stream",
        *,
        token: str | None = None,
        visitor: Visitor | None = None,
        ticket: str | None = None,
        origin: str | None = None,
        reads: bool = True,
    ) -> ClientConnection:
        """Open a WebSocket with the credentials that are given; a visitor's has our origin unless told otherwise.

        `reads` says if it takes what comes.
        """
        headers = {}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if visitor is not None:
            headers["Cookie"] = visitor.cookie_header
            origin = origin or self.origin
        return connect(
            f"ws://{self.host}{path}",
            additional_headers=headers,
            subprotocols=None
            if ticket is None
            else [Subprotocol(name) for name in (PROTOCOL, f"ticket.{ticket}")],
            origin=None if origin is None else Origin(origin),
            max_queue=None if reads else 1,
            open_timeout=10,
        )

    def add(self, payload: Payload = FACE, *, ts_ms: int = 1_700_000_000_000, camera: str = CAMERA) -> Event:
        """Store an event with its pictures and tell everybody, as the pipeline does."""
        event = self.services.events.add(draft(payload, ts_ms, camera), JPEG)
        self.services.pictures.put(event.id, WHOLE_FRAME)
        self.feed.publish(event)
        return event

    def revise(self, event: Event, payload: Payload) -> Event:
        revised = self.services.events.revise(event.id, draft(payload, event.ts_ms, event.source_id), None)
        self.feed.publish(revised)
        return revised

    def add_camera(self, camera_id: str = CAMERA, address: str = ADDRESS, *, enabled: bool = True) -> Camera:
        """Keep a camera, which is watched and live unless it is disabled."""
        config = CameraConfig(camera_id, enabled=enabled)
        return self.services.camera_desk.add(config, address, _SET_UP)

    def record(
        self,
        camera: str = CAMERA,
        *,
        begin_ms: int = 1_700_000_000_000,
        end_ms: int | None = 1_700_000_010_000,
        video: bytes = VIDEO,
    ) -> Recording:
        """Make a recording; None for one that grows."""
        recordings, files = self.services.recordings, self.services.recording_files
        recording = recordings.begin(camera, RecordingKind.EVENT, begin_ms, MIME)
        file = files.create(recording.id)
        file.write(video)
        files.finish(file)
        return recording if end_ms is None else recordings.end(recording.id, end_ms, len(video))

    def _with_session(self, secret: str) -> Visitor:
        visitor = self.visitor()
        visitor.cookies[SESSION_COOKIE] = secret
        return visitor

    def _add_token(
        self,
        kind: TokenKind,
        owner: User,
        scopes: Iterable[Permission],
        cameras: Cameras,
        network: str | None = None,
    ) -> tuple[int, str]:
        secret, now_ms = mint_program_token(secrets.token_bytes), self.clock.now_ms()
        day_ms = 24 * 60 * 60 * 1000
        token = self.access.tokens.add(
            ApiTokenDraft(
                token_digest(secret),
                kind,
                "a token",
                owner.id,
                frozenset(scopes),
                cameras,
                network,
                now_ms,
                now_ms + day_ms,
            ),
            lambda _: _SET_UP,
        )
        return token.id, secret


class PromptServer(uvicorn.Server):
    """Waits for nothing when it begins and ends, as hundreds of tests do that."""

    async def main_loop(self) -> None:
        """See uvicorn."""
        ticks = count()
        while not await self.on_tick(next(ticks)):  # noqa: ASYNC110 - uvicorn sets a flag, and no event
            await asyncio.sleep(0.01)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """See uvicorn."""
        for server in self.servers:
            server.close()
        for each in sockets or []:
            each.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        while self.server_state.connections or self.server_state.tasks:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.005)
        await self.lifespan.shutdown()


def draft(payload: Payload, ts_ms: int, camera: str = CAMERA) -> EventDraft:
    return EventDraft(sighting=1, source_id=camera, ts_ms=ts_ms, payload=payload)


@contextmanager
def running_api(
    folder: Path,
    events: EventStore | None = None,
    *,
    request_limit: int = 100_000,
    adapt: Callable[[ApiServices], ApiServices] = lambda services: services,
) -> Iterator[RunningApi]:
    """Run the server; `events` stands in for the database, and `adapt` may replace any other part."""
    clock, feed = FakeClock(), Feed()
    with ExitStack() as stack:
        database = stack.enter_context(new_database(folder / "events.db"))
        sealer = Sealer({1: Random(26).randbytes(32)}, current=1)
        audit = make_audit(database, sealer, clock)
        counters = ThrottleFile.open(folder / "throttle.db")
        stack.callback(counters.close)
        # Real time: a test that moves the clock is not about a database that cannot be read.
        epoch = PollingEpochWatch(SqlEpochReader(database), SystemClock())
        epoch.start()
        stack.callback(epoch.close)
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        # As wiring does; without it every answer on a connection that is kept waits 40 ms.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        port = listener.getsockname()[1]
        origin = f"http://localhost:{port}"
        entropy = secrets.token_bytes
        live, trials, searches = LiveDesk(), Trials(), Searches()
        watching = Watching(live, WHOLE_FRAME)
        live.use(watching)
        cameras = SqlCameraStore(database, clock, entropy)
        services = ApiServices(
            events=events or SqlEventStore(database, clock),
            feed=feed,
            clock=clock,
            access=AccessServices(
                users=SqlUserStore(database, clock, entropy),
                factors=SqlFactorStore(database, clock, entropy),
                sessions=SqlSessionStore(database, clock, entropy),
                tokens=SqlTokenStore(database, clock, entropy),
                one_time=SqlOneTimeStore(database),
                epoch=epoch,
                audit=audit.log,
                audit_log=audit.reader,
                login_throttle=SqlLoginThrottle(counters, clock),
                request_throttle=SqlRequestThrottle(
                    counters, clock, principal_limit=request_limit, network_limit=request_limit
                ),
                passwords=Argon2Passwords(QUICK),
                totp=SealedTotp(sealer),
                passkeys=Passkeys(origin),
                entropy=entropy,
                factor_for_everyone=False,
                legacy_token_digest=token_digest(LEGACY_TOKEN),
            ),
            cameras=cameras,
            camera_desk=KeptCameras(
                cameras,
                SealedAddresses(sealer),
                shown_address,
                trials.try_out,
                lambda: watching.keep_to(cameras),
            ),
            camera_search=searches,
            watching=watching,
            live=live,
            recordings=SqlRecordingStore(database, clock, entropy),
            recording_files=RecordingFiles(folder / "recordings"),
            pictures=EventPictures(folder / "pictures"),
            retention_days=30,
            origin=origin,
            client_address=ClientAddress(()),
            allowed_origins=(ALLOWED_ORIGIN,),
        )
        services = adapt(services)
        # The socket listens already: whoever connects before the loop runs waits for it.
        app = create_app(services)
        server = PromptServer(
            server_config(app, host="127.0.0.1", port=port, clients=services.client_address)
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        running = RunningApi(
            url=f"http://127.0.0.1:{port}",
            app=app,
            services=services,
            clock=clock,
            feed=feed,
            audit=audit,
            watching=watching,
            trials=trials,
            searches=searches,
        )
        try:
            running.add_camera()
            yield running
        finally:
            running.close_visitors()
            server.should_exit = True
            thread.join(20)
            assert not thread.is_alive()
