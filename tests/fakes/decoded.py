"""What the items of a stream show, as a source decodes them."""

from collections.abc import Iterable

from fakes.clips import number_of
from fakes.pictures import pixels_of
from securevision.cameras.decoding import DecodedPicture, Decoder
from securevision.cameras.timing import PacketTime
from securevision.domain.video import AccessUnit, VideoFormat


def numbers(items: Iterable[VideoFormat | AccessUnit | None]) -> list[int]:
    """Return the numbers that the pictures show, in the order of showing; a new format ends what was before it."""
    pictures: list[DecodedPicture] = []
    decoder: Decoder | None = None
    time = PacketTime()
    for item in items:
        if isinstance(item, VideoFormat):
            pictures += decoder.finish() if decoder is not None else ()
            decoder = Decoder(item, "The camera")
        elif item is not None:
            assert decoder is not None
            pictures += decoder.decode(time.place(item, 0))
    pictures += decoder.finish() if decoder is not None else ()
    return [number_of(pixels_of(each)) for each in pictures]
