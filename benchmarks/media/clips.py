"""The videos that the cameras play: 1280x720, 15 pictures a second, H.264 of 2 Mb/s, a keyframe every 2 s, no B-frames.

Each picture says its number in blocks. A still scene has noise in it, as every camera's picture has; without noise it
would cost nothing to code or decode. It is still, since a gate that is open is not idle.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
from benchmarks.media.blocks import LEFT, SIDE, TOP, bits_of
from numpy.typing import NDArray

from securevision.cameras.demo import DEMO_PLATE
from securevision.cameras.demo_car import draw_car
from securevision.cameras.demo_person import Sprite, cut_out_person
from securevision.cameras.demo_scene import HEIGHT, WIDTH, Picture, draw_scene
from securevision.domain.frames import Pixels

RATE = 15
LENGTH = 20 * RATE
"""Pictures of a clip, which is played again and again."""
COMINGS = 3
"""How often somebody comes in the clip of comings; each begins at another phase of five looks a second."""
STAY = 40
"""Pictures for which they are there."""
_SHIFT = 64
_NOISE = 3.0

Draw = Callable[[Picture, int], None]


def write_still(path: Path) -> None:
    """Write a driveway where nothing happens."""
    _encode(path, _pictures(lambda _picture, _index: None))


def write_busy(path: Path) -> None:
    """Write a box that crosses it all the time."""
    _encode(path, _pictures(_box))


def write_comings(path: Path, portrait_png: Path) -> None:
    """Write a person and a car that are there at once, stay for STAY pictures and are gone."""
    person = _smaller(cut_out_person(portrait_png), 1)
    car = _smaller(draw_car(f"{DEMO_PLATE[:4]} {DEMO_PLATE[4:]}"), 3)

    def draw(picture: Picture, index: int) -> None:
        since = next((index - begin for begin in beginnings() if begin <= index < begin + STAY), None)
        if since is not None:
            _paste(picture, person, 40 + since // 2, HEIGHT - person.shape[0])
            _paste(picture, car, 760 - since // 2, 320)

    _encode(path, _pictures(draw))


def beginnings() -> list[int]:
    """Return the numbers of the pictures in which somebody is first seen."""
    return [LENGTH // COMINGS * index + 10 for index in range(COMINGS)]


def write_raw_pictures(path: Path, count: int = 8) -> None:
    """Write some I420 pictures of the still scene, for a camera that encodes as it goes."""
    with path.open("wb") as file:
        for _, pixels in zip(range(count), _pictures(lambda _picture, _index: None), strict=False):
            frame = av.VideoFrame.from_ndarray(pixels, format="bgr24").reformat(format="yuv420p")
            file.write(frame.to_ndarray().tobytes())


def _pictures(draw: Draw) -> Iterator[Pixels]:
    rng = np.random.default_rng(26)
    scene = draw_scene(rng)
    noise = _NOISE * rng.standard_normal((HEIGHT + _SHIFT, WIDTH + _SHIFT, 3), np.float32)
    for index in range(LENGTH):
        picture = scene.copy()
        draw(picture, index)
        y, x = rng.integers(_SHIFT, size=2)
        picture += noise[y : y + HEIGHT, x : x + WIDTH]
        pixels = np.clip(picture, 0, 255, out=picture).astype(np.uint8)
        for place, is_white in enumerate(bits_of(index)):
            left = LEFT + SIDE * place
            pixels[TOP : TOP + SIDE, left : left + SIDE] = 255 if is_white else 0
        yield pixels


def _box(picture: Picture, index: int) -> None:
    # Whole turns, so that the clip has no seam.
    phase = 2 * np.pi * index / LENGTH
    x = int((WIDTH - 128) * (0.5 - 0.5 * np.cos(4 * phase)))
    y = int(HEIGHT / 2 + HEIGHT / 4 * np.sin(6 * phase))
    picture[y : y + 120, x : x + 128] = (40, 40, 200)


def _smaller(sprite: Sprite, factor: int) -> Sprite:
    return np.ascontiguousarray(sprite[::factor, ::factor])


def _paste(picture: Picture, sprite: Sprite, left: int, top: int) -> None:
    part: NDArray[np.float32] = sprite[: HEIGHT - top, : WIDTH - left]
    below = picture[top : top + part.shape[0], left : left + part.shape[1]]
    below += part[..., 3:] * (part[..., :3] - below)


def _encode(path: Path, pictures: Iterator[Pixels]) -> None:
    options = {
        "preset": "veryfast",
        "maxrate": "2M",
        "bufsize": "2M",
        "x264-params": "keyint=30:min-keyint=30:scenecut=0:bframes=0:aud=1",
    }
    with av.open(str(path), "w", format="h264") as container:
        stream = container.add_stream("libx264", rate=RATE, options=options)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.bit_rate = 2_000_000
        # Otherwise a picture has a slice for each thread, of which GStreamer makes a picture each.
        stream.codec_context.thread_count = 1
        for pixels in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="bgr24")))
        container.mux(stream.encode(None))
