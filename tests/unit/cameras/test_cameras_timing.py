from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.clock import FakeClock
from securevision.cameras.timing import MAX_GAP, CaptureTime, PacketTime, Sampler
from securevision.domain.video import TICKS_PER_SECOND, AccessUnit

stamps = st.none() | st.integers(-(1 << 40), 1 << 40)
TENTH = TICKS_PER_SECOND // 10


def unit(pts: int | None, dts: int | None = None) -> AccessUnit:
    return AccessUnit(b"x", keyframe=False, pts=pts, dts=dts)


@given(st.lists(st.tuples(stamps, stamps), max_size=50), st.none() | st.integers(-10, 10**6))
def test_packets_start_at_0_and_always_grow_by_a_sane_step(
    timestamps: list[tuple[int | None, int | None]], step: int | None
) -> None:
    time = PacketTime(step=step)
    placed = [time.place(unit(*stamp), 1000 + 40 * i) for i, stamp in enumerate(timestamps)]
    assert [packet.dts for packet in placed[:1]] in ([], [0])
    assert all(0 < later.dts - earlier.dts <= MAX_GAP for earlier, later in pairwise(placed))
    assert all(packet.dts <= packet.pts <= packet.dts + MAX_GAP for packet in placed)


@pytest.mark.parametrize(
    ("timestamps", "placed"),
    [
        ([50, 51, 53], [0, 1, 3]),
        ([None, None, None], [0, 1, 2]),
        ([70, 70, 70], [0, 1, 2]),
        ([70, 72, 30, 32], [0, 2, 3, 5]),
        ([0, 9000, 9005], [0, 1, 6]),
        ([None, 400, 402], [0, 1, 3]),
    ],
)
@pytest.mark.parametrize("step", [None, TENTH])
def test_broken_timestamps_are_mended_by_the_rate_or_by_when_pictures_came(
    timestamps: list[int | None], placed: list[int], step: int | None
) -> None:
    """In tenths of a second; a picture came every tenth."""
    time = PacketTime(step=step)
    units = [unit(None if stamp is None else stamp * TENTH) for stamp in timestamps]
    packets = [time.place(each, 5_000 + 100 * index) for index, each in enumerate(units)]
    assert [packet.dts // TENTH for packet in packets] == placed


def test_a_clock_that_is_set_ahead_by_a_day_makes_no_gap_in_the_stream() -> None:
    time = PacketTime()
    first = time.place(unit(None), 1_000)
    later = time.place(unit(None), 1_000 + 86_400_000)
    assert later.dts - first.dts <= MAX_GAP


def test_pictures_that_are_shown_later_than_decoded_keep_their_distance() -> None:
    time = PacketTime()
    packets = [time.place(unit(pts, dts), 0) for pts, dts in ((200, 0), (1100, 100), (500, 200))]
    assert [(packet.dts, packet.pts) for packet in packets] == [(0, 200), (100, 1100), (200, 500)]


@given(st.integers(1, 60), st.floats(0.1, 60), st.integers(1, 300))
def test_no_more_is_sampled_than_asked_and_no_less_than_there_is(rate: int, fps: float, count: int) -> None:
    sampler = Sampler()
    taken = sum(sampler.wants(round(index * TICKS_PER_SECOND / rate), fps) for index in range(count))
    assert taken <= count / rate * fps + 1
    assert taken >= min(count, int((count - 1) / rate * fps))


def test_samples_are_even() -> None:
    sampler = Sampler()
    assert [index for index in range(31) if sampler.wants(index * TICKS_PER_SECOND // 15, 5.0)] == [
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


def test_more_samples_for_a_while_and_no_gap_afterwards() -> None:
    sampler = Sampler()
    rates = [5.0] * 30 + [15.0] * 30 + [5.0] * 30
    taken = [index for index, fps in enumerate(rates) if sampler.wants(index * TICKS_PER_SECOND // 15, fps)]
    assert taken == [*range(0, 30, 3), *range(30, 60), *range(60, 90, 3)]


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
