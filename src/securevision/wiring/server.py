"""The server: one process with the web server, the database and one camera."""

import secrets
import signal
import socket
from collections.abc import Callable
from contextlib import ExitStack
from ipaddress import ip_address
from types import FrameType
from typing import NoReturn

import uvicorn

from securevision.access.gate import Gate
from securevision.access.tokens import check_token_strength, mint_token, token_digest
from securevision.api.app import create_app
from securevision.api.server import server_config
from securevision.api.services import ApiServices
from securevision.clock import SystemClock
from securevision.domain.frames import SourceState, SourceStatus
from securevision.domain.ports.cameras import FrameSource
from securevision.errors import InvalidInput, Unavailable
from securevision.runtime.camera_loop import CameraLoop, GalleryRefresh
from securevision.runtime.feed import Feed
from securevision.runtime.recording import StoringRecorder
from securevision.runtime.retention import RetentionLoop
from securevision.settings import Settings
from securevision.store.credentials import CredentialStore
from securevision.wiring.analysis import make_gallery, make_pipeline, read_plate_lists
from securevision.wiring.models import Models
from securevision.wiring.storage import Storage, open_storage

_API_TOKEN = "api_token"  # noqa: S105 - the name under which its digest is kept

Tell = Callable[[str], None]
"""Shows a line that may hold a secret meant for whoever started the server, and for no log."""


def serve(settings: Settings, source: FrameSource | None, models: Models, tell: Tell) -> None:
    """Serve until SIGINT or SIGTERM.

    Raises InvalidInput and Unavailable when something that is needed is not there; then nothing was started.
    """
    clock = SystemClock()
    token = settings.api.auth_token
    if token is not None:
        check_token_strength(token.get_secret_value())
    with ExitStack() as stack:
        listener = stack.enter_context(_listen(settings))
        storage = stack.enter_context(open_storage(settings))
        digest = (
            _own_token_digest(storage.credentials, tell)
            if token is None
            else token_digest(token.get_secret_value())
        )
        feed = Feed()
        camera = _camera(settings, source, models, storage, feed)
        retention = RetentionLoop(storage.events, clock, settings.events.retention_days)
        gate = Gate(api_token_digest=digest, entropy=secrets.token_bytes)
        page = _page_address(listener)
        services = ApiServices(
            events=storage.events,
            feed=feed,
            clock=clock,
            gate=gate,
            source_id=settings.camera.id,
            source_status=(lambda: camera.status) if camera else _no_camera,
            retention_days=settings.events.retention_days,
            allowed_origins=(settings.api.origin,) if settings.api.origin else (),
            on_new_code=lambda code: tell(f"That link works no more; the next one is {page}#code={code}"),
        )
        if camera:
            camera.start()
            stack.callback(camera.close)
        retention.start()
        stack.callback(retention.close)
        tell(f"Open {page}#code={services.new_code()}")
        config = server_config(create_app(services), host=settings.api.host, port=settings.api.port)
        _run(uvicorn.Server(config), listener)


def _camera(
    settings: Settings, source: FrameSource | None, models: Models, storage: Storage, feed: Feed
) -> CameraLoop | None:
    if source is None:
        return None
    recorder = StoringRecorder(storage.events, feed, SystemClock())
    pipeline = make_pipeline(
        settings, models, make_gallery(settings, ()), read_plate_lists(settings), recorder
    )
    refresh = GalleryRefresh(storage.people, lambda: make_gallery(settings, storage.people.templates()))
    return CameraLoop(source, pipeline, refresh)


def _no_camera() -> SourceStatus:
    return SourceStatus(
        SourceState.ENDED, "No camera is set; start again with SECUREVISION__CAMERA__URL=rtsp://..."
    )


def _listen(settings: Settings) -> socket.socket:
    """Take the port before anything else, so that a second start changes nothing."""
    host, port = settings.api.host, settings.api.port
    if not (_is_loopback(host) or settings.api.allow_plain_http):
        raise InvalidInput(
            f"SECUREVISION__API__HOST={host} would carry tokens over the network without encryption; use "
            "127.0.0.1, or set SECUREVISION__API__ALLOW_PLAIN_HTTP=true behind a proxy that adds TLS."
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except socket.gaierror:
        raise InvalidInput(
            f"SECUREVISION__API__HOST={host} is not an address of this machine; use 127.0.0.1."
        ) from None
    except OSError as error:
        raise Unavailable(
            f"Port {port} of {host} cannot be taken ({error.strerror}); stop the program that uses it, "
            "or set SECUREVISION__API__PORT to another."
        ) from None


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _own_token_digest(credentials: CredentialStore, tell: Tell) -> str:
    """Return the digest of the token that we made; at the first start, make it and show it."""
    digest = credentials.get(_API_TOKEN)
    if digest is None:
        token = mint_token(secrets.token_bytes)
        digest = token_digest(token)
        credentials.put(_API_TOKEN, digest)
        tell(f"API token, shown this once: {token}")
    return digest


def _page_address(listener: socket.socket) -> str:
    host, port = str(listener.getsockname()[0]), int(listener.getsockname()[1])
    if ip_address(host).is_unspecified:
        host = "127.0.0.1"
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def _run(server: uvicorn.Server, listener: socket.socket) -> None:
    """Serve until a signal. The server raises the signal again when it has stopped; then we clean up."""
    before = signal.signal(signal.SIGTERM, _stop)
    try:
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGTERM, before)


def _stop(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
