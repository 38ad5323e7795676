import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securevision.domain.motion import MotionConfig
from securevision.domain.zones import MOST_POINTS, Polygon
from securevision.errors import InvalidInput

SQUARE = [[0, 0], [1, 0], [1, 1], [0, 1]]
json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=20,
)


def test_a_polygon_is_parsed_from_pairs() -> None:
    assert Polygon.parse(SQUARE) == Polygon(((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)))
    assert Polygon.parse(((0.1, 0.2), (0.9, 0.2), (0.5, 0.75))).points[2] == (0.5, 0.75)


@pytest.mark.parametrize(
    "pairs",
    [
        "abc",
        b"abc",
        {},
        5,
        None,
        [],
        [[0, 0], [1, 1]],
        [[0, 0], [1, 0], [1]],
        [[0, 0], [1, 0], [1, 1, 1]],
        [[0, 0], [1, 0], "11"],
        [[0, 0], [1, 0], [1, True]],
        [[0, 0], [1, 0], [1, "1"]],
        [[0, 0], [1, 0], [1, math.nan]],
        [[0, 0], [1, 0], [1, math.inf]],
        [[0, 0], [1, 0], [1, 1.001]],
        [[0, 0], [1, 0], [1, -0.001]],
        [[0, 0], [1, 0], [1, 10**400]],
        [[0.5, 0.5]] * 3,
        [[0, 0], [0.5, 0.5], [1, 1]],
        [[0.1, 0.3], [0.9, 0.3], [0.1, 0.3], [0.5, 0.3]],
    ],
)
def test_what_is_no_polygon_is_refused_in_one_sentence(pairs: object) -> None:
    with pytest.raises(InvalidInput, match=r"^A (polygon|point)[^.;]*; [^;]*\.$"):
        Polygon.parse(pairs)


def test_a_polygon_has_at_most_64_points() -> None:
    def circle(count: int) -> list[list[float]]:
        turns = [2 * math.pi * each / count for each in range(count)]
        return [[0.5 + 0.4 * math.cos(turn), 0.5 + 0.4 * math.sin(turn)] for turn in turns]

    assert len(Polygon.parse(circle(MOST_POINTS)).points) == MOST_POINTS
    with pytest.raises(InvalidInput, match="at most 64"):
        Polygon.parse(circle(MOST_POINTS + 1))
    with pytest.raises(InvalidInput, match="3 to 64"):
        Polygon(tuple((x, y) for x, y in circle(MOST_POINTS + 1)))


def test_a_long_list_is_refused_before_it_is_read() -> None:
    class Point(list[float]):
        def __len__(self) -> int:
            raise AssertionError

    with pytest.raises(InvalidInput):
        Polygon.parse([Point()] * 100_000)


@pytest.mark.parametrize("x", [-0.1, 1.1, math.nan, math.inf])
def test_a_polygon_lies_in_the_picture_however_it_is_made(x: float) -> None:
    with pytest.raises(InvalidInput, match="outside the picture"):
        Polygon(((0.0, 0.0), (1.0, 0.0), (x, 1.0)))


@given(json)
def test_whatever_is_parsed_is_a_polygon_or_refused(pairs: object) -> None:
    try:
        polygon = Polygon.parse(pairs)
    except InvalidInput:
        return
    assert Polygon.parse([list(point) for point in polygon.points]) == polygon


@pytest.mark.parametrize("sensitivity", [-0.01, 1.01, math.nan, math.inf])
def test_a_sensitivity_is_between_0_and_1(sensitivity: float) -> None:
    with pytest.raises(InvalidInput, match="sensitivity"):
        MotionConfig(sensitivity=sensitivity)
