"""`securevision person`: the gallery."""

from pathlib import Path
from typing import Annotated

import typer

from securevision.cli.terminal import make_models, prepare, print_problems
from securevision.domain.audit import AuditAction
from securevision.recognition.gallery_folder import read_gallery_folder
from securevision.wiring.access import by_command, person_enrolled
from securevision.wiring.storage import open_storage
from securevision.wiring.uploads import recogniser

app = typer.Typer(help="The people whose faces are known.", no_args_is_help=True)


@app.command("enrol")
def enrol(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of PERSON_NAME/*.jpg.")],
) -> None:
    """Enrol the photos of a folder; a photo that was enrolled before changes nothing.

    Photos that cannot be used are named, the others are enrolled, and the exit code is 1.
    """
    settings = prepare()
    settings.face.enabled, settings.plates.enabled = True, False
    with recogniser(settings, make_models(settings)) as look_at:
        folder = read_gallery_folder(look_at, directory)
    with open_storage(settings) as storage:
        added = storage.people.enrol(folder.templates, person_enrolled)
    names = {template.person_name for template in folder.templates}
    print(f"{len(folder.templates)} photo(s) of {len(names)} person(s), {added} of them new.")
    if print_problems(folder.problems):
        raise typer.Exit(1)


@app.command("list")
def list_() -> None:
    """List everybody who is enrolled."""
    with open_storage(prepare()) as storage:
        people = storage.people.people()
    for person in people:
        print(f"{person.name}  {person.templates} photo(s)")
    if not people:
        print("Nobody is enrolled; use `securevision person enrol DIR`.")


@app.command("remove")
def remove(name: Annotated[str, typer.Argument(help="The name that `person list` shows.")]) -> None:
    """Forget a person: all their templates are deleted."""
    with open_storage(prepare()) as storage:
        templates = storage.people.remove(
            name, lambda number: by_command(AuditAction.PERSON_REMOVED, target=f"person:{number}")
        )
    print(f"Removed {name} with {templates} photo(s).")
