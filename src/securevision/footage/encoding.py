"""Video of a camera with privacy masks, encoded anew: what nobody may see is in no packet."""

from collections import deque
from collections.abc import Sequence
from fractions import Fraction
from statistics import median

import av
import numpy as np
from av.codec.context import Flags
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType

from securevision.domain.ports.cameras import Picture
from securevision.domain.video import TICKS_PER_SECOND, AccessUnit, VideoFormat
from securevision.domain.zones import Polygon
from securevision.errors import InvalidInput
from securevision.footage.masking import PrivacyMask

_TIME_BASE = Fraction(1, TICKS_PER_SECOND)
_GOP = 2 * TICKS_PER_SECOND
_USUAL_RATE, _MAX_RATE = 25, 120
_RATE_FACTOR = 2
"""By so much may the rate differ from what the encoder was told; it shares out its bits by the picture."""
_STEPS = 15
_MAX_BITS_PER_PIXEL, _LEAST_MAX_BITS = 4, 500_000
"""In a second, when the rate is what the encoder was told: at most 3.7 Mb of 1280x720, 8.3 Mb of 1920x1080."""
_NEVER = 1 << 20
"""Pictures from one keyframe to the next of the encoder's own; here the time decides, whatever the rate."""


class MaskingEncoder:
    """Makes H.264 of pictures, their masked parts black. Each comes out before the next goes in. Not thread-safe."""

    def __init__(self, masks: Sequence[Polygon]) -> None:
        self._masks = masks
        self._encoder: _Encoder | None = None
        self._last: int | None = None
        self._steps: deque[int] = deque(maxlen=_STEPS)
        self._next_keyframe = 0

    def encode(self, picture: Picture, pts: int) -> Sequence[VideoFormat | AccessUnit]:
        """Return the picture as an access unit shown at `pts` ticks, and a format before it when that is new.

        The format is new when the size is, and at a keyframe when the rate has become twice or half of what it was.
        There is a keyframe at least every two seconds. A time that does not grow becomes one tick after the last.
        Raises InvalidInput when pictures of that size cannot be encoded.
        """
        if self._last is not None:
            pts = max(pts, self._last + 1)
            self._steps.append(pts - self._last)
        self._last = pts
        size, rate = (picture.width, picture.height), self._rate()
        encoder, keyframe = self._encoder, pts >= self._next_keyframe
        items: list[VideoFormat | AccessUnit] = []
        if encoder is None or encoder.size != size or (keyframe and not encoder.suits(rate)):
            self._encoder = encoder = _Encoder(self._masks, size, rate)
            items.append(encoder.video)
        if keyframe:
            self._next_keyframe = pts + _GOP
        return items + encoder.encode(picture, pts, keyframe=keyframe)

    def _rate(self) -> float:
        """Return pictures a second; a gap now and then changes nothing."""
        step = median(self._steps) if self._steps else TICKS_PER_SECOND / _USUAL_RATE
        return min(TICKS_PER_SECOND / step, _MAX_RATE)


class _Encoder:
    """Encodes pictures of one size and of about one rate."""

    def __init__(self, masks: Sequence[Polygon], size: tuple[int, int], rate: float) -> None:
        self.size = size
        self._rate = rate
        self._mask = PrivacyMask(masks, *size)
        self._room = bytearray(size[0] * size[1] * 3 // 2)
        self._context = _open(*size, rate)
        self.video = VideoFormat("h264", *size, self._context.extradata or b"")

    def suits(self, rate: float) -> bool:
        return self._rate / _RATE_FACTOR < rate < self._rate * _RATE_FACTOR

    def encode(self, picture: Picture, pts: int, *, keyframe: bool) -> list[AccessUnit]:
        room = memoryview(self._room)
        picture.write_i420(room)
        self._mask.blacken(room)
        frame = _frame(room, *self.size)
        frame.pts, frame.time_base = pts, _TIME_BASE
        if keyframe:
            frame.pict_type = PictureType.I
        packets = self._context.encode(frame)
        return [AccessUnit(bytes(packet), packet.is_keyframe, packet.pts, packet.dts) for packet in packets]


def _frame(i420: memoryview, width: int, height: int) -> av.VideoFrame:
    # Not from_numpy_buffer: it takes a height that is no multiple of four for another one.
    frame, start = av.VideoFrame(width, height, "yuv420p"), 0
    for plane in frame.planes:
        size = plane.width * plane.height
        pixels = np.frombuffer(i420, np.uint8, size, start).reshape(plane.height, plane.width)
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        rows[: plane.height, : plane.width] = pixels
        start += size
    return frame


def _open(width: int, height: int, rate: float) -> VideoCodecContext:
    context = av.CodecContext.create("libx264", "w")
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base, context.framerate = _TIME_BASE, Fraction(rate).limit_denominator(1000)
    context.thread_count = 1
    context.gop_size = _NEVER
    context.flags |= Flags.global_header
    most_bits = str(max(_LEAST_MAX_BITS, _MAX_BITS_PER_PIXEL * width * height))
    context.options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "crf": "23",
        "maxrate": most_bits,
        "bufsize": most_bits,
    }
    try:
        context.open()
    except FFmpegError:
        raise InvalidInput(
            f"Pictures of {width}x{height} pixels cannot be masked; remove the masks or choose a usual size."
        ) from None
    return context
