"""A number that is written into a picture as a row of black and white blocks, which survive any coding.

Sixteen bits and a check of four, from the left, most significant first. Imports nothing: the system's Python, which
plays the camera, uses it too.
"""

from collections.abc import Callable

LEFT = TOP = 16
SIDE = 24
COUNT = 20
VALUES = 1 << 16
ZONE = [[0.0, 0.08], [1.0, 0.08], [1.0, 1.0], [0.0, 1.0]]
"""The picture without the blocks: where motion counts."""


def bits_of(value: int) -> list[bool]:
    """Return which blocks are white."""
    word = value << 4 | _check(value)
    return [bool(word >> (COUNT - 1 - index) & 1) for index in range(COUNT)]


def value_of(is_white: Callable[[int, int], bool]) -> int | None:
    """Return the number in a picture, asked by x and y of the middle of each block; None when it is not one."""
    word = 0
    for index in range(COUNT):
        word = word << 1 | is_white(LEFT + SIDE * index + SIDE // 2, TOP + SIDE // 2)
    value = word >> 4
    return value if _check(value) == word & 15 else None


def _check(value: int) -> int:
    return (value ^ value >> 4 ^ value >> 8 ^ value >> 12 ^ 5) & 15
