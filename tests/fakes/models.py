"""The real model files, as the tests use them."""

from functools import cache
from pathlib import Path

from securevision.settings import Settings
from securevision.wiring.models import Models


def _say(line: str) -> None:
    raise AssertionError(f"The model files are not here; run `make models`. ({line})")


@cache
def models() -> Models:
    """Return the models of the default settings; `make models` fetched their files."""
    return Models(Settings(), _say)


def model_file(name: str) -> Path:
    """Return one verified file."""
    return models().files(name)[0]
