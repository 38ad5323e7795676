"""`securevision recognise`: pictures in, what they show out."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from securevision.cli.terminal import make_models, prepare, print_json, print_problems
from securevision.domain.geometry import Box
from securevision.domain.looks import Look
from securevision.errors import InvalidInput
from securevision.incidents.matching import Gallery
from securevision.recognition.gallery_folder import LookAt, read_gallery_folder
from securevision.recognition.images import read_bytes
from securevision.wiring.analysis import make_gallery
from securevision.wiring.uploads import recogniser

app = typer.Typer(help="Recognise what single pictures show.", no_args_is_help=True)

Images = Annotated[list[Path], typer.Argument(metavar="IMAGE...", help="Pictures: JPEG, PNG or WebP.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")]

_DIGITS = 4


@app.command("plates")
def plates(images: Images, as_json: Json = False) -> None:
    """Read the licence plates in pictures."""
    settings = prepare()
    settings.face.enabled, settings.plates.enabled = False, True

    def seen(look: Look) -> list[dict[str, object]]:
        return [
            {
                "text": plate.text,
                "confidence": round(plate.confidence, _DIGITS),
                "bbox": _corners(plate.box, look),
                "region": None,
            }
            for plate in look.plates
        ]

    def describe(plate: dict[str, object]) -> str:
        return f"{plate['text']}  ({plate['confidence']:.0%})"

    with recogniser(settings, make_models(settings)) as look_at:
        _each(images, "plates", look_at, seen, describe, as_json=as_json)


@app.command("faces")
def faces(
    images: Images,
    gallery: Annotated[Path | None, typer.Option(help="Folder of PERSON_NAME/*.jpg to compare with.")] = None,
    as_json: Json = False,
) -> None:
    """Find the faces in pictures, and name those that are in the gallery."""
    settings = prepare()
    settings.face.enabled, settings.plates.enabled = True, False
    with recogniser(settings, make_models(settings)) as look_at:
        folder = read_gallery_folder(look_at, gallery) if gallery else None
        if folder and print_problems(folder.problems):
            raise typer.Exit(1)
        known = make_gallery(settings, folder.templates if folder else ())
        _each(images, "faces", look_at, lambda look: _named(look, known), _describe_face, as_json=as_json)


def _named(look: Look, known: Gallery) -> list[dict[str, object]]:
    return [
        {
            "person": match.person_name,
            "similarity": None if match.similarity is None else round(match.similarity, _DIGITS),
            "bbox": _corners(face.box, look),
            "detection": round(face.detection, _DIGITS),
        }
        for face in look.faces
        for match in [known.match(face.embedding)]
    ]


def _describe_face(face: dict[str, object]) -> str:
    nearest = "" if face["similarity"] is None else f"  (similarity {face['similarity']})"
    return f"{face['person'] or 'unknown'}{nearest}"


def _each(
    images: list[Path],
    noun: str,
    look_at: LookAt,
    what: Callable[[Look], list[dict[str, object]]],
    describe: Callable[[dict[str, object]], str],
    *,
    as_json: bool,
) -> None:
    """Print what each picture shows; go on after one that cannot be read, and exit with 1 in the end."""
    problems = []
    for image in images:
        try:
            seen = what(look_at(read_bytes(image), str(image)))
        except InvalidInput as problem:
            problems.append(str(problem))
            continue
        if as_json:
            print_json({"file": str(image), noun: seen})
        else:
            print(f"{image}: {', '.join(describe(one) for one in seen) or f'no {noun}'}")
    if print_problems(problems):
        raise typer.Exit(1)


def _corners(box: Box, look: Look) -> list[int]:
    return list(box.clipped(look.width, look.height).rounded())
