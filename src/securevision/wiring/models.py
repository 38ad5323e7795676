"""The model files."""

from collections.abc import Callable, Sequence
from pathlib import Path

from platformdirs import user_cache_path

from securevision.artifacts.manifest import Artifact, packaged_manifest
from securevision.artifacts.store import ArtifactState, ArtifactStore, Progress
from securevision.settings import Settings

PORTRAIT = "astronaut.png"
_YUNET = "face_detection_yunet_2023mar.onnx"
_SFACE = "face_recognition_sface_2021dec.onnx"
_TEXT_FINDER = "PP-OCRv6_det_small.onnx"
_TEXT_READER = "PP-OCRv6_rec_small.onnx"

Say = Callable[[str], None]
"""Tells the user something, one line."""


class Models:
    """Verified files from the artifact store, fetched when they are first needed."""

    def __init__(self, settings: Settings, say: Say, progress: Progress | None = None) -> None:
        directory = settings.models.directory or user_cache_path("securevision", appauthor=False) / "models"
        self.store = ArtifactStore(packaged_manifest(), directory)
        self._say = say
        self._progress = progress

    def files(self, *names: str) -> list[Path]:
        """Return these files, fetching what is missing. Raises Unavailable."""
        state = {status.artifact.name: status.state for status in self.store.verify()}
        missing = [name for name in names if state.get(name) is not ArtifactState.PRESENT]
        if missing:
            self._say(f"Fetching {', '.join(missing)} into {self.store.directory} (once).")
            self.store.pull(missing, self._progress)
        return [self.store.path(name) for name in names]

    def pull(self) -> Sequence[Artifact]:
        """Fetch every file that is missing, and return those. Raises Unavailable."""
        return self.store.pull(None, self._progress)

    def face_files(self) -> tuple[str, str]:
        """Return the paths of the face detector and the embedder, fetching them if needed. Raises Unavailable."""
        yunet, sface = self.files(_YUNET, _SFACE)
        return str(yunet), str(sface)

    def plate_files(self) -> tuple[str, str]:
        """Return the paths of the text finder and the text reader, likewise."""
        finder, reader = self.files(_TEXT_FINDER, _TEXT_READER)
        return str(finder), str(reader)
