"""One camera's thread: what it looks at, what it offers, and what becomes of it when something is wrong."""

import threading
from collections.abc import Callable, Iterator

import cv2
import numpy as np
import pytest

from fakes.clock import FakeClock
from fakes.recognisers import blank, paint
from fakes.source import PaintedPicture, ScriptedSource
from securevision.domain.frames import Pixels, SourceState
from securevision.domain.ports.cameras import Item, Luma
from securevision.domain.video import Packet, VideoFormat
from securevision.errors import SourceError
from securevision.runtime.camera_thread import INTERNAL_ERROR
from securevision.runtime.link import LinkBroken
from securevision.runtime.messages import (
    Finished,
    FrameReady,
    Message,
    Quiet,
    StateChanged,
    Still,
    TamperChanged,
)
from securevision.runtime.slots import SLOTS
from unit.runtime.camera_parts import PATIENCE, Camera, i420_of, scripted, watch

FORMAT = VideoFormat("h264", 320, 180)
STEP_MS = 200
LEARNT, HOLD_MS = 10, 2_000
"""What a motion gate learns from; for how long pictures are looked at after something moved."""


@pytest.fixture
def make() -> Iterator[Callable[..., Camera]]:
    cameras: list[Camera] = []

    def begin(*sources: ScriptedSource, **parts: object) -> Camera:
        cameras.append(Camera(*sources, **parts))  # type: ignore[arg-type]
        return cameras[-1]

    yield begin
    for camera in cameras:
        if camera.thread.is_alive():
            camera.close()


Make = Callable[..., Camera]


def picture(number: int, pixels: Pixels | None = None) -> PaintedPicture:
    return PaintedPicture(number * STEP_MS, blank() if pixels is None else pixels)


def numbered(count: int) -> list[PaintedPicture]:
    """Pictures of which each is another one."""
    return [picture(number, paint(blank(), number % 200, 20, 30 + number % 200)) for number in range(count)]


def detailed(seed: int) -> Pixels:
    coarse = np.random.default_rng(seed).integers(0, 255, (12, 20, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(coarse, (320, 180), interpolation=cv2.INTER_NEAREST), np.uint8)


def test_what_moves_is_offered_and_for_a_while_after_it(make: Make) -> None:
    walker = [paint(blank(), 100 + 20 * step, 60, 200) for step in range(3)]
    shown = {40 + step: pixels for step, pixels in enumerate(walker)}
    camera = make(scripted([FORMAT, *(picture(number, shown.get(number)) for number in range(90))]))
    camera.run()
    offered = [frame.ts_ms for frame in camera.core.of(FrameReady)]
    learning = list(range(0, (LEARNT - 1) * STEP_MS + HOLD_MS + 1, STEP_MS))
    assert offered[: len(learning)] == learning
    moving = offered[len(learning) :]
    assert moving[:3] == [8_000, 8_200, 8_400]
    assert moving == list(range(8_000, moving[-1] + 1, STEP_MS))
    assert 8_400 + HOLD_MS <= moving[-1] < 14_000


def test_a_quiet_camera_says_so_once_a_second(make: Make) -> None:
    camera = make(scripted([FORMAT, *(picture(number) for number in range(60))]))
    camera.run()
    quiet = [message.ts_ms for message in camera.core.of(Quiet)]
    assert quiet == list(range(quiet[0], 60 * STEP_MS, 1_000))
    assert quiet[0] == max(frame.ts_ms for frame in camera.core.of(FrameReady)) + STEP_MS


def test_without_a_gate_everything_is_offered(make: Make) -> None:
    camera = make(scripted([FORMAT, *(picture(number) for number in range(60))]), wanted=watch(gated=False))
    camera.run()
    assert len(camera.core.of(FrameReady)) == 60
    assert camera.core.of(Quiet) == []


def test_a_new_format_is_learned_anew_and_so_is_its_time(make: Make) -> None:
    """As when the camera was restarted, and its clock or ours set back meanwhile."""
    before = [PaintedPicture(90_000_000 + number * STEP_MS, blank()) for number in range(30)]
    after = [picture(number) for number in range(40)]
    camera = make(scripted([FORMAT, *before, FORMAT, *after]))
    camera.run()
    offered = [frame.ts_ms for frame in camera.core.of(FrameReady) if frame.ts_ms < 90_000_000]
    assert offered == list(range(0, (LEARNT - 1) * STEP_MS + HOLD_MS + 1, STEP_MS))
    quiet = [message.ts_ms for message in camera.core.of(Quiet) if message.ts_ms < 90_000_000]
    assert quiet == list(range(offered[-1] + STEP_MS, 40 * STEP_MS, 1_000))


def test_a_file_waits_for_its_slots_and_loses_nothing(make: Make) -> None:
    pictures = numbered(40)
    source = scripted([FORMAT, *pictures])
    camera = make(source, wanted=watch(gated=False))
    core = camera.start()
    held: list[FrameReady] = []
    for shown in pictures:
        held.append(core.until(FrameReady))
        assert held[-1].ts_ms == shown.ts_ms
        # Two are out at most, and what is out stays as it was.
        if len(held) == 2:
            frame = held.pop(0)
            assert camera.content(frame) == i420_of(pictures[frame.ts_ms // STEP_MS])
            camera.thread.free_slot(frame.slot)
    assert camera.thread.is_alive(), "it waits until the last one was looked at"
    assert core.waiting.empty()
    camera.thread.free_slot(held[0].slot)
    assert core.next() == StateChanged("gate", SourceState.ENDED, "")
    assert core.next() == Finished("gate", "")
    assert camera.thread.beat().crowded == 0


def test_a_file_that_nobody_wants_any_more_waits_for_nothing(make: Make) -> None:
    camera = make(scripted([FORMAT, *numbered(40)]), wanted=watch(gated=False))
    core = camera.start()
    core.until(FrameReady)
    core.until(FrameReady)
    camera.close()


def test_a_live_camera_drops_what_finds_no_slot_and_counts_it(make: Make) -> None:
    pictures = numbered(30)
    source = scripted([FORMAT, *pictures], live=True)
    camera = make(source, wanted=watch(gated=False))
    core = camera.start()
    assert source.exhausted.wait(PATIENCE)
    frames = [core.until(FrameReady) for _ in range(SLOTS)]
    beat = camera.thread.beat()
    assert (beat.pictures, beat.moving, beat.crowded) == (30, 30, 30 - SLOTS)
    assert {frame.slot for frame in frames} == set(range(SLOTS))
    for frame, shown in zip(frames, pictures, strict=False):
        assert camera.content(frame) == i420_of(shown), "nobody wrote it while it was ours"


class Turns(ScriptedSource):
    """A live camera that gives its next picture when a test says so."""

    def __init__(self, pictures: list[PaintedPicture]) -> None:
        super().__init__([FORMAT, *pictures], live=True)
        self.go = threading.Semaphore(0)

    def items(self) -> Iterator[Item | None]:
        for item in super().items():
            self.go.acquire(timeout=PATIENCE)
            yield item


def test_a_slot_is_written_again_once_it_came_back_and_never_before(make: Make) -> None:
    pictures = numbered(60)
    source = Turns(pictures)
    camera = make(source, wanted=watch(gated=False))
    core = camera.start()
    source.go.release(1)
    rng, held = np.random.default_rng(5), list[FrameReady]()
    for shown in pictures:
        source.go.release(1)
        frame = core.until(FrameReady)
        assert frame.ts_ms == shown.ts_ms
        assert frame.slot not in {other.slot for other in held}
        held.append(frame)
        while len(held) == SLOTS or (held and rng.random() < 0.4):
            back = held.pop(int(rng.integers(len(held))))
            assert camera.content(back) == i420_of(pictures[back.ts_ms // STEP_MS])
            camera.thread.free_slot(back.slot)
    source.go.release(10)
    assert camera.thread.beat().crowded == 0


def test_pictures_that_are_too_large_for_the_recogniser_are_left_out(make: Make) -> None:
    """A camera that sends them must not have its worker replaced, for they are of no form."""
    wide = PaintedPicture(0, np.zeros((16, 16_384, 3), np.uint8))
    large = PaintedPicture(1, detailed(1).repeat(17, 0)[:3_000].repeat(13, 1)[:, :4_000])
    camera = make(scripted([FORMAT, wide, large]), wanted=watch(gated=False))
    camera.start()
    frame = camera.core.until(FrameReady)
    assert (frame.width, frame.height, frame.ts_ms) == (4_000, 3_000, 1)
    assert camera.content(frame) == i420_of(large)
    assert camera.thread.beat().crowded == 1
    camera.close()


def test_the_next_picture_is_given_as_jpeg_to_whoever_asked(make: Make) -> None:
    camera = make(scripted([FORMAT, picture(0, detailed(3)), picture(1)]))
    camera.thread.take_still(7)
    camera.thread.take_still(8)
    camera.run()
    stills = camera.core.of(Still)
    assert [still.request for still in stills] == [7, 8]
    shown = cv2.imdecode(np.frombuffer(stills[0].jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert shown is not None
    assert float(np.abs(shown.astype(int) - detailed(3)).mean()) < 20


def test_a_picture_that_cannot_be_made_a_jpeg_is_asked_for_once(make: Make) -> None:
    failing = [True]

    def encode(_: object) -> bytes:
        if failing.pop():
            raise ZeroDivisionError
        return b""

    first, second = (scripted([FORMAT, *numbered(3)], live=True) for _ in range(2))
    camera = make(first, second, encode=encode)
    camera.thread.take_still(7)
    core = camera.start()
    until_state(core.next, SourceState.BACKING_OFF)
    assert second.exhausted.wait(PATIENCE), "it is read anew, and nobody asks for that picture again"
    camera.close()


def until_state(take: Callable[[], Message], state: SourceState) -> StateChanged:
    while True:
        message = take()
        if isinstance(message, StateChanged) and message.state is state:
            return message


def test_a_camera_that_is_covered_says_so_and_again_when_it_is_free(make: Make) -> None:
    free = [PaintedPicture(1_000 * number, detailed(number % 2)) for number in range(40)]
    covered = [PaintedPicture(40_000 + 1_000 * number, blank()) for number in range(10)]
    again = [PaintedPicture(50_000 + 1_000 * number, detailed(number % 2)) for number in range(5)]
    camera = make(scripted([FORMAT, *free, *covered, *again]))
    camera.run()
    told = camera.core.of(TamperChanged)
    assert [message.tamper for message in told] == ["covered", ""]
    assert 40_000 < told[0].ts_ms < 50_000 <= told[1].ts_ms


class Noting(ScriptedSource):
    """Notes after each picture whether the next shall be a keyframe, and how many a second are wanted."""

    def __init__(self, pictures: list[PaintedPicture]) -> None:
        super().__init__([FORMAT, *pictures])
        self.noted: list[bool] = []
        self.rates: list[float] = []

    def items(self) -> Iterator[Item | None]:
        for item in super().items():
            yield item
            self.noted.append(self.keyframes_only)
            self.rates.append(self.fps)


@pytest.mark.parametrize("wanted", [True, False])
def test_keyframes_alone_are_decoded_until_something_moves(make: Make, wanted: bool) -> None:
    shown = {40: paint(blank(), 100, 60, 200)}
    source = Noting([picture(number, shown.get(number)) for number in range(45)])
    make(source, wanted=watch(keyframes_only=wanted)).run()
    noted = source.noted[1:]
    learning = LEARNT + HOLD_MS // STEP_MS
    assert noted[:learning] == [False] * learning
    assert noted[learning:40] == [wanted] * (40 - learning)
    assert noted[40:] == [False] * 5


@pytest.mark.parametrize("gated", [True, False])
def test_who_comes_is_looked_at_more_often_at_first(make: Make, gated: bool) -> None:
    """So that three looks, which confirm them, take no longer than the recogniser needs."""
    shown = {number: paint(blank(), 100 + number, 60, 200) for number in range(40, 60)}
    source = Noting([picture(number, shown.get(number)) for number in range(60)])
    make(source, wanted=watch(gated=gated)).run()
    rates = source.rates[1:]
    usual = watch().fps
    hurried = [15.0] * (1_500 // STEP_MS + 1) if gated else []
    assert rates[20:40] == [usual] * 20
    assert rates[40:] == (hurried + [usual] * 20)[:20]


class Broken(PaintedPicture):
    """A picture that nothing can be done with."""

    def luma(self) -> Luma:
        raise ZeroDivisionError


class Unwritable(PaintedPicture):
    """A picture that cannot be written into a slot."""

    def write_i420(self, room: memoryview) -> None:
        room[:3] = b"bad"
        raise ZeroDivisionError


@pytest.mark.parametrize("kind", [Broken, Unwritable])
def test_a_bug_that_a_picture_meets_does_not_end_the_camera(
    make: Make, kind: type[PaintedPicture], caplog: pytest.LogCaptureFixture
) -> None:
    bad = scripted([FORMAT, kind(0, blank())], live=True)
    good = scripted([FORMAT, *numbered(SLOTS)], live=True)
    camera = make(bad, good, wanted=watch(gated=False))
    core = camera.start()
    lost = until_state(core.next, SourceState.BACKING_OFF)
    assert lost.detail == INTERNAL_ERROR
    assert "ZeroDivisionError" in caplog.text
    assert camera.parts.slots.wait_for_all(0.0), "no slot is lost with a picture"
    until_state(core.next, SourceState.LIVE)
    assert [core.until(FrameReady).ts_ms for _ in range(SLOTS)] == [
        number * STEP_MS for number in range(SLOTS)
    ]
    # The worker is not replaced because of a pause.
    assert camera.thread.beat().still_s < 1.5
    camera.close()


def test_a_bug_that_a_file_meets_ends_it(make: Make) -> None:
    camera = make(scripted([FORMAT, Broken(0, blank())]))
    assert camera.run().detail == INTERNAL_ERROR


def test_a_file_that_breaks_off_says_why_once_all_before_it_was_looked_at(make: Make) -> None:
    camera = make(
        scripted([FORMAT, picture(0)], error=SourceError("clip.mp4 is damaged.")), wanted=watch(gated=False)
    )
    core = camera.start()
    frame = core.until(FrameReady)
    camera.thread.free_slot(frame.slot)
    assert core.next() == StateChanged("gate", SourceState.ENDED, "clip.mp4 is damaged.")
    assert core.next() == Finished("gate", "clip.mp4 is damaged.")


def test_a_sentence_that_is_too_long_is_cut(make: Make) -> None:
    camera = make(scripted([], error=SourceError("x" * 1_000)))
    assert camera.run().detail == "x" * 500
    assert camera.core.of(StateChanged)[-1].detail == "x" * 500


def test_the_core_that_went_ends_the_thread_without_a_word(make: Make) -> None:
    def send(_: Message) -> None:
        raise LinkBroken("The other process does not take messages any more.")

    camera = make(scripted([FORMAT, picture(0)], live=True), send=send)
    camera.start()
    camera.thread.join(PATIENCE)
    assert not camera.thread.is_alive()


def test_a_beat_counts_and_tells_how_long_no_step_was_taken(make: Make) -> None:
    clock = FakeClock()
    packets = [Packet(bytes(100), keyframe=True, ts_ms=i, pts=i, dts=i) for i in range(3)]
    source = scripted([FORMAT, *packets, picture(0)], live=True)
    camera = make(source, clock=clock)
    assert camera.thread.beat().still_s == 0.0
    clock.advance(3.0)
    assert camera.thread.beat().still_s == 3.0
    core = camera.start()
    core.until(FrameReady)
    beat = camera.thread.beat()
    assert (beat.watch, beat.packets, beat.octets, beat.pictures, beat.moving) == (1, 3, 300, 1, 1)
    assert (beat.codec, beat.width, beat.height, beat.progress) == ("h264", 320, 180, None)
    clock.advance(100.0)
    camera.thread.close()
    assert camera.thread.beat().still_s <= 100.0


def test_a_source_that_has_ended_is_not_stuck(make: Make) -> None:
    """Else its worker would be replaced, and with it every other camera of it, again and again."""
    clock = FakeClock()
    camera = make(scripted([FORMAT, picture(0)]), clock=clock)
    camera.run()
    clock.advance(1_000.0)
    assert camera.thread.beat().still_s == 0.0


def test_a_camera_that_shall_end_has_time_for_it_however_long_it_was_connecting(make: Make) -> None:
    clock = FakeClock()
    source = Turns(numbered(1))
    camera = make(source, clock=clock)
    core = camera.start()
    clock.advance(10.0)
    assert camera.thread.beat().still_s == 10.0
    camera.thread.close()
    assert camera.thread.beat().still_s == 0.0
    source.go.release(10)
    camera.thread.join(PATIENCE)
    assert core.said == []
