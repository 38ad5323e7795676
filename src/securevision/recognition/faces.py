"""Faces in a frame or a photo."""

from collections.abc import Sequence

from securevision.domain.configs import FaceConfig
from securevision.domain.frames import Pixels
from securevision.domain.observations import FaceObservation
from securevision.recognition.sface import FaceEmbedder
from securevision.recognition.yunet import FaceDetection, FaceDetector

_STILL_SIDES = (640, 320)
"""A portrait may fill its picture; a second look at half the size finds it."""


class FaceRecogniser:
    """Finds faces and describes each as an embedding."""

    def __init__(self, detector: FaceDetector, embedder: FaceEmbedder, config: FaceConfig) -> None:
        self._detector = detector
        self._embedder = embedder
        self._config = config

    def observe(self, pixels: Pixels) -> Sequence[FaceObservation]:
        """Return the faces of a video frame, best first, those too small left out."""
        return [
            self._observation(pixels, found)
            for found in self._detector.detect(pixels)
            if found.box.height >= self._config.min_face_size
        ]

    def observe_still(self, pixels: Pixels) -> Sequence[FaceObservation]:
        """Return the faces of a photo, best first, whatever their size."""
        for side in _STILL_SIDES:
            if found := self._detector.detect(pixels, side=side):
                return [self._observation(pixels, face) for face in found]
        return []

    def _observation(self, pixels: Pixels, found: FaceDetection) -> FaceObservation:
        return FaceObservation(found.box, found.score, self._embedder.embed(pixels, found.landmarks))
