import pytest
from hypothesis import given
from hypothesis import strategies as st

from securevision.runtime.frame_scheduler import AT_ONCE, FrameScheduler, WaitingFrame

CAMERAS = ("door", "gate", "yard")


def frame(camera: str, ts_ms: int, slot: int = 0) -> WaitingFrame:
    return WaitingFrame(camera, 1, slot, ts_ms, 64, 64)


def scheduler(*cameras: str) -> FrameScheduler:
    made = FrameScheduler()
    for camera in cameras:
        made.add(camera)
    return made


def test_the_newest_frame_of_a_camera_wins_and_the_older_one_is_given_back() -> None:
    frames = scheduler("gate")
    assert frames.offer(frame("gate", 1)) is None
    assert frames.offer(frame("gate", 2)) == frame("gate", 1)
    assert frames.next() == frame("gate", 2)
    assert frames.next() is None
    counts = frames.counts["gate"]
    assert (counts.offered, counts.superseded, counts.analysed) == (2, 1, 0)


def test_of_one_camera_two_frames_at_most_are_out() -> None:
    frames = scheduler("gate")
    for moment in (1, 2):
        frames.offer(frame("gate", moment))
        assert frames.next() == frame("gate", moment)
    frames.offer(frame("gate", 3))
    assert frames.next() is None
    frames.done("gate")
    assert frames.next() == frame("gate", 3)


def test_a_busy_camera_does_not_starve_the_others() -> None:
    frames = scheduler(*CAMERAS)
    served = []
    for moment in range(30):
        for camera in CAMERAS if moment % 3 == 0 else ("door",):
            frames.offer(frame(camera, moment))
        given_out = frames.next()
        assert given_out is not None
        served.append(given_out.camera)
        frames.done(given_out.camera)
    assert served.count("gate") == served.count("yard") == 10


def test_a_camera_that_is_not_there_gets_its_frame_back() -> None:
    frames = scheduler("gate")
    assert frames.offer(frame("door", 1)) == frame("door", 1)
    frames.offer(frame("gate", 1))
    frames.remove("gate")
    assert frames.next() is None
    frames.done("gate")
    assert frames.counts == {}


@pytest.mark.parametrize(("lost", "analysed"), [(False, 1), (True, 0)])
def test_what_became_of_a_frame_is_counted(lost: bool, analysed: int) -> None:
    frames = scheduler("gate")
    frames.offer(frame("gate", 1))
    frames.next()
    frames.done("gate", lost=lost)
    assert (frames.counts["gate"].analysed, frames.counts["gate"].lost) == (analysed, 1 - analysed)


@given(st.lists(st.tuples(st.sampled_from(["offer", "next", "done", "forget"]), st.sampled_from(CAMERAS))))
def test_every_frame_is_in_one_place(steps: list[tuple[str, str]]) -> None:
    """Each frame that was offered waits, is out, came back, or was forgotten; and of a camera two at most are out."""
    frames = scheduler(*CAMERAS)
    back = forgotten = 0
    out = dict.fromkeys(CAMERAS, 0)
    waiting: dict[str, WaitingFrame] = {}
    for moment, (step, camera) in enumerate(steps):
        match step:
            case "offer":
                replaced = frames.offer(frame(camera, moment))
                assert replaced == waiting.get(camera)
                back += replaced is not None
                waiting[camera] = frame(camera, moment)
            case "next":
                given_out = frames.next()
                ready = [each for each in waiting if out[each] < AT_ONCE]
                assert (given_out is None) == (not ready)
                if given_out is not None:
                    assert given_out == waiting.pop(given_out.camera)
                    out[given_out.camera] += 1
            case "done":
                frames.done(camera)
                back += out[camera] > 0
                out[camera] = max(0, out[camera] - 1)
            case _:
                frames.forget_waiting(camera)
                forgotten += waiting.pop(camera, None) is not None
    offered = sum(counts.offered for counts in frames.counts.values())
    assert offered == back + forgotten + sum(out.values()) + len(waiting)
