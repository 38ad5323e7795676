import threading

import pytest

from fakes.clock import FakeClock
from securevision.errors import Unavailable
from securevision.runtime.epoch_watch import BLIND_AFTER_S, PollingEpochWatch

PATIENCE = 10


class Reader:
    """An EpochReader that can go blind."""

    def __init__(self) -> None:
        self.value: int | None = 1
        self.read = threading.Event()

    def epoch(self) -> int:
        self.read.set()
        if self.value is None:
            raise Unavailable("The database cannot be read.")
        return self.value


def test_a_change_is_noticed_by_itself() -> None:
    reader = Reader()
    watch = PollingEpochWatch(reader, FakeClock())
    watch.start()
    reader.value = 2
    for _ in range(2):  # the first of these may have begun before
        reader.read.clear()
        assert reader.read.wait(PATIENCE)
    watch.close()
    assert watch.current() == 2


def test_who_cannot_look_lets_nobody_in() -> None:
    reader, clock = Reader(), FakeClock()
    watch = PollingEpochWatch(reader, clock)
    reader.value = None
    assert watch.current() == 1
    with pytest.raises(Unavailable):
        watch.look()
    clock.advance(BLIND_AFTER_S + 0.1)
    with pytest.raises(Unavailable):
        watch.current()
    reader.value = 3
    watch.look()
    assert watch.current() == 3


def test_a_start_that_cannot_look_fails() -> None:
    reader = Reader()
    reader.value = None
    with pytest.raises(Unavailable):
        PollingEpochWatch(reader, FakeClock())
