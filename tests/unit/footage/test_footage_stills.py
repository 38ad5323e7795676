import cv2
import numpy as np
import pytest

from fakes.clips import number_of, numbered
from securevision.domain.frames import Pixels
from securevision.footage.stills import encode_still, jpeg_of
from unit.footage.pictures import StillPicture


def decoded(jpeg: bytes) -> Pixels:
    assert jpeg.startswith(b"\xff\xd8")
    pixels = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    return np.asarray(pixels, np.uint8)


def test_a_whole_picture_becomes_a_jpeg_of_its_size() -> None:
    pixels = decoded(jpeg_of(numbered(33)))
    assert pixels.shape == (96, 160, 3)
    assert number_of(pixels) == pytest.approx(33, abs=1)


@pytest.mark.parametrize(
    ("size", "max_side", "expected"),
    [((640, 320), 320, (320, 160)), ((320, 640), 320, (160, 320)), ((320, 160), 640, (320, 160))],
)
def test_a_side_that_is_too_long_is_scaled_down_and_none_is_scaled_up(
    size: tuple[int, int], max_side: int, expected: tuple[int, int]
) -> None:
    pixels = decoded(jpeg_of(numbered(20, *size), max_side))
    assert pixels.shape[1::-1] == expected
    assert number_of(pixels) == pytest.approx(20, abs=1)


def test_the_colours_of_a_cameras_picture_are_kept() -> None:
    red = np.zeros((96, 162, 3), np.uint8)
    red[:, :, 2] = 200
    pixels = decoded(encode_still(StillPicture.of(red)))
    assert pixels.shape == (96, 162, 3)
    assert pixels.reshape(-1, 3).mean(axis=0) == pytest.approx([0, 0, 200], abs=4)
