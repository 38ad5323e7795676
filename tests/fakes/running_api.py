"""The real web server on a free loopback port, with a real database and a clock that a test moves."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
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
from securevision.access.gate import Gate
from securevision.access.tokens import token_digest
from securevision.api.app import create_app
from securevision.api.credentials import PROTOCOL
from securevision.api.server import server_config
from securevision.api.services import ApiServices
from securevision.domain.events import Event, EventDraft, FacePayload, Payload, PlatePayload
from securevision.domain.frames import SourceState, SourceStatus
from securevision.domain.geometry import Box
from securevision.domain.ports.store import EventStore
from securevision.runtime.feed import Feed
from securevision.store.database import Database
from securevision.store.events import SqlEventStore

API_TOKEN = "canary-api-token-0123456789-abcdefghij"
ALLOWED_ORIGIN = "https://home.example"
JPEG = cv2.imencode(".jpg", np.full((60, 80, 3), 128, np.uint8))[1].tobytes()
BOX = Box(10.2, 20.0, 30.0, 40.7)
FACE = FacePayload(person_name="Resident", similarity=0.75, bbox=BOX)
STRANGER = FacePayload(person_name=None, similarity=0.125, bbox=BOX)
PLATE = PlatePayload(plate_text="SV26DEM", confidence=0.5, list_match=None, region=None, bbox=BOX)


@dataclass(kw_only=True)
class RunningApi:
    """A server that answers at `url`, and what lies behind it."""

    url: str
    app: FastAPI
    services: ApiServices
    clock: FakeClock
    feed: Feed
    code: str
    """The one-time code of the first link."""
    codes: list[str] = field(default_factory=list)
    """Every later code, as the terminal would show it."""

    @property
    def host(self) -> str:
        return self.url.removeprefix("http://")

    def client(self, token: str | None = None) -> httpx.Client:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        # There is no TLS to verify, and reading the certificates is most of a client's cost.
        return httpx.Client(base_url=self.url, headers=headers, timeout=10, verify=False)

    def program(self) -> httpx.Client:
        return self.client(API_TOKEN)

    def page_token(self) -> str:
        with self.program() as client:
            return str(client.post("/api/v1/session").json()["token"])

    def ticket(self, page_token: str) -> str:
        with self.client(page_token) as client:
            return str(client.post("/api/v1/stream-ticket").json()["ticket"])

    def stream(
        self,
        path: str = "/api/v1/stream",
        *,
        token: str | None = None,
        ticket: str | None = None,
        origin: str | None = None,
        reads: bool = True,
    ) -> ClientConnection:
        """Open a WebSocket with the credentials that are given; `reads` says if it takes what comes."""
        return connect(
            f"ws://{self.host}{path}",
            additional_headers=None if token is None else {"Authorization": f"Bearer {token}"},
            subprotocols=None
            if ticket is None
            else [Subprotocol(name) for name in (PROTOCOL, f"ticket.{ticket}")],
            origin=None if origin is None else Origin(origin),
            max_queue=None if reads else 1,
            open_timeout=10,
        )

    def add(self, payload: Payload = FACE, *, ts_ms: int = 1_700_000_000_000) -> Event:
        """Store an event with a crop and tell everybody, as the pipeline does."""
        event = self.services.events.add(draft(payload, ts_ms), JPEG)
        self.feed.publish(event)
        return event

    def revise(self, event: Event, payload: Payload) -> Event:
        revised = self.services.events.revise(event.id, draft(payload, event.ts_ms), None)
        self.feed.publish(revised)
        return revised


def draft(payload: Payload, ts_ms: int) -> EventDraft:
    return EventDraft(sighting=1, source_id="driveway", ts_ms=ts_ms, payload=payload)


@contextmanager
def running_api(folder: Path, events: EventStore | None = None) -> Iterator[RunningApi]:
    """Run the server; `events` stands in for the database."""
    clock, feed, codes = FakeClock(), Feed(), list[str]()
    with closing(Database.open(folder / "events.db")) as database:
        services = ApiServices(
            events=events or SqlEventStore(database, clock),
            feed=feed,
            clock=clock,
            gate=Gate(api_token_digest=token_digest(API_TOKEN), entropy=Random(26).randbytes),
            source_id="driveway",
            source_status=lambda: SourceStatus(SourceState.LIVE, "All is well."),
            retention_days=30,
            on_new_code=codes.append,
            allowed_origins=(ALLOWED_ORIGIN,),
        )
        code = services.new_code()
        with socket.create_server(("127.0.0.1", 0)) as listener:
            # The socket listens already: whoever connects before the loop runs waits for it.
            port = listener.getsockname()[1]
            app = create_app(services)
            server = uvicorn.Server(server_config(app, host="127.0.0.1", port=port))
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
            thread.start()
            try:
                yield RunningApi(
                    url=f"http://127.0.0.1:{port}",
                    app=app,
                    services=services,
                    clock=clock,
                    feed=feed,
                    code=code,
                    codes=codes,
                )
            finally:
                server.should_exit = True
                thread.join(20)
                assert not thread.is_alive()
