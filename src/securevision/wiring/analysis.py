"""From what is seen to events, as the settings say."""

import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from securevision.domain.people import Template
from securevision.domain.plates import PlateLists
from securevision.errors import InvalidInput
from securevision.incidents.matching import Gallery
from securevision.incidents.plate_lists import MAX_BYTES, parse_plate_list
from securevision.incidents.reporter import Reporter
from securevision.runtime.pipeline import Pipeline
from securevision.runtime.recording import EventRecorder
from securevision.settings import Settings
from securevision.tracking.evidence import FaceSum, PlateVote
from securevision.tracking.tracker import Tracker


def make_gallery(settings: Settings, templates: Sequence[Template]) -> Gallery:
    """Make the gallery that faces are searched in."""
    return Gallery(templates, threshold=settings.face.similarity_threshold)


def read_plate_lists(settings: Settings) -> PlateLists:
    """Read the allow and the block list. Raises InvalidInput when a file cannot be used."""
    return PlateLists(_plates(settings.plates.allow_list), _plates(settings.plates.block_list))


def pipelines(
    settings: Settings, gallery: Gallery, lists: PlateLists, recorder: EventRecorder
) -> Callable[[str, Iterator[int]], Pipeline]:
    """Return what makes the way from the looks at a camera to events."""
    tracking = settings.tracking_config

    def make(camera: str, sightings: Iterator[int]) -> Pipeline:
        return Pipeline(
            Tracker(tracking, camera, FaceSum, sightings),
            Tracker(tracking, camera, PlateVote, sightings),
            Reporter(settings.incident_config, gallery, lists),
            recorder,
        )

    return make


def _plates(path: Path | None) -> Mapping[str, str]:
    if path is None:
        return {}
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise InvalidInput(f"The plate list {path} is not a file; check its path in the settings.")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise InvalidInput(f"The plate list {path} does not exist; check its path in the settings.") from None
    except OSError as error:
        raise InvalidInput(f"The plate list {path} cannot be read: {error.strerror}.") from None
    return parse_plate_list(data, str(path))
