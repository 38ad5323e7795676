"""A pipeline for one source."""

import stat
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path

from securevision.domain.observations import FaceObservation, PlateObservation
from securevision.domain.people import Template
from securevision.domain.plates import PlateLists
from securevision.errors import InvalidInput
from securevision.footage.crops import JpegCrops
from securevision.incidents.matching import Gallery
from securevision.incidents.plate_lists import MAX_BYTES, parse_plate_list
from securevision.incidents.reporter import Reporter
from securevision.runtime.pipeline import Pipeline, Sight
from securevision.runtime.recording import EventRecorder
from securevision.settings import Settings
from securevision.tracking.evidence import FaceSum, PlateVote
from securevision.tracking.tracker import Tracker
from securevision.wiring.models import Models


def make_gallery(settings: Settings, templates: Sequence[Template]) -> Gallery:
    """Make the gallery that faces are searched in."""
    return Gallery(templates, threshold=settings.face.similarity_threshold)


def read_plate_lists(settings: Settings) -> PlateLists:
    """Read the allow and the block list. Raises InvalidInput when a file cannot be used."""
    return PlateLists(_plates(settings.plates.allow_list), _plates(settings.plates.block_list))


def make_pipeline(
    settings: Settings, models: Models, gallery: Gallery, lists: PlateLists, recorder: EventRecorder
) -> Pipeline:
    """Make the way from the frames of the configured camera to events."""
    ids = count(1)
    source_id = settings.camera.id
    tracking = settings.tracking_config
    sights: list[Sight[FaceObservation] | Sight[PlateObservation]] = []
    if settings.face.enabled:
        sights.append(Sight(models.faces(), Tracker(tracking, source_id, FaceSum, ids)))
    if settings.plates.enabled:
        sights.append(Sight(models.plates(), Tracker(tracking, source_id, PlateVote, ids)))
    if not sights:
        raise InvalidInput(
            "Neither faces nor plates are to be recognised; "
            "set SECUREVISION__FACE__ENABLED or SECUREVISION__PLATES__ENABLED to true."
        )
    return Pipeline(sights, Reporter(settings.incident_config, gallery, lists), JpegCrops(), recorder)


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
