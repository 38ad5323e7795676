"""`securevision watch`: one source, without a server."""

from pathlib import Path
from typing import Annotated

import typer

from securevision.cameras.sources import open_source
from securevision.cli.terminal import make_models, prepare, print_events, print_problems
from securevision.clock import SystemClock
from securevision.incidents.matching import Gallery
from securevision.recognition.gallery_folder import read_gallery_folder
from securevision.runtime.recording import PassingRecorder
from securevision.settings import Settings
from securevision.wiring.analysis import make_gallery, make_pipeline, read_plate_lists
from securevision.wiring.models import Models
from securevision.wiring.storage import database_path, open_storage


def watch(
    source: Annotated[str, typer.Argument(help="A video file, or rtsp://user:password@host/stream.")],
    gallery: Annotated[
        Path | None, typer.Option(help="Folder of PERSON_NAME/*.jpg; default: the people that are enrolled.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one event a line, as JSON.")] = False,
) -> None:
    """Print what a source shows, until it ends. Nothing is stored.

    An event whose finding changes later (a better reading, a name found) is printed again with its version.
    """
    settings = prepare()
    clock = SystemClock()
    camera = settings.camera
    frames = open_source(
        source, source_id=camera.id, fps=camera.fps, clock=clock, allow_loopback=camera.allow_loopback
    )
    models = make_models(settings)
    known = _gallery(settings, models, gallery)
    pipeline = make_pipeline(settings, models, known, read_plate_lists(settings), PassingRecorder(clock))
    print_events(frames, pipeline, as_json=as_json)


def _gallery(settings: Settings, models: Models, folder: Path | None) -> Gallery:
    if folder is not None:
        read = read_gallery_folder(models.faces(), folder)
        if print_problems(read.problems):
            raise typer.Exit(1)
        return make_gallery(settings, read.templates)
    if not database_path(settings).exists():
        return make_gallery(settings, ())
    with open_storage(settings) as storage:
        return make_gallery(settings, storage.people.templates())
