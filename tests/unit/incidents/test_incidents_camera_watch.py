import pytest
from hypothesis import given
from hypothesis import strategies as st

from securevision.domain.events import CameraPayload, CameraState
from securevision.domain.frames import SourceState, SourceStatus
from securevision.incidents.camera_watch import GRACE_MS, CameraNews, CameraWatch

LIVE = SourceStatus(SourceState.LIVE)
LOST = SourceStatus(SourceState.BACKING_OFF, "gate ended the connection.")
DAY_MS = 86_400_000


def lived(at: int = 0) -> CameraWatch:
    watch = CameraWatch(at)
    assert watch.take(LIVE, at) is None
    return watch


def test_a_camera_that_stays_away_is_told_down_and_when_it_went() -> None:
    watch = lived()
    assert watch.take(LOST, 1_000) is None
    assert watch.tick(1_000 + GRACE_MS - 1) is None
    assert watch.tick(1_000 + GRACE_MS) == CameraNews(
        1_000, CameraPayload(CameraState.DOWN, "gate ended the connection.")
    )
    assert watch.tick(1_000_000) is None
    assert watch.take(LIVE, 1_000_001) == CameraNews(1_000_001, CameraPayload(CameraState.UP, ""))


def test_a_camera_that_is_back_at_once_was_never_down() -> None:
    watch = lived()
    watch.take(LOST, 1_000)
    assert watch.take(LIVE, 1_000 + GRACE_MS - 1) is None
    assert watch.tick(100_000) is None


def test_trying_again_does_not_begin_the_wait_anew() -> None:
    watch = lived()
    for moment in range(0, GRACE_MS, 500):
        watch.take(LOST, moment)
        watch.take(SourceStatus(SourceState.CONNECTING, LOST.detail), moment + 250)
    assert watch.tick(GRACE_MS) is not None


def test_a_camera_that_never_came_is_down_too() -> None:
    watch = CameraWatch(0)
    watch.take(SourceStatus(SourceState.REFUSED, "wrong password"), 10)
    assert watch.tick(GRACE_MS) == CameraNews(0, CameraPayload(CameraState.DOWN, "wrong password"))


def test_a_file_that_has_ended_is_not_down() -> None:
    watch = lived()
    watch.take(SourceStatus(SourceState.ENDED), 10)
    assert watch.tick(DAY_MS) is None


@pytest.mark.parametrize("jump", [DAY_MS, -DAY_MS])
def test_a_clock_that_jumps_by_a_day_neither_hides_nor_forgets_a_camera(jump: int) -> None:
    watch = lived(2 * DAY_MS)
    watch.take(LOST, 2 * DAY_MS)
    told = [watch.tick(2 * DAY_MS + jump + moment) for moment in range(0, 2 * GRACE_MS, 1000)]
    assert sum(news is not None for news in told) == 1


@pytest.mark.parametrize(("tamper", "word"), [("covered", "covered"), ("frozen", "same picture")])
def test_a_view_that_was_made_useless_is_told_and_its_return_is_not(tamper: str, word: str) -> None:
    watch = lived()
    news = watch.tamper(tamper, 7)
    assert news is not None
    assert (news.ts_ms, news.payload.state) == (7, CameraState.TAMPERED)
    assert word in news.payload.detail
    assert watch.tamper("", 8) is None


@given(st.lists(st.tuples(st.sampled_from([*SourceState, None]), st.integers(0, 9_000)), max_size=60))
def test_down_and_up_take_turns(steps: list[tuple[SourceState | None, int]]) -> None:
    watch, now_ms = CameraWatch(0), 0
    told = []
    for state, passed in steps:
        now_ms += passed
        news = watch.tick(now_ms) if state is None else watch.take(SourceStatus(state), now_ms)
        if news is not None:
            told.append(news.payload.state)
    assert told == [CameraState.DOWN, CameraState.UP] * (len(told) // 2) + [CameraState.DOWN] * (
        len(told) % 2
    )
