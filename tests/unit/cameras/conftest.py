"""A camera with a password."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.camera import Camera
from fakes.clips import write_raw


@pytest.fixture(scope="session")
def raw_h264(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_raw(tmp_path_factory.mktemp("raw") / "clip.h264", 60)


@pytest.fixture(scope="session")
def camera(raw_h264: Path) -> Iterator[Camera]:
    with Camera(raw_h264) as running:
        yield running
