"""What a picture shows, as tests look at it."""

from collections.abc import Iterator

from securevision.domain.frames import Pixels
from securevision.domain.ports.cameras import FrameSource, Item, Picture
from securevision.domain.video import Packet, VideoFormat
from securevision.recognition.i420 import bgr_of


def pixels_of(picture: Picture) -> Pixels:
    """Return the colours of a picture, by the way that they take to the recogniser."""
    i420 = bytearray(picture.width * picture.height * 3 // 2)
    picture.write_i420(memoryview(i420))
    return bgr_of(memoryview(i420), picture.width, picture.height)


def is_picture(item: Item | None) -> bool:
    """Return whether an item is a decoded picture."""
    return item is not None and not isinstance(item, Packet | VideoFormat)


def pictures_of(source: FrameSource) -> Iterator[Picture]:
    """Yield the pictures that a source gives."""
    for item in source.items():
        if item is not None and not isinstance(item, Packet | VideoFormat):
            yield item
