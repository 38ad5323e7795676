"""The car of the demo clip, from the front, with a plate."""

import cv2
import numpy as np
from numpy.typing import NDArray

from securevision.cameras.demo_person import Sprite

CAR_WIDTH, CAR_HEIGHT = 1400, 1120
PLATE_WIDTH = 440
"""Of a car that is CAR_WIDTH wide; a real plate has this share of a car too."""
_PLATE_HEIGHT = 100
_PLATE_AT = (700, 905)
_PAINT = (128, 76, 44)
_DARK = (30, 28, 26)

_Canvas = NDArray[np.uint8]


def draw_car(plate: str) -> Sprite:
    """Return the car, 1400 x 1120 pixels."""
    car = np.zeros((CAR_HEIGHT, CAR_WIDTH, 4), np.uint8)
    for x in (90, 1120):
        _box(car, (x, 800), (x + 190, 1105), _DARK, 40)
    _shape(car, [(330, 90), (1070, 90), (1210, 470), (190, 470)], _shade(0.82))
    _shape(car, [(370, 125), (1030, 125), (1140, 450), (260, 450)], (74, 66, 58))
    _shape(car, [(430, 125), (640, 125), (480, 450), (300, 450)], (104, 96, 86))
    for x in (110, 1190):
        _box(car, (x, 380), (x + 100, 450), _shade(0.7), 26)
    _shape(
        car,
        [(190, 450), (1210, 450), (1330, 620), (1350, 960), (1290, 1040), (110, 1040), (50, 960), (70, 620)],
        _PAINT,
    )
    _shape(car, [(200, 455), (1200, 455), (1300, 600), (100, 600)], _shade(1.22))
    cv2.line(car, (420, 470), (350, 600), (*_shade(1.05), 255), 5, cv2.LINE_AA)
    cv2.line(car, (980, 470), (1050, 600), (*_shade(1.05), 255), 5, cv2.LINE_AA)
    _box(car, (400, 640), (1000, 800), _DARK, 50)
    for y in range(668, 790, 30):
        cv2.line(car, (430, y), (970, y), (96, 94, 92, 255), 6, cv2.LINE_AA)
    for x, mirror in ((110, 1), (1290, -1)):
        lamp = [(x, 640), (x + 250 * mirror, 660), (x + 240 * mirror, 770), (x + 40 * mirror, 780)]
        _shape(car, lamp, (188, 186, 180))
        cv2.ellipse(car, (x + 140 * mirror, 712), (62, 44), 0, 0, 360, (250, 248, 240, 255), -1, cv2.LINE_AA)
    _box(car, (130, 850), (1270, 1015), _shade(0.78), 60)
    _box(car, (230, 975), (1170, 1030), _DARK, 26)
    _put_plate(car, plate)
    shading = np.linspace(1.08, 0.86, CAR_HEIGHT, dtype=np.float32)[:, None, None]
    sprite = car.astype(np.float32)
    sprite[..., :3] = np.clip(sprite[..., :3] * shading, 0, 255)
    x, y = _PLATE_AT[0] - PLATE_WIDTH // 2, _PLATE_AT[1] - _PLATE_HEIGHT // 2
    plate_area = np.s_[y : y + _PLATE_HEIGHT, x : x + PLATE_WIDTH, :3]
    sprite[plate_area] = car[plate_area]
    sprite[..., 3] /= 255.0
    return sprite


def _put_plate(car: _Canvas, text: str) -> None:
    x, y = _PLATE_AT[0] - PLATE_WIDTH // 2, _PLATE_AT[1] - _PLATE_HEIGHT // 2
    _box(car, (x - 10, y - 10), (x + PLATE_WIDTH + 10, y + _PLATE_HEIGHT + 10), _DARK, 14)
    _box(car, (x, y), (x + PLATE_WIDTH, y + _PLATE_HEIGHT), (24, 24, 24), 12)
    _box(car, (x + 5, y + 5), (x + PLATE_WIDTH - 5, y + _PLATE_HEIGHT - 5), (240, 242, 242), 9)
    face = cv2.FontFace("sans")
    size, weight = 84, 600
    _, _, wide, high = cv2.getTextSize((0, 0), text, (0, 0), face, size, weight)
    if wide > PLATE_WIDTH - 40:
        size = int(size * (PLATE_WIDTH - 40) / wide)
        _, _, wide, high = cv2.getTextSize((0, 0), text, (0, 0), face, size, weight)
    patch = np.ascontiguousarray(car[y : y + _PLATE_HEIGHT, x : x + PLATE_WIDTH, :3])
    baseline = ((PLATE_WIDTH - wide) // 2, (_PLATE_HEIGHT + high) // 2)
    cv2.putText(patch, text, baseline, (26, 24, 24), face, size, weight)
    car[y : y + _PLATE_HEIGHT, x : x + PLATE_WIDTH, :3] = patch


def _shade(factor: float) -> tuple[int, int, int]:
    b, g, r = (min(255, round(value * factor)) for value in _PAINT)
    return b, g, r


def _shape(car: _Canvas, corners: list[tuple[int, int]], colour: tuple[int, int, int]) -> None:
    cv2.fillPoly(car, [np.array(corners, np.int32)], (*colour, 255), cv2.LINE_AA)


def _box(
    car: _Canvas, start: tuple[int, int], end: tuple[int, int], colour: tuple[int, int, int], radius: int
) -> None:
    """Draw a rectangle with round corners."""
    (x1, y1), (x2, y2) = start, end
    _shape(car, [(x1 + radius, y1), (x2 - radius, y1), (x2 - radius, y2), (x1 + radius, y2)], colour)
    _shape(car, [(x1, y1 + radius), (x2, y1 + radius), (x2, y2 - radius), (x1, y2 - radius)], colour)
    for x in (x1 + radius, x2 - radius):
        for y in (y1 + radius, y2 - radius):
            cv2.circle(car, (x, y), radius, (*colour, 255), -1, cv2.LINE_AA)
