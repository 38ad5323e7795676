from collections.abc import Callable

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from securevision.domain.motion import Tamper
from securevision.domain.ports.cameras import Luma
from securevision.motion.tamper import Suspicion, TamperWatch

SECOND, DAY = 1_000, 86_400_000
START = 1_700_000_000_000


class Camera:
    """Looks at uneven ground, and is watched once a second."""

    def __init__(self, width: int = 320, height: int = 180) -> None:
        self.watch = TamperWatch()
        self.now_ms = START
        self._rng = np.random.default_rng(3)
        coarse = self._rng.normal(110, 35, (height // 10 + 2, width // 10 + 2)).astype(np.float32)
        self.ground = np.asarray(cv2.resize(coarse, (width, height)), np.float32)

    def sees(self, light: float = 1.0, noise: float = 3.0) -> Luma:
        return self._noisy(self.ground * light, noise)

    def sees_a_hand(self, noise: float = 6.0) -> Luma:
        """Return darkness with a slope of light in it, and the name that the camera writes into its picture."""
        dark = np.linspace(10, 60, self.ground.shape[1], dtype=np.float32) + np.zeros_like(self.ground)
        picture = self._noisy(dark, noise)
        cv2.putText(picture, "Door 12:34", (4, 12), cv2.FONT_HERSHEY_SIMPLEX, 0.3, (255,))
        return picture

    def _noisy(self, picture: NDArray[np.float32], noise: float) -> Luma:
        grain = noise * self._rng.standard_normal(picture.shape, np.float32)
        return np.clip(picture + grain, 0, 255).astype(np.uint8)

    def watched(self, seconds: int, picture: Callable[[], Luma]) -> list[Tamper | None]:
        """Return what was said of each picture."""
        said = []
        for _ in range(seconds):
            self.now_ms += SECOND
            said.append(self.watch.look(picture(), self.now_ms))
        return said


def usual() -> Camera:
    camera = Camera()
    assert set(camera.watched(40, camera.sees)) == {None}
    return camera


def test_a_cover_is_told_after_five_seconds_and_its_end_after_two() -> None:
    camera = usual()
    assert camera.watched(8, camera.sees_a_hand) == [None] * 5 + [Tamper.COVERED] * 3
    assert camera.watched(4, camera.sees) == [Tamper.COVERED] * 2 + [None] * 2


@pytest.mark.parametrize("picture", [0, 16, 255])
def test_a_blank_picture_is_a_cover(picture: int) -> None:
    camera = usual()
    said = camera.watched(8, lambda: np.full((180, 320), picture, np.uint8))
    assert said[-1] is Tamper.COVERED


def test_a_cover_stays_one_until_it_is_gone() -> None:
    camera = usual()
    camera.watched(8, camera.sees_a_hand)
    assert set(camera.watched(300, camera.sees_a_hand)) == {Tamper.COVERED}


def test_a_cover_that_slips_a_little_is_still_one() -> None:
    state = Suspicion()
    for detail in [0.9] * 40 + [0.0] * 6 + [0.15] * 300:
        state = state.after(detail, same=False, step_ms=SECOND)
    assert state.tamper is Tamper.COVERED
    assert state.usual > 0.7


def test_somebody_who_is_close_for_a_moment_is_no_cover() -> None:
    camera = usual()
    for _ in range(5):
        assert set(camera.watched(5, camera.sees_a_hand) + camera.watched(1, camera.sees)) == {None}


def test_nightfall_is_no_cover_nor_is_the_morning() -> None:
    camera = usual()
    dusk = np.exp(-np.arange(0, 900, 2) / 200)
    said = []
    for light in [*dusk, *dusk[::-1]]:
        camera.now_ms += 2 * SECOND
        said.append(camera.watch.look(camera.sees(float(light)), camera.now_ms))
    assert set(said) == {None}


@pytest.mark.parametrize("light", [0.3, 1.8])
def test_a_switched_light_is_no_cover(light: float) -> None:
    camera = usual()
    assert set(camera.watched(30, lambda: camera.sees(light))) == {None}


def test_what_never_had_detail_cannot_lose_it() -> None:
    camera = Camera()
    assert set(camera.watched(60, camera.sees_a_hand)) == {None}
    assert set(camera.watched(60, lambda: np.zeros((180, 320), np.uint8))) == {None}


def test_a_cover_is_not_seen_before_the_usual_was_followed_for_half_a_minute() -> None:
    camera = Camera()
    camera.watched(20, camera.sees)
    assert set(camera.watched(10, camera.sees_a_hand)) == {None}


def test_a_frozen_picture_is_told_after_a_minute_until_another_comes() -> None:
    camera = usual()
    still = camera.sees()
    said = camera.watched(70, lambda: still)
    assert said == [None] * 61 + [Tamper.FROZEN] * 9
    assert camera.watched(3, camera.sees) == [None] * 3


def test_the_least_noise_is_not_frozen() -> None:
    camera = usual()
    still = camera.sees(noise=0.0)

    def nearly() -> Luma:
        picture = still.copy()
        picture[90, camera.now_ms // SECOND % 320] ^= 1
        return picture

    assert set(camera.watched(120, nearly)) == {None}


def test_a_picture_that_never_changed_is_not_frozen() -> None:
    camera = Camera()
    still = camera.sees()
    assert set(camera.watched(200, lambda: still)) == {None}


def test_a_picture_without_detail_is_not_frozen() -> None:
    """A camera that sees nothing at night, and removes the noise."""
    camera = Camera()
    camera.watched(20, lambda: camera.sees(light=0.02))
    assert set(camera.watched(200, lambda: np.zeros((180, 320), np.uint8))) == {None}


def test_a_buffer_that_is_used_again_is_not_a_frozen_picture() -> None:
    camera = usual()
    room = np.zeros((180, 320), np.uint8)

    def again() -> Luma:
        room[:] = camera.sees()
        return room

    assert set(camera.watched(100, again)) == {None}


def test_pictures_within_a_second_count_once() -> None:
    camera = usual()
    still, hand = camera.sees(), camera.sees_a_hand()
    for picture, last_ms in ((still, 60_000), (hand, 5_000)):
        for ms in range(40, last_ms, 40):
            assert camera.watch.look(picture, camera.now_ms + ms) is None
        camera.now_ms += last_ms


def test_a_picture_within_a_second_is_not_looked_at() -> None:
    camera = usual()
    still = camera.sees()
    camera.watched(70, lambda: still)
    assert camera.watch.look(camera.sees(), camera.now_ms + 999) is Tamper.FROZEN
    assert camera.watch.look(camera.sees(), camera.now_ms + 1_000) is None


@pytest.mark.parametrize("jump_ms", [DAY, -DAY, 3600 * SECOND, -1])
def test_a_clock_that_is_set_raises_no_alarm(jump_ms: int) -> None:
    camera = usual()
    still = camera.sees()
    assert set(camera.watched(30, lambda: still)) == {None}
    camera.now_ms += jump_ms
    assert camera.watched(1, lambda: still) == [None]
    camera.watched(5, camera.sees)
    assert camera.watched(1, camera.sees_a_hand) == [None]
    camera.now_ms += jump_ms
    assert camera.watched(2, camera.sees_a_hand) == [None] * 2
    assert camera.watched(5, camera.sees_a_hand)[-1] is Tamper.COVERED


def test_a_clock_that_goes_back_with_every_picture_raises_no_alarm() -> None:
    camera = usual()
    for _ in range(100):
        camera.now_ms -= 2 * SECOND
        assert camera.watched(1, camera.sees_a_hand) == [None]


@pytest.mark.parametrize("shape", [(1, 1), (1, 400), (400, 1), (360, 202), (720, 1280)])
def test_pictures_of_any_size_and_with_gaps_between_rows_are_looked_at(shape: tuple[int, int]) -> None:
    watch, rng = TamperWatch(), np.random.default_rng(1)
    for second in range(50):
        room = rng.integers(0, 256, (shape[0], shape[1] + 32), np.uint8)
        view = room[:, : shape[1]]
        view.flags.writeable = False
        assert watch.look(view, START + second * SECOND) is None


looks = st.tuples(st.sampled_from([0.0, 0.02, 0.1, 0.5, 0.9]), st.booleans(), st.integers(0, 2_000))
jumps = st.integers(-2 * DAY, 2 * DAY)


@given(st.lists(looks, max_size=200))
def test_each_alarm_has_its_reason(seen: list[tuple[float, bool, int]]) -> None:
    suspicion = Suspicion()
    for number, (detail, same, step_ms) in enumerate(seen, 1):
        before = suspicion
        suspicion = before.after(detail, same=same, step_ms=step_ms)
        assert 0.0 <= suspicion.usual <= 0.9
        if suspicion.tamper is before.tamper:
            continue
        steps = [each[2] for each in seen[:number]]
        match before.tamper, suspicion.tamper:
            case None, Tamper.COVERED:
                assert sum(steps) >= 35_000
                assert all(each[0] < 0.1 * before.usual for each in seen[number - 4 : number])
            case None, Tamper.FROZEN:
                assert sum(steps) >= 70_000
                assert all(each[0] >= 0.1 and each[1] for each in seen[number - 31 : number])
            case Tamper.COVERED, None:
                assert detail > 0.25 * before.usual
            case Tamper.FROZEN, None:
                assert not same or detail < 0.1
            case change:
                pytest.fail(f"{change} is not in the table")


@given(st.lists(looks, max_size=40), st.integers(2_000, 4_000))
def test_every_alarm_can_be_raised_and_ends(seen: list[tuple[float, bool, int]], extra_ms: int) -> None:
    def after(state: Suspicion, detail: float, *, same: bool, total_ms: int) -> Suspicion:
        for _ in range(0, total_ms + extra_ms, 1_000):
            state = state.after(detail, same=same, step_ms=1_000)
        return state

    state = Suspicion()
    for detail, same, step_ms in seen:
        state = state.after(detail, same=same, step_ms=step_ms)
    normal = after(state, 0.9, same=False, total_ms=60_000)
    assert normal.tamper is None
    assert after(normal, 0.0, same=False, total_ms=5_000).tamper is Tamper.COVERED
    assert after(normal, 0.9, same=True, total_ms=60_000).tamper is Tamper.FROZEN
    for alarm in (
        after(normal, 0.0, same=False, total_ms=5_000),
        after(normal, 0.9, same=True, total_ms=60_000),
    ):
        assert after(alarm, 0.9, same=False, total_ms=2_000).tamper is None


@given(st.lists(jumps, max_size=30))
def test_no_time_makes_an_alarm_of_a_few_pictures(times: list[int]) -> None:
    watch, rng = TamperWatch(), np.random.default_rng(0)
    ground = np.repeat(np.repeat(rng.integers(40, 200, (9, 16), np.uint8), 10, 0), 10, 1)
    for index, jump_ms in enumerate(times):
        assert watch.look(ground ^ np.uint8(index % 2), START + jump_ms) is None
