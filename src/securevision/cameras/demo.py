"""The demo clip: a person and a car come to a house, as a camera at the gate would see them."""

import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np

from securevision.cameras.demo_car import draw_car
from securevision.cameras.demo_person import Sprite, cut_out_person
from securevision.cameras.demo_scene import HEIGHT, HORIZON, WIDTH, Picture, draw_scene
from securevision.domain.frames import Pixels
from securevision.errors import InvalidInput, StorageFull

DEMO_PLATE = "SV26DEM"
DEMO_PERSON = "eileen_collins"

_SECONDS = 14
_RATE = 15
_BIT_RATE = 2_000_000
_SEED = 26
_PERSON_SCALE = 1.22
_CAR_SCALE = 0.5
_CAR_COMES_AT = 0.8
_PLATE = re.compile(r"[A-Z0-9]+(?: [A-Z0-9]+)*")
_MIN_PLATE, _MAX_PLATE = 2, 10
_NOISE_SHIFT = 64
"""One sheet of noise serves all pictures; each sees it from another place, up to so many pixels away."""


def make_demo_clip(portrait_png: Path, plate: str, destination: Path) -> None:
    """Write the clip: 14 s of H.264 in MP4, 1280x720, 15 fps, the same for the same plate every time.

    `portrait_png` is the astronaut of scikit-image. A plate without a space gets one after its fourth character.
    The file is there whole or not at all. Raises InvalidInput for another portrait, or a plate that is not 2 to 10
    letters and digits; StorageFull when it cannot be written.
    """
    pictures = _pictures(cut_out_person(portrait_png), draw_car(_lettering(plate)))
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=destination.parent, suffix=".mp4", delete=False) as file:
            unfinished = Path(file.name)
        try:
            _encode(pictures, unfinished)
            unfinished.replace(destination)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise StorageFull(f"{destination} cannot be written: {os.strerror(error.errno or 0)}.") from None


def _lettering(plate: str) -> str:
    text = plate.upper().strip()
    if not _PLATE.fullmatch(text) or not _MIN_PLATE <= len(text.replace(" ", "")) <= _MAX_PLATE:
        raise InvalidInput(f"{plate!r} cannot be drawn as a plate; use 2 to 10 letters and digits.")
    return text if " " in text else f"{text[:4]} {text[4:]}".strip()


def _encode(pictures: Iterator[Pixels], path: Path) -> None:
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=_RATE)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.bit_rate = _BIT_RATE
        stream.codec_context.gop_size = 2 * _RATE
        stream.codec_context.thread_count = 1  # more threads, other bytes
        stream.options = {"preset": "veryfast", "bf": "0"}
        for picture in pictures:
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def _pictures(person: Sprite, car: Sprite) -> Iterator[Pixels]:
    rng = np.random.default_rng(_SEED)
    scene, car, person = draw_scene(rng), _resized(car, _CAR_SCALE), _resized(person, _PERSON_SCALE)
    noise = 3.0 * rng.standard_normal((HEIGHT + _NOISE_SHIFT, WIDTH + _NOISE_SHIFT, 3), np.float32)
    for index in range(_SECONDS * _RATE):
        seconds = index / _RATE
        picture = scene.copy()
        _put_car(picture, car, seconds)
        _put_person(picture, person, seconds)
        picture *= 1.0 + 0.04 * np.sin(2.0 * np.pi * seconds / 7.0)
        y, x = rng.integers(_NOISE_SHIFT, size=2)
        picture += noise[y : y + HEIGHT, x : x + WIDTH]
        yield np.clip(picture, 0, 255, out=picture).astype(np.uint8)


def _put_person(picture: Picture, person: Sprite, seconds: float) -> None:
    """Walk in from the left, stand, and go back; then nobody is there until the clip ends."""
    arrived = _eased(seconds / 4.0) - _hurried((seconds - 8.5) / 2.7)
    left = -650.0 + 640.0 * arrived + 14.0 * np.sin(seconds * 1.1)
    sway = 5.0 * np.sin(seconds * 2.3)
    _paste(picture, person, left, HEIGHT - person.shape[0] + 8.0 + sway)


def _put_car(picture: Picture, car: Sprite, seconds: float) -> None:
    """Drive towards the camera, slow down, stop and leave to the right."""
    if seconds < _CAR_COMES_AT:
        return
    near = 0.06 + 0.40 * _eased((seconds - _CAR_COMES_AT) / 6.0, power=2.0)
    small = _resized(car, near / _CAR_SCALE)
    height, width = small.shape[:2]
    ground = HORIZON + 861.0 * near  # the nearer, the lower in the picture
    centre = 905.0 + 30.0 * near + 700.0 * _hurried((seconds - 9.8) / 1.8)
    _paste(picture, _shadow(width), centre - width * 0.58, ground - width * 0.09)
    _paste(picture, small, centre - width / 2, ground - height)


def _eased(progress: float, power: float = 3.0) -> float:
    """Go from 0 to 1, fast first, and slow down."""
    return float(1.0 - (1.0 - min(1.0, max(0.0, progress))) ** power)


def _hurried(progress: float) -> float:
    """Leave 0 slowly, and go on ever faster."""
    return max(0.0, progress) ** 2


def _resized(sprite: Sprite, scale: float) -> Sprite:
    method = cv2.INTER_AREA if scale < 1.0 else cv2.INTER_CUBIC
    size = max(1, round(sprite.shape[1] * scale)), max(1, round(sprite.shape[0] * scale))
    return np.asarray(cv2.resize(sprite, size, interpolation=method), np.float32)


def _shadow(car_width: int) -> Sprite:
    width, height = round(car_width * 1.16), round(car_width * 0.16)
    shadow = np.zeros((height, width, 4), np.float32)
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    shadow[..., 3] = 0.7 * np.clip(1.4 * (1.0 - np.hypot(x, y)), 0.0, 1.0)
    return shadow


def _paste(picture: Picture, sprite: Sprite, left: float, top: float) -> None:
    """Lay a sprite over the picture, at a place between pixels too; what is outside is cut off."""
    x, y = int(np.floor(left)), int(np.floor(top))
    shift = np.array([[1.0, 0.0, left - x], [0.0, 1.0, top - y]])
    height, width = sprite.shape[:2]
    moved = np.asarray(cv2.warpAffine(sprite, shift, (width + 1, height + 1)), np.float32)
    x1, y1, x2, y2 = max(0, x), max(0, y), min(WIDTH, x + width + 1), min(HEIGHT, y + height + 1)
    if x1 >= x2 or y1 >= y2:
        return
    part = np.ascontiguousarray(moved[y1 - y : y2 - y, x1 - x : x2 - x])
    below = picture[y1:y2, x1:x2]
    # Three equal channels of opacity: numpy is several times faster than with one to spread.
    opacity = cv2.merge([part[..., 3]] * 3)
    below += opacity * (cv2.cvtColor(part, cv2.COLOR_BGRA2BGR) - below)
