import re
import struct
import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from securevision.domain.ports.footage import Fragment
from securevision.domain.video import Packet, VideoFormat
from securevision.errors import InvalidInput
from securevision.footage.fragments import Mp4Fragments
from unit.footage.videos import camera_video, file_video, mp4_of, pictures_of, play, through_file

LAYERS = (("x265-params", "temporal-layers=3:log-level=none:keyint=30:bframes=4:b-pyramid=1"),)


def said_size(video: VideoFormat) -> tuple[int, int]:
    """Return the size that the sample entry says."""
    header = Mp4Fragments(video, Fragment.GOP).init()
    entry = re.search(rb"avc1|hvc1|mp4v", header)
    assert entry is not None
    width, height = struct.unpack_from(">HH", header, entry.end() + 24)
    return int(width), int(height)


@pytest.mark.parametrize("size", [(160, 96), (162, 98), (1920, 1080), (704, 576), (320, 242)])
@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_the_size_is_read_from_the_parameter_sets(codec: str, size: tuple[int, int]) -> None:
    video = camera_video(codec, 2, size=size).without_size()
    assert said_size(video.format) == size
    assert play(b"".join(mp4_of(video, Fragment.GOP))).size == size


@pytest.mark.parametrize(
    ("codec", "pixel_format", "options"),
    [
        ("libx264", "yuv444p", ()),
        ("libx264", "yuv422p", ()),
        ("libx264", "yuv420p10le", ()),
        ("libx264", "gray", ()),
        ("libx264", "yuv420p", (("x264-params", "tff=1"),)),
        ("libx264", "yuv420p", (("preset", "slow"), ("x264-params", "cqm=jvt"))),
        ("libx265", "yuv422p10le", ()),
        ("libx265", "yuv444p", ()),
        ("libx265", "gray", ()),
        ("libx265", "yuv420p", LAYERS),
    ],
)
def test_the_unusual_is_read_too(codec: str, pixel_format: str, options: tuple[tuple[str, str], ...]) -> None:
    video = camera_video(codec, 4, size=(162, 100), pixel_format=pixel_format, options=options)
    assert said_size(video.without_size().format) == (162, 100)
    assert play(b"".join(mp4_of(video, Fragment.PICTURE))).pictures == pictures_of(video)


@pytest.mark.parametrize(
    ("codec", "pixel_format", "options"),
    [
        ("libx264", "yuv420p", ()),
        ("libx264", "yuv444p", ()),
        ("libx264", "yuv420p10le", ()),
        ("libx265", "yuv420p", ()),
        ("libx265", "yuv422p10le", LAYERS),
    ],
)
def test_the_record_is_the_one_that_ffmpeg_writes(
    codec: str, pixel_format: str, options: tuple[tuple[str, str], ...]
) -> None:
    video = camera_video(codec, 4, size=(162, 100), pixel_format=pixel_format, options=options)
    of_file = through_file(video).format
    expected = bytearray(of_file.extradata)
    if video.format.codec == "hevc":
        # FFmpeg says hev1 here, whose sets need not be complete.
        for kind in (32, 33, 34):
            expected = expected.replace(bytes([kind, 0, 1, 0]), bytes([0x80 | kind, 0, 1, 0]), 1)
    for either in (video.format, of_file):
        header = Mp4Fragments(either, Fragment.GOP).init()
        record = header.index(b"avcC" if codec == "libx264" else b"hvcC")
        size = int.from_bytes(header[record - 4 : record])
        assert header[record + 4 : record - 4 + size] == expected


def test_the_name_for_browsers_says_profile_and_level() -> None:
    sps = camera_video().format.extradata.split(b"\0\0\1")[1]
    mime = Mp4Fragments(camera_video().format, Fragment.GOP).mime
    assert mime == f'video/mp4; codecs="avc1.{sps[1]:02x}{sps[2]:02x}{sps[3]:02x}"'
    assert Mp4Fragments(file_video().format, Fragment.GOP).mime.startswith('video/mp4; codecs="avc1.')
    # x265 says: profile 1, compatible with 1 and 2, level 1.0 or so, progressive and frames only.
    hevc = Mp4Fragments(camera_video("libx265").format, Fragment.GOP).mime
    assert re.fullmatch(r'video/mp4; codecs="hvc1\.1\.6\.L\d+\.90"', hevc)
    assert Mp4Fragments(file_video("libx265").format, Fragment.GOP).mime == hevc


@pytest.mark.parametrize(
    ("profile", "name"),
    [
        # The example of ISO 14496-15, E.3, and of the HEVC registration.
        ("0160000003 00b0000003 000003005d", "hvc1.1.6.L93.B0"),
        ("2160000003 00b0000003 000003005d", "hvc1.1.6.H93.B0"),
        ("4160000003 00b0000003 000003005d", "hvc1.A1.6.L93.B0"),
        ("0220000003 00b0230000 0300005d", "hvc1.2.4.L93.B0.23"),
    ],
)
def test_the_name_of_h265_is_that_of_the_standard(profile: str, name: str) -> None:
    video = camera_video("libx265").format
    start = video.extradata.index(b"\x42\1") + 3
    plain, wanted = video.extradata[start : start + 15], bytes.fromhex(profile)
    changed = replace(video, extradata=video.extradata.replace(plain, wanted))
    assert Mp4Fragments(changed, Fragment.GOP).mime == f'video/mp4; codecs="{name}"'


@pytest.mark.parametrize("codec", ["h264", "hevc"])
@pytest.mark.parametrize("extradata", [b"", b"\1", b"\1" + bytes(40), b"\0\0\1", b"\0\0\1\x67", b"nonsense"])
def test_without_parameter_sets_there_is_no_mp4(codec: str, extradata: bytes) -> None:
    with pytest.raises(InvalidInput, match="parameter sets"):
        Mp4Fragments(VideoFormat(codec, 160, 96, extradata), Fragment.GOP)


def test_too_many_parameter_sets_are_refused() -> None:
    video = camera_video().format
    many = b"".join(b"\0\0\1\x68" + index.to_bytes(2) + b"\1" for index in range(300))
    with pytest.raises(InvalidInput, match="too many"):
        Mp4Fragments(replace(video, extradata=video.extradata + many), Fragment.GOP)
    with pytest.raises(InvalidInput, match="too long"):
        Mp4Fragments(replace(video, extradata=video.extradata + b"\0\0\1\x68" + b"\2" * 70_000), Fragment.GOP)


def ue(number: int) -> str:
    """Write an unsigned Exp-Golomb number."""
    binary = f"{number + 1:b}"
    return "0" * (len(binary) - 1) + binary


def h264_format(*fields: str, profile: int = 66) -> VideoFormat:
    """Return a video whose sequence parameter set has these bits after its level."""
    bits = "".join(fields) + "1"
    bits += "0" * (-len(bits) % 8)
    body = int(bits, 2).to_bytes(len(bits) // 8)
    kept = re.sub(rb"\0\0(?=[\0-\3])", b"\0\0\3", body)
    return VideoFormat(
        "h264", 0, 0, b"\0\0\1\x67" + bytes([profile, 0, 30]) + kept + b"\0\0\1\x68\xce\x38\x80"
    )


START = (ue(0), ue(0), ue(0), ue(0), ue(1), "0")
"""Id, frame number, order of pictures (its kind and its bits), reference pictures, no gaps."""
TABLE = (ue(0), ue(0), ue(1), "0", "1", "0", ue(3), *["1"] * 3, ue(1), "0")
"""The same, but the order of pictures is a table."""


def plain(columns: int, rows: int, crop: str = "0") -> tuple[str, ...]:
    return (ue(columns - 1), ue(rows - 1), "1", "0", crop)


@pytest.mark.parametrize(
    ("fields", "size"),
    [
        ((*START, *plain(10, 6)), (160, 96)),
        (
            (ue(0), ue(0), ue(1), "0", "1", "1", ue(3), "010", "1", "00101", ue(1), "0", *plain(10, 6)),
            (160, 96),
        ),
        ((ue(0), ue(0), ue(2), ue(1), "0", *plain(10, 6)), (160, 96)),
        ((*START, *plain(10, 6, "1" + ue(1) + ue(2) + ue(0) + ue(3))), (154, 90)),
    ],
)
def test_a_set_made_by_hand_is_read(fields: tuple[str, ...], size: tuple[int, int]) -> None:
    assert said_size(h264_format(*fields)) == size


@pytest.mark.parametrize(
    "fields",
    [
        (*START, *plain(1025, 6)),
        (*START, *plain(10, 1 << 20)),
        (*START, *plain(10, 6, "1" + ue(1 << 20) + ue(0) * 3)),
        ("0" * 40 + "1" * 41, *START, *plain(10, 6)),
        (ue(0), ue(0), ue(1), "0", "1", "1", ue((1 << 32) - 2), "1" * 90),
        (ue(0),),
    ],
)
def test_a_set_that_makes_no_sense_is_refused(fields: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInput):
        Mp4Fragments(h264_format(*fields), Fragment.GOP)


@pytest.mark.parametrize("depth", [(8, 0), (0, 8)])
def test_a_depth_that_no_record_holds_is_refused(depth: tuple[int, int]) -> None:
    high = (ue(0), ue(1), ue(depth[0]), ue(depth[1]), "0", "0", *START[1:], *plain(10, 6))
    with pytest.raises(InvalidInput, match="no sense"):
        Mp4Fragments(h264_format(*high, profile=110), Fragment.GOP)


def test_a_record_that_is_cut_off_is_refused_wherever_it_is() -> None:
    for codec in ("libx264", "libx265"):
        video = file_video(codec).format
        # The last bytes of H.264's say how colours are stored; without them it is whole all the same.
        sets = len(video.extradata) - 4 * (video.codec == "h264")
        for length in range(sets):
            with pytest.raises(InvalidInput):
                Mp4Fragments(replace(video, extradata=video.extradata[:length]), Fragment.GOP)


EXTRADATA = {
    "h264": [camera_video().format.extradata, file_video().format.extradata],
    "hevc": [camera_video("libx265").format.extradata, file_video("libx265").format.extradata],
}


@settings(max_examples=100)
@given(st.data(), st.sampled_from(["h264", "hevc"]))
def test_damaged_parameter_sets_are_refused_or_used_and_nothing_else(data: st.DataObject, codec: str) -> None:
    damaged = bytearray(data.draw(st.sampled_from(EXTRADATA[codec])))
    for position in data.draw(st.lists(st.integers(0, len(damaged) - 1), min_size=1, max_size=6)):
        damaged[position] = data.draw(st.integers(0, 255))
    cut = bytes(damaged[: data.draw(st.integers(0, len(damaged)))])
    for extradata in (bytes(damaged), cut):
        try:
            fragments = Mp4Fragments(VideoFormat(codec, 0, 0, extradata), Fragment.PICTURE)
        except InvalidInput:
            continue
        assert fragments.init()
        fragments.add(Packet(b"\0\0\1\x65\1\0\0\0\1\x26\1", True, 0, 0, 0))


@pytest.mark.parametrize(
    "data",
    [b"\0\0\1" * 700_000, b"\0\0\1\x65" * 500_000, bytes(2_000_000), b"\0\0\1\x67" + b"\xff\0\0\3" * 500_000],
)
def test_no_unit_takes_more_than_time_in_proportion(data: bytes) -> None:
    begin = time.process_time()
    fragments = Mp4Fragments(camera_video().format, Fragment.GOP)
    fragments.add(Packet(data, True, 0, 0, 0))
    with pytest.raises(InvalidInput):
        Mp4Fragments(VideoFormat("h264", 0, 0, data), Fragment.GOP)
    video = file_video().format
    Mp4Fragments(video, Fragment.GOP).add(Packet(data, True, 0, 0, 0))
    # Squared, it would be minutes.
    assert time.process_time() - begin < 5


def test_what_belongs_to_another_video_is_not_taken_for_this_one() -> None:
    """An H.265 video named H.264 has no parameter sets of it."""
    video = camera_video("libx265")
    with pytest.raises(InvalidInput):
        Mp4Fragments(replace(video.format, codec="h264"), Fragment.GOP)
