"""A gallery as a folder: one folder a person, named for them, with their photos in it."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from securevision.domain.looks import Look
from securevision.domain.people import Template
from securevision.errors import InvalidInput
from securevision.recognition.images import read_bytes

LookAt: TypeAlias = Callable[[bytes, str], Look]
"""Looks at a picture file, in a process of its own; the text names it. Raises InvalidInput, Unavailable."""

_PHOTOS = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".heic", ".tif", ".tiff"}
"""What somebody may have meant as a photo; those that cannot be read are named, not passed over."""
_MAX_NAME = 100


@dataclass(frozen=True, slots=True)
class GalleryFolder:
    """What a folder gave."""

    templates: Sequence[Template]
    problems: Sequence[str]
    """One sentence for each photo that could not be used."""


def read_gallery_folder(look_at: LookAt, directory: Path) -> GalleryFolder:
    """Read `directory/person_name/*.jpg` (or PNG, WebP).

    Raises InvalidInput when there is no such folder, or no photo in it.
    """
    templates, problems = [], []
    for person_name, photo in _photos(directory):
        try:
            templates.append(_template(look_at, person_name, photo))
        except InvalidInput as problem:
            problems.append(str(problem))
    if not templates and not problems:
        raise InvalidInput(f"{directory} holds no photos; put them into {directory}/PERSON_NAME/.")
    return GalleryFolder(templates, problems)


def _template(look_at: LookAt, person_name: str, photo: Path) -> Template:
    """Return the template of the one face in a photo.

    Raises InvalidInput when the file is no picture, or shows no face or several.
    """
    data = read_bytes(photo)
    faces = look_at(data, str(photo)).faces
    if not faces:
        raise InvalidInput(f"No face was found in {photo}; use a photo that shows the face from the front.")
    if len(faces) > 1:
        raise InvalidInput(
            f"{len(faces)} faces were found in {photo}; use a photo of {person_name} alone, or crop it."
        )
    return Template(person_name, faces[0].embedding, hashlib.sha256(data).hexdigest())


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
