"""The place where the demo clip plays: a driveway between a wall and a hedge."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.float32]
"""BGR, 0 to 255, shape (height, width, 3)."""

WIDTH, HEIGHT = 1280, 720
HORIZON = 250


def draw_scene(rng: np.random.Generator) -> Picture:
    """Return the empty scene, a little out of focus."""
    scene = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    light = np.linspace(0.0, 1.0, HEIGHT, dtype=np.float32)[:, None, None]
    scene[:] = np.array([228, 216, 204], np.float32) * (1.0 - 0.15 * light)
    _fill(scene, [(0, 215), (1280, 190), (1280, 300), (0, 300)], (88, 104, 96), _grain(rng, 18, 26.0))
    _fill(scene, [(520, 175), (1280, 120), (1280, 272), (520, 268)], (58, 92, 72), _grain(rng, 9, 44.0))
    _fill(scene, [(0, HORIZON), (1280, HORIZON), (1280, 720), (0, 720)], (74, 128, 112), _grain(rng, 4, 26.0))
    asphalt = _grain(rng, 2, 9.0) + _grain(rng, 60, 6.0)
    _fill(scene, [(820, HORIZON), (1000, HORIZON), (1500, 720), (330, 720)], (112, 112, 110), asphalt)
    for side in (
        [(815, 250), (822, 250), (350, 720), (300, 720)],
        [(998, 250), (1005, 250), (1530, 720), (1480, 720)],
    ):
        _fill(scene, side, (172, 178, 180), _grain(rng, 3, 8.0))
    plaster = _grain(rng, 2, 5.0) + _grain(rng, 90, 5.0)
    _fill(scene, [(0, 0), (560, 0), (560, 470), (0, 660)], (170, 177, 180), plaster)
    _fill(scene, [(560, 0), (592, 10), (592, 462), (560, 470)], (126, 134, 138), plaster)
    _fill(scene, [(0, 640), (560, 455), (560, 472), (0, 664)], (132, 140, 144), plaster)
    _lamp(scene, (500, 120))
    return np.asarray(cv2.GaussianBlur(scene, (0, 0), 1.6), np.float32)


def _lamp(scene: Picture, at: tuple[int, int]) -> None:
    x, y = at
    cv2.rectangle(scene, (x - 14, y - 34), (x + 14, y - 24), (52, 54, 56), -1)
    cv2.rectangle(scene, (x - 10, y - 24), (x + 10, y + 20), (206, 232, 240), -1)
    cv2.rectangle(scene, (x - 14, y + 20), (x + 14, y + 28), (52, 54, 56), -1)


def _fill(
    scene: Picture,
    corners: Sequence[tuple[int, int]],
    colour: tuple[int, int, int],
    texture: NDArray[np.float32],
) -> None:
    """Fill a polygon with a colour and the unevenness of its material."""
    shape = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.fillPoly(shape, [np.array(corners, np.int32)], (255,), cv2.LINE_AA)
    share = (shape.astype(np.float32) / 255.0)[..., None]
    scene += share * (np.array(colour, np.float32) + texture[..., None] - scene)


def _grain(rng: np.random.Generator, size: int, strength: float) -> NDArray[np.float32]:
    """Return smooth noise whose grains are `size` pixels, of that standard deviation."""
    coarse = rng.standard_normal((HEIGHT // size + 2, WIDTH // size + 2), np.float32)
    fine = cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    return np.asarray(fine * strength, np.float32)
