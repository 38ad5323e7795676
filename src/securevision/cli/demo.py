"""`securevision demo`: the whole way from an H.264 stream to events, without a camera."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from securevision.cameras.demo import DEMO_PLATE
from securevision.cameras.sources import open_source
from securevision.cli.terminal import make_models, prepare, print_events, print_problems, say
from securevision.clock import SystemClock
from securevision.domain.people import Template
from securevision.domain.ports.cameras import FrameSource
from securevision.errors import InvalidInput
from securevision.recognition.gallery_folder import read_gallery_folder
from securevision.runtime.feed import Feed
from securevision.runtime.recording import StoringRecorder
from securevision.settings import Settings
from securevision.wiring import server
from securevision.wiring.access import person_enrolled
from securevision.wiring.analysis import make_gallery, make_pipeline, read_plate_lists
from securevision.wiring.demo import missing_from, prepare_demo
from securevision.wiring.models import Models
from securevision.wiring.storage import open_storage

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
    folder = read_gallery_folder(models.faces(), gallery or files.gallery)
    if print_problems(folder.problems):
        raise typer.Exit(1)
    url = settings.camera.url
    source = open_source(
        "demo:" if once or url is None else url.get_secret_value(),
        source_id=settings.camera.id,
        fps=settings.camera.fps,
        clock=SystemClock(),
        paced=not once,
        loop=not once,
        demo_clip=files.clip,
        allow_loopback=settings.camera.allow_loopback,
    )
    if once:
        _run_once(settings, models, source, folder.templates)
        return
    if url is None:
        settings.tracking.cooldown_seconds = _COOLDOWN_SECONDS
    if "tls" not in settings.model_fields_set:
        settings.tls.mode = (
            "off"  # on this machine alone, and no browser warns of a certificate it doesn't know
        )
    with open_storage(settings) as storage:
        storage.people.enrol(folder.templates, person_enrolled)
    server.serve(settings, source, models, print, demo=True)


def _run_once(settings: Settings, models: Models, source: FrameSource, templates: Sequence[Template]) -> None:
    with open_storage(settings) as storage:
        recorder = StoringRecorder(storage.events, Feed(), SystemClock())
        gallery = make_gallery(settings, templates)
        pipeline = make_pipeline(settings, models, gallery, read_plate_lists(settings), recorder)
        events = print_events(source, pipeline, as_json=False)
    missing = missing_from(events)
    if missing:
        raise InvalidInput(f"The demo failed: {' and '.join(missing)} was not recognised.")
    say("The demo recognised its person and its plate; both events are in the database.")
