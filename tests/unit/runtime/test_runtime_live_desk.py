import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securevision.domain.live import LiveFragment, LiveStart
from securevision.errors import Unavailable
from securevision.runtime.live_desk import MAX_WAITING_BYTES, LiveDesk, Viewer
from securevision.runtime.messages import LiveData, LiveInit, Still


class Orders:
    """A camera that notes what it is asked for, and gives stills at once."""

    def __init__(self, desk: LiveDesk) -> None:
        self._desk = desk
        self.is_there = True
        self.asked: list[str] = []

    def begin_live(self, camera: str) -> None:
        self.asked.append(f"begin {camera}")

    def end_live(self, camera: str) -> None:
        self.asked.append(f"end {camera}")

    def take_still(self, camera: str, request: int) -> bool:
        if self.is_there:
            self._desk.take(Still("somewhere else", request, b"not ours"))
            self._desk.take(Still(camera, request, b"jpeg"))
            self._desk.take(Still(camera, request, b"once more"))
        return self.is_there


@pytest.fixture
def desk() -> LiveDesk:
    desk = LiveDesk()
    desk.use(Orders(desk))
    return desk


def asked(desk: LiveDesk) -> list[str]:
    orders = desk._orders
    assert isinstance(orders, Orders)
    return orders.asked


def init(number: int = 0) -> LiveInit:
    return LiveInit("gate", "video/mp4", f"init {number}".encode())


def picture(number: int, *, keyframe: bool = False, size: int = 10) -> LiveData:
    return LiveData("gate", number, keyframe, b"p" * size)


def nothing() -> None:
    """Wake nobody."""


def taken(viewer: Viewer) -> list[str | int]:
    """Take all that waits: `start`, or the times of pictures."""
    parts: list[str | int] = []
    while (part := viewer.take()) is not None:
        parts.append("start" if isinstance(part, LiveStart) else part.ts_ms)
    return parts


def test_a_camera_sends_while_somebody_looks(desk: LiveDesk) -> None:
    first, second = desk.open("gate", nothing), desk.open("gate", nothing)
    assert desk.viewers("gate") == 2
    desk.close("gate", first)
    assert asked(desk) == ["begin gate"]
    desk.close("gate", second)
    assert asked(desk) == ["begin gate", "end gate"]
    assert desk.viewers("gate") == 0


def test_a_new_viewer_begins_with_what_came_since_the_newest_keyframe(desk: LiveDesk) -> None:
    first = desk.open("gate", nothing)
    for message in (init(), picture(1, keyframe=True), picture(2), picture(3, keyframe=True), picture(4)):
        desk.take(message)
    second = desk.open("gate", nothing)
    desk.take(picture(5))
    assert taken(first) == ["start", 1, 2, 3, 4, 5]
    assert taken(second) == ["start", 3, 4, 5]


def test_a_slow_viewer_is_taken_to_the_next_keyframe_and_others_notice_nothing(desk: LiveDesk) -> None:
    slow, quick = desk.open("gate", nothing), desk.open("gate", nothing)
    quick_saw: list[str | int] = []
    desk.take(init())
    size = MAX_WAITING_BYTES // 4
    for number in range(12):
        desk.take(picture(number, keyframe=number % 6 == 0, size=size))
        quick_saw += taken(quick)
    assert quick_saw == ["start", *range(12)]
    assert taken(slow) == ["start"]
    desk.take(picture(12, keyframe=True))
    assert taken(slow) == [12]
    assert slow.skipped == 12
    assert quick.skipped == 0


def test_a_new_start_drops_what_was_before_it(desk: LiveDesk) -> None:
    viewer = desk.open("gate", nothing)
    for message in (init(), picture(1, keyframe=True), init(1), picture(2), picture(3, keyframe=True)):
        desk.take(message)
    assert taken(viewer) == ["start", 3]


def test_after_its_worker_was_replaced_a_camera_is_asked_again(desk: LiveDesk) -> None:
    desk.open("gate", nothing)
    desk.take(init())
    desk.take(picture(1, keyframe=True))
    desk.lost("gate")
    desk.resume("gate")
    desk.resume("yard")
    assert asked(desk) == ["begin gate", "begin gate"]
    assert taken(desk.open("gate", nothing)) == []


def test_whoever_waits_is_woken(desk: LiveDesk) -> None:
    woken = threading.Event()
    desk.open("gate", woken.set)
    desk.take(init())
    assert woken.is_set()


def test_what_nobody_looks_at_is_dropped(desk: LiveDesk) -> None:
    desk.take(init())
    desk.take(picture(1, keyframe=True))
    assert taken(desk.open("gate", nothing)) == []


def test_a_gop_without_end_is_not_kept(desk: LiveDesk) -> None:
    desk.open("gate", nothing)
    desk.take(init())
    desk.take(picture(0, keyframe=True))
    for number in range(1, 20):
        desk.take(picture(number, size=1 << 20))
    assert taken(desk.open("gate", nothing)) == ["start"]


def test_a_still_is_the_next_picture_of_that_camera(desk: LiveDesk) -> None:
    assert desk.still("gate") == b"jpeg"


def test_a_camera_that_is_not_read_gives_no_still(desk: LiveDesk) -> None:
    orders = desk._orders
    assert isinstance(orders, Orders)
    orders.is_there = False
    with pytest.raises(Unavailable, match="no picture just now"):
        desk.still("gate")


@given(st.lists(st.one_of(st.none(), st.tuples(st.booleans(), st.integers(1, MAX_WAITING_BYTES // 2)))))
def test_what_a_viewer_gets_can_be_decoded_and_what_waits_is_bounded(
    steps: list[tuple[bool, int] | None],
) -> None:
    """After a start or a gap comes a keyframe; None takes one part."""
    viewer = Viewer(nothing)
    viewer.put(LiveStart("video/mp4", b"init"))
    last = -1
    waiting: list[int] = []
    needs_keyframe = True
    for number, step in enumerate(steps):
        if step is not None:
            viewer.put(LiveFragment(number, step[0], bytes(step[1])))
            waiting.append(number)
            continue
        part = viewer.take()
        if isinstance(part, LiveFragment):
            skipped = any(last < each < part.ts_ms for each in waiting)
            assert part.keyframe or not (needs_keyframe or skipped)
            needs_keyframe, last = False, part.ts_ms
        elif part is not None:
            needs_keyframe = True
    assert viewer._bytes <= MAX_WAITING_BYTES + len(b"init")
