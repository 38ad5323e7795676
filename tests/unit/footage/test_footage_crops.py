import cv2
import numpy as np
import pytest

from securevision.domain.geometry import Box
from securevision.errors import InvalidInput
from securevision.footage.crops import JpegCrops


def test_a_crop_shows_the_box_with_its_surroundings() -> None:
    frame = np.zeros((400, 600, 3), np.uint8)
    frame[100:200, 200:300] = (0, 0, 255)
    crop = cv2.imdecode(
        np.frombuffer(JpegCrops(margin=0.5).crop(frame, Box(200, 100, 300, 200)), np.uint8), 1
    )
    assert crop is not None
    assert crop.shape == (200, 200, 3)
    assert crop[100, 100, 2] > 200
    assert crop[10, 10].max() < 40


def test_a_crop_at_the_border_is_cut_there_and_a_large_one_is_scaled_down() -> None:
    frame = np.zeros((2000, 3000, 3), np.uint8)
    crop = cv2.imdecode(
        np.frombuffer(JpegCrops(margin=0).crop(frame, Box(-500, -500, 1600, 800)), np.uint8), 1
    )
    assert crop is not None
    assert crop.shape == (320, 640, 3)


def test_a_box_outside_the_frame_is_refused() -> None:
    with pytest.raises(InvalidInput, match="outside the frame"):
        JpegCrops(margin=0).crop(np.zeros((10, 10, 3), np.uint8), Box(50, 50, 60, 60))
