"""The server's cameras: the engine, what is recorded of them, and who keeps them as the database says."""

from dataclasses import dataclass

from securevision.clock import SystemClock
from securevision.domain.cameras import RecordingMode
from securevision.runtime.analysis import GalleryRefresh
from securevision.runtime.camera_hub import WatchedCamera
from securevision.runtime.camera_keeper import CameraKeeper
from securevision.runtime.clip_desk import ClipDesk
from securevision.runtime.feed import Feed
from securevision.runtime.recording import StoringRecorder
from securevision.settings import Settings
from securevision.vault.sealer import Sealer
from securevision.wiring.analysis import make_gallery, pipelines, read_plate_lists
from securevision.wiring.cameras import watched_camera
from securevision.wiring.engine import Engine, make_engine
from securevision.wiring.footage import Footage
from securevision.wiring.models import Models
from securevision.wiring.storage import Storage


@dataclass(slots=True)
class Watching:
    """The engine and its keeper."""

    engine: Engine
    clips: ClipDesk
    keeper: CameraKeeper
    plays_demo: bool = False

    def start(self) -> None:
        """End what a crash left, and start the workers."""
        self.clips.recover()
        self.engine.start()

    def close(self) -> None:
        """End everything, in order."""
        self.engine.close()

    def sync(self) -> None:
        """Watch exactly the cameras that are kept; the demo watches its own alone. Raises Unavailable."""
        if not self.plays_demo:
            self.keeper.sync()

    def watch_demo(self, camera: WatchedCamera) -> None:
        """Watch the demo's camera."""
        self.clips.set_mode(camera.id, RecordingMode.EVENTS)
        self.engine.hub.watch(camera)


def make_watching(
    settings: Settings, models: Models, storage: Storage, sealer: Sealer, *, footage: Footage, feed: Feed
) -> Watching:
    """Make it of what is kept. Raises InvalidInput, Unavailable."""
    clock = SystemClock()
    recorder = StoringRecorder(storage.events, footage.pictures, feed, clock)
    clips = ClipDesk(storage.recordings, footage.recordings, clock)
    engine = make_engine(
        settings,
        models,
        pipelines(settings, make_gallery(settings, ()), read_plate_lists(settings), recorder),
        recorder,
        refresh=GalleryRefresh(storage.people, lambda: make_gallery(settings, storage.people.templates())),
        clips=clips,
    )
    keeper = CameraKeeper(
        storage.cameras, engine.hub, engine.analysis, clips, watched_camera(storage, sealer)
    )
    return Watching(engine, clips, keeper)
