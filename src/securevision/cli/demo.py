"""`securevision demo`: the whole way from an H.264 stream to events, without a camera."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from securevision.cameras.demo import DEMO_PLATE
from securevision.cli.terminal import make_models, prepare, print_events, print_problems, say
from securevision.clock import SystemClock
from securevision.domain.people import Template
from securevision.errors import InvalidInput
from securevision.recognition.gallery_folder import read_gallery_folder
from securevision.runtime.camera_hub import WatchedCamera
from securevision.runtime.feed import Feed
from securevision.runtime.recording import StoringRecorder
from securevision.settings import Settings
from securevision.wiring import server
from securevision.wiring.access import person_enrolled
from securevision.wiring.analysis import make_gallery, pipelines, read_plate_lists
from securevision.wiring.cameras import checked_address
from securevision.wiring.demo import Demo, missing_from, prepare_demo
from securevision.wiring.engine import connector, make_engine
from securevision.wiring.footage import open_footage
from securevision.wiring.models import Models
from securevision.wiring.one_source import OneSource
from securevision.wiring.storage import open_storage
from securevision.wiring.uploads import recogniser

_COOLDOWN_SECONDS = 3.0
"""The clip comes round again and again; each round is a visit."""


def demo(
    once: Annotated[
        bool, typer.Option("--once", help="Run the clip once, print its events and end.")
    ] = False,
    gallery: Annotated[
        Path | None, typer.Option(help="Another gallery folder than the demo's own: PERSON_NAME/*.jpg.")
    ] = None,
    plate: Annotated[str, typer.Option(help="Draw another plate on the car.")] = DEMO_PLATE,
) -> None:
    """Play the demo camera and serve the page; or, with SECUREVISION__CAMERA__URL, watch that camera.

    With --once it exits with 0 only if the demo's person and the demo's plate were both recognised.
    """
    settings = prepare(server=not once)
    models = make_models(settings)
    files = prepare_demo(settings, models, plate, say)
    with recogniser(settings, models) as look_at:
        folder = read_gallery_folder(look_at, gallery or files.gallery)
    if print_problems(folder.problems):
        raise typer.Exit(1)
    if once:
        _run_once(settings, models, files, folder.templates)
        return
    url, camera = settings.camera.url, settings.camera
    text = "demo:" if url is None else url.get_secret_value()
    address = checked_address(text, allow_loopback=camera.allow_loopback)
    if url is None:
        settings.tracking.cooldown_seconds = _COOLDOWN_SECONDS
    if "tls" not in settings.model_fields_set:
        settings.tls.mode = (
            "off"  # on this machine alone, and no browser warns of a certificate it doesn't know
        )
    with open_storage(settings) as storage:
        storage.people.enrol(folder.templates, person_enrolled)
    connect = connector(address, allow_loopback=camera.allow_loopback, demo_clip=files.clip)
    watched = WatchedCamera(camera.id, text, connect, fps=camera.fps, loop=True)
    server.serve(settings, models, print, demo=watched)


def _run_once(settings: Settings, models: Models, files: Demo, templates: Sequence[Template]) -> None:
    with open_storage(settings) as storage:
        feed, clock = Feed(), SystemClock()
        recorder = StoringRecorder(storage.events, open_footage(settings).pictures, feed, clock)
        gallery = make_gallery(settings, templates)
        engine = make_engine(
            settings, models, pipelines(settings, gallery, read_plate_lists(settings), recorder), recorder
        )
        connect = connector(checked_address("demo:", allow_loopback=False), demo_clip=files.clip)
        camera = WatchedCamera(
            settings.camera.id, "demo:", connect, fps=settings.camera.fps, gated=False, paced=False
        )
        events = print_events(OneSource(engine, feed, camera), as_json=False)
    missing = missing_from(events)
    if missing:
        raise InvalidInput(f"The demo failed: it did not recognise {' and '.join(missing)}.")
    say("The demo recognised its person and its plate; both events are in the database.")
