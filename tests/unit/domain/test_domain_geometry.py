import pytest
from hypothesis import given
from hypothesis import strategies as st

from securevision.domain.geometry import Box, iou

coordinates = st.floats(-1000, 1000)
boxes = st.builds(Box, coordinates, coordinates, coordinates, coordinates)


@given(boxes, boxes)
def test_iou_is_symmetric_and_a_ratio(a: Box, b: Box) -> None:
    assert iou(a, b) == iou(b, a)
    assert 0.0 <= iou(a, b) <= 1.0 + 1e-9


@given(boxes)
def test_iou_of_a_box_with_itself_is_one_unless_it_is_empty(box: Box) -> None:
    assert iou(box, box) == pytest.approx(1.0 if box.area > 0 else 0.0)


def test_iou_of_two_half_overlapping_squares() -> None:
    assert iou(Box(0, 0, 2, 2), Box(1, 0, 3, 2)) == pytest.approx(2 / 6)


@given(boxes, st.integers(1, 2000), st.integers(1, 2000))
def test_a_clipped_box_lies_in_the_frame(box: Box, width: int, height: int) -> None:
    clipped = box.clipped(width, height)
    assert 0 <= clipped.x1 <= width
    assert 0 <= clipped.x2 <= width
    assert 0 <= clipped.y1 <= height
    assert 0 <= clipped.y2 <= height


def test_growing_adds_the_ratio_on_every_side() -> None:
    assert Box(10, 20, 20, 40).grown(0.5) == Box(5, 10, 25, 50)
