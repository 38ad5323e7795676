from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.clock import FakeClock
from securevision.cameras.timing import MAX_GAP_S, CaptureTime, Sampler, StreamTime

stamps = st.none() | st.floats(-1e6, 1e6)
rates = st.none() | st.floats(0, 1e5)


@given(st.lists(stamps, max_size=50), rates)
def test_stream_time_starts_at_0_and_always_grows_by_a_sane_step(
    timestamps: list[float | None], rate: float | None
) -> None:
    time = StreamTime(rate)
    placed = [time.place(timestamp) for timestamp in timestamps]
    assert placed[:1] in ([], [0.0])
    assert all(0.0 < later - earlier <= MAX_GAP_S + 1e-6 for earlier, later in pairwise(placed))


@pytest.mark.parametrize(
    ("timestamps", "placed"),
    [
        ([5.0, 5.1, 5.3], [0.0, 0.1, 0.3]),
        ([None, None, None], [0.0, 0.1, 0.2]),
        ([7.0, 7.0, 7.0], [0.0, 0.1, 0.2]),
        ([7.0, 7.2, 3.0, 3.2], [0.0, 0.2, 0.3, 0.5]),
        ([0.0, 900.0, 900.5], [0.0, 0.1, 0.6]),
        ([None, 40.0, 40.2], [0.0, 0.1, 0.3]),
    ],
)
def test_broken_timestamps_are_mended(timestamps: list[float | None], placed: list[float]) -> None:
    time = StreamTime(10.0)
    assert [time.place(timestamp) for timestamp in timestamps] == pytest.approx(placed)


@given(st.integers(1, 60), st.floats(0.1, 60), st.integers(1, 300))
def test_no_more_is_sampled_than_asked_and_no_less_than_there_is(rate: int, fps: float, count: int) -> None:
    sampler = Sampler(fps)
    taken = sum(sampler.wants(index / rate) for index in range(count))
    assert taken <= count / rate * fps + 1
    assert taken >= min(count, int((count - 1) / rate * fps))


def test_samples_are_even() -> None:
    sampler = Sampler(5.0)
    assert [index for index in range(31) if sampler.wants(index / 15)] == [
        0,
        3,
        6,
        9,
        12,
        15,
        18,
        21,
        24,
        27,
        30,
    ]


def test_capture_time_follows_the_clock() -> None:
    clock = FakeClock(1_000)
    capture = CaptureTime(clock)
    clock.advance(2.5)
    assert capture.now_ms() == 3_500


class SteppingClock(FakeClock):
    """A clock that somebody sets."""

    def __init__(self) -> None:
        super().__init__(1_000_000)
        self.step_ms = 0

    def now_ms(self) -> int:
        return super().now_ms() + self.step_ms


def test_after_the_clock_was_set_back_time_goes_on_at_half_speed_until_it_has_caught_up() -> None:
    clock = SteppingClock()
    capture = CaptureTime(clock)
    clock.step_ms = -10_000
    clock.advance(4.0)
    assert capture.now_ms() == 1_002_000
    clock.advance(16.0)
    assert capture.now_ms() == 1_010_000
    clock.advance(1.0)
    assert capture.now_ms() == 1_011_000


@given(st.lists(st.tuples(st.floats(0, 5), st.integers(-10_000, 10_000)), max_size=50))
def test_capture_time_never_goes_back_and_never_stands_still(changes: list[tuple[float, int]]) -> None:
    clock = SteppingClock()
    capture = CaptureTime(clock)
    last, elapsed = capture.now_ms(), 0.0
    first = last
    for seconds, step_ms in changes:
        clock.advance(seconds)
        elapsed += seconds
        clock.step_ms += step_ms
        now = capture.now_ms()
        assert now >= last
        last = now
    assert last >= first + elapsed * 500 - len(changes) - 1
