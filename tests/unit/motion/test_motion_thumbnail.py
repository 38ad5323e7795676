import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from securevision.motion.thumbnail import PIXELS, thumbnail


@pytest.mark.parametrize(
    ("size", "shrunk"),
    [
        ((1080, 1920), (180, 320)),
        ((1920, 1080), (320, 180)),
        ((4608, 8192), (180, 320)),
        ((480, 640), (208, 277)),
        ((180, 320), (180, 320)),
        ((100, 100), (100, 100)),
        ((1, 1), (1, 1)),
        ((1, 100_000), (1, 75_895)),
        ((1, 300_000), (1, 131_453)),
        ((300_000, 1), (131_453, 1)),
    ],
)
def test_a_thumbnail_keeps_the_shape_of_its_picture(size: tuple[int, int], shrunk: tuple[int, int]) -> None:
    assert thumbnail(np.zeros(size, np.uint8)).shape == shrunk


@given(st.integers(1, 3000), st.integers(1, 3000))
def test_a_thumbnail_is_small_and_never_empty(height: int, width: int) -> None:
    rows, columns = thumbnail(np.broadcast_to(np.uint8(7), (height, width))).shape
    assert 1 <= rows <= height
    assert 1 <= columns <= width
    assert rows * columns <= PIXELS * 1.1 + 3000


def test_a_thumbnail_shares_no_memory_with_its_picture() -> None:
    picture = np.zeros((180, 320), np.uint8)
    small = thumbnail(picture)
    picture[:] = 1
    assert not small.any()
