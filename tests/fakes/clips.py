"""Small videos, made as a test needs them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.video.stream import VideoStream

from securevision.domain.frames import Pixels

WIDTH, HEIGHT, RATE = 160, 96, 15


def numbered(index: int, width: int = WIDTH, height: int = HEIGHT) -> Pixels:
    """Return a grey picture whose brightness tells its number, 0 to 60, with its left half darker."""
    pixels = np.full((height, width, 3), 40 + 3 * index, np.uint8)
    pixels[:, : width // 2] = 10
    return pixels


def number_of(pixels: Pixels) -> int:
    """Return the number that a decoded picture shows."""
    # The fast conversion to BGR is exact in green alone.
    return round((float(pixels[:, pixels.shape[1] * 3 // 4 :, 1].mean()) - 40) / 3)


def write_clip(
    path: Path,
    count: int = 30,
    *,
    codec: str = "libx264",
    container_format: str | None = None,
    audio: bool = False,
    size: tuple[int, int] = (WIDTH, HEIGHT),
    pixel_format: str = "yuv420p",
    options: dict[str, str] | None = None,
    picture: Callable[[int], Pixels] | None = None,
) -> Path:
    """Write `count` pictures, numbered if nothing else is said, 15 a second, without B-frames."""
    defaults = {
        "libx264": {"bf": "0", "g": "15", "crf": "12", "preset": "ultrafast"},
        "libx265": {"x265-params": "bframes=0:keyint=15:crf=12:log-level=none:aud=1", "preset": "ultrafast"},
    }
    with av.open(str(path), "w", format=container_format) as container:
        chosen = defaults.get(codec, {}) | (options or {})
        stream = cast("VideoStream", container.add_stream(codec, rate=RATE, options=chosen))
        stream.width, stream.height = size
        stream.pix_fmt = pixel_format
        stream.codec_context.thread_count = 1
        sound = container.add_stream("aac", rate=48_000) if audio else None
        for index in range(count):
            pixels = picture(index) if picture else numbered(index, *size)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="bgr24")))
        container.mux(stream.encode(None))
        if sound is not None:
            for silence in _silence(count / RATE):
                container.mux(sound.encode(silence))
            container.mux(sound.encode(None))
    return path


def write_sound(path: Path) -> Path:
    """Write a second of silence, without a picture."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=48_000)
        for silence in _silence(1.0):
            container.mux(stream.encode(silence))
        container.mux(stream.encode(None))
    return path


def write_raw(path: Path, count: int = 30) -> Path:
    """Write an Annex-B stream with access unit delimiters; the name says which: .h264 or .h265."""
    if path.suffix == ".h265":
        return write_clip(path, count, codec="libx265", container_format="hevc")
    return write_clip(path, count, container_format="h264", options={"aud": "1"})


def _silence(seconds: float) -> Iterator[av.AudioFrame]:
    for _ in range(max(1, int(seconds * 48_000 / 1024))):
        frame = av.AudioFrame(format="fltp", layout="stereo", samples=1024)
        frame.sample_rate = 48_000
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        yield frame
