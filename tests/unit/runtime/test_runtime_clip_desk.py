"""Recordings: when they begin, follow each other and end, with real files and a camera that does as it is told."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from fakes.clock import FakeClock
from fakes.stores import MemoryRecordingStore
from securevision.domain.audit import AuditAction, AuditDraft
from securevision.domain.cameras import RecordingMode
from securevision.domain.recordings import Recording, RecordingKind, RecordingQuery
from securevision.runtime.clip_desk import LONGEST_S, POST_ROLL_S, ClipDesk
from securevision.runtime.messages import ClipData, ClipEnded
from securevision.runtime.retention import MS_A_DAY, RecordingRetention
from securevision.store.footage_files import RecordingFiles

MIME = 'video/mp4; codecs="avc1.64001f"'


class Orders:
    """A camera that notes what it is asked for."""

    def __init__(self) -> None:
        self.is_there = True
        self.asked: list[tuple[str, int, int]] = []
        self.ended: list[int] = []

    def begin_clip(self, camera: str, clip: int, *, replaces: int = 0) -> bool:
        if self.is_there:
            self.asked.append((camera, clip, replaces))
        return self.is_there

    def end_clip(self, camera: str, clip: int) -> None:  # noqa: ARG002 - clips have numbers of their own
        self.ended.append(clip)


class Desk:
    """A ClipDesk with its surroundings."""

    def __init__(self, directory: Path, mode: RecordingMode = RecordingMode.EVENTS) -> None:
        self.clock, self.orders = FakeClock(), Orders()
        self.store, self.files = MemoryRecordingStore(), RecordingFiles(directory)
        self.clips = ClipDesk(self.store, self.files, self.clock)
        self.clips.use(self.orders)
        self.clips.set_mode("gate", mode)

    def send(self, clip: int, data: bytes, *, begin_ms: int = 1_000, end_ms: int = 2_000) -> None:
        self.clips.take(ClipData("gate", clip, data, MIME, begin_ms, end_ms))

    def end(self, clip: int) -> None:
        self.clips.take(ClipEnded("gate", clip))

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.clips.tick()

    @property
    def recordings(self) -> tuple[Recording, ...]:
        return self.store.page(RecordingQuery()).recordings

    def content(self, recording: Recording) -> bytes:
        file = self.files.open(recording.id)
        assert file is not None
        with file:
            return file.read()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.clips.close()


def test_a_sighting_is_recorded_until_a_while_after_it_was_last_seen(desk: Desk) -> None:
    desk.clips.something_is_there("gate")
    desk.clips.something_is_there("gate")
    [(camera, clip, replaces)] = desk.orders.asked
    assert (camera, replaces) == ("gate", 0)
    desk.send(clip, b"begin", end_ms=1_500)
    [growing] = desk.recordings
    assert (growing.kind, growing.begin_ms, growing.end_ms) == (RecordingKind.EVENT, 1_000, None)
    desk.pass_time(POST_ROLL_S - 1)
    desk.clips.something_is_there("gate")
    desk.pass_time(POST_ROLL_S - 1)
    assert desk.orders.ended == []
    desk.pass_time(1)
    assert desk.orders.ended == [clip]
    desk.send(clip, b"-rest", end_ms=9_000)
    desk.end(clip)
    [recording] = desk.recordings
    assert (recording.end_ms, recording.size) == (9_000, 10)
    assert desk.content(recording) == b"begin-rest"


def test_what_comes_back_is_another_recording(desk: Desk) -> None:
    for _ in range(2):
        desk.clips.something_is_there("gate")
        desk.send(desk.orders.asked[-1][1], b"x")
        desk.pass_time(POST_ROLL_S)
        desk.end(desk.orders.asked[-1][1])
    assert len(desk.recordings) == 2


def test_nothing_is_recorded_of_a_camera_that_shall_not_be(tmp_path: Path) -> None:
    desk = Desk(tmp_path, RecordingMode.OFF)
    desk.clips.something_is_there("gate")
    desk.clips.something_is_there("unknown")
    desk.clips.resumed("gate")
    assert desk.orders.asked == []


def test_a_continuous_recording_is_one_after_the_other_without_a_gap(tmp_path: Path) -> None:
    desk = Desk(tmp_path, RecordingMode.CONTINUOUS)
    desk.clips.resumed("gate")
    desk.clips.something_is_there("gate")
    [(_, first, _)] = desk.orders.asked
    desk.send(first, b"one")
    desk.pass_time(LONGEST_S - 1)
    assert len(desk.orders.asked) == 1
    desk.pass_time(1)
    _, second, replaced = desk.orders.asked[1]
    assert replaced == first
    desk.send(first, b"-more")
    desk.end(first)
    desk.send(second, b"two", begin_ms=301_000)
    newest, oldest = desk.recordings
    assert (desk.content(oldest), desk.content(newest)) == (b"one-more", b"two")
    assert {each.kind for each in desk.recordings} == {RecordingKind.CONTINUOUS}
    assert len(desk.orders.asked) == 2
    desk.clips.close()


def test_a_recording_that_breaks_off_while_it_is_wanted_goes_on_as_another(desk: Desk) -> None:
    """As when the camera changes its format."""
    desk.clips.something_is_there("gate")
    desk.send(1, b"x")
    desk.end(1)
    assert [clip for _, clip, _ in desk.orders.asked] == [1, 2]


def test_a_camera_that_is_read_anew_is_recorded_again(desk: Desk) -> None:
    desk.clips.something_is_there("gate")
    desk.send(1, b"x")
    desk.clips.lost("gate")
    [recording] = desk.recordings
    assert recording.end_ms == 2_000
    desk.clips.resumed("gate")
    assert [clip for _, clip, _ in desk.orders.asked] == [1, 2]


def test_nobody_there_to_ask_is_asked_later(desk: Desk) -> None:
    desk.orders.is_there = False
    desk.clips.something_is_there("gate")
    desk.orders.is_there = True
    desk.clips.resumed("gate")
    assert len(desk.orders.asked) == 1


def test_bytes_of_a_clip_that_nobody_asked_for_are_dropped(desk: Desk, tmp_path: Path) -> None:
    desk.send(99, b"x")
    desk.end(99)
    desk.clips.take(ClipData("yard", 1, b"x", MIME, 1, 1))
    assert desk.recordings == ()
    assert list(tmp_path.iterdir()) == []


def test_a_media_type_that_is_no_video_is_refused(desk: Desk) -> None:
    """Browsers are told it: a worker must not have its bytes taken for a page."""
    desk.clips.something_is_there("gate")
    desk.clips.take(ClipData("gate", 1, b"<script>", "text/html", 1, 1))
    assert desk.recordings == ()
    assert desk.orders.ended == [1]


class FullFiles(RecordingFiles):
    """Files on a disk that is full."""

    def create(self, number: int) -> BinaryIO:
        super().create(number).close()
        return Path("/dev/full").open("wb")


def test_a_full_disk_ends_the_recording_and_nothing_else(
    desk: Desk, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clips = ClipDesk(desk.store, FullFiles(tmp_path), desk.clock)
    clips.use(desk.orders)
    clips.set_mode("gate", RecordingMode.EVENTS)
    clips.something_is_there("gate")
    clips.take(ClipData("gate", 1, b"x", MIME, 1_000, 2_000))
    assert "No space left on device" in caplog.text
    assert desk.orders.ended == [1]
    [recording] = desk.recordings
    assert recording.end_ms is not None
    clips.take(ClipData("gate", 1, b"y", MIME, 1_000, 2_000))
    clips.close()


def test_what_a_crash_left_is_ended_and_what_nobody_knows_is_deleted(desk: Desk, tmp_path: Path) -> None:
    desk.clips.something_is_there("gate")
    desk.send(1, b"as far as it came")
    empty = desk.store.begin("gate", RecordingKind.EVENT, 5, MIME)
    (tmp_path / "4711.mp4").write_bytes(b"of a row that was never written")
    again = ClipDesk(desk.store, desk.files, desk.clock)
    again.recover()
    [recording] = desk.recordings
    assert recording.id != empty.id
    assert recording.size == len(b"as far as it came")
    assert recording.end_ms is not None
    assert [path.name for path in tmp_path.iterdir()] == [f"{recording.id}.mp4"]


def test_a_crash_that_left_a_kept_recording_empty_does_not_stop_the_next_start(desk: Desk) -> None:
    empty = desk.store.begin("gate", RecordingKind.EVENT, 5, MIME)
    entry = AuditDraft(AuditAction.RECORDING_KEPT, "user:1", target=f"recording:{empty.id}")
    desk.store.keep(empty.id, entry, kept=True)
    ClipDesk(desk.store, desk.files, desk.clock).recover()
    [recording] = desk.recordings
    assert (recording.id, recording.size, recording.end_ms) == (empty.id, 0, 5)


def test_files_are_for_their_owner_alone(desk: Desk, tmp_path: Path) -> None:
    desk.clips.something_is_there("gate")
    desk.send(1, b"x")
    [path] = tmp_path.iterdir()
    assert path.stat().st_mode & 0o777 == 0o600


def make_recording(desk: Desk, size: int, end_ms: int, *, kept: bool = False) -> int:
    recording = desk.store.begin("gate", RecordingKind.EVENT, end_ms - 1, MIME)
    with desk.files.create(recording.id) as file:
        file.write(bytes(size))
    desk.store.end(recording.id, end_ms, size)
    if kept:
        entry = AuditDraft(AuditAction.RECORDING_KEPT, "user:1", target=f"recording:{recording.id}")
        desk.store.keep(recording.id, entry, kept=True)
    return recording.id


def test_the_old_go_then_the_oldest_until_there_is_room_and_what_is_kept_never(
    desk: Desk, tmp_path: Path
) -> None:
    now = desk.clock.now_ms()
    kept = make_recording(desk, 500, now - 30 * MS_A_DAY, kept=True)
    make_recording(desk, 10, now - 15 * MS_A_DAY)
    make_recording(desk, 400, now - 3 * MS_A_DAY)
    make_recording(desk, 300, now - 2 * MS_A_DAY)
    young = make_recording(desk, 200, now - MS_A_DAY)
    growing = desk.store.begin("gate", RecordingKind.EVENT, now, MIME)
    RecordingRetention(desk.store, desk.files, desk.clock, days=14, max_bytes=800).apply()
    assert {each.id for each in desk.recordings} == {kept, young, growing.id}
    assert {path.stem for path in tmp_path.iterdir()} == {str(kept), str(young)}
