"""A server for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.running_api import RunningApi, running_api


@pytest.fixture
def api(tmp_path: Path) -> Iterator[RunningApi]:
    with running_api(tmp_path) as running:
        yield running
