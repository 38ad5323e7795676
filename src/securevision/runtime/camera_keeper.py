"""Watches exactly the cameras that are kept, whoever changed them."""

import logging
import threading
from collections.abc import Callable

from securevision.domain.cameras import Camera
from securevision.domain.ports.store import CameraStore
from securevision.errors import SecureVisionError
from securevision.runtime.analysis import Analysis
from securevision.runtime.camera_hub import CameraHub, WatchedCamera
from securevision.runtime.clip_desk import ClipDesk

_log = logging.getLogger(__name__)
EVERY_S = 1.0


class CameraKeeper:
    """Compares what is kept with what is watched. Any thread."""

    def __init__(
        self,
        store: CameraStore,
        hub: CameraHub,
        analysis: Analysis,
        clips: ClipDesk,
        watched: Callable[[Camera], WatchedCamera],
    ) -> None:
        """`watched` opens a camera's address and says how it is watched; it may raise Unavailable."""
        self._store = store
        self._hub = hub
        self._analysis = analysis
        self._clips = clips
        self._watched = watched
        self._lock = threading.Lock()
        self._revision: int | None = None
        self._kept: dict[str, Camera] = {}
        self._failures: dict[str, str] = {}

    def sync(self) -> None:
        """Look whether a camera has changed; if so, watch it as it is now. Raises Unavailable."""
        with self._lock:
            revision = self._store.revision()
            if revision == self._revision:
                return
            wanted = {camera.config.id: camera for camera in self._store.all() if camera.config.enabled}
            for name in self._kept.keys() - wanted.keys():
                self._end(name)
            changed = [camera for name, camera in wanted.items() if camera != self._kept.get(name)]
            begun = [self._begin(camera) for camera in changed]
            if all(begun):
                self._revision = revision

    def _begin(self, camera: Camera) -> bool:
        name = camera.config.id
        try:
            watched = self._watched(camera)
        except SecureVisionError as error:
            # It is tried again each time, and said once.
            if self._failures.get(name) != str(error):
                self._failures[name] = str(error)
                _log.error("Camera %s cannot be watched: %s", name, error)
            return False
        self._failures.pop(name, None)
        if name in self._kept:
            self._end(name)
        self._clips.set_mode(name, camera.config.recording)
        self._hub.watch(watched)
        self._kept[name] = camera
        return True

    def _end(self, name: str) -> None:
        self._hub.unwatch(name)
        self._analysis.forget(name)
        del self._kept[name]
