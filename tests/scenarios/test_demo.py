"""The whole way, from an H.264 stream to events in the database, as a user starts it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from assets import asset_path
from fakes.clock import FakeClock
from securevision.domain.events import EventQuery, FacePayload, PlatePayload
from securevision.store.database import Database
from securevision.store.events import SqlEventStore

pytestmark = pytest.mark.needs_models


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One working directory: the demo makes its clip once."""
    return tmp_path_factory.mktemp("demo")


def demo_once(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SECUREVISION__")}
    command = [sys.executable, "-m", "securevision", "demo", "--once", *arguments]
    return subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, timeout=170, check=False
    )


def test_the_demo_recognises_its_person_and_its_plate_and_stores_both(directory: Path) -> None:
    done = demo_once(directory)
    assert done.returncode == 0, done.stderr
    assert "eileen_collins" in done.stdout
    assert "SV26DEM" in done.stdout

    database = Database.open(directory / "data" / "securevision.db")
    try:
        store = SqlEventStore(database, FakeClock())
        events = store.page(EventQuery()).events
        names = [e.payload.person_name for e in events if isinstance(e.payload, FacePayload)]
        plates = [e.payload.plate_text for e in events if isinstance(e.payload, PlatePayload)]
        assert (names, plates) == (["eileen_collins"], ["SV26DEM"])
        assert all((store.crop(event.id) or b"").startswith(b"\xff\xd8") for event in events)
    finally:
        database.close()


def test_with_another_persons_gallery_and_another_plate_it_recognises_neither_and_fails(
    directory: Path,
) -> None:
    folder = directory / "other" / "grace_hopper"
    folder.mkdir(parents=True)
    shutil.copy(asset_path("grace_hopper.jpg"), folder)
    done = demo_once(directory, "--gallery", "other", "--plate", "KX47 HBT")
    assert done.returncode == 1
    assert "unknown person" in done.stdout
    assert "grace_hopper" not in done.stdout
    assert "KX47HBT" in done.stdout
    assert done.stderr.splitlines()[-1].endswith(
        "it did not recognise the face of eileen_collins and the plate SV26DEM."
    )
