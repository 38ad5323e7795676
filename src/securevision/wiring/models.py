"""The model files and what is made of them."""

from collections.abc import Callable, Sequence
from pathlib import Path

from platformdirs import user_cache_path

from securevision.artifacts.manifest import Artifact, packaged_manifest
from securevision.artifacts.store import ArtifactState, ArtifactStore, Progress
from securevision.recognition.faces import FaceRecogniser
from securevision.recognition.plates import PlateRecogniser
from securevision.recognition.sessions import ModelSession
from securevision.recognition.sface import FaceEmbedder
from securevision.recognition.text_finder import TextFinder
from securevision.recognition.text_reader import TextReader
from securevision.recognition.yunet import FaceDetector
from securevision.settings import Settings

PORTRAIT = "astronaut.png"
_YUNET = "face_detection_yunet_2023mar.onnx"
_SFACE = "face_recognition_sface_2021dec.onnx"
_TEXT_FINDER = "PP-OCRv6_det_small.onnx"
_TEXT_READER = "PP-OCRv6_rec_small.onnx"
_TEXT_SCORE = 0.5

Say = Callable[[str], None]
"""Tells the user something, one line."""


class Models:
    """Verified files from the artifact store, fetched when they are first needed."""

    def __init__(self, settings: Settings, say: Say, progress: Progress | None = None) -> None:
        directory = settings.models.directory or user_cache_path("securevision", appauthor=False) / "models"
        self.store = ArtifactStore(packaged_manifest(), directory)
        self._settings = settings
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

    def faces(self) -> FaceRecogniser:
        """Make the face recogniser."""
        yunet, sface = (self._session(path) for path in self.files(_YUNET, _SFACE))
        config = self._settings.face_config
        detector = FaceDetector(yunet, score_threshold=config.detection_threshold)
        return FaceRecogniser(detector, FaceEmbedder(sface), config)

    def plates(self) -> PlateRecogniser:
        """Make the plate recogniser."""
        finder, reader = (self._session(path) for path in self.files(_TEXT_FINDER, _TEXT_READER))
        config = self._settings.plate_config
        text_finder = TextFinder(finder, side=config.search_size, score_threshold=_TEXT_SCORE)
        return PlateRecogniser(text_finder, TextReader(reader), config)

    def _session(self, path: Path) -> ModelSession:
        return ModelSession(path, threads=self._settings.models.threads)
