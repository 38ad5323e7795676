"""Evidence for people to look at, and live view: packets and pictures in, bytes out."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Protocol, TypeAlias

from securevision.domain.frames import Pixels
from securevision.domain.geometry import Box
from securevision.domain.ports.cameras import Picture
from securevision.domain.video import AccessUnit, Packet, VideoFormat


class CropEncoder(Protocol):
    """Makes the picture that an event shows."""

    def crop(self, pixels: Pixels, box: Box) -> bytes:
        """Return a JPEG of the box with some surroundings. Raises InvalidInput when it is outside."""
        ...


class PacketRing(Protocol):
    """The newest packets of a camera, whole GOPs."""

    def start(self, video: VideoFormat) -> None:
        """Forget what was kept; what follows is of this format."""
        ...

    def push(self, packet: Packet) -> None:
        """Take the next packet, and let go of what is older than needed."""
        ...

    def packets(self) -> Sequence[Packet]:
        """Return all that is kept, from a keyframe on; may be empty."""
        ...

    def newest_gop(self) -> Sequence[Packet]:
        """Return what is kept from the newest keyframe on; may be empty."""
        ...


class Mask(Protocol):
    """The masked parts of pictures of one size."""

    def blacken(self, i420: memoryview) -> None:
        """Make the masked parts black, in an I420 picture of limited range."""
        ...


class PictureEncoder(Protocol):
    """Makes video of pictures."""

    def encode(self, picture: Picture, pts: int) -> Sequence[VideoFormat | AccessUnit]:
        """Return the picture as an access unit shown at `pts` ticks, and before it a format when the size is new."""
        ...


class Fragment(StrEnum):
    """What one fragment of an MP4 holds."""

    GOP = "gop"
    """A keyframe and all up to the next: for clips."""
    PICTURE = "picture"
    """One picture: for live view."""


class Fragments(Protocol):
    """An MP4 that can be played as far as it was written, of one format."""

    @property
    def mime(self) -> str:
        """The media type with its codec, such as `video/mp4; codecs="avc1.64001f"`."""
        ...

    def init(self) -> bytes:
        """Return what comes before the first fragment."""
        ...

    def add(self, packet: Packet) -> bytes:
        """Take the next packet; return what is due, which may be nothing. Nothing is, before the first keyframe."""
        ...

    def close(self) -> bytes:
        """Return the rest; nothing may follow."""
        ...


MakeFragments: TypeAlias = Callable[[VideoFormat, Fragment], Fragments]
"""Raises InvalidInput for a format that cannot be written."""

EncodeStill: TypeAlias = Callable[[Picture], bytes]
"""Returns a whole picture as JPEG."""
