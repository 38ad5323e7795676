"""Exactly the cameras that are kept are watched, whoever changed them."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fakes import odd_worker
from fakes.clock import FakeClock
from fakes.stores import MemoryCameraStore, MemoryRecordingStore
from securevision.clock import SystemClock
from securevision.domain.audit import AuditAction, AuditDraft
from securevision.domain.cameras import Camera, CameraConfig, RecordingMode, SealedAddress
from securevision.errors import SourceError, Unavailable
from securevision.runtime.analysis import Analysis
from securevision.runtime.camera_hub import CameraHub, WatchedCamera
from securevision.runtime.camera_keeper import CameraKeeper
from securevision.runtime.clip_desk import ClipDesk
from securevision.runtime.feed import Feed
from securevision.runtime.messages import FromMedia, FromRecogniser
from securevision.runtime.pipeline import Pipeline
from securevision.runtime.recognition_desk import RecognitionDesk
from securevision.runtime.recording import PassingRecorder
from securevision.runtime.supervision import WorkerKind
from securevision.store.footage_files import RecordingFiles
from unit.runtime.pipelines import make_pipeline

ENTRY = AuditDraft(AuditAction.CAMERA_ADDED, "system")
PROGRAM = str(Path(odd_worker.__file__))


class Keeping:
    """A CameraKeeper with its surroundings."""

    def __init__(self, directory: Path) -> None:
        self.store = MemoryCameraStore(FakeClock())
        self.closed: set[str] = set()
        """Cameras whose address cannot be opened."""
        self.opened: list[str] = []
        clock = SystemClock()
        recorder = PassingRecorder(Feed(), clock)

        def pipeline(camera: str, sightings: Iterator[int]) -> Pipeline:
            return make_pipeline(recorder, camera=camera, sightings=sightings)

        self.clips = ClipDesk(MemoryRecordingStore(), RecordingFiles(directory), clock)
        self.analysis = Analysis(pipeline, recorder, clock, clips=self.clips)
        recogniser = WorkerKind([PROGRAM, "good"], FromRecogniser, 1 << 30)
        recognition = RecognitionDesk(recogniser, clock, threads=1, deliver=self.analysis.look)
        self.hub = CameraHub(
            WorkerKind([PROGRAM, "good"], FromMedia, 1 << 30), recognition, self.analysis, clock
        )
        self.clips.use(self.hub)
        self.keeper = CameraKeeper(self.store, self.hub, self.analysis, self.clips, self.watched)

    def watched(self, camera: Camera) -> WatchedCamera:
        name = camera.config.id
        if name in self.closed:
            raise Unavailable(f"The address of camera {name} cannot be opened with this key.")
        self.opened.append(name)
        return WatchedCamera(name, camera.display, refuse, camera.config.fps)

    def add(self, name: str, *, enabled: bool = True) -> CameraConfig:
        config = CameraConfig(name, enabled=enabled, recording=RecordingMode.OFF)
        self.store.add(config, SealedAddress(f"rtsp://{name}/", b""), ENTRY)
        return config

    @property
    def rates(self) -> dict[str, float]:
        return {name: camera.fps for name, camera in self.hub.watched().items()}


def refuse() -> int:
    raise SourceError("Nobody is there.")


@pytest.fixture
def keeping(tmp_path: Path) -> Iterator[Keeping]:
    keeping = Keeping(tmp_path)
    keeping.analysis.start()
    yield keeping
    keeping.hub.close()
    keeping.analysis.close()


def test_enabled_cameras_are_watched_from_the_start_on(keeping: Keeping) -> None:
    keeping.add("gate")
    keeping.add("yard", enabled=False)
    keeping.keeper.sync()
    assert keeping.rates == {"gate": 5.0}


def test_a_change_is_followed_and_what_did_not_change_is_left_alone(keeping: Keeping) -> None:
    gate, yard = keeping.add("gate"), keeping.add("yard")
    keeping.keeper.sync()
    keeping.keeper.sync()
    assert keeping.opened == ["gate", "yard"]
    keeping.store.change(replace(gate, fps=2.0), None, ENTRY)
    keeping.add("hall")
    keeping.keeper.sync()
    assert keeping.rates == {"gate": 2.0, "hall": 5.0, "yard": 5.0}
    assert keeping.opened == ["gate", "yard", "gate", "hall"]
    keeping.store.change(replace(yard, enabled=False), None, ENTRY)
    keeping.store.remove("gate", ENTRY)
    keeping.keeper.sync()
    assert keeping.rates == {"hall": 5.0}
    keeping.store.change(yard, None, ENTRY)
    keeping.keeper.sync()
    assert keeping.rates == {"hall": 5.0, "yard": 5.0}


def test_a_camera_of_the_same_name_is_another_one(keeping: Keeping) -> None:
    keeping.add("gate")
    keeping.keeper.sync()
    keeping.store.remove("gate", ENTRY)
    keeping.store.add(CameraConfig("gate"), SealedAddress("rtsp://elsewhere/", b""), ENTRY)
    keeping.keeper.sync()
    assert keeping.hub.watched()["gate"].address == "rtsp://elsewhere/"


def test_what_could_not_be_opened_is_tried_again_and_said_once(
    keeping: Keeping, caplog: pytest.LogCaptureFixture
) -> None:
    keeping.add("gate")
    keeping.add("yard")
    keeping.closed = {"gate"}
    for _ in range(3):
        keeping.keeper.sync()
    assert keeping.rates == {"yard": 5.0}
    assert keeping.opened == ["yard"], "the others are not begun anew"
    assert [record.getMessage() for record in caplog.records] == [
        "Camera gate cannot be watched: The address of camera gate cannot be opened with this key."
    ]
    keeping.closed = set()
    keeping.keeper.sync()
    assert keeping.rates == {"gate": 5.0, "yard": 5.0}


def test_a_camera_whose_new_address_cannot_be_opened_is_watched_as_before(keeping: Keeping) -> None:
    gate = keeping.add("gate")
    keeping.keeper.sync()
    keeping.closed = {"gate"}
    keeping.store.change(replace(gate, fps=2.0), SealedAddress("rtsp://new/", b""), ENTRY)
    keeping.keeper.sync()
    assert keeping.rates == {"gate": 5.0}
    keeping.closed = set()
    keeping.keeper.sync()
    assert keeping.rates == {"gate": 2.0}
    keeping.store.remove("gate", ENTRY)
    keeping.closed = {"gate"}
    keeping.keeper.sync()
    assert keeping.rates == {}
