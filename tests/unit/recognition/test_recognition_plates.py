import cv2
import numpy as np
import pytest

from fakes import models
from securevision.domain.frames import Pixels
from securevision.recognition.plates import PlateRecogniser


@pytest.fixture(scope="module")
def plates() -> PlateRecogniser:
    return models.plates()


def scene(text: str, *, angle: float = 0.0, scale: float = 1.6) -> Pixels:
    """Return a grey picture of 1280 x 720 with that text on a white plate in the middle."""
    picture = np.full((720, 1280, 3), 110, np.uint8)
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_DUPLEX, scale, 4)
    left, top = 640 - width // 2, 360 - height // 2
    cv2.rectangle(picture, (left - 20, top - 20), (left + width + 20, top + height + 20), (250, 250, 250), -1)
    cv2.putText(
        picture, text, (left, top + height), cv2.FONT_HERSHEY_DUPLEX, scale, (20, 20, 20), 4, cv2.LINE_AA
    )
    turn = cv2.getRotationMatrix2D((640, 360), angle, 1.0)
    return np.asarray(cv2.warpAffine(picture, turn, (1280, 720), borderMode=cv2.BORDER_REPLICATE), np.uint8)


@pytest.mark.needs_models
@pytest.mark.parametrize("angle", [0, 8, -8])
def test_a_plate_is_found_where_it_is_and_read(plates: PlateRecogniser, angle: float) -> None:
    [plate] = plates.observe(scene("KX47 HBT", angle=angle))
    assert plate.text == "KX47HBT"
    assert plate.confidence > 0.8
    assert abs((plate.box.x1 + plate.box.x2) / 2 - 640) < 20
    assert abs((plate.box.y1 + plate.box.y2) / 2 - 360) < 20


@pytest.mark.needs_models
@pytest.mark.parametrize(
    "text", ["2026-11-23 14:05", "14:05:09", "14:05 PM", "PARKING", "5551234", "THE QUICK BROWN FOX 99", "A1"]
)
def test_text_that_is_no_plate_is_left_out(plates: PlateRecogniser, text: str) -> None:
    assert plates.observe(scene(text)) == []


@pytest.mark.needs_models
def test_an_empty_picture_has_no_plate(plates: PlateRecogniser) -> None:
    assert plates.observe(np.zeros((720, 1280, 3), np.uint8)) == []


@pytest.mark.needs_models
def test_several_plates_come_surest_first(plates: PlateRecogniser) -> None:
    both = np.vstack((scene("KX47 HBT")[200:520], scene("LM 902 QR")[200:520]))
    found = plates.observe(both)
    assert {plate.text for plate in found} == {"KX47HBT", "LM902QR"}
    assert [plate.confidence for plate in found] == sorted((p.confidence for p in found), reverse=True)
