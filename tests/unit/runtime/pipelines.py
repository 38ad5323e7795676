"""The way from looks to events, with the tracker and the rules that the product has."""

from collections.abc import Iterator, Sequence
from itertools import count

from fakes.looks import look_at
from fakes.recognisers import blank, paint
from securevision.domain.configs import IncidentConfig, TrackingConfig
from securevision.domain.looks import Look
from securevision.domain.people import Template
from securevision.domain.plates import PlateLists
from securevision.incidents.matching import Gallery
from securevision.incidents.reporter import Reporter
from securevision.runtime.pipeline import Pipeline
from securevision.runtime.recording import EventRecorder
from securevision.tracking.evidence import FaceSum, PlateVote
from securevision.tracking.tracker import Tracker

STEP_MS = 200
THRESHOLD = 0.4


def make_pipeline(
    recorder: EventRecorder,
    templates: Sequence[Template] = (),
    *,
    camera: str = "door",
    sightings: Iterator[int] | None = None,
) -> Pipeline:
    """Return the pipeline of a camera that knows these people."""
    numbers = sightings or count(1)
    faces = Tracker(TrackingConfig(), camera, FaceSum, numbers)
    plates = Tracker(TrackingConfig(), camera, PlateVote, numbers)
    gallery = Gallery(templates, threshold=THRESHOLD)
    return Pipeline(
        faces, plates, Reporter(IncidentConfig(cooldown_ms=10_000), gallery, PlateLists()), recorder
    )


def look(camera: str, number: int, *people: int, begin_ms: int = 0) -> Look:
    """Return what the picture of that number shows: each of these people, one beside the other."""
    pixels = blank()
    for place, person in enumerate(people):
        paint(pixels, 10 + 60 * place, 60, person)
    return look_at(camera, begin_ms + number * STEP_MS, pixels)
