from collections.abc import Iterator
from pathlib import Path

import typer

from securevision.cli.commands import app

REFERENCE = (Path(__file__).parents[3] / "docs" / "reference" / "cli.md").read_text()


def commands(group: typer.Typer, prefix: str) -> Iterator[str]:
    for command in group.registered_commands:
        yield f"{prefix} {command.name}"
    for inner in group.registered_groups:
        assert inner.typer_instance is not None
        yield from commands(inner.typer_instance, f"{prefix} {inner.name}")


def test_every_command_is_documented_and_every_documented_command_exists() -> None:
    names = set(commands(app, "securevision"))
    rows = [line.split("`")[1] for line in REFERENCE.splitlines() if line.startswith("| `securevision ")]
    documented = {" ".join(word for word in row.split() if word.islower()) for row in rows}
    assert len(names) == 33
    assert documented == names
