import threading

import pytest

from fakes.clips import number_of, numbered
from fakes.clock import FakeClock
from securevision.cameras.handover import Handover
from securevision.cameras.timing import CaptureTime
from securevision.domain.frames import Frame, Tick


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(1_000)


@pytest.fixture
def handover(clock: FakeClock) -> Handover:
    return Handover("gate", CaptureTime(clock))


def test_the_newest_frame_wins_and_carries_the_time_it_came(handover: Handover, clock: FakeClock) -> None:
    handover.put(numbered(1))
    clock.advance(0.2)
    handover.put(numbered(2))
    clock.advance(5.0)
    frame = handover.take(1.0)
    assert isinstance(frame, Frame)
    assert (frame.ts_ms, number_of(frame.pixels)) == (1_200, 2)
    assert handover.take(0.0) == Tick("gate", 6_200)


def test_closing_wakes_who_waits_and_drops_what_is_left(handover: Handover) -> None:
    taken: list[object] = []
    thread = threading.Thread(target=lambda: taken.append(handover.take(30.0)))
    thread.start()
    handover.close()
    thread.join(timeout=5)
    assert taken == [None]
    handover.put(numbered(1))
    assert handover.take(0.0) is None


def test_what_broke_the_reader_is_raised_where_frames_are_taken(handover: Handover) -> None:
    handover.fail(ZeroDivisionError("a mistake of ours"))
    with pytest.raises(ZeroDivisionError):
        handover.take(1.0)
