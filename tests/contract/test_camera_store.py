"""What every CameraStore does."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fakes.clock import FakeClock
from fakes.databases import new_database
from fakes.stores import MemoryCameraStore
from securevision.domain.audit import AuditAction, AuditDraft
from securevision.domain.cameras import MAX_CAMERAS, Camera, CameraConfig, RecordingMode, SealedAddress
from securevision.domain.ports.store import CameraStore
from securevision.domain.zones import Polygon
from securevision.errors import Conflict, NotFound
from securevision.store.cameras import SqlCameraStore

ENTRY = AuditDraft(AuditAction.CAMERA_CHANGED, "cli", target="camera:gate")
ADDRESS = SealedAddress("rtsp://192.0.2.7/stream", b"\0sealed")
GATE = CameraConfig("gate")
ALL_SET = CameraConfig(
    id="gate",
    enabled=False,
    fps=0.1 + 0.2,
    sensitivity=1.0,
    zones=(Polygon(((0, 0), (1, 0), (0.1 + 0.2, 1 / 3))), Polygon(((0.5, 0.5), (1.0, 0.5), (1.0, 1.0)))),
    masks=(Polygon(tuple((i / 63, (i / 63) ** 2) for i in range(64))),),
    keyframes_only=True,
    recording=RecordingMode.CONTINUOUS,
    allow_loopback=True,
)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=["memory", "sql"])
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock) -> Iterator[CameraStore]:
    if request.param == "memory":
        yield MemoryCameraStore(clock)
        return
    with new_database(tmp_path / "cameras.db") as database:
        yield SqlCameraStore(database, clock, os.urandom)


def test_without_cameras(store: CameraStore) -> None:
    assert list(store.all()) == []
    assert store.get("gate") is None


@pytest.mark.parametrize("config", [GATE, ALL_SET])
def test_a_camera_comes_back_as_it_was_added(
    store: CameraStore, clock: FakeClock, config: CameraConfig
) -> None:
    now_ms = clock.now_ms()
    camera = store.add(config, ADDRESS, ENTRY)

    assert camera == Camera(config, ADDRESS.display, now_ms, now_ms)
    assert store.get("gate") == camera
    assert list(store.all()) == [camera]
    assert store.sealed_address("gate") == ADDRESS.sealed


def test_a_change_keeps_the_address_unless_there_is_a_new_one(store: CameraStore, clock: FakeClock) -> None:
    added = store.add(GATE, ADDRESS, ENTRY)
    clock.advance(1)
    changed = store.change(ALL_SET, None, ENTRY)

    assert changed == replace(added, config=ALL_SET, changed_ms=added.created_ms + 1000)
    assert store.get("gate") == changed
    assert store.sealed_address("gate") == ADDRESS.sealed

    moved = store.change(GATE, SealedAddress("rtsp://192.0.2.8/", b"other"), ENTRY)
    assert (moved.config, moved.display) == (GATE, "rtsp://192.0.2.8/")
    assert store.sealed_address("gate") == b"other"


def test_a_change_concerns_no_other_camera(store: CameraStore) -> None:
    yard = store.add(replace(ALL_SET, id="yard"), SealedAddress("demo:", b"yard"), ENTRY)
    store.add(GATE, ADDRESS, ENTRY)
    store.change(replace(GATE, fps=1), SealedAddress("x", b"x"), ENTRY)
    assert store.get("yard") == yard
    store.remove("gate", ENTRY)
    assert list(store.all()) == [yard]
    assert store.sealed_address("yard") == b"yard"


def test_cameras_come_by_id_and_ids_are_compared_exactly(store: CameraStore) -> None:
    for camera_id in ("yard", "gate", "Gate", "gate.2", "gate-1", "-"):
        store.add(CameraConfig(camera_id), ADDRESS, ENTRY)
    ids = [camera.config.id for camera in store.all()]
    assert ids == ["-", "Gate", "gate", "gate-1", "gate.2", "yard"]
    store.remove("Gate", ENTRY)
    assert store.get("gate") is not None


def test_an_id_that_is_taken(store: CameraStore) -> None:
    camera = store.add(GATE, ADDRESS, ENTRY)
    with pytest.raises(Conflict, match=r"^There is a camera gate already; choose another name\.$"):
        store.add(ALL_SET, SealedAddress("demo:", b"x"), ENTRY)
    assert list(store.all()) == [camera]
    assert store.sealed_address("gate") == ADDRESS.sealed


def test_there_are_64_at_most(store: CameraStore) -> None:
    assert MAX_CAMERAS == 64
    for number in range(64):
        store.add(CameraConfig(f"c{number}"), ADDRESS, ENTRY)
    with pytest.raises(Conflict, match=r"^There are 64 cameras at most; remove one first\.$"):
        store.add(GATE, ADDRESS, ENTRY)
    store.change(CameraConfig("c1", enabled=False), None, ENTRY)
    store.remove("c2", ENTRY)
    store.add(GATE, ADDRESS, ENTRY)
    assert len(store.all()) == 64


def test_a_camera_that_is_not_there(store: CameraStore) -> None:
    store.add(CameraConfig("yard"), ADDRESS, ENTRY)
    revision = store.revision()
    for call in (
        lambda: store.change(GATE, None, ENTRY),
        lambda: store.change(GATE, ADDRESS, ENTRY),
        lambda: store.remove("gate", ENTRY),
        lambda: store.sealed_address("gate"),
    ):
        with pytest.raises(NotFound, match=r"^There is no camera gate\.$"):
            call()
    assert store.get("'; DROP TABLE cameras; --") is None
    assert store.revision() == revision
    assert len(store.all()) == 1


def test_a_camera_that_was_removed_leaves_no_address_to_its_successor(store: CameraStore) -> None:
    store.add(ALL_SET, ADDRESS, ENTRY)
    store.remove("gate", ENTRY)
    with pytest.raises(NotFound):
        store.sealed_address("gate")
    again = store.add(GATE, SealedAddress("demo:", b"new"), ENTRY)
    assert store.get("gate") == again
    assert store.sealed_address("gate") == b"new"


def test_every_change_gives_a_revision_that_was_not_there_before(store: CameraStore) -> None:
    seen = {store.revision()}
    for _ in range(2):
        store.add(GATE, ADDRESS, ENTRY)
        seen.add(store.revision())
        store.change(ALL_SET, None, ENTRY)
        seen.add(store.revision())
        with pytest.raises(Conflict):
            store.add(GATE, ADDRESS, ENTRY)
        store.remove("gate", ENTRY)
        seen.add(store.revision())
    assert len(seen) == 7
