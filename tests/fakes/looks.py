"""What a recogniser would see in a painted picture."""

from fakes.recognisers import PaintedFaces
from securevision.domain.frames import Pixels
from securevision.domain.looks import Crop, Look
from securevision.footage.crops import JpegCrops
from securevision.footage.stills import jpeg_of


class MemoryPictures:
    """A PictureStore in memory."""

    def __init__(self) -> None:
        self.pictures: dict[int, bytes] = {}

    def put(self, event_id: int, jpeg: bytes) -> None:
        """See PictureStore."""
        self.pictures[event_id] = jpeg

    def delete_before(self, event_id: int) -> None:
        """See PictureStore."""
        self.pictures = {key: value for key, value in self.pictures.items() if key >= event_id}

    def get(self, event_id: int) -> bytes | None:
        """See PictureStore."""
        return self.pictures.get(event_id)


def look_at(camera: str, ts_ms: int, pixels: Pixels) -> Look:
    """Look at a painted picture, in this process."""
    faces = PaintedFaces().observe(pixels)
    height, width = pixels.shape[:2]
    crops = [Crop(face.box, JpegCrops(margin=0.0).crop(pixels, face.box)) for face in faces]
    return Look(camera, ts_ms, width, height, faces, [], crops, jpeg_of(pixels) if faces else b"")
