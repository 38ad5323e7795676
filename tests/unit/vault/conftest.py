"""Where the tests of certificates keep one."""

from pathlib import Path

import pytest

from fakes.clock import FakeClock
from securevision.vault.certificates import LocalAuthority

NOW_MS = 1_795_000_000_000  # 18 November 2026


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW_MS)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "tls"


@pytest.fixture
def authority(folder: Path, clock: FakeClock) -> LocalAuthority:
    return LocalAuthority(folder, clock)
