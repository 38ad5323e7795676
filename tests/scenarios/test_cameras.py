"""Real cameras that fail in every way there is: each comes back by itself, and its state says the truth.

One engine watches a camera for each fault. All are struck at once, left so until the fault shows, and healed at once.
"""

import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import av
import pytest

from fakes.camera import Camera
from fakes.camera_engine import CameraEngine, Moment, camera_engine
from fakes.fault_proxy import Fault, FaultProxy
from fakes.moving_clip import write_room
from securevision.domain.events import CameraState
from securevision.domain.frames import SourceState
from securevision.domain.recordings import Recording

pytestmark = pytest.mark.needs_rtsp

SLOW = 3.0
"""A busy machine may take so many times as long; how long it takes is measured by benchmarks.media."""
LIVE, STALLED = SourceState.LIVE, SourceState.STALLED
BACKING_OFF, REFUSED, CONNECTING = SourceState.BACKING_OFF, SourceState.REFUSED, SourceState.CONNECTING

SHOWS: Mapping[Fault, tuple[SourceState, str]] = {
    Fault.STALL: (BACKING_OFF, "has stalled: no picture came for 5 s"),
    Fault.NO_VIDEO: (BACKING_OFF, "has stalled: no picture came for 5 s"),
    Fault.BLACKHOLE: (BACKING_OFF, "gave no answer within 5 s"),
    Fault.RST: (BACKING_OFF, "ended the connection"),
    Fault.FIN: (BACKING_OFF, "ended the connection"),
}
HEADER = 1000
"""Bytes of a recording that has more than its beginning."""
LONG = (Fault.STALL, Fault.NO_VIDEO, Fault.BLACKHOLE)
"""They last until somebody ends them."""


@dataclass
class Struck:
    """What became of the cameras."""

    engine: CameraEngine
    folder: Path
    struck_s: float = 0.0
    healed_s: float = 0.0
    before: dict[str, int] = field(default_factory=dict)
    """How many states each had before it was struck."""
    workers: list[tuple[int, int]] = field(default_factory=list)
    """Process and restarts of each worker before."""
    logins: int = 0
    """Connections that were made with a wrong password."""

    def place_of(self, fault: Fault, state: SourceState) -> int:
        """Return how many states of its camera there are up to the last one of that kind."""
        states = [each.state for each in self.engine.moments(fault.name)]
        return len(states) - states[::-1].index(state)

    def story(self, fault: Fault) -> list[Moment]:
        """Return the states of its camera since it was struck."""
        return self.engine.moments(fault.name)[self.before[fault.name] :]


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_room(tmp_path_factory.mktemp("room") / "room.h264")


@pytest.fixture(scope="module")
def struck(room: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Struck]:
    folder = tmp_path_factory.mktemp("struck")
    with ExitStack() as stack:
        camera = stack.enter_context(Camera(room))
        proxies = {fault: stack.enter_context(FaultProxy(camera.port)) for fault in (*SHOWS, Fault.CORRUPT)}
        locked = stack.enter_context(FaultProxy(camera.port))
        engine = stack.enter_context(camera_engine(folder))
        story = Struck(engine, folder)
        for fault, proxy in proxies.items():
            engine.watch(fault.name, camera.address(port=proxy.port), record=True)
        engine.watch("locked", camera.address(port=locked.port, password="wrong"))
        for fault in proxies:
            engine.until_state(fault.name, LIVE)
            engine.until_seen(fault.name)
        story.before = {fault.name: len(engine.moments(fault.name)) for fault in proxies}
        story.workers = [(each.pid, each.restarts) for each in engine.workers()]
        story.struck_s = engine.clock.monotonic()
        for fault, proxy in proxies.items():
            proxy.set(fault)
        for fault, (state, words) in SHOWS.items():
            engine.until_state(fault.name, state, after=story.before[fault.name], hint=words)
        for fault in LONG:
            engine.until_told(fault.name, CameraState.DOWN)
        story.healed_s = engine.clock.monotonic()
        for proxy in proxies.values():
            proxy.set(Fault.NONE)
        for fault, (state, _) in SHOWS.items():
            engine.until_state(fault.name, LIVE, after=story.place_of(fault, state))
        for fault in LONG:
            engine.until_told(fault.name, CameraState.UP)
        story.logins = locked.connections
        yield story


@pytest.mark.parametrize("fault", SHOWS)
def test_a_fault_is_noticed_and_named_and_the_camera_comes_back(struck: Struck, fault: Fault) -> None:
    story = struck.story(fault)
    state, words = SHOWS[fault]
    noticed = next(each for each in story if each.state is state and words in each.detail)
    assert noticed.at_s - struck.struck_s < SLOW * 8.0
    assert story[-1].state is LIVE
    since = max(struck.healed_s, noticed.at_s) if fault in LONG else noticed.at_s
    assert story[-1].at_s - since < SLOW * 6.0
    assert not any(each.detail for each in story if each.state is LIVE)


@pytest.mark.parametrize("fault", [Fault.STALL, Fault.NO_VIDEO])
def test_a_camera_that_sends_nothing_is_called_stalled_before_it_is_given_up(
    struck: Struck, fault: Fault
) -> None:
    first, second, *_ = struck.story(fault)
    assert first.state is STALLED
    assert "sends no picture just now" in first.detail
    assert second.state is BACKING_OFF


@pytest.mark.parametrize("fault", SHOWS)
def test_a_camera_that_is_away_for_long_is_an_event_and_one_that_is_back_at_once_is_none(
    struck: Struck, fault: Fault
) -> None:
    assert struck.engine.camera_states(fault.name) == (
        [CameraState.DOWN, CameraState.UP] if fault in LONG else []
    )


def test_changed_bytes_do_not_end_a_camera(struck: Struck) -> None:
    """It may lose its keyframes for a while; it is read on, or anew."""
    struck.engine.until(lambda: struck.engine.report(Fault.CORRUPT.name).status.state is LIVE)
    struck.engine.until_analysed(Fault.CORRUPT.name)
    assert "ada" in struck.engine.faces(Fault.CORRUPT.name)


@pytest.mark.parametrize("fault", [*SHOWS, Fault.CORRUPT])
def test_what_was_recorded_before_and_after_can_be_played(struck: Struck, fault: Fault) -> None:
    recordings = struck.engine.recordings(fault.name)
    ended = [each for each in recordings if each.end_ms is not None]
    assert len(recordings) >= (2 if fault in SHOWS else 1)
    assert recordings[-1].end_ms is None, "it is recorded again"
    for recording in ended:
        assert pictures_in(struck.folder, recording) > 0
    for earlier, later in pairwise(recordings):
        assert earlier.end_ms is not None
        assert earlier.begin_ms < later.begin_ms


def pictures_in(folder: Path, recording: Recording) -> int:
    with av.open(str(folder / "recordings" / f"{recording.id}.mp4")) as container:
        return sum(1 for _ in container.decode(video=0))


def test_a_wrong_password_is_tried_once_in_all_that_time(struck: Struck) -> None:
    moments = struck.engine.moments("locked")
    assert moments[-1].state is REFUSED
    assert "refuses the user name or password" in moments[-1].detail
    assert struck.logins == 1
    assert [each.state for each in moments] == [CONNECTING, REFUSED]


def test_all_that_was_no_matter_to_the_process_that_reads_the_cameras(struck: Struck) -> None:
    assert [(each.pid, each.restarts) for each in struck.engine.workers()] == struck.workers
    assert all(each.seal is not None and each.seal.sufficient for each in struck.engine.workers())


# Cameras that change


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CameraEngine]:
    with camera_engine(tmp_path_factory.mktemp("engine")) as running:
        yield running


def test_a_camera_that_is_switched_off_and_comes_back_with_another_codec(
    engine: CameraEngine, room: Path, tmp_path: Path
) -> None:
    with Camera(room) as camera:
        address, port = camera.address(), camera.port
        engine.watch("replaced", address, record=True)
        engine.until(lambda: engine.report("replaced").codec == "h264")
        seen = len(engine.moments("replaced"))
        camera.kill()
        engine.until_state("replaced", BACKING_OFF, after=seen, hint="refuses connections")
    seen = len(engine.moments("replaced"))
    with Camera(write_room(tmp_path / "room.h265"), port=port):
        engine.until_state("replaced", LIVE, after=seen)
        engine.until(lambda: engine.report("replaced").codec == "hevc")
        engine.until(lambda: len(engine.recordings("replaced")) > 1)
        first, second, *_ = engine.recordings("replaced")
        assert ("avc1" in first.mime, "hvc1" in second.mime) == (True, True)
        engine.unwatch("replaced")


def test_a_camera_whose_picture_changes_its_size(engine: CameraEngine, room: Path, tmp_path: Path) -> None:
    other = write_room(tmp_path / "other.h264", (480, 270))
    both = tmp_path / "both.h264"
    both.write_bytes(room.read_bytes() + other.read_bytes())
    with Camera(both) as camera:
        engine.watch("resized", camera.address(), record=True)
        for size in ((320, 180), (480, 270), (320, 180)):
            engine.until_size("resized", *size)
        assert [each.state for each in engine.moments("resized")] == [CONNECTING, LIVE]
        engine.until(lambda: len(engine.recordings("resized")) >= 3)
        engine.unwatch("resized")


def test_a_camera_with_a_sound_beside_its_picture(engine: CameraEngine, room: Path) -> None:
    with Camera(room) as camera:
        engine.watch("loud", camera.address(path="sound"))
        engine.until_state("loud", LIVE)
        assert engine.until_seen("loud") == ["ada"]
        engine.unwatch("loud")


# Processes that die


@pytest.fixture(scope="module")
def apart_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("apart")


@pytest.fixture(scope="module")
def apart(room: Path, apart_folder: Path) -> Iterator[CameraEngine]:
    """Two cameras, each in a process of its own."""
    with Camera(room) as camera, camera_engine(apart_folder, cameras_a_worker=1) as running:
        for name in ("one", "two"):
            running.watch(name, camera.address(), record=True)
            running.until_state(name, LIVE)
        yield running


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_process_that_dies_or_stops_is_replaced_and_other_cameras_never_notice(
    apart: CameraEngine, apart_folder: Path, number: signal.Signals
) -> None:
    apart.until(lambda: apart.recordings("one") and apart.recordings("two"))
    recorded = [len(apart.recordings(name)) for name in ("one", "two")]
    begun = apart.recordings("one")[-1]
    apart.until(lambda: (apart_folder / "recordings" / f"{begun.id}.mp4").stat().st_size > HEADER)
    first, second = apart.workers()
    seen, seen_of_other = len(apart.moments("one")), len(apart.moments("two"))
    packets, begin = apart.report("two").packets, apart.clock.monotonic()
    os.kill(first.pid, number)
    gone = apart.until_state("one", BACKING_OFF, after=seen)
    assert gone.detail == "The process that reads the camera is being replaced."
    back = apart.until_state("one", LIVE, after=seen)
    assert back.at_s - begin < SLOW * 5.0
    assert len(apart.moments("two")) == seen_of_other
    replaced, untouched = apart.workers()
    assert (replaced.restarts, untouched.restarts) == (first.restarts + 1, second.restarts)
    assert replaced.pid != first.pid
    assert untouched.pid == second.pid
    apart.until(lambda: apart.report("two").packets > packets)
    apart.until(lambda: len(apart.recordings("one")) == recorded[0] + 1)
    assert len(apart.recordings("two")) == recorded[1]
    ended = apart.recordings("one")[-2]
    assert (ended.id, ended.end_ms is None) == (begun.id, False)
    assert pictures_in(apart_folder, ended) > 0


def test_cameras_go_on_while_the_recogniser_is_replaced(apart: CameraEngine) -> None:
    recogniser = apart.recognition.worker.report()
    seen = [len(apart.moments(name)) for name in ("one", "two")]
    os.kill(recogniser.pid, signal.SIGKILL)
    apart.until(lambda: apart.recognition.worker.report().pid not in (0, recogniser.pid))
    apart.until_analysed("one")
    assert [len(apart.moments(name)) for name in ("one", "two")] == seen
