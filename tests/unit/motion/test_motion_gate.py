from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from securevision.domain.motion import Motion, MotionConfig, Region
from securevision.domain.ports.cameras import Luma
from securevision.domain.zones import Polygon
from securevision.motion.gate import MotionGate

LEARNING = 10
ANYWHERE = Motion(moving=True, share=1.0)
LIGHT = Motion(moving=True, share=1.0, light_changed=True)
LEFT_HALF = Polygon(((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)))
LEFT_FIFTH = Polygon(((0.0, 0.0), (0.2, 0.0), (0.2, 1.0), (0.0, 1.0)))
EVERYTHING = Polygon(((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)))


class Scene:
    """What a camera looks at: uneven ground, with the noise of its sensor."""

    def __init__(self, width: int = 480, height: int = 270, noise: float = 3.0, seed: int = 1) -> None:
        self._rng = np.random.default_rng(seed)
        coarse = self._rng.normal(110, 30, (height // 12 + 2, width // 12 + 2)).astype(np.float32)
        self.ground = np.asarray(cv2.resize(coarse, (width, height)), np.float32)
        self._noise = noise

    def picture(
        self,
        *things: Region,
        tone: float = 60.0,
        light: float = 1.0,
        ground: NDArray[np.float32] | None = None,
    ) -> Luma:
        """Return a picture with things that are so much brighter than the ground, or darker."""
        picture = (self.ground if ground is None else ground).copy()
        height, width = picture.shape
        for thing in things:
            rows = slice(round(thing.y1 * height), round(thing.y2 * height))
            picture[rows, round(thing.x1 * width) : round(thing.x2 * width)] += tone
        picture = picture * light + self._noise * self._rng.standard_normal(picture.shape, np.float32)
        return np.clip(picture, 0, 255).astype(np.uint8)


def thing(x: float, y: float = 0.4, width: float = 0.06, height: float = 0.25) -> Region:
    return Region(x, y, x + width, y + height)


def walk(count: int = 20, *, start: float = 0.05, end: float = 0.9) -> Iterator[Region]:
    return (thing(float(x)) for x in np.linspace(start, end, count))


def learnt(scene: Scene, config: MotionConfig | None = None, pictures: int = 20) -> MotionGate:
    gate = MotionGate(config or MotionConfig())
    for _ in range(pictures):
        gate.look(scene.picture())
    return gate


def overlap(a: Region, b: Region) -> float:
    """Return the intersection over the union."""
    width = max(0.0, min(a.x2, b.x2) - max(a.x1, b.x1))
    height = max(0.0, min(a.y2, b.y2) - max(a.y1, b.y1))
    areas = sum((each.x2 - each.x1) * (each.y2 - each.y1) for each in (a, b))
    return width * height / (areas - width * height)


def found(motion: Motion, what: Region) -> bool:
    return bool(motion.boxes) and overlap(motion.boxes[0], what) > 0.5


def test_somebody_who_walks_is_found_where_they_are() -> None:
    scene = Scene()
    gate = learnt(scene)
    for each in walk():
        motion = gate.look(scene.picture(each, tone=-60))
        assert motion.moving
        assert not motion.light_changed
        assert len(motion.boxes) == 1
        assert overlap(motion.boxes[0], each) > 0.7
        assert motion.share == pytest.approx(0.06 * 0.25, rel=0.3)


def test_whoever_walked_by_leaves_no_trace() -> None:
    scene = Scene()
    gate = learnt(scene)
    for each in walk():
        gate.look(scene.picture(each))
    assert [gate.look(scene.picture()).moving for _ in range(20)] == [False] * 20


@pytest.mark.parametrize("noise", [0.0, 3.0, 12.0, 25.0])
def test_nothing_moves_in_a_quiet_scene_however_noisy_the_night(noise: float) -> None:
    scene = Scene(noise=noise)
    gate = learnt(scene)
    assert {gate.look(scene.picture()) for _ in range(60)} == {Motion(moving=False)}


def test_the_first_ten_pictures_count_as_moving_anywhere() -> None:
    scene = Scene()
    gate = MotionGate(MotionConfig())
    motions = [gate.look(scene.picture()) for _ in range(LEARNING + 1)]
    assert motions == [ANYWHERE] * LEARNING + [Motion(moving=False)]


def test_whoever_passes_while_the_gate_learns_is_not_learnt() -> None:
    scene = Scene()
    gate = MotionGate(MotionConfig())
    for each in walk(LEARNING):
        gate.look(scene.picture(each, tone=40))
    assert not any(gate.look(scene.picture()).moving for _ in range(10))


# The second has the same shape, so that its thumbnail is of the same size.
@pytest.mark.parametrize("size", [(270, 480), (960, 540)])
def test_a_change_of_size_is_learnt_anew(size: tuple[int, int]) -> None:
    gate = learnt(Scene())
    other = Scene(*size)
    motions = [gate.look(other.picture()) for _ in range(LEARNING + 1)]
    assert motions == [ANYWHERE] * LEARNING + [Motion(moving=False)]
    assert found(gate.look(other.picture(thing(0.3))), thing(0.3))


def test_low_contrast_is_found_where_the_sensor_is_good() -> None:
    scene = Scene(noise=2.0)
    gate, dull = learnt(scene), learnt(scene, MotionConfig(sensitivity=0.0))
    pictures = [(each, scene.picture(each, tone=9)) for each in walk()]
    assert all(found(gate.look(picture), each) for each, picture in pictures)
    assert not any(dull.look(picture).moving for _, picture in pictures)


def test_the_more_sensitive_the_smaller_a_thing_may_be() -> None:
    scene = Scene(noise=1.0)
    least = []
    for sensitivity in (0.0, 0.5, 1.0):
        gate = learnt(scene, MotionConfig(sensitivity=sensitivity))
        sides = (0.012, 0.02, 0.035, 0.06, 0.11)
        least.append(next(s for s in sides if gate.look(scene.picture(thing(0.5, 0.5, s, s))).moving))
    assert least[0] > least[1] > least[2]


def sway(scene: Scene, index: int) -> NDArray[np.float32]:
    """Return the ground with a tree that moves in the left quarter."""
    tree = np.random.default_rng(9).normal(100, 30, (36, 17)).astype(np.float32)
    shift = 3 * np.sin(index * 0.7) + 1.5 * np.sin(index * 1.9)
    matrix = np.array([[8, 0, shift], [0, 8, shift / 3]], np.float32)
    ground = scene.ground.copy()
    ground[:, :120] = cv2.warpAffine(tree, matrix, (120, 270), borderMode=cv2.BORDER_REFLECT)
    return ground


def test_a_tree_in_the_wind_is_learnt_and_a_person_beside_it_found() -> None:
    scene = Scene()
    gate = MotionGate(MotionConfig())
    for index in range(60):
        gate.look(scene.picture(ground=sway(scene, index)))
    assert not any(gate.look(scene.picture(ground=sway(scene, index))).moving for index in range(60, 160))
    for index, each in enumerate(walk(start=0.3)):
        assert found(gate.look(scene.picture(each, ground=sway(scene, 160 + index))), each)


@pytest.mark.parametrize("zones", [(), (LEFT_HALF,), (LEFT_FIFTH,)])
def test_light_that_comes_and_goes_slowly_is_followed(zones: tuple[Polygon, ...]) -> None:
    scene = Scene()
    gate = learnt(scene, MotionConfig(zones=zones))
    lights = 1 + 0.3 * np.sin(np.arange(170) / 150 * 4 * np.pi)
    assert not any(gate.look(scene.picture(light=light)).moving for light in lights[:150])
    for each, light in zip(walk(end=0.1), lights[150:], strict=True):
        assert found(gate.look(scene.picture(each, light=light)), each)


def test_a_shadow_that_creeps_is_followed() -> None:
    scene = Scene(noise=2.0)
    gate = learnt(scene)
    ground = scene.ground.copy()
    moving = []
    for _ in range(200):
        ground[:, :160] *= 0.999
        moving.append(gate.look(scene.picture(ground=ground)).moving)
    assert not any(moving)


def test_a_dark_and_noisy_scene_is_quiet() -> None:
    scene = Scene(noise=6.0)
    gate = MotionGate(MotionConfig())
    motions = [gate.look(scene.picture(light=0.02)) for _ in range(80)]
    assert set(motions[LEARNING:]) == {Motion(moving=False)}


def test_a_black_that_is_a_little_less_black_is_no_light() -> None:
    gate = MotionGate(MotionConfig())
    motions = [gate.look(np.full((90, 160), level, np.uint8)) for level in [2] * 20 + [4, 2, 3, 5, 4]]
    assert set(motions[LEARNING:]) == {Motion(moving=False)}


@pytest.mark.parametrize("light", [0.15, 0.6, 1.6])
def test_a_switched_light_is_told_and_soon_forgotten(light: float) -> None:
    scene = Scene()
    gate = learnt(scene)
    assert gate.look(scene.picture(light=light)) == LIGHT
    assert not any(gate.look(scene.picture(light=light)).moving for _ in range(30))
    for each in walk(5):
        assert found(gate.look(scene.picture(each, light=light)), each)
    assert gate.look(scene.picture()).light_changed


def test_uneven_light_on_most_of_the_picture_is_light() -> None:
    scene = Scene()
    gate = learnt(scene)
    lit = scene.ground.copy()
    lit[:, :330] *= np.linspace(1.9, 1.1, 330).astype(np.float32)
    assert gate.look(scene.picture(ground=lit)).light_changed
    assert not any(gate.look(scene.picture(ground=lit)).moving for _ in range(5))


def test_faint_things_are_found_at_once_after_a_switch() -> None:
    scene = Scene(noise=1.0)
    gate = learnt(scene, pictures=60)
    gate.look(scene.picture(light=0.5))
    assert all(found(gate.look(scene.picture(each, light=0.5, tone=14)), each) for each in walk(5))


def test_a_change_of_most_of_the_picture_is_light_though_its_median_stays() -> None:
    scene = Scene()
    gate = learnt(scene)
    other = scene.ground.copy()
    other[:, :170] *= 1.5
    other[:, 310:] *= 0.6
    assert gate.look(scene.picture(ground=other)) == LIGHT
    assert not any(gate.look(scene.picture(ground=other)).moving for _ in range(5))


def test_a_thing_that_fills_the_picture_counts_as_moving() -> None:
    scene = Scene()
    gate = learnt(scene)
    close = Region(0.1, 0.0, 0.9, 1.0)
    assert gate.look(scene.picture(close, tone=-70)).moving


def test_a_thing_that_stays_is_background_after_a_hundred_pictures_and_so_is_its_gap() -> None:
    scene = Scene()
    gate = learnt(scene)
    for things in ((thing(0.4),), ()):
        moving = [gate.look(scene.picture(*things)).moving for _ in range(130)]
        assert all(moving[:99])
        assert not any(moving[105:])


def test_a_thing_that_stays_a_little_leaves_no_gap() -> None:
    scene = Scene()
    gate = learnt(scene)
    assert all(gate.look(scene.picture(thing(0.4))).moving for _ in range(60))
    assert not any(gate.look(scene.picture()).moving for _ in range(30))


def test_only_what_lies_in_a_zone_is_reported() -> None:
    scene = Scene()
    gate = learnt(scene, MotionConfig(zones=(LEFT_HALF,)))
    assert not gate.look(scene.picture(thing(0.6))).moving
    motion = gate.look(scene.picture(thing(0.2), thing(0.6)))
    assert len(motion.boxes) == 1
    assert found(motion, thing(0.2))
    assert motion.share == pytest.approx(2 * 0.06 * 0.25, rel=0.3)
    # Half of it is inside.
    assert found(gate.look(scene.picture(thing(0.46, width=0.08))), thing(0.46, width=0.04))


def test_there_may_be_several_zones_and_masks() -> None:
    scene = Scene()
    zones = (LEFT_HALF, Polygon(((0.7, 0.0), (1.0, 0.0), (1.0, 1.0), (0.7, 1.0))))
    masks = (Polygon(((0.0, 0.0), (0.2, 0.0), (0.2, 1.0), (0.0, 1.0))),)
    gate = learnt(scene, MotionConfig(zones=zones, masks=masks))
    seen = [gate.look(scene.picture(thing(x))).moving for x in (0.05, 0.3, 0.55, 0.85)]
    assert seen == [False, True, False, True]


def test_a_mask_parts_what_lies_on_both_sides_of_it() -> None:
    scene = Scene()
    strip = Polygon(((0.5, 0.0), (0.51, 0.0), (0.51, 1.0), (0.5, 1.0)))
    across = Region(0.4, 0.4, 0.61, 0.6)
    assert len(learnt(scene).look(scene.picture(across)).boxes) == 1
    assert len(learnt(scene, MotionConfig(masks=(strip,))).look(scene.picture(across)).boxes) == 2


def test_where_all_is_masked_nothing_moves_ever() -> None:
    scene = Scene()
    gate = MotionGate(MotionConfig(masks=(EVERYTHING,)))
    assert {gate.look(scene.picture(each)) for each in walk()} == {Motion(moving=False)}


corners = st.tuples(st.floats(0, 1), st.floats(0, 1))
triangles = st.tuples(corners, corners, corners).filter(
    lambda p: (
        abs((p[1][0] - p[0][0]) * (p[2][1] - p[0][1]) - (p[2][0] - p[0][0]) * (p[1][1] - p[0][1])) > 1e-3
    )
)


@settings(max_examples=20)
@given(triangles, st.sampled_from([(640, 360), (500, 333), (240, 427), (330, 181)]), st.integers(0, 99))
def test_what_happens_behind_a_mask_has_no_influence(
    points: tuple[tuple[float, float], ...], size: tuple[int, int], seed: int
) -> None:
    scene, noise = Scene(*size, seed=seed), np.random.default_rng(seed)
    config = MotionConfig(masks=(Polygon(points),))
    inside = np.zeros(scene.ground.shape, np.uint8)
    cv2.fillPoly(inside, [np.floor(np.array(points) * size).astype(np.int32)], (1,))
    gate, other = MotionGate(config), MotionGate(config)
    for index in range(18):
        picture = scene.picture(thing(index / 20))
        altered = np.where(inside, noise.integers(0, 256, picture.shape, np.uint8), picture)
        assert gate.look(picture) == other.look(altered)


def test_a_portrait_is_looked_at_as_it_is() -> None:
    scene = Scene(360, 640)
    gate = learnt(scene)
    tall = Region(0.3, 0.2, 0.5, 0.35)
    motion = gate.look(scene.picture(tall))
    assert overlap(motion.boxes[0], tall) > 0.7


def test_at_most_eight_boxes_are_given_the_biggest_first() -> None:
    scene = Scene()
    gate = learnt(scene)
    things = [thing(0.01 + 0.081 * n, 0.3, 0.02, 0.1 + 0.03 * n) for n in range(12)]
    boxes = gate.look(scene.picture(*things)).boxes
    assert len(boxes) == 8
    assert all(overlap(box, each) > 0.6 for box, each in zip(boxes, things[::-1], strict=False))


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1), (2, 3), (1, 70_000), (70_000, 1), (180, 320)])
def test_a_black_picture_of_any_size_is_quiet_and_a_white_one_is_light(shape: tuple[int, int]) -> None:
    gate = MotionGate(MotionConfig())
    motions = [gate.look(np.zeros(shape, np.uint8)) for _ in range(30)]
    assert not any(motion.moving for motion in motions[LEARNING:])
    assert gate.look(np.full(shape, 255, np.uint8)).light_changed
    assert not gate.look(np.full(shape, 255, np.uint8)).moving


def test_rows_with_gaps_are_read_as_they_are_and_nothing_is_written() -> None:
    scene = Scene()
    gate, other = MotionGate(MotionConfig()), MotionGate(MotionConfig())
    room = np.full((270, 512), 255, np.uint8)
    for each in walk(LEARNING + 8):
        picture = scene.picture(each)
        room[:, :480] = picture
        view = room[:, :480]
        view.flags.writeable = False
        before = room.copy()
        assert gate.look(view) == other.look(picture)
        assert np.array_equal(room, before)


def test_a_picture_is_not_kept() -> None:
    """The decoder writes the next one to the same place; a small one is not even shrunk."""
    scene = Scene(320, 180)
    gate, other = MotionGate(MotionConfig()), MotionGate(MotionConfig())
    room = np.zeros((180, 320), np.uint8)
    for each in walk(LEARNING + 8):
        picture = scene.picture(each)
        room[:] = picture
        assert gate.look(room) == other.look(picture)


shapes = st.sampled_from([(1, 1), (3, 2), (16, 9), (40, 60), (200, 400)])


@settings(max_examples=40)
@given(st.data(), st.floats(0, 1), st.lists(shapes, min_size=1, max_size=3), st.integers(0, 2**32 - 1))
def test_whatever_comes_the_answer_is_sound(
    data: st.DataObject, sensitivity: float, sizes: list[tuple[int, int]], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    gate = MotionGate(MotionConfig(sensitivity=sensitivity))
    for shape in sizes:
        small = data.draw(arrays(np.uint8, (4, 4)))
        for index in range(LEARNING + 8):
            # Pictures of one kind, then of all kinds.
            picture = cv2.resize(small, shape[::-1], interpolation=cv2.INTER_NEAREST)
            if index > LEARNING:
                picture = np.where(rng.random(shape) < rng.random(), rng.integers(0, 256, shape), picture)
            motion = gate.look(picture.astype(np.uint8))
            assert motion.moving == (motion.share > 0)
            assert 0 <= motion.share <= 1
            assert motion.boxes or motion in (Motion(moving=False), ANYWHERE, LIGHT)
            assert len(motion.boxes) <= 8
            assert all(0 <= box.x1 < box.x2 <= 1 and 0 <= box.y1 < box.y2 <= 1 for box in motion.boxes)
