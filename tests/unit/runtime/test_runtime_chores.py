import threading

from fakes.clock import FakeClock
from securevision.errors import Unavailable
from securevision.runtime.chores import Chore, Chores

PATIENCE = 10


def test_chores_are_done_at_the_start_and_one_that_fails_keeps_no_other_from_being_done() -> None:
    done = threading.Event()

    def fail() -> None:
        raise Unavailable("There is no broom.")

    chores = Chores([Chore(3600, fail), Chore(3600, done.set)], FakeClock())
    chores.start()
    assert done.wait(PATIENCE)
    chores.close()


def test_a_chore_is_done_again_when_its_time_has_come() -> None:
    clock, again, count = FakeClock(), threading.Event(), 0

    def sweep() -> None:
        nonlocal count
        count += 1
        clock.advance(0.01)  # time passes while one works
        if count == 3:
            again.set()

    chores = Chores([Chore(0.01, sweep)], clock)
    chores.start()
    assert again.wait(PATIENCE)
    chores.close()


def test_it_ends_at_once_though_the_next_chore_is_far_away() -> None:
    chores = Chores([Chore(10**9, lambda: None)], FakeClock())
    chores.start()
    chores.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "chores"]
