"""What the recogniser does with one picture."""

from collections.abc import Sequence
from pathlib import Path

from securevision.domain.frames import Pixels
from securevision.domain.geometry import Box
from securevision.domain.observations import FaceObservation, PlateObservation
from securevision.domain.ports.footage import CropEncoder
from securevision.errors import InvalidInput
from securevision.footage.stills import jpeg_of
from securevision.recognition.faces import FaceRecogniser
from securevision.recognition.i420 import bgr_of
from securevision.recognition.images import decode_image
from securevision.recognition.plates import PlateRecogniser
from securevision.runtime.messages import FaceSeen, PlateSeen
from securevision.runtime.recogniser_worker import SeenIn


class RecognisingLooker:
    """A Looker with faces, plates or both."""

    def __init__(
        self, faces: FaceRecogniser | None, plates: PlateRecogniser | None, crops: CropEncoder
    ) -> None:
        self._faces = faces
        self._plates = plates
        self._crops = crops

    def frame(self, i420: memoryview, width: int, height: int) -> SeenIn:
        """See Looker."""
        pixels = bgr_of(i420, width, height)
        faces = self._faces.observe(pixels) if self._faces else ()
        plates = self._plates.observe(pixels) if self._plates else ()
        picture = jpeg_of(pixels, None) if faces or plates else b""
        return self._seen(pixels, faces, plates, picture)

    def file(self, data: bytes, name: str) -> SeenIn:
        """See Looker."""
        pixels = decode_image(data, Path(name))
        faces = self._faces.observe_still(pixels) if self._faces else ()
        plates = self._plates.observe(pixels) if self._plates else ()
        return self._seen(pixels, faces, plates, b"")

    def _seen(
        self,
        pixels: Pixels,
        faces: Sequence[FaceObservation],
        plates: Sequence[PlateObservation],
        picture: bytes,
    ) -> SeenIn:
        height, width = pixels.shape[:2]
        return SeenIn(
            width,
            height,
            [
                FaceSeen(
                    _corners(face.box),
                    min(max(face.detection, 0.0), 1.0),
                    face.embedding.astype("<f4").tobytes(),
                    self._crop(pixels, face.box),
                )
                for face in faces
            ],
            [
                PlateSeen(
                    _corners(plate.box), plate.text, min(plate.confidence, 1.0), self._crop(pixels, plate.box)
                )
                for plate in plates
            ],
            picture,
        )

    def _crop(self, pixels: Pixels, box: Box) -> bytes:
        try:
            return self._crops.crop(pixels, box)
        except InvalidInput:
            # A box outside the picture; what was seen is told all the same.
            return b""


def _corners(box: Box) -> tuple[float, float, float, float]:
    return box.x1, box.y1, box.x2, box.y2
