"""`securevision camera`: the cameras that are watched. What is changed here is in the audit log."""

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from getpass import getpass
from typing import Annotated
from urllib.parse import quote

import typer

from securevision.cameras.addresses import parse_address
from securevision.cli.terminal import prepare, print_json, say
from securevision.domain.audit import AuditAction
from securevision.domain.camera_reports import CameraTrial
from securevision.domain.cameras import CameraConfig, RecordingMode
from securevision.domain.network_cameras import OfferedStream
from securevision.errors import InvalidInput, NotFound, SourceError
from securevision.runtime.camera_desk import KeptCameras
from securevision.settings import Settings
from securevision.wiring.access import by_command
from securevision.wiring.cameras import camera_desk, checked_address
from securevision.wiring.engine import media_kind
from securevision.wiring.keys import open_sealer
from securevision.wiring.onvif import WAIT_S, NetworkCameras
from securevision.wiring.storage import Storage, open_storage
from securevision.wiring.trial import try_camera

app = typer.Typer(help="The cameras that are watched.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(metavar="NAME", help="The camera's name in events and rights.")]
Address = Annotated[
    str,
    typer.Argument(
        metavar="[ADDRESS]",
        help="Such as rtsp://user:password@host/stream. Without it, it is asked for and not shown.",
    ),
]
Here = Annotated[
    bool, typer.Option("--allow-loopback", help="The address may lead to a program on this machine.")
]
Rate = Annotated[float | None, typer.Option(min=0.1, max=60, help="Pictures looked at a second; default 5.")]
Sensitivity = Annotated[
    float | None, typer.Option(min=0, max=1, help="How little motion counts; default 0.5.")
]
Recording = Annotated[RecordingMode | None, typer.Option(help="What is recorded; default: events.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")]
Untried = Annotated[bool, typer.Option("--untried", help="Do not try it first.")]


@app.command("add")
def add(  # noqa: PLR0917 - each is an option of the command
    name: Id,
    address: Address = "",
    fps: Rate = None,
    sensitivity: Sensitivity = None,
    recording: Recording = None,
    allow_loopback: Here = False,
    untried: Untried = False,
) -> None:
    """Add a camera; a running server watches it within a second. It is tried first, unless `--untried`."""
    text = address or _asked()
    config = _changed(CameraConfig(name, allow_loopback=allow_loopback), fps, sensitivity, recording)
    with _cameras() as (settings, storage, desk):
        if storage.cameras.get(name) is None and not untried:
            _try(settings, text, allow_loopback)
        camera = desk.add(config, text, by_command(AuditAction.CAMERA_ADDED, target=f"camera:{name}"))
    print(f"Added {name}: {camera.display}")


@app.command("change")
def change(  # noqa: PLR0917 - each is an option of the command
    name: Id,
    address: Address = "",
    new_address: Annotated[bool, typer.Option("--new-address", help="Ask for another address.")] = False,
    fps: Rate = None,
    sensitivity: Sensitivity = None,
    recording: Recording = None,
    enable: Annotated[bool | None, typer.Option("--enable/--disable", help="Whether it is watched.")] = None,
) -> None:
    """Change a camera; what is not given stays."""
    text = _asked() if new_address and not address else address
    with _cameras() as (_, storage, desk):
        camera = storage.cameras.get(name)
        if camera is None:
            raise NotFound(f"There is no camera {name}; `securevision camera list` shows all.")
        config = _changed(camera.config, fps, sensitivity, recording)
        if enable is not None:
            config = replace(config, enabled=enable)
        desk.change(config, text or None, by_command(AuditAction.CAMERA_CHANGED, target=f"camera:{name}"))
    print(f"Changed {name}.")


@app.command("list")
def list_() -> None:
    """List the cameras that are kept."""
    with open_storage(prepare()) as storage:
        cameras = storage.cameras.all()
    for camera in cameras:
        config = camera.config
        watched = "" if config.enabled else ", switched off"
        print(f"{config.id}  {camera.display}  {config.fps:g} a second, records {config.recording}{watched}")
    if not cameras:
        print("There are no cameras; use `securevision camera add NAME ADDRESS`.")


@app.command("remove")
def remove(name: Id) -> None:
    """Watch a camera no more; its events and recordings stay."""
    with _cameras() as (_, _, desk):
        desk.remove(name, by_command(AuditAction.CAMERA_REMOVED, target=f"camera:{name}"))
    print(f"Removed {name}.")


@app.command("test")
def try_out(
    address: Address = "",
    allow_loopback: Here = False,
    as_json: Json = False,
) -> None:
    """Try a camera, and say within 8 seconds what it gives or what is wrong."""
    settings = prepare()
    text = address or _asked()
    trial = _tried(settings, text, allow_loopback)
    if as_json:
        print_json(
            {
                "failure": trial.failure,
                "codec": trial.codec,
                "width": trial.width,
                "height": trial.height,
                "fps": round(trial.packets_a_second, 1),
            }
        )
        raise typer.Exit(1 if trial.failure else 0)
    if trial.failure:
        raise SourceError(trial.failure)
    print(_praise(trial))


@app.command("discover")
def discover(
    wait: Annotated[
        float, typer.Option("--wait", min=0.5, max=10, metavar="SECONDS", help="For answers.")
    ] = WAIT_S,
    interface: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Ask over this interface; again for more; over all without it."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Ask the local network for cameras that speak ONVIF, and list those that answer."""
    cameras = NetworkCameras(media_kind(prepare())).find(wait, interface or None)
    for camera in cameras:
        if as_json:
            print_json(asdict(camera))
        else:
            # Somebody in the network wrote them, and they are pasted into a shell.
            print(
                "  ".join(filter(None, (camera.name, camera.hardware, *map(shlex.quote, camera.addresses))))
            )
    if not cameras:
        say("No camera answered. Cameras of other networks do not; `camera streams` asks one by its address.")
    elif not as_json:
        say("`securevision camera streams ADDRESS` says which streams one has, with USER@ before its host.")


@app.command("streams")
def streams(
    address: Annotated[
        str,
        typer.Argument(
            metavar="[ADDRESS]",
            help="Such as http://user@host. What is left out, the password or all, is asked for and not shown.",
        ),
    ] = "",
    allow_loopback: Here = False,
    as_json: Json = False,
) -> None:
    """Ask a camera over ONVIF for its streams, with the addresses that `camera add` takes."""
    search = NetworkCameras(media_kind(prepare()))
    camera = search.streams(_with_password(address or _asked()), allow_loopback=allow_loopback)
    if as_json:
        print_json(asdict(camera))
        return
    print(" ".join(filter(None, (camera.manufacturer, camera.model, camera.firmware))))
    for stream in camera.streams:
        address = shlex.quote(stream.address) if stream.address else "(its address has the password in it)"
        print(f"{_described(stream)}  {address}")
    say("`securevision camera add NAME` takes one of them, with user:password@ before its host.")


def _described(stream: OfferedStream) -> str:
    size = f"{stream.width} x {stream.height}" if stream.width and stream.height else ""
    rate = f"{stream.fps:g} a second" if stream.fps else ""
    return "  ".join(filter(None, (stream.name, stream.codec.upper(), size, rate)))


def _try(settings: Settings, text: str, allow_loopback: bool) -> None:
    trial = _tried(settings, text, allow_loopback)
    if trial.failure:
        raise SourceError(f"{trial.failure.rstrip('.')}; or add it all the same with `--untried`.")
    print(_praise(trial))


def _tried(settings: Settings, text: str, allow_loopback: bool) -> CameraTrial:
    address = checked_address(text, allow_loopback=allow_loopback)
    return try_camera(settings, address, text, allow_loopback=allow_loopback)


def _praise(trial: CameraTrial) -> str:
    rate = f", {trial.packets_a_second:.0f} pictures a second" if trial.packets_a_second else ""
    size = f" {trial.width} x {trial.height}" if trial.width else ""
    return f"It gives {trial.codec.upper()}{size}{rate}."


def _changed(
    config: CameraConfig, fps: float | None, sensitivity: float | None, recording: RecordingMode | None
) -> CameraConfig:
    return replace(
        config,
        fps=config.fps if fps is None else fps,
        sensitivity=config.sensitivity if sensitivity is None else sensitivity,
        recording=recording or config.recording,
    )


def _asked() -> str:
    """Return an address that nobody who looks at the processes of this machine has seen."""
    text = getpass("Address: ") if sys.stdin.isatty() else sys.stdin.readline()
    if not text.strip():
        raise InvalidInput("Give the address of the camera, such as rtsp://user:password@host/stream.")
    return text.strip()


def _with_password(text: str) -> str:
    """Return an address with the password of its user, which is asked for if it names a user alone."""
    address = parse_address(text)
    before, at, rest = text.rpartition("@")
    if not at or address.password or not address.username or before.endswith(":"):
        return text
    password = getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    return f"{before}:{quote(password, safe='', errors='surrogateescape')}@{rest}"


@contextmanager
def _cameras() -> Iterator[tuple[Settings, Storage, KeptCameras]]:
    settings = prepare()
    with open_storage(settings) as storage:
        # A running server notices by itself.
        yield (
            settings,
            storage,
            camera_desk(settings, storage, open_sealer(settings, storage.database), lambda: None),
        )
