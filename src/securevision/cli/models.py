"""`securevision models`: the pinned files."""

import typer

from securevision.artifacts.store import ArtifactState
from securevision.cli.terminal import make_models, prepare, say

app = typer.Typer(help="The model files.", no_args_is_help=True)


@app.command("pull")
def pull() -> None:
    """Fetch the files that are missing, and check every one against its SHA-256."""
    models = make_models(prepare())
    fetched = models.pull()
    for artifact in fetched:
        print(f"fetched {artifact.name}")
    print(f"All files are in {models.store.directory}.")


@app.command("list")
def list_() -> None:
    """List the files: what each is for, its licence, and whether it is here."""
    models = make_models(prepare())
    print(f"In {models.store.directory}:")
    for status in models.store.verify():
        artifact = status.artifact
        print(f"{artifact.name:42} {status.state:8} {artifact.bytes / 1e6:6.1f} MB  {artifact.licence}")
        print(f"    {artifact.purpose}")


@app.command("verify")
def verify() -> None:
    """Check the files that are here; a wrong one is deleted. Exits with 1 unless all are present."""
    statuses = make_models(prepare()).store.verify()
    for status in statuses:
        print(f"{status.artifact.name:42} {status.state}")
    if any(status.state is not ArtifactState.PRESENT for status in statuses):
        say("securevision: Not every file is here; run `securevision models pull`.")
        raise typer.Exit(1)
