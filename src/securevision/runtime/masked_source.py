"""A camera with privacy masks: what lies in them leaves this place neither as a packet nor as a picture."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from securevision.cameras.timing import Sampler
from securevision.domain.frames import SourceStatus
from securevision.domain.ports.cameras import FrameSource, Item, Luma, Picture
from securevision.domain.ports.footage import Mask, PictureEncoder
from securevision.domain.video import AccessUnit, Packet, VideoFormat
from securevision.domain.zones import Polygon

MakeMask = Callable[[Sequence[Polygon], int, int], Mask]
"""Makes the mask of pictures of one width and height."""


@dataclass(frozen=True, slots=True, eq=False)
class MaskedPicture:
    """A Picture whose masked parts are black."""

    ts_ms: int
    pts: int
    width: int
    height: int
    i420: Luma
    """Brightness and colours, shape (height * 3 / 2, width), read-only."""

    def luma(self) -> Luma:
        """See Picture."""
        return self.i420[: self.height]

    def write_i420(self, room: memoryview) -> None:
        """See Picture."""
        np.copyto(np.frombuffer(room, np.uint8), self.i420.reshape(-1))


class MaskedSource:
    """A FrameSource around another one, which must give every picture; its packets are made anew."""

    def __init__(
        self,
        source: FrameSource,
        make_encoder: Callable[[], PictureEncoder],
        make_mask: MakeMask,
        masks: Sequence[Polygon],
        *,
        fps: float,
    ) -> None:
        """At most `fps` pictures of each second are given."""
        self.keyframes_only = False
        """Of no use here: what is kept and shown needs every picture."""
        self.fps = fps
        self._source = source
        self._make_encoder = make_encoder
        self._encoder = make_encoder()
        self._make_mask = make_mask
        self._masks = masks
        self._sampler = Sampler()
        self._mask: Mask | None = None
        self._size = (0, 0)

    @property
    def live(self) -> bool:
        """See FrameSource."""
        return self._source.live

    @property
    def status(self) -> SourceStatus:
        """See FrameSource."""
        return self._source.status

    @property
    def progress(self) -> float | None:
        """See FrameSource."""
        return self._source.progress

    def close(self) -> None:
        """See FrameSource."""
        self._source.close()

    def items(self) -> Iterator[Item | None]:
        """See FrameSource."""
        for item in self._source.items():
            match item:
                case None:
                    yield None
                case VideoFormat():
                    # A new connection, whose time begins anew.
                    self._encoder, self._sampler = self._make_encoder(), Sampler()
                case Packet():
                    # Its picture may never come; whoever takes the items looks around all the same.
                    yield None
                case _:
                    yield from self._masked(item)

    def _masked(self, picture: Picture) -> Iterator[Item]:
        masked = self._blackened(picture)
        for item in self._encoder.encode(masked, masked.pts):
            if isinstance(item, AccessUnit):
                pts = item.pts or 0
                yield Packet(item.data, item.keyframe, masked.ts_ms, pts, pts)
            else:
                yield item
        if self._sampler.wants(masked.pts, self.fps):
            yield masked

    def _blackened(self, picture: Picture) -> MaskedPicture:
        size = (picture.width, picture.height)
        if self._mask is None or size != self._size:
            self._mask, self._size = self._make_mask(self._masks, *size), size
        i420 = np.empty((picture.height * 3 // 2, picture.width), np.uint8)
        picture.write_i420(i420.data.cast("B"))
        self._mask.blacken(i420.data.cast("B"))
        i420.flags.writeable = False
        return MaskedPicture(picture.ts_ms, picture.pts, *size, i420)
