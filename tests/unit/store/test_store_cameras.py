"""Cameras in the database: logged with each change, seen by other processes, their addresses sealed and erased."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fakes.account_stores import AccountStores, at_once
from fakes.clock import FakeClock
from securevision.domain.audit import AuditAction, AuditDraft
from securevision.domain.cameras import Camera, CameraConfig, SealedAddress
from securevision.errors import Conflict, InvalidInput, Unavailable
from securevision.store.cameras import SqlCameraStore
from securevision.store.database import Database
from securevision.store.sealed_secrets import holds_anything_sealed
from securevision.vault.addresses import SealedAddresses
from securevision.vault.sealer import Sealer

URL = "rtsp://admin:canary-password@192.0.2.7/stream"
VAULT = SealedAddresses(Sealer({1: b"k" * 32}, current=1))
GATE = CameraConfig("gate")
ADDED = AuditDraft(AuditAction.CAMERA_ADDED, "user:3", target="camera:gate")
ADDRESS = SealedAddress("rtsp://192.0.2.7/stream", VAULT.seal(URL, "gate"))


@pytest.fixture
def cameras(database: Database, clock: FakeClock) -> SqlCameraStore:
    return SqlCameraStore(database, clock, os.urandom)


Change = Callable[[SqlCameraStore, AuditDraft], object]
CHANGES: dict[str, Change] = {
    "add": lambda cameras, audit: cameras.add(CameraConfig("yard"), ADDRESS, audit),
    "change": lambda cameras, audit: cameras.change(replace(GATE, fps=1), None, audit),
    "change the address": lambda cameras, audit: cameras.change(GATE, SealedAddress("demo:", b"x"), audit),
    "remove": lambda cameras, audit: cameras.remove("gate", audit),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_is_logged_once_or_not_made(
    cameras: SqlCameraStore, stores: AccountStores, change: Change
) -> None:
    cameras.add(GATE, ADDRESS, ADDED)
    before, revision = stores.rows(), cameras.revision()
    refused = AuditDraft(AuditAction.CAMERA_CHANGED, "cli", personal={"network": "192.0.2.1"})
    with pytest.raises(InvalidInput, match="network"):
        change(cameras, refused)
    assert (stores.rows(), cameras.revision()) == (before, revision)

    change(cameras, AuditDraft(AuditAction.CAMERA_CHANGED, "user:7", target="camera:gate"))
    assert stores.rows()["cameras"] != before["cameras"]
    assert cameras.revision() > revision
    added, changed = stores.logged()
    assert '"action":"camera.added"' in added
    assert ('"action":"camera.changed"' in changed, '"actor":"user:7"' in changed) == (True, True)

    stores.refuse_entries()
    before = stores.rows()
    with pytest.raises(Unavailable):
        cameras.add(CameraConfig("hall"), ADDRESS, ADDED)
    assert stores.rows() == before


def test_the_address_leaves_by_one_method_alone_and_opens_for_its_camera(
    cameras: SqlCameraStore, database: Database, path: Path
) -> None:
    camera = cameras.add(GATE, ADDRESS, ADDED)
    assert VAULT.open(cameras.sealed_address("gate"), "gate") == URL
    shown = repr([camera, cameras.get("gate"), cameras.all()])
    assert ADDRESS.display in shown
    assert "canary" not in shown
    # Somebody who can write to the file moves it to a camera of theirs.
    cameras.add(CameraConfig("theirs"), SealedAddress("x", cameras.sealed_address("gate")), ADDED)
    with pytest.raises(Unavailable):
        VAULT.open(cameras.sealed_address("theirs"), "theirs")
    assert not [file.name for file in path.parent.iterdir() if b"canary" in file.read_bytes()]


def test_a_removed_camera_is_gone_from_the_files(cameras: SqlCameraStore, path: Path) -> None:
    cameras.add(GATE, ADDRESS, ADDED)
    assert any(ADDRESS.sealed in file.read_bytes() for file in path.parent.iterdir())
    cameras.remove("gate", ADDED)
    for needle in (ADDRESS.sealed, ADDRESS.display.encode()):
        assert not [file.name for file in path.parent.iterdir() if needle in file.read_bytes()]


def test_what_is_shown_is_one_line(cameras: SqlCameraStore) -> None:
    camera = cameras.add(GATE, SealedAddress("a\r\nb\u202ec" + "d" * 500, b"x"), ADDED)
    assert camera.display == "abc" + "d" * (200 - 6)
    assert cameras.get("gate") == camera


def test_the_key_is_needed_as_soon_as_there_is_a_camera(cameras: SqlCameraStore, database: Database) -> None:
    assert not holds_anything_sealed(database)
    cameras.add(GATE, ADDRESS, ADDED)
    assert holds_anything_sealed(database)


def test_another_process_sees_the_change(
    cameras: SqlCameraStore, other_process: AccountStores, clock: FakeClock
) -> None:
    theirs = SqlCameraStore(other_process.database, clock, os.urandom)
    before = theirs.revision()
    camera = cameras.add(GATE, ADDRESS, ADDED)
    assert theirs.revision() != before
    assert theirs.get("gate") == camera
    assert theirs.sealed_address("gate") == ADDRESS.sealed


def test_of_two_processes_that_add_one_camera_at_once_one_does(
    cameras: SqlCameraStore, other_process: AccountStores, clock: FakeClock
) -> None:
    theirs = SqlCameraStore(other_process.database, clock, os.urandom)
    results = at_once(*(lambda store=store: store.add(GATE, ADDRESS, ADDED) for store in (cameras, theirs)))
    assert sorted(type(result).__name__ for result in results) == [Camera.__name__, Conflict.__name__]
    assert len(theirs.all()) == 1
