"""From an opened container to pictures: demux, decode, sample, convert."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias, cast

import av
import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.video.frame import VideoFrame

from securevision.cameras.timing import Sampler, StreamTime
from securevision.domain.frames import Pixels
from securevision.errors import SourceError

CODECS = "h264,hevc,av1,libdav1d,vp8,vp9,mpeg4,mpeg2video,mpeg1video,mjpeg"
"""What cameras and phones write. Given to FFmpeg as `codec_whitelist`, which keeps it from trying others while
it opens; the stream is checked as well, for the decoder itself does not look at that list."""
MAX_PIXELS = 8192 * 4608

VideoPacket: TypeAlias = "av.Packet[av.VideoStream]"


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One decoded picture and where it stands in the stream."""

    seconds: float
    pixels: Pixels


class Decoder:
    """Decodes the first video stream of a container, on the thread that asks."""

    def __init__(self, container: InputContainer, fps: float, name: str) -> None:
        """`name` is how messages call the source. Raises SourceError when there is nothing to decode."""
        if not container.streams.video:
            raise SourceError(f"{name} has no video in it; choose a stream or file with a picture.")
        self._stream = container.streams.video[0]
        self._container = container
        context = self._stream.codec_context
        if context.name not in CODECS.split(","):
            raise SourceError(f"The video of {name} is of a kind that is not supported; use H.264 or H.265.")
        if context.width * context.height > MAX_PIXELS:
            raise SourceError(
                f"The picture of {name} is too large; choose a stream of at most 8192x4608 pixels."
            )
        context.thread_count = 1
        context.options = {"max_pixels": str(MAX_PIXELS)}
        self.time = StreamTime(float(self._stream.average_rate) if self._stream.average_rate else None)
        self._sampler = Sampler(fps)

    def pictures(self) -> Iterator[Picture | None]:
        """Yield the sampled pictures in order; None after each packet, so that the caller can look around.

        Damaged pictures are left out. Raises FFmpegError when the container cannot be read further.
        """
        for packet in _access_units(self._packets()):
            for frame in self._decoded(packet):
                if frame.is_corrupt:
                    continue
                seconds = self.time.place(_timestamp(frame))
                if self._sampler.wants(seconds):
                    yield Picture(seconds, _bgr(frame))
            yield None

    def _packets(self) -> Iterator[VideoPacket]:
        try:
            yield from self._container.demux(self._stream)
        except IndexError:
            # At the end PyAV trips over streams that appeared on the way, as they do in a damaged file.
            return

    def _decoded(self, packet: VideoPacket) -> list[VideoFrame]:
        try:
            return packet.decode()
        except FFmpegError:
            # A damaged packet; the decoder goes on with the next one.
            return []


def _access_units(packets: Iterator[VideoPacket]) -> Iterator[VideoPacket]:
    """Join consecutive packets of one timestamp: some cameras send the slices of a picture in several.

    A decoder that is given half a picture fills the rest with what it has, and says nothing.
    """
    held = None
    for packet in packets:
        if held is not None and packet.pts is not None and packet.pts == held.pts:
            joined = av.Packet(bytes(held) + bytes(packet))
            joined.stream, joined.time_base = held.stream, held.time_base
            joined.pts, joined.dts = held.pts, held.dts
            held = cast("VideoPacket", joined)
            continue
        if held is not None:
            yield held
        held = packet
    if held is not None:
        yield held


def _timestamp(frame: VideoFrame) -> float | None:
    if frame.pts is None or frame.time_base is None:
        return None
    return float(frame.pts * frame.time_base)


def _bgr(frame: VideoFrame) -> Pixels:
    pixels = np.asarray(frame.to_ndarray(format="bgr24", threads=1), np.uint8)
    # FFmpeg gives degrees counter-clockwise, as np.rot90 turns.
    quarters = round(frame.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(pixels, quarters)) if quarters else pixels
