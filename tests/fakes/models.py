"""The real model files, as the tests use them."""

from functools import cache
from pathlib import Path

from securevision.domain.configs import FaceConfig, PlateConfig
from securevision.recognition.faces import FaceRecogniser
from securevision.recognition.plates import PlateRecogniser
from securevision.settings import Settings
from securevision.wiring.models import Models
from securevision.wiring.recogniser import faces_of, plates_of


def _say(line: str) -> None:
    raise AssertionError(f"The model files are not here; run `make models`. ({line})")


@cache
def models() -> Models:
    """Return the models of the default settings; `make models` fetched their files."""
    return Models(Settings(), _say)


def faces() -> FaceRecogniser:
    """Return a face recogniser, in this process."""
    return faces_of([(path, Path(path).read_bytes()) for path in models().face_files()], FaceConfig())


def plates() -> PlateRecogniser:
    """Return a plate recogniser, in this process."""
    return plates_of([(path, Path(path).read_bytes()) for path in models().plate_files()], PlateConfig())


def model_file(name: str) -> Path:
    """Return one verified file."""
    return models().files(name)[0]
