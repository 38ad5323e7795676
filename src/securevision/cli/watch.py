"""`securevision watch`: one source, without a server."""

from pathlib import Path
from typing import Annotated

import typer

from securevision.cameras.addresses import parse_address
from securevision.cli.terminal import make_models, prepare, print_events, print_problems
from securevision.clock import SystemClock
from securevision.incidents.matching import Gallery
from securevision.recognition.gallery_folder import read_gallery_folder
from securevision.runtime.camera_hub import WatchedCamera
from securevision.runtime.feed import Feed
from securevision.runtime.recording import PassingRecorder
from securevision.settings import Settings
from securevision.wiring.analysis import make_gallery, pipelines, read_plate_lists
from securevision.wiring.engine import connector, make_engine
from securevision.wiring.models import Models
from securevision.wiring.one_source import OneSource
from securevision.wiring.storage import database_path, open_storage
from securevision.wiring.uploads import recogniser


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
    camera, models = settings.camera, make_models(settings)
    address = parse_address(source)
    known = _gallery(settings, models, gallery)
    feed, clock = Feed(), SystemClock()
    recorder = PassingRecorder(feed, clock)
    engine = make_engine(
        settings, models, pipelines(settings, known, read_plate_lists(settings), recorder), recorder
    )
    connect = connector(address, allow_loopback=camera.allow_loopback)
    watched = WatchedCamera(camera.id, source, connect, fps=camera.fps, gated=False, paced=False)
    print_events(OneSource(engine, feed, watched), as_json=as_json)


def _gallery(settings: Settings, models: Models, folder: Path | None) -> Gallery:
    if folder is not None:
        with recogniser(settings, models) as look_at:
            read = read_gallery_folder(look_at, folder)
        if print_problems(read.problems):
            raise typer.Exit(1)
        return make_gallery(settings, read.templates)
    if not database_path(settings).exists():
        return make_gallery(settings, ())
    with open_storage(settings) as storage:
        return make_gallery(settings, storage.people.templates())
