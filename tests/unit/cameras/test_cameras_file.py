import struct
import zlib
from itertools import islice, pairwise
from pathlib import Path

import pytest

from fakes.clips import RATE, number_of, write_clip, write_raw, write_sound
from fakes.clock import FakeClock
from securevision.cameras.file import FileSource
from securevision.clock import SystemClock
from securevision.domain.frames import Frame, SourceState, Tick
from securevision.errors import InvalidInput, SourceError

NOW_MS = 1_700_000_000_000


def read(path: Path, fps: float = 60.0) -> list[Frame]:
    """Return everything that a file gives; pacing aside, it gives frames alone."""
    items = list(FileSource(path, "gate", fps, FakeClock(NOW_MS)).frames())
    frames = [item for item in items if isinstance(item, Frame)]
    assert len(frames) == len(items)
    return frames


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("clip.mp4", "libx264"),
        ("clip.mkv", "libx264"),
        ("clip.avi", "mpeg4"),
        ("clip.ts", "libx265"),
        ("clip.webm", "libvpx-vp9"),
        ("clip.mpg", "mpeg2video"),
    ],
)
def test_every_frame_of_a_container_comes_once_in_order_and_the_recording_ends_now(
    tmp_path: Path, name: str, codec: str
) -> None:
    frames = read(write_clip(tmp_path / name, 30, codec=codec))
    assert [number_of(frame.pixels) for frame in frames] == pytest.approx(list(range(30)), abs=1)
    gaps = [later.ts_ms - earlier.ts_ms for earlier, later in pairwise(frames)]
    assert gaps == pytest.approx([1000 / RATE] * 29, abs=2)
    assert NOW_MS - 110 <= frames[-1].ts_ms <= NOW_MS


@pytest.mark.parametrize("suffix", [".h264", ".h265"])
def test_a_raw_stream_without_timestamps_is_laid_out_by_its_rate(tmp_path: Path, suffix: str) -> None:
    frames = read(write_raw(tmp_path / f"clip{suffix}", 25))
    assert len(frames) == 25
    assert frames[0].ts_ms == pytest.approx(
        NOW_MS - 1000, abs=2
    )  # FFmpeg takes 25 pictures a second for granted
    assert frames[-1].ts_ms <= NOW_MS


def test_no_more_frames_than_asked_are_given(tmp_path: Path) -> None:
    frames = read(write_clip(tmp_path / "clip.mp4", 60), fps=5.0)
    assert [number_of(frame.pixels) for frame in frames] == list(range(0, 60, 3))


def test_a_picture_that_changes_its_size_goes_on(tmp_path: Path) -> None:
    first = write_raw(tmp_path / "a.h264", 15)
    second = write_clip(
        tmp_path / "b.h264", 15, container_format="h264", size=(320, 192), options={"aud": "1"}
    )
    both = tmp_path / "both.h264"
    both.write_bytes(first.read_bytes() + second.read_bytes())
    assert [(frame.width, frame.height) for frame in read(both)] == [(160, 96)] * 15 + [(320, 192)] * 15


@pytest.mark.parametrize(
    ("degrees", "matrix"), [(90, (0, 1, -1, 0)), (180, (-1, 0, 0, -1)), (270, (0, -1, 1, 0))]
)
def test_a_recording_held_sideways_is_turned_upright(
    tmp_path: Path, degrees: int, matrix: tuple[int, int, int, int]
) -> None:
    path = write_clip(tmp_path / "phone.mp4", 3)
    turn(path, matrix)
    pixels = read(path)[0].pixels
    dark = {
        "left": pixels[:, : pixels.shape[1] // 3],
        "right": pixels[:, -pixels.shape[1] // 3 :],
        "top": pixels[: pixels.shape[0] // 3],
        "bottom": pixels[-pixels.shape[0] // 3 :],
    }
    # The left half is dark; turned clockwise it comes to the top, then to the right, then to the bottom.
    assert (
        min(dark, key=lambda side: float(dark[side].mean()))
        == {90: "top", 180: "right", 270: "bottom"}[degrees]
    )
    assert pixels.shape == ((96, 160, 3) if degrees == 180 else (160, 96, 3))


def turn(path: Path, matrix: tuple[int, int, int, int]) -> None:
    """Write a display matrix into the header of the track (ISO 14496-12, 8.3.2)."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 4 + 20 + 16
    a, b, c, d = (value << 16 for value in matrix)
    data[at : at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)


def test_damaged_pictures_are_left_out(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.ts", 60, size=(640, 384), options={"crf": "1"})
    data = bytearray(path.read_bytes())
    for at in range(len(data) // 3, len(data) // 2, 700):
        data[at] ^= 0xFF
    path.write_bytes(data)
    frames = read(path)
    assert 15 <= len(frames) < 60
    for frame in frames:
        assert float(frame.pixels[:, : frame.width * 2 // 5].mean()) == pytest.approx(10, abs=4)
        assert float(frame.pixels[:, frame.width * 3 // 5 :].std()) < 4


def test_a_file_that_breaks_off_is_used_as_far_as_it_goes(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mkv", 60)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert 10 <= len(read(path)) < 60


def test_sound_beside_the_picture_is_no_matter(tmp_path: Path) -> None:
    assert len(read(write_clip(tmp_path / "clip.mp4", 15, audio=True))) == 15


def png_bomb(width: int, height: int) -> bytes:
    """Return a picture of a few kilobytes that needs gigabytes of memory."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(width * 64), 9))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        (b"", "is empty"),
        (b"This is a text, not a video.\n" * 100, "cannot be read as video"),
        (bytes(range(256)) * 64, "cannot be read as video"),
        (png_bomb(30_000, 30_000), "cannot be read as video"),
        (b"ffconcat version 1.0\nfile other.mp4\n", "cannot be read as video"),
        (
            b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nother.mp4\n#EXT-X-ENDLIST\n",
            "cannot be read as video",
        ),
    ],
)
def test_what_is_no_video_is_refused(tmp_path: Path, content: bytes, hint: str) -> None:
    write_clip(tmp_path / "other.mp4", 3)
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    refuse(path, hint)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    refuse(tmp_path / "clip.mp4", "does not exist")


def test_a_directory_is_refused(tmp_path: Path) -> None:
    refuse(tmp_path, "is not a file")


def test_a_name_is_never_taken_for_a_protocol(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_clip(tmp_path / "a.ts", 3)
    monkeypatch.chdir(tmp_path)
    refuse(Path("concat:a.ts|a.ts"), "does not exist")


def test_sound_alone_is_refused(tmp_path: Path) -> None:
    refuse(write_sound(tmp_path / "sound.mp4"), "has no video in it")


def test_a_film_of_png_pictures_is_refused(tmp_path: Path) -> None:
    refuse(write_clip(tmp_path / "clip.mov", 2, codec="png", pixel_format="rgb24"), "not supported")


def test_a_truncated_mp4_is_refused(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", 30)
    path.write_bytes(path.read_bytes()[:-200])
    refuse(path, "cannot be read as video")


def refuse(path: Path, hint: str) -> None:
    source = FileSource(path, "gate", 5.0, FakeClock())
    with pytest.raises(SourceError, match=hint) as caught:
        list(source.frames())
    message = str(caught.value)
    assert str(path) in message
    assert message.count(".") >= 1
    assert "\n" not in message
    assert (source.status.state, source.status.detail) == (SourceState.ENDED, message)


def test_a_loop_must_be_paced(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="must be paced"):
        FileSource(tmp_path / "clip.mp4", "gate", 5.0, FakeClock(), loop=True)


def test_a_paced_file_plays_at_its_own_pace_and_a_loop_starts_again(tmp_path: Path) -> None:
    path, clock = write_clip(tmp_path / "clip.mp4", 9), SystemClock()
    source = FileSource(path, "gate", 5.0, clock, paced=True, loop=True)
    begin = clock.monotonic()
    frames = [item for item in islice(source.frames(), 7) if isinstance(item, Frame)]
    assert clock.monotonic() - begin == pytest.approx(1.2, abs=0.25)
    assert [number_of(frame.pixels) for frame in frames] == [0, 3, 6, 0, 3, 6, 0]
    gaps = [later.ts_ms - earlier.ts_ms for earlier, later in pairwise(frames)]
    assert gaps == pytest.approx([200] * 6, abs=120)
    assert source.progress is None


class HurryingClock(FakeClock):
    """A clock on which a minute passes whenever somebody reads the seconds."""

    def monotonic(self) -> float:
        self.advance(60.0)
        return super().monotonic()


def test_a_paced_file_that_is_taken_slowly_loses_no_frame(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", 15)
    items = list(FileSource(path, "gate", 5.0, HurryingClock(), paced=True).frames())
    assert [number_of(item.pixels) for item in items if isinstance(item, Frame)] == [0, 3, 6, 9, 12]
    assert not any(isinstance(item, Tick) for item in items)
