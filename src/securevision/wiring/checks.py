"""What `securevision doctor` looks at. Nothing here changes anything, except that wrong model files go."""

import os
import shutil
import socket
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from securevision.access.administrators import is_administrator
from securevision.access.tokens import check_token_strength
from securevision.artifacts.store import ArtifactState
from securevision.clock import SystemClock
from securevision.errors import NotFound, SecureVisionError
from securevision.settings import Settings
from securevision.vault.tls import expiry_warning, load_server_context
from securevision.wiring.analysis import read_plate_lists
from securevision.wiring.cameras import checked_address
from securevision.wiring.listening import check_exposure, is_loopback
from securevision.wiring.models import Models
from securevision.wiring.storage import database_path, open_storage
from securevision.wiring.tls import describe_authority, own_files
from securevision.wiring.trial import seal_of_a_worker, try_camera

_MIN_PYTHON = (3, 11)
_MIN_FREE_BYTES = 500 * 2**20


class Verdict(StrEnum):
    """How a check came out."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    verdict: Verdict
    subject: str
    detail: str
    """What was found and, unless it is well, what to do."""


def run_checks(settings: Settings, models: Models) -> Iterator[Check]:
    """Look at everything that a start needs, one after the other."""
    yield _python()
    yield from _guarded("models", lambda: _models(models))
    yield from _guarded("database", lambda: _database(settings))
    yield from _guarded("permissions", lambda: _permissions(settings))
    yield from _guarded("disk", lambda: _disk(settings))
    yield from _guarded("plate lists", lambda: _plate_lists(settings))
    yield from _guarded("people", lambda: _people(settings))
    yield from _guarded("API token", lambda: _token(settings))
    yield from _guarded("HTTPS", lambda: _encryption(settings))
    yield _port(settings)
    yield from _guarded("sandbox", lambda: _sandbox(settings))
    yield from _guarded("camera", lambda: _camera(settings))


def _guarded(subject: str, check: Callable[[], Check]) -> Iterator[Check]:
    try:
        yield check()
    except SecureVisionError as error:
        yield Check(Verdict.FAILED, subject, str(error))


def _python() -> Check:
    version = ".".join(str(part) for part in sys.version_info[:3])
    if sys.version_info < _MIN_PYTHON:
        return Check(Verdict.FAILED, "Python", f"{version}; install 3.11 or newer.")
    return Check(Verdict.OK, "Python", version)


def _models(models: Models) -> Check:
    lacking = [s.artifact.name for s in models.store.verify() if s.state is not ArtifactState.PRESENT]
    if lacking:
        return Check(
            Verdict.WARNING, "models", f"{', '.join(lacking)} not here; run `securevision models pull`."
        )
    return Check(Verdict.OK, "models", f"all verified in {models.store.directory}")


def _database(settings: Settings) -> Check:
    path = database_path(settings)
    if not path.exists():
        return Check(Verdict.OK, "database", f"{path} will be made at the first start")
    with open_storage(settings) as storage:
        people = storage.people.people()
    if not people:
        return Check(
            Verdict.WARNING, "database", f"{path}; nobody is enrolled: `securevision person enrol DIR`."
        )
    return Check(Verdict.OK, "database", f"{path}, {len(people)} person(s) enrolled")


def _permissions(settings: Settings) -> Check:
    directory = settings.storage.directory
    nearest = next(p for p in (directory, *directory.resolve().parents) if p.exists())
    if not os.access(nearest, os.W_OK | os.X_OK):
        return Check(
            Verdict.FAILED,
            "permissions",
            f"{nearest} cannot be written; change its owner or SECUREVISION__STORAGE__DIRECTORY.",
        )
    path = database_path(settings)
    if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
        return Check(Verdict.FAILED, "permissions", f"{path} can be read by others; run `chmod 600 {path}`.")
    return Check(Verdict.OK, "permissions", f"{directory} is writable and private")


def _disk(settings: Settings) -> Check:
    directory = settings.storage.directory.resolve()
    free = shutil.disk_usage(next(p for p in (directory, *directory.parents) if p.exists())).free
    if free < _MIN_FREE_BYTES:
        return Check(Verdict.WARNING, "disk", f"{free / 2**20:.0f} MiB free; make room for events.")
    return Check(Verdict.OK, "disk", f"{free / 2**30:.1f} GiB free")


def _plate_lists(settings: Settings) -> Check:
    lists = read_plate_lists(settings)
    return Check(Verdict.OK, "plate lists", f"{len(lists.allow)} allowed, {len(lists.block)} blocked")


def _token(settings: Settings) -> Check:
    if settings.api.auth_token is None:
        return Check(Verdict.OK, "API token", "no static one; programs have tokens of their own")
    check_token_strength(settings.api.auth_token.get_secret_value())
    return Check(
        Verdict.WARNING,
        "API token",
        "SECUREVISION__API__AUTH_TOKEN opens the routes of 0.1 to whoever has it, until it is unset; give each "
        "program a token of its own: `securevision token create`.",
    )


def _people(settings: Settings) -> Check:
    if not database_path(settings).exists():
        return Check(
            Verdict.OK, "people", "the first start prints the link that makes the first administrator"
        )
    with open_storage(settings) as storage:
        users = storage.users.all()
    administrators = [user for user in users if is_administrator(user)]
    if not administrators:
        return Check(
            Verdict.WARNING,
            "people",
            "there is no administrator; open the link that the start prints, or run "
            "`securevision user create-admin NAME`.",
        )
    bare = [user.name for user in administrators if not user.has_factor]
    if bare:
        return Check(
            Verdict.WARNING,
            "people",
            f"{', '.join(bare)} must set up a second factor at the next sign-in.",
        )
    return Check(Verdict.OK, "people", f"{len(users)} user(s), {len(administrators)} administrator(s)")


def _encryption(settings: Settings) -> Check:
    check_exposure(settings)
    if settings.tls.mode == "off":
        beyond = not is_loopback(settings.api.host)
        return Check(
            Verdict.WARNING if beyond else Verdict.OK,
            "HTTPS",
            "off: a proxy in front has to encrypt what crosses the network."
            if beyond
            else "off, on this machine alone",
        )
    now_ms = SystemClock().now_ms()
    if settings.tls.mode == "files":
        cert, key = own_files(settings)
        load_server_context(cert, key)
        warning = expiry_warning(cert, now_ms)
        return Check(Verdict.WARNING if warning else Verdict.OK, "HTTPS", warning or f"with {cert}")
    try:
        facts = describe_authority(settings)
    except NotFound:
        return Check(Verdict.OK, "HTTPS", "the first start makes a certificate")
    return Check(Verdict.OK, "HTTPS", f"own authority, SHA-256 {facts.sha256}")


def _port(settings: Settings) -> Check:
    host, port = settings.api.host, settings.api.port
    try:
        with socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET):
            return Check(Verdict.OK, "port", f"{port} of {host} is free")
    except OSError as error:
        return Check(
            Verdict.WARNING,
            "port",
            f"{port} of {host} cannot be taken ({error.strerror}): SecureVision runs already, "
            "or set SECUREVISION__API__PORT to another.",
        )


def _camera(settings: Settings) -> Check:
    url, camera = settings.camera.url, settings.camera
    if url is None:
        return Check(
            Verdict.OK, "camera", "none is set here; `securevision camera list` shows those that are kept"
        )
    text = url.get_secret_value()
    address = checked_address(text, allow_loopback=camera.allow_loopback)
    trial = try_camera(settings, address, text, allow_loopback=camera.allow_loopback)
    if trial.failure:
        return Check(Verdict.FAILED, "camera", trial.failure)
    return Check(Verdict.OK, "camera", f"gives {trial.width} x {trial.height} pixels")


def _sandbox(settings: Settings) -> Check:
    """Start a media worker that reads nothing, and look how well it is sealed."""
    seal = seal_of_a_worker(settings)
    if seal.sufficient:
        return Check(Verdict.OK if seal.files else Verdict.WARNING, "sandbox", seal.text)
    if sys.platform != "linux":
        return Check(Verdict.WARNING, "sandbox", "this system cannot seal the processes that decode video")
    if settings.sandbox.allow_unsealed:
        return Check(
            Verdict.WARNING, "sandbox", f"{seal.text}; hostile video is decoded all the same, as is set"
        )
    return Check(
        Verdict.FAILED,
        "sandbox",
        f"{seal.text}, so nothing is decoded; let this program use seccomp, or accept the risk with "
        "SECUREVISION__SANDBOX__ALLOW_UNSEALED=true",
    )
