"""A web server, a package index, and the two downloaders that ask them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.http_files import FileServer
from fakes.wheel_index import WheelIndex
from securevision.artifacts.download import HttpDownloader
from securevision.artifacts.wheels import PipDownloader


@pytest.fixture
def server() -> Iterator[FileServer]:
    with FileServer() as running:
        yield running


@pytest.fixture
def http() -> HttpDownloader:
    return HttpDownloader(connect_timeout=2.0, read_timeout=0.3, proxies={}, loopback_http=True)


@pytest.fixture
def index(tmp_path: Path) -> WheelIndex:
    directory = tmp_path / "index"
    directory.mkdir()
    return WheelIndex(directory)


@pytest.fixture
def pip(index: WheelIndex) -> PipDownloader:
    return PipDownloader(environment=index.environment)
