"""A gallery as a folder: one folder a person, named for them, with their photos in it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from securevision.domain.people import Template
from securevision.errors import InvalidInput
from securevision.recognition.faces import FaceRecogniser

_PHOTOS = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".heic", ".tif", ".tiff"}
"""What somebody may have meant as a photo; those that cannot be read are named, not passed over."""
_MAX_NAME = 100


@dataclass(frozen=True, slots=True)
class GalleryFolder:
    """What a folder gave."""

    templates: Sequence[Template]
    problems: Sequence[str]
    """One sentence for each photo that could not be used."""


def read_gallery_folder(faces: FaceRecogniser, directory: Path) -> GalleryFolder:
    """Read `directory/person_name/*.jpg` (or PNG, WebP).

    Raises InvalidInput when there is no such folder, or no photo in it.
    """
    templates, problems = [], []
    for person_name, photo in _photos(directory):
        try:
            templates.append(faces.template(person_name, photo))
        except InvalidInput as problem:
            problems.append(str(problem))
    if not templates and not problems:
        raise InvalidInput(f"{directory} holds no photos; put them into {directory}/PERSON_NAME/.")
    return GalleryFolder(templates, problems)


def _photos(directory: Path) -> Iterator[tuple[str, Path]]:
    if not directory.is_dir():
        raise InvalidInput(f"{directory} is not a folder; name one that holds PERSON_NAME/*.jpg.")
    for folder in sorted(directory.iterdir()):
        if folder.name.startswith(".") or not folder.is_dir():
            continue
        if not folder.name.isprintable() or len(folder.name) > _MAX_NAME:
            raise InvalidInput(f"The folder {folder!r} cannot name a person; use 100 characters at most.")
        for photo in sorted(folder.iterdir()):
            if photo.suffix.lower() in _PHOTOS and not photo.name.startswith("."):
                yield folder.name, photo
