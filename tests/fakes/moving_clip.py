"""What stands before the cameras of scenarios: a room, and every four seconds a bright square that crosses it."""

from pathlib import Path

import numpy as np

from fakes.clips import write_clip
from securevision.domain.frames import Pixels

SIZE = (320, 180)
COUNT = 60


def room(index: int, width: int = SIZE[0], height: int = SIZE[1]) -> Pixels:
    """Return a picture."""
    pixels = np.full((height, width, 3), 70, np.uint8)
    pixels[height // 4 : height // 3, 20:-20] = 120
    pixels[-50:-40, 40:-40] = 30
    if COUNT // 3 <= index < 5 * COUNT // 6:
        left = 20 + 3 * (index - COUNT // 3)
        pixels[height // 2 - 20 : height // 2 + 20, left : left + 40] = 255
    return pixels


def write_room(path: Path, size: tuple[int, int] = SIZE) -> Path:
    """Write it as a camera sends it; the name says in which codec: .h264 or .h265."""
    if path.suffix == ".h265":
        return write_clip(path, COUNT, codec="libx265", container_format="hevc", size=size, picture=room)
    return write_clip(
        path,
        COUNT,
        container_format="h264",
        options={"aud": "1"},
        size=size,
        picture=lambda index: room(index, *size),
    )
