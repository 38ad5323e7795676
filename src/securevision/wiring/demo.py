"""The demo: a clip that we make, and the person and plate that must be recognised in it."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from securevision.cameras.demo import DEMO_PERSON, DEMO_PLATE, make_demo_clip
from securevision.domain.events import Event, FacePayload, PlatePayload
from securevision.domain.plates import plate_key
from securevision.settings import Settings
from securevision.wiring.models import PORTRAIT, Models, Say

_DIRECTORY = "demo"


@dataclass(frozen=True, slots=True)
class Demo:
    """The files of the demo."""

    clip: Path
    gallery: Path
    """A folder of PERSON_NAME/photo, with one person."""


def prepare_demo(settings: Settings, models: Models, plate: str, say: Say) -> Demo:
    """Make the clip with that plate, and the gallery, unless they are there. Raises Unavailable."""
    directory = settings.storage.directory / _DIRECTORY
    [portrait] = models.files(PORTRAIT)
    photo = directory / "gallery" / DEMO_PERSON / PORTRAIT
    if not photo.exists():
        photo.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(portrait, photo)
    clip = directory / f"demo-{plate_key(plate)}.mp4"
    if not clip.exists():
        say("Making the demo clip (once).")
        make_demo_clip(portrait, plate, clip)
    return Demo(clip, directory / "gallery")


def missing_from(events: Sequence[Event]) -> Sequence[str]:
    """Return what should have been recognised in the demo clip and was not."""
    people = {e.payload.person_name for e in events if isinstance(e.payload, FacePayload)}
    plates = {e.payload.plate_text for e in events if isinstance(e.payload, PlatePayload)}
    expected = (
        (f"the face of {DEMO_PERSON}", DEMO_PERSON in people),
        (f"the plate {DEMO_PLATE}", DEMO_PLATE in plates),
    )
    return [what for what, seen in expected if not seen]
