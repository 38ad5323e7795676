"""The core: the process with the web server, the database and the keys, which has the others do the rest."""

import getpass
import logging
import secrets
import signal
import socket
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import FrameType
from typing import NoReturn, Protocol

import uvicorn

from securevision import __version__
from securevision.access.lifetimes import IDLE_MS
from securevision.access.roles import DEMO_SCOPES
from securevision.access.tokens import check_token_strength, mint_secret, token_digest
from securevision.api.app import create_app
from securevision.api.client_address import ClientAddress
from securevision.api.links import new_link
from securevision.api.server import server_config
from securevision.api.services import ApiServices
from securevision.clock import SystemClock
from securevision.domain.accounts import ApiTokenDraft, Purpose, TokenKind
from securevision.domain.audit import AuditAction, AuditDraft
from securevision.domain.rights import ALL_CAMERAS
from securevision.runtime.camera_hub import WatchedCamera
from securevision.runtime.camera_keeper import EVERY_S
from securevision.runtime.chores import Chore, Chores
from securevision.runtime.epoch_watch import PollingEpochWatch
from securevision.runtime.feed import Feed
from securevision.runtime.retention import delete_expired
from securevision.settings import Settings
from securevision.store.throttle import ThrottleFile
from securevision.wiring.access import THROTTLE_FILE, make_access
from securevision.wiring.audit import Audit, make_audit
from securevision.wiring.cameras import camera_desk, keep_configured_camera
from securevision.wiring.engine import may_be_unsealed, media_kind
from securevision.wiring.footage import Footage, open_footage
from securevision.wiring.keys import open_sealer
from securevision.wiring.listening import listen, origin_of
from securevision.wiring.models import Models
from securevision.wiring.onvif import NetworkCameras
from securevision.wiring.storage import Storage, open_storage
from securevision.wiring.tls import Tls, sends_hsts
from securevision.wiring.watching import Watching, make_watching

_log = logging.getLogger(__name__)
_MINUTE_S = 60.0
_HOUR_S = 60 * _MINUTE_S
_DEMO_LINK_MS = 12 * 60 * 60 * 1000

Tell = Callable[[str], None]
"""Shows a line that may hold a secret meant for whoever started the server, and for no log."""


class _Part(Protocol):
    """Something with a thread."""

    def start(self) -> None: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class _Core:
    """What is open while the server runs."""

    settings: Settings
    storage: Storage
    audit: Audit
    tls: Tls | None
    origin: str
    footage: Footage
    watching: Watching


def serve(settings: Settings, models: Models, tell: Tell, *, demo: WatchedCamera | None = None) -> None:
    """Serve until SIGINT or SIGTERM.

    With a demo camera that one is watched alone, and the link that is told opens the events without an account.
    Raises InvalidInput and Unavailable when something that is needed is not there; then nothing was started.
    """
    clock = SystemClock()
    if settings.api.auth_token is not None:
        check_token_strength(settings.api.auth_token.get_secret_value())
    with ExitStack() as stack:
        listener = stack.enter_context(listen(settings))
        storage = stack.enter_context(open_storage(settings))
        sealer = open_sealer(settings, storage.database)
        audit = make_audit(storage.database, sealer, clock)
        counters = ThrottleFile.open(settings.storage.directory / THROTTLE_FILE)
        stack.callback(counters.close)
        origin = origin_of(settings, listener.getsockname()[1])
        tls = None if settings.tls.mode == "off" else Tls(settings, sealer, origin)
        epoch = PollingEpochWatch(storage.epoch, clock)
        feed = Feed()
        footage = open_footage(settings)
        watching = make_watching(settings, models, storage, sealer, footage=footage, feed=feed)
        services = ApiServices(
            events=storage.events,
            feed=feed,
            clock=clock,
            access=make_access(
                settings, storage, audit, sealer, counters=counters, epoch=epoch, origin=origin
            ),
            cameras=storage.cameras,
            camera_desk=camera_desk(settings, storage, sealer, watching.sync),
            camera_search=NetworkCameras(media_kind(settings)),
            watching=watching.engine.hub,
            live=watching.engine.live,
            recordings=storage.recordings,
            recording_files=footage.recordings,
            pictures=footage.pictures,
            retention_days=settings.events.retention_days,
            origin=origin,
            client_address=ClientAddress(settings.api.proxy_networks),
            allowed_origins=settings.api.allowed_origins,
            hsts=sends_hsts(settings, origin),
        )
        core = _Core(settings, storage, audit, tls, origin, footage, watching)
        config = server_config(
            create_app(services),
            host=settings.api.host,
            port=settings.api.port,
            clients=services.client_address,
            tls=tls.context if tls else None,
        )
        audit.log.record(_started(core))
        if may_be_unsealed(settings):
            _log.warning(
                "Processes that decode video need not be sealed here; `securevision doctor` says why."
            )
            audit.log.record(_unsealed())
        stack.callback(_record_end, audit)
        if demo is None:
            keep_configured_camera(settings, storage.cameras, sealer)
        parts: list[_Part] = [epoch, watching, _chores(core)]
        for part in parts:
            part.start()
            stack.callback(part.close)
        if demo is not None:
            watching.watch_demo(demo)
        _tell_links(core, tell, demo=demo is not None)
        _run(uvicorn.Server(config), listener, tls)


def _unsealed() -> AuditDraft:
    return AuditDraft(AuditAction.SANDBOX_OVERRIDDEN, "system", actor_name=getpass.getuser())


def _chores(core: _Core) -> Chores:
    storage, audit, clock = core.storage, core.audit, SystemClock()
    days = core.settings.events.retention_days
    return Chores(
        [
            Chore(EVERY_S, core.watching.sync),
            Chore(_MINUTE_S, core.footage.retention(core.settings, storage).apply),
            Chore(_HOUR_S, lambda: core.footage.forget_pictures(storage)),
            Chore(_MINUTE_S, audit.log.flush_repeats),
            Chore(_HOUR_S, audit.reader.checkpoint),
            Chore(_HOUR_S, lambda: delete_expired(storage.events, clock, days)),
            Chore(_HOUR_S, lambda: storage.sessions.delete_expired(clock.now_ms(), IDLE_MS)),
            *([Chore(12 * _HOUR_S, core.tls.renew)] if core.tls else []),
        ],
        clock,
    )


def _started(core: _Core) -> AuditDraft:
    """Return the entry of a start, with the settings that decide who gets in."""
    settings = core.settings
    return AuditDraft(
        AuditAction.SERVER_STARTED,
        "system",
        actor_name=getpass.getuser(),
        details={
            "version": __version__,
            "origin": core.origin,
            "host": settings.api.host,
            "tls": settings.tls.mode,
            "allow_plain_http": str(settings.api.allow_plain_http).lower(),
            "trusted_proxies": settings.api.trusted_proxies,
            "cors_origins": settings.api.cors_origins,
            "second_factor": settings.access.second_factor,
            "static_token": "set" if settings.api.auth_token else "unset",
            "retention_days": str(settings.events.retention_days),
            "camera": settings.camera.id if settings.camera.url else "none",
            "allow_list": _content(settings.plates.allow_list),
            "block_list": _content(settings.plates.block_list),
        },
    )


def _content(path: Path | None) -> str:
    """Return the SHA-256 of a plate list, so that the log tells when one was changed."""
    return "none" if path is None else sha256(path.read_bytes()).hexdigest()


def _record_end(audit: Audit) -> None:
    audit.log.flush_repeats()
    audit.log.record(AuditDraft(AuditAction.SERVER_STOPPED, "system"))
    audit.reader.checkpoint()


def _tell_links(core: _Core, tell: Tell, *, demo: bool) -> None:
    now_ms, one_time = SystemClock().now_ms(), core.storage.one_time
    if demo:
        tell(
            f"Open {new_link(one_time, core.origin, Purpose.DISPLAY, str(_demo_token(core, now_ms)), now_ms)}"
        )
        return
    if core.storage.users.all():
        tell(f"Open {core.origin}/")
    else:
        port = core.origin.rpartition(":")[2]
        tell(
            "There is no administrator yet. Open this link on this machine within 30 minutes to make one:\n"
            f"  {new_link(one_time, core.origin, Purpose.SETUP, '', now_ms)}\n"
            "From another computer, open an SSH tunnel first, then the same link:\n"
            f"  ssh -L {port}:localhost:{port} {getpass.getuser()}@{socket.gethostname()}\n"
            "Without a browser: securevision user create-admin NAME"
        )
    if core.tls is not None and core.tls.is_local:
        tell(
            "Browsers warn until they trust this machine's own authority: docs/guide/trust-the-certificate.md"
        )


def _demo_token(core: _Core, now_ms: int) -> int:
    """Return the number of a token that shows everything for half a day, to whoever opens the demo's link."""
    draft = ApiTokenDraft(
        token_digest(mint_secret(secrets.token_bytes)),
        TokenKind.DISPLAY,
        "demo",
        None,
        DEMO_SCOPES,
        ALL_CAMERAS,
        None,
        now_ms,
        now_ms + _DEMO_LINK_MS,
    )
    token = core.storage.tokens.add(
        draft,
        lambda made: AuditDraft(
            AuditAction.TOKEN_CREATED, "cli", actor_name=getpass.getuser(), target=f"token:{made.id}"
        ),
    )
    return token.id


def _run(server: uvicorn.Server, listener: socket.socket, tls: Tls | None) -> None:
    """Serve until a signal. The server raises the signal again when it has stopped; then we clean up."""
    before = {signal.SIGTERM: signal.signal(signal.SIGTERM, _stop)}
    if tls is not None:
        before[signal.SIGHUP] = signal.signal(signal.SIGHUP, lambda *_: tls.on_hangup())
    try:
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
