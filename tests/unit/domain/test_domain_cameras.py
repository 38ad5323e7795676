import math
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securevision.domain.cameras import MAX_POLYGONS, CameraConfig, RecordingMode, SealedAddress
from securevision.domain.events import CAMERA_EVENTS, SIGHTINGS, CameraState, EventType
from securevision.domain.zones import Polygon
from securevision.errors import InvalidInput

TRIANGLE = Polygon(((0.0, 0.0), (1.0, 0.0), (1.0, 1.0)))
POSSIBLE = "abcXYZ019_.-"


def test_a_camera_is_watched_with_care_unless_told_otherwise() -> None:
    config = CameraConfig("gate")
    assert {field.name: getattr(config, field.name) for field in fields(config)} == {
        "id": "gate",
        "enabled": True,
        "fps": 5.0,
        "sensitivity": 0.5,
        "zones": (),
        "masks": (),
        "keyframes_only": False,
        "recording": RecordingMode.EVENTS,
        "allow_loopback": False,
    }


@given(st.text(st.sampled_from(POSSIBLE), min_size=1, max_size=64))
def test_an_id_is_letters_digits_and_three_signs(camera_id: str) -> None:
    if camera_id.strip("."):
        assert CameraConfig(camera_id).id == camera_id


@pytest.mark.parametrize(
    "camera_id",
    [
        "",
        ".",
        "..",
        "." * 64,
        "a" * 65,
        "gate\n",
        "\ngate",
        "a/b",
        "a\\b",
        "a b",
        "ä",
        "\u0661",
        "a\0b",
        "camera:a",
        "a'",
    ],
)
def test_any_other_id_is_refused_and_not_repeated(camera_id: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        CameraConfig(camera_id)
    assert str(caught.value) == (
        "A camera's name has 1 to 64 letters, digits, '_', '-' and '.', and not dots alone."
    )


@pytest.mark.parametrize("fps", [0, -1, 60.001, math.nan, math.inf])
def test_a_rate_that_cannot_be(fps: float) -> None:
    with pytest.raises(InvalidInput, match="rate of a camera"):
        CameraConfig("gate", fps=fps)
    assert CameraConfig("gate", fps=60).fps == 60
    assert CameraConfig("gate", fps=0.01).fps == 0.01


@pytest.mark.parametrize("sensitivity", [-0.001, 1.001, math.nan])
def test_a_sensitivity_that_cannot_be(sensitivity: float) -> None:
    with pytest.raises(InvalidInput, match="from 0 to 1"):
        CameraConfig("gate", sensitivity=sensitivity)
    assert [CameraConfig("gate", sensitivity=each).sensitivity for each in (0, 1)] == [0, 1]


def test_zones_and_masks_are_bounded() -> None:
    most = (TRIANGLE,) * MAX_POLYGONS
    CameraConfig("gate", zones=most, masks=most)
    for zones, masks in ((*most, TRIANGLE), ()), ((), (*most, TRIANGLE)):
        with pytest.raises(InvalidInput, match="at most 32 zones and 32 masks"):
            CameraConfig("gate", zones=zones, masks=masks)


def test_a_sealed_address_is_not_shown() -> None:
    assert repr(SealedAddress("rtsp://192.0.2.7/", b"secret")) == "SealedAddress(display='rtsp://192.0.2.7/')"


def test_every_state_of_a_camera_has_a_type_of_event_and_no_sighting_has_one() -> None:
    assert set(CAMERA_EVENTS) == set(CameraState)
    assert set(CAMERA_EVENTS.values()) == set(EventType) - SIGHTINGS
