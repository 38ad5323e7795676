"""A server for each test, and one with people for all tests of a file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.people import HOUR_S, Town
from fakes.people import town as running_town
from fakes.running_api import RunningApi, running_api


@pytest.fixture
def api(tmp_path: Path) -> Iterator[RunningApi]:
    with running_api(tmp_path) as running:
        yield running


@pytest.fixture(scope="module")
def shared_town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with running_town(tmp_path_factory.mktemp("town")) as running:
        yield running


@pytest.fixture
def town(shared_town: Town) -> Town:
    """The file's server, after the failures that were counted in the test before were forgotten."""
    shared_town.api.clock.advance(3 * HOUR_S)
    shared_town.passwords.taken()
    return shared_town
