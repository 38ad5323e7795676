"""Recordings and pictures as files."""

import os
from pathlib import Path

import pytest

from securevision.errors import StorageFull, Unavailable
from securevision.store.footage_files import EventPictures, RecordingFiles


@pytest.fixture
def recordings(tmp_path: Path) -> RecordingFiles:
    return RecordingFiles(tmp_path / "recordings")


@pytest.fixture
def pictures(tmp_path: Path) -> EventPictures:
    return EventPictures(tmp_path / "pictures")


def write(recordings: RecordingFiles, number: int, data: bytes) -> None:
    file = recordings.create(number)
    file.write(data)
    recordings.finish(file)


def test_a_recording_is_read_while_it_grows_and_measured(recordings: RecordingFiles) -> None:
    file = recordings.create(1)
    file.write(b"half")
    file.flush()
    reader = recordings.open(1)
    assert reader is not None
    with reader:
        assert reader.read() == b"half"
        file.write(b" and half")
        recordings.finish(file)
        assert reader.read() == b" and half"
    size, changed_ms = recordings.measure(1)
    assert size == len(b"half and half")
    assert changed_ms > 0


def test_what_is_not_there(recordings: RecordingFiles, pictures: EventPictures) -> None:
    assert recordings.open(1) is None
    assert recordings.measure(1) == (0, 0)
    assert pictures.get(1) is None
    recordings.delete(1)
    pictures.delete_before(1)


def test_a_recording_is_never_written_over(recordings: RecordingFiles) -> None:
    write(recordings, 1, b"first")
    with pytest.raises(Unavailable, match="cannot be used"):
        recordings.create(1)
    reader = recordings.open(1)
    assert reader is not None
    with reader:
        assert reader.read() == b"first"


def test_files_that_nobody_knows_are_deleted_and_what_is_no_recording_stays(
    recordings: RecordingFiles, tmp_path: Path
) -> None:
    for number in (1, 2, 30):
        write(recordings, number, b"x")
    (tmp_path / "recordings" / "notes.mp4").write_bytes(b"mine")
    (tmp_path / "recordings" / "2.txt").write_bytes(b"mine")
    recordings.delete_unknown(lambda number: number == 2)
    assert {path.name for path in (tmp_path / "recordings").iterdir()} == {"2.mp4", "notes.mp4", "2.txt"}


def test_a_picture_is_replaced_whole(pictures: EventPictures, tmp_path: Path) -> None:
    pictures.put(7, b"a longer one")
    pictures.put(7, b"short")
    assert pictures.get(7) == b"short"
    assert [path.name for path in (tmp_path / "pictures").iterdir()] == ["7.jpg"]


def test_pictures_of_older_events_are_deleted_by_number_and_not_by_name(pictures: EventPictures) -> None:
    for number in (2, 9, 10, 100):
        pictures.put(number, b"x")
    pictures.delete_before(10)
    assert [pictures.get(number) for number in (2, 9, 10, 100)] == [None, None, b"x", b"x"]


def test_files_and_directories_are_for_their_owner_alone(
    recordings: RecordingFiles, pictures: EventPictures, tmp_path: Path
) -> None:
    before = os.umask(0)
    try:
        write(recordings, 1, b"x")
        pictures.put(1, b"x")
    finally:
        os.umask(before)
    for path in tmp_path.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for make in (RecordingFiles, EventPictures):
        with pytest.raises(Unavailable, match=r"file/inner cannot be used: Not a directory; check the disk"):
            make(tmp_path / "file" / "inner")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_a_full_disk_is_said(pictures: EventPictures, tmp_path: Path) -> None:
    (tmp_path / "pictures" / "7.new").symlink_to("/dev/full")
    with pytest.raises(StorageFull, match="There is no room left in"):
        pictures.put(7, b"x")
