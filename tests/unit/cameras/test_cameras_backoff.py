import pytest
from hypothesis import given
from hypothesis import strategies as st

from securevision.cameras.backoff import BackoffConfig, Connection
from securevision.domain.frames import SourceState

steps = st.lists(st.sampled_from(["delivered", "lost", "refused", "trying"]), max_size=60)
chances = st.floats(0, 1, exclude_max=True)
CONFIG = BackoffConfig()


def after(names: list[str]) -> Connection:
    connection = Connection()
    for name in names:
        match name:
            case "delivered":
                connection = connection.delivered()
            case "lost":
                connection = connection.lost("Why it was lost.")
            case "refused":
                connection = connection.refused("Why it was refused.")
            case "trying":
                connection = connection.trying()
    return connection


@given(steps, chances)
def test_the_wait_is_bounded_and_only_a_failure_has_one(names: list[str], chance: float) -> None:
    connection = after(names)
    wait = connection.wait_s(CONFIG, chance)
    match connection.state:
        case SourceState.BACKING_OFF:
            assert 0.4 <= wait <= 4.0
        case SourceState.REFUSED:
            assert 48.0 <= wait <= 60.0
        case _:
            assert wait == 0.0


@given(steps, st.integers(1, 40))
def test_waits_grow_until_the_cap(names: list[str], failures: int) -> None:
    connection = after([*names, "delivered"])
    waits = []
    for _ in range(failures):
        connection = connection.lost("Gone.")
        waits.append(connection.wait_s(CONFIG, 0.0))
        connection = connection.trying()
    assert waits == [min(3.0, 0.5 * 2**n) for n in range(failures)]


@given(steps)
def test_the_reason_stays_until_a_picture_comes(names: list[str]) -> None:
    lost = after(names).lost("Why it was lost.")
    assert lost.trying().status.detail == lost.status.detail == "Why it was lost."
    assert lost.trying().delivered().status.detail == ""
    assert lost.ended().status.state is SourceState.ENDED


@pytest.mark.parametrize(("chance", "wait"), [(0.0, 0.5), (0.5, 0.45), (1.0, 0.4)])
def test_chance_only_shortens_a_wait(chance: float, wait: float) -> None:
    assert Connection().lost("Gone.").wait_s(CONFIG, chance) == pytest.approx(wait)
