"""From packets to pictures."""

import importlib
import pkgutil
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TypeAlias, cast

import av
import numpy as np
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from securevision.domain.ports.cameras import Luma
from securevision.domain.video import TICKS_PER_SECOND, Packet, VideoFormat
from securevision.errors import SourceRefused

CODECS = frozenset(
    {"h264", "hevc", "av1", "libdav1d", "vp8", "vp9", "mpeg4", "mpeg2video", "mpeg1video", "mjpeg"}
)
"""What cameras and phones write."""
MAX_PIXELS = 8192 * 4608

_TIME_BASE = Fraction(1, TICKS_PER_SECOND)
_MAX_WAITING = 64
"""Packets whose picture has not come out; a decoder holds back 16 at most."""
_PLAIN = frozenset({"yuv420p"})
_FULL_RANGE = 2
_LIMITED_RANGE = 1

Plane: TypeAlias = NDArray[np.uint8]
_Encoded: TypeAlias = "av.Packet[av.VideoStream]"


def load_decoders() -> None:
    """Load all of PyAV, which otherwise loads what a kind of stream needs when it first meets one."""
    for module in pkgutil.walk_packages(av.__path__, "av."):
        importlib.import_module(module.name)


class Decoder:
    """Decodes the packets of one format, on the thread that asks."""

    def __init__(self, video: VideoFormat, name: str) -> None:
        """`name` is how messages call the source. Raises SourceRefused when there is nothing to decode."""
        if video.codec not in CODECS:
            raise SourceRefused(
                f"The video of {name} is of a kind that is not supported; use H.264 or H.265."
            )
        if video.width * video.height > MAX_PIXELS:
            raise SourceRefused(
                f"The picture of {name} is too large; choose a stream of at most 8192x4608 pixels."
            )
        context = cast("VideoCodecContext", av.CodecContext.create(video.codec, "r"))
        context.extradata = video.extradata or None
        context.thread_count = 1
        context.options = {"max_pixels": str(MAX_PIXELS)}
        self._context = context
        self._quarters = video.quarters
        self._taken: dict[int, int] = {}
        """Capture time by `pts`, of packets whose picture has not come out yet."""

    def decode(self, packet: Packet) -> Sequence["DecodedPicture"]:
        """Return the pictures that a packet completes; what is damaged is left out."""
        if packet.damaged:
            # Not decoded either: FFmpeg keeps something of a slice that broke off, and it shows in later pictures.
            return []
        # Not `av.Packet(data)`: decoders read some bytes beyond the end, and of those that FFmpeg did not make itself
        # they are not there.
        encoded = cast("_Encoded", av.Packet(len(packet.data)))
        encoded.update(packet.data)
        encoded.pts, encoded.dts, encoded.time_base = packet.pts, packet.dts, _TIME_BASE
        self._taken[packet.pts] = packet.ts_ms
        if len(self._taken) > _MAX_WAITING:
            self._taken.pop(next(iter(self._taken)))
        return list(self._pictures(encoded))

    def finish(self) -> Sequence["DecodedPicture"]:
        """Return the pictures that the decoder held back; nothing may follow."""
        return list(self._pictures(None))

    def _pictures(self, encoded: "_Encoded | None") -> Iterator["DecodedPicture"]:
        try:
            frames = self._context.decode(encoded)
        except FFmpegError:
            # A damaged packet; the decoder goes on with the next one.
            return
        for frame in frames:
            ts_ms = self._taken.pop(frame.pts if frame.pts is not None else -1, -1)
            if ts_ms >= 0 and not frame.is_corrupt and frame.width > 1 and frame.height > 1:
                yield DecodedPicture(frame, ts_ms, self._quarters)


class DecodedPicture:
    """A Picture of FFmpeg's, upright."""

    def __init__(self, frame: VideoFrame, ts_ms: int, quarters: int) -> None:
        self.frame = frame
        self._ts_ms = ts_ms
        self._quarters = quarters
        size = (frame.width & ~1, frame.height & ~1)
        self._width, self._height = size[::-1] if self._quarters % 2 else size

    @property
    def ts_ms(self) -> int:
        """See Picture."""
        return self._ts_ms

    @property
    def pts(self) -> int:
        """Of its packet, in ticks."""
        return self.frame.pts or 0

    @property
    def width(self) -> int:
        """See Picture."""
        return self._width

    @property
    def height(self) -> int:
        """See Picture."""
        return self._height

    def luma(self) -> Luma:
        """See Picture."""
        if self.frame.format.is_planar and self.frame.format.name.startswith(("yuv", "nv", "gray")):
            return self._upright(_plane(self.frame, 0))
        return self._upright(_plane(self._as_i420(), 0))

    def write_i420(self, room: memoryview) -> None:
        """See Picture."""
        frame, start = self._as_i420(), 0
        for index in range(3):
            plane = self._upright(_plane(frame, index))
            into = np.frombuffer(room, np.uint8, plane.size, start).reshape(plane.shape)
            np.copyto(into, plane)
            start += plane.size

    def _as_i420(self) -> VideoFrame:
        frame = self.frame
        if frame.format.name in _PLAIN and frame.color_range != _FULL_RANGE:
            return frame
        return frame.reformat(format="yuv420p", dst_color_range=_LIMITED_RANGE)

    def _upright(self, plane: Plane) -> Plane:
        return np.rot90(plane, self._quarters) if self._quarters else plane


def _plane(frame: VideoFrame, index: int) -> Plane:
    plane = frame.planes[index]
    # Even sizes only: the last row or column of an odd one has half a colour.
    width, height = frame.width & ~1, frame.height & ~1
    if index:
        width, height = width // 2, height // 2
    rows: Plane = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    return rows[:height, :width]
