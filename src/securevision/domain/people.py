"""The people whose faces are known."""

from dataclasses import dataclass

from securevision.domain.observations import Embedding


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """One photo of a person, as an embedding."""

    person_name: str
    embedding: Embedding
    photo_sha256: str
    """Of the photo's bytes, in hexadecimal: enrolling a photo twice changes nothing."""


@dataclass(frozen=True, slots=True)
class Person:
    """A person in the gallery."""

    name: str
    templates: int
    """How many photos of them are enrolled, 1 or more."""
