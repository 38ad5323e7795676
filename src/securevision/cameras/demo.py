"""The demo clip: a person walks up, a car drives in, as a camera over a driveway would see it.

The person is cut out of a portrait; the car and its plate are drawn. What comes out is compressed video like any
other: nothing tells the recognisers what is in it.
"""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from securevision.domain.frames import Pixels
from securevision.errors import InvalidInput

DEMO_PERSON = "eileen_collins"
DEMO_PLATE = "SV26DEM"

_WIDTH, _HEIGHT, _FPS = 1280, 720, 15
_SECONDS = 14
_PORTRAIT_SIDE = 512
_PERSON_SCALE = 1.35
_CAR_WIDTH, _CAR_HEIGHT = 640, 470
_NOISE = 4.0
_DARK, _GLASS, _PAINT, _WHITE = (38, 34, 32), (92, 78, 66), (122, 74, 38), (244, 244, 242)


@dataclass(frozen=True, slots=True, eq=False)
class _Sprite:
    """Something that moves: BGR, shape (height, width, 3), and how opaque each pixel is, 0 to 1."""

    pixels: NDArray[np.float32]
    alpha: NDArray[np.float32]

    def scaled(self, scale: float) -> "_Sprite":
        """Return it larger or smaller."""
        flag = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        pixels, alpha = (
            np.asarray(cv2.resize(layer, None, fx=scale, fy=scale, interpolation=flag), np.float32)
            for layer in (self.pixels, self.alpha)
        )
        return _Sprite(pixels, alpha)


def make_demo_clip(portrait: Path, plate: str, destination: Path) -> None:
    """Write the clip: H.264, 1280 x 720, 15 frames a second, 14 seconds; the same for the same input.

    `portrait` is a square picture of one person. Raises InvalidInput when it cannot be read, or when the plate
    is not 2 to 10 letters and digits.
    """
    text = plate.upper().strip()
    if not 2 <= sum(c.isalnum() for c in text) <= 10 or not all(c.isalnum() or c == " " for c in text):  # noqa: PLR2004
        raise InvalidInput(f"{plate!r} cannot be drawn as a plate; use 2 to 10 letters and digits.")
    picture = cv2.imread(str(portrait), cv2.IMREAD_COLOR)
    if picture is None:
        raise InvalidInput(f"The portrait {portrait} is not a picture that can be read.")
    square = np.asarray(cv2.resize(picture, (_PORTRAIT_SIDE, _PORTRAIT_SIDE)), np.uint8)
    person = _cut_out(square).scaled(_PERSON_SCALE)
    destination.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=destination.parent, suffix=".mp4")
    os.close(handle)
    unfinished = Path(name)
    try:
        _encode(_frames(person, _draw_car(text)), unfinished)
        unfinished.replace(destination)
    finally:
        unfinished.unlink(missing_ok=True)


def _frames(person: _Sprite, car: _Sprite) -> Iterator[Pixels]:
    generator = np.random.default_rng(26)
    background = _draw_background()
    # Noise is drawn once and shifted: a sensor's noise has no memory, and drawing it is half the work.
    noise = generator.normal(0.0, _NOISE, (_HEIGHT + 64, _WIDTH + 64, 1)).astype(np.float32)
    for index in range(_SECONDS * _FPS):
        t = index / _FPS
        picture = background.copy()
        arrival = _ease(t, 1.0, 5.5)
        _place(
            picture,
            car.scaled(0.3 + 0.62 * arrival),
            930 + 800 * (1 - _ease(t, 0.2, 2.0) + _ease(t, 10.5, 12.5)),
            648,
        )
        walk = _ease(t, 0.3, 2.6) - _ease(t, 9.5, 11.2)
        _place(picture, person, -340 + 640 * walk + 9 * np.sin(1.7 * t), 752 + 5 * np.sin(3.1 * t))
        dy, dx = generator.integers(0, 64, 2)
        light = 1.0 + 0.04 * np.sin(0.9 * t)
        yield np.clip(picture * light + noise[dy : dy + _HEIGHT, dx : dx + _WIDTH], 0, 255).astype(np.uint8)


def _ease(t: float, start: float, end: float) -> float:
    """Return 0 before the start, 1 after the end, and a smooth way between."""
    x = min(max((t - start) / (end - start), 0.0), 1.0)
    return x * x * (3 - 2 * x)


def _place(picture: NDArray[np.float32], sprite: _Sprite, x: float, y: float) -> None:
    """Paint a sprite into the picture, the middle of its lower edge at (x, y)."""
    height, width = sprite.alpha.shape
    left, top = round(x - width / 2), round(y - height)
    x1, y1, x2, y2 = max(left, 0), max(top, 0), min(left + width, _WIDTH), min(top + height, _HEIGHT)
    if x1 >= x2 or y1 >= y2:
        return
    part = np.s_[y1 - top : y2 - top, x1 - left : x2 - left]
    patch = picture[y1:y2, x1:x2]
    patch += sprite.alpha[part][:, :, np.newaxis] * (sprite.pixels[part] - patch)


def _cut_out(portrait: Pixels) -> _Sprite:
    """Separate the person from what is behind them (GrabCut; Rother et al., SIGGRAPH 2004)."""
    side = _PORTRAIT_SIDE
    mask = np.full((side, side), cv2.GC_PR_BGD, np.uint8)
    mask[:40] = mask[:350, 345:] = mask[:, 490:] = cv2.GC_BGD
    cv2.ellipse(mask, (225, 118), (64, 85), 0, 0, 360, cv2.GC_PR_FGD, -1)
    mask[230:, 60:345] = mask[360:, 345:490] = cv2.GC_PR_FGD
    cv2.ellipse(mask, (225, 118), (36, 56), 0, 0, 360, cv2.GC_FGD, -1)
    cv2.setRNGSeed(26)
    cv2.grabCut(portrait, mask, (0, 0, 1, 1), np.zeros((1, 65)), np.zeros((1, 65)), 6, cv2.GC_INIT_WITH_MASK)
    inside = np.isin(mask, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(inside)
    largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA])) if count > 1 else 0
    body = cv2.morphologyEx((labels == largest).astype(np.float32), cv2.MORPH_CLOSE, np.ones((9, 9)))
    alpha = cv2.GaussianBlur(body, (0, 0), 1.6)
    return _Sprite(portrait.astype(np.float32), np.asarray(alpha, np.float32))


def _draw_background() -> NDArray[np.float32]:
    """Draw a house wall with a garage door, and a driveway before it."""
    rows = np.linspace(0, 1, _HEIGHT, dtype=np.float32)[:, np.newaxis, np.newaxis]
    picture = (np.array([176, 184, 190], np.float32) * (0.82 + 0.18 * rows)).repeat(_WIDTH, axis=1)
    horizon = 430
    picture[horizon:] = np.array([112, 114, 116]) * (0.72 + 0.35 * rows[horizon:])
    for y in range(24, horizon, 26):
        cv2.line(picture, (0, y), (_WIDTH, y), (150, 158, 164), 1, cv2.LINE_AA)
    cv2.rectangle(picture, (640, 120), (1220, horizon), (198, 202, 204), -1)
    for y in range(120, horizon + 1, 62):
        cv2.line(picture, (640, y), (1220, y), (168, 172, 175), 2, cv2.LINE_AA)
    cv2.rectangle(picture, (640, 120), (1220, horizon), (150, 154, 158), 5, cv2.LINE_AA)
    cv2.rectangle(picture, (230, 90), (420, horizon), (74, 88, 108), -1)
    cv2.rectangle(picture, (230, 90), (420, horizon), (205, 208, 210), 8, cv2.LINE_AA)
    cv2.circle(picture, (400, 270), 7, (190, 200, 205), -1, cv2.LINE_AA)
    for x in (560, 1290):
        cv2.line(
            picture, (x, horizon), (int(640 + (x - 640) * 2.2), _HEIGHT), (128, 130, 132), 3, cv2.LINE_AA
        )
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 1.2), np.float32)


def _draw_car(plate: str) -> _Sprite:
    """Draw a car from the front, with its plate."""
    picture = np.zeros((_CAR_HEIGHT, _CAR_WIDTH, 3), np.uint8)
    shape = np.zeros((_CAR_HEIGHT, _CAR_WIDTH), np.uint8)
    cabin = np.array([(170, 20), (470, 20), (545, 180), (95, 180)])
    glass = np.array([(188, 38), (452, 38), (512, 172), (128, 172)])
    wheels = ((60, 380, 140, 468), (500, 380, 580, 468))
    for canvas, body, dark in ((picture, _PAINT, _DARK), (shape, (255,), (255,))):
        for x1, y1, x2, y2 in wheels:
            cv2.rectangle(canvas, (x1, y1), (x2, y2), dark, -1, cv2.LINE_AA)
        cv2.fillPoly(canvas, [cabin], body, cv2.LINE_AA)
        _rounded(canvas, (30, 165, 610, 420), 48, body)
    cv2.fillPoly(picture, [glass], _GLASS, cv2.LINE_AA)
    cv2.fillPoly(
        picture, [np.array([(200, 46), (300, 46), (215, 165), (140, 165)])], (120, 106, 94), cv2.LINE_AA
    )
    cv2.line(picture, (60, 205), (580, 205), (150, 100, 60), 3, cv2.LINE_AA)
    _rounded(picture, (190, 226, 450, 270), 14, _DARK)
    for y in (238, 248, 258):
        cv2.line(picture, (200, y), (440, y), (80, 76, 72), 2, cv2.LINE_AA)
    for x1, x2 in ((50, 165), (475, 590)):
        _rounded(picture, (x1, 218, x2, 268), 22, (214, 226, 232))
        cv2.circle(picture, ((x1 + x2) // 2, 243), 16, (250, 252, 252), -1, cv2.LINE_AA)
    _rounded(picture, (60, 385, 580, 425), 16, _DARK)
    _draw_plate(picture, (190, 300, 450, 362), plate)
    return _Sprite(picture.astype(np.float32), (shape / 255).astype(np.float32))


def _rounded(
    canvas: NDArray[np.uint8], box: tuple[int, int, int, int], radius: int, colour: tuple[int, ...]
) -> None:
    """Fill a rectangle with round corners."""
    x1, y1, x2, y2 = box
    cv2.rectangle(canvas, (x1 + radius, y1), (x2 - radius, y2), colour, -1)
    cv2.rectangle(canvas, (x1, y1 + radius), (x2, y2 - radius), colour, -1)
    for x in (x1 + radius, x2 - radius):
        for y in (y1 + radius, y2 - radius):
            cv2.circle(canvas, (x, y), radius, colour, -1, cv2.LINE_AA)


def _draw_plate(picture: Pixels, box: tuple[int, int, int, int], text: str) -> None:
    """Draw a white plate with dark letters; after four characters comes a gap, unless the text has one."""
    x1, y1, x2, y2 = box
    _rounded(picture, (x1 - 4, y1 - 4, x2 + 4, y2 + 4), 9, (30, 30, 30))
    _rounded(picture, box, 7, _WHITE)
    shown = text if " " in text else f"{text[:4]} {text[4:]}".strip()
    font, size, weight = cv2.FontFace("sans"), 52, 560
    while True:
        (width, height) = cv2.getTextSize((_WIDTH, _HEIGHT), shown, (0, 0), font, size, weight)[2:]
        if width <= x2 - x1 - 24:
            break
        size -= 1
    origin = ((x1 + x2 - width) // 2, (y1 + y2 + height) // 2)
    cv2.putText(picture, shown, origin, (26, 24, 24), font, size, weight)


def _encode(frames: Iterator[Pixels], path: Path) -> None:
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream(
            "libx264", rate=_FPS, options={"preset": "veryfast", "crf": "24", "g": "30"}
        )
        stream.width, stream.height, stream.pix_fmt = _WIDTH, _HEIGHT, "yuv420p"
        stream.codec_context.thread_count = 1
        for pixels in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="bgr24")))
        container.mux(stream.encode(None))
