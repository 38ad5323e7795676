import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path
from urllib.parse import quote

import av
import numpy as np
import pytest

from fakes.clips import RATE, number_of, write_clip, write_raw, write_sound
from fakes.clock import FakeClock
from fakes.pictures import pictures_of, pixels_of
from securevision.cameras.addresses import parse_address
from securevision.cameras.connecting import open_descriptor
from securevision.cameras.network_policy import NetworkPolicy
from securevision.cameras.sources import make_source
from securevision.clock import SystemClock
from securevision.domain.frames import Pixels, SourceState
from securevision.domain.ports.cameras import FrameSource
from securevision.domain.ports.clock import Clock
from securevision.errors import InvalidInput, SourceError

NOW_MS = 1_700_000_000_000
SDP = (
    "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
    "m=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n"
)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a picture shows, and when it was taken."""

    ts_ms: int
    pixels: Pixels

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])


def open_file(
    path: Path, fps: float, clock: Clock, *, paced: bool = False, loop: bool = False
) -> FrameSource:
    address = parse_address(f"file:{quote(str(path))}")

    def connect() -> int:
        return open_descriptor(address, NetworkPolicy(), None)

    return make_source(address, connect, clock, fps=fps, paced=paced, loop=loop)


def shown_by(source: FrameSource) -> Iterator[Shown]:
    return (Shown(picture.ts_ms, pixels_of(picture)) for picture in pictures_of(source))


def read(path: Path, fps: float = 60.0) -> list[Shown]:
    """Return everything that a file shows."""
    return list(shown_by(open_file(path, fps, FakeClock(NOW_MS))))


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
    assert [number_of(frame.pixels) for frame in frames] == pytest.approx(list(range(30)), abs=2)
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
    generator = np.random.default_rng(1)
    drawn = [generator.integers(40, 216, (6, 10, 3), np.uint8).repeat(16, 0).repeat(16, 1) for _ in range(30)]
    path = write_clip(
        tmp_path / "clip.h264",
        30,
        container_format="h264",
        options={"g": "1", "crf": "20"},
        picture=drawn.__getitem__,
    )
    whole = [frame.pixels for frame in read(path)]
    units = path.read_bytes().split(b"\x00\x00\x01\x65")
    damaged = [unit[: len(unit) // 4] if n and n % 3 == 0 else unit for n, unit in enumerate(units)]
    path.write_bytes(b"\x00\x00\x01\x65".join(damaged))
    given = [frame.pixels for frame in read(path)]
    assert len(given) == 20
    for pixels in given:
        assert any(np.array_equal(pixels, each) for each in whole)


def test_a_damaged_transport_stream_is_used_as_far_as_it_goes(tmp_path: Path) -> None:
    """In the damage FFmpeg finds streams that were not there when it opened the file."""
    path = write_clip(tmp_path / "clip.ts", 60, size=(640, 384), options={"crf": "1"})
    data = bytearray(path.read_bytes())
    for at in range(len(data) // 3, len(data) // 2, 700):
        data[at] ^= 0xFF
    path.write_bytes(data)
    assert 15 <= len(read(path)) < 60


def test_a_picture_that_comes_in_several_packets_is_whole(tmp_path: Path) -> None:
    def flashing(index: int) -> Pixels:
        return np.full((96, 160, 3), 210 if index % 2 else 40, np.uint8)

    sliced = write_clip(
        tmp_path / "a.h264",
        20,
        container_format="h264",
        options={"x264-params": "slices=2"},
        picture=flashing,
    )
    path = tmp_path / "split.mkv"
    with av.open(str(sliced)) as reader, av.open(str(path), "w") as writer:
        stream = writer.add_stream_from_template(reader.streams.video[0])
        for number, packet in enumerate(reader.demux(video=0)):
            for unit in bytes(packet).split(b"\x00\x00\x01")[1:]:
                part = av.Packet(b"\x00\x00\x00\x01" + unit.rstrip(b"\x00"))
                part.stream, part.time_base = stream, Fraction(1, 15)
                part.pts = part.dts = number
                writer.mux_one(part)
    frames = read(path)
    assert len(frames) == 20
    assert [round(float(frame.pixels.mean()) / 170) for frame in frames] == [0, 1] * 10
    assert max(float(frame.pixels.std()) for frame in frames) < 5


def test_a_file_that_breaks_off_is_used_as_far_as_it_goes(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mkv", 60)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert 10 <= len(read(path)) < 60


def test_a_title_in_an_old_encoding_is_no_matter(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", 3)
    data = path.read_bytes()
    assert b"Lavf" in data  # the encoder's name, which is metadata like a title
    path.write_bytes(data.replace(b"Lavf", b"L\xe4vf"))
    assert len(read(path)) == 3


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


@pytest.mark.parametrize(
    "name", ["list.m3u8", "list.m3u", "list.sdp", "list.mp4", "list.txt", "list.ffconcat"]
)
@pytest.mark.parametrize(
    "content",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{}\n#EXT-X-ENDLIST\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nconcat:{}|{}\n#EXT-X-ENDLIST\n",
        "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nfile:{}\n",
        SDP,
        "ffconcat version 1.0\nfile {}\n",
        "file '{}'\n",
        "[playlist]\nFile1={}\n",
        '<?xml version="1.0"?><MPD><Period><AdaptationSet><BaseURL>{}</BaseURL></AdaptationSet></Period></MPD>',
    ],
)
def test_a_file_that_names_other_files_or_servers_is_refused(tmp_path: Path, name: str, content: str) -> None:
    other = write_clip(tmp_path / "other.ts", 3)
    path = tmp_path / name
    path.write_text(content.replace("{}", str(other)))
    refuse(path, "cannot be read as video")


def test_a_pattern_of_pictures_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(png_bomb(64, 64))
    (tmp_path / "%d.png").write_bytes(png_bomb(64, 64))
    refuse(tmp_path / "%d.png", "cannot be read as video")


def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    refuse(tmp_path / "pipe", "is not a file")
    refuse(Path("/dev/zero"), "is not a file")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    refuse(tmp_path / "clip.mp4", "does not exist")


def test_a_directory_is_refused(tmp_path: Path) -> None:
    refuse(tmp_path, "is not a file")


def test_a_name_is_never_taken_for_a_protocol(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path("concat:a.ts|b.ts")
    write_clip(tmp_path / "clip.ts", 3).rename(path)
    assert len(read(path)) == 3


def test_sound_alone_is_refused(tmp_path: Path) -> None:
    refuse(write_sound(tmp_path / "sound.mp4"), "has no video in it")


def test_a_film_of_png_pictures_is_refused(tmp_path: Path) -> None:
    refuse(write_clip(tmp_path / "clip.mov", 2, codec="png", pixel_format="rgb24"), "not supported")


def test_a_truncated_mp4_is_refused(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", 30)
    path.write_bytes(path.read_bytes()[:-200])
    refuse(path, "cannot be read as video")


def refuse(path: Path, hint: str) -> None:
    source = open_file(path, 5.0, FakeClock())
    with pytest.raises(SourceError, match=hint) as caught:
        list(source.items())
    message = str(caught.value)
    assert str(path) in message
    assert message.count(".") >= 1
    assert "\n" not in message
    assert (source.status.state, source.status.detail) == (SourceState.ENDED, message)


def test_a_loop_must_be_paced(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="must be paced"):
        open_file(tmp_path / "clip.mp4", 5.0, FakeClock(), loop=True)


def test_a_paced_file_plays_at_its_own_pace_and_a_loop_starts_again(tmp_path: Path) -> None:
    path, clock = write_clip(tmp_path / "clip.mp4", 9), SystemClock()
    source = open_file(path, 5.0, clock, paced=True, loop=True)
    begin = clock.monotonic()
    frames = list(islice(shown_by(source), 7))
    assert clock.monotonic() - begin == pytest.approx(1.2, abs=0.25)
    assert [number_of(frame.pixels) for frame in frames] == [0, 3, 6, 0, 3, 6, 0]
    gaps = [later.ts_ms - earlier.ts_ms for earlier, later in pairwise(frames)]
    assert gaps == pytest.approx([200] * 6, abs=120)
    assert source.progress is None


class DelayedClock(SystemClock):
    """The system's clock, after a delay."""

    def __init__(self) -> None:
        self.delay = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.delay


def test_a_paced_file_waits_for_who_takes_it_slowly_and_goes_on_at_its_pace(tmp_path: Path) -> None:
    clock = DelayedClock()
    source = open_file(write_clip(tmp_path / "clip.mp4", 15), 5.0, clock, paced=True)
    pictures = shown_by(source)
    first = [next(pictures)]
    clock.delay = 60.0
    begin = clock.monotonic()
    rest = list(pictures)
    assert clock.monotonic() - begin > 0.5
    assert [number_of(each.pixels) for each in first + rest] == [0, 3, 6, 9, 12]
