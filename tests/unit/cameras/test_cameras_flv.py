from collections.abc import Iterable, Sequence
from pathlib import Path

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.clips import write_clip
from fakes.decoded import numbers
from fakes.flv_tags import Tag, avc_configuration, avc_picture, video_tags
from securevision.cameras.flv import MAX_NALS, FlvVideo, Item
from securevision.cameras.parameter_sets import MAX_PARAMETER_SET, START_CODE
from securevision.domain.video import AccessUnit, VideoFormat
from securevision.errors import SourceRefused

KEY_SLICE, SLICE = b"\x65\x88\x84\x00", b"\x41\x9a\x02\x00"


def push(*tags: Tag | bytes) -> list[Item]:
    video = FlvVideo("rtmp://cam/x")
    made = [tag if isinstance(tag, Tag) else Tag(0, tag) for tag in tags]
    return [item for tag in made for item in video.push(tag.body, tag.time)]


def units(items: Iterable[Item]) -> list[AccessUnit]:
    return [item for item in items if isinstance(item, AccessUnit)]


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    """Sequence and picture parameter set of a picture of 322x182."""
    path = write_clip(tmp_path_factory.mktemp("sets") / "clip.flv", 1, size=(322, 182))
    (found,) = [item for item in push(*video_tags(path)) if isinstance(item, VideoFormat)]
    sequence, picture = found.extradata.split(START_CODE)[1:]
    return sequence, picture


B_FRAMES = {"bf": "2", "g": "15", "preset": "ultrafast", "b_strategy": "0", "crf": "12"}


@pytest.mark.parametrize(
    ("codec", "name", "options"),
    [
        ("libx264", "h264", None),
        ("libx264", "h264", B_FRAMES),
        ("libx265", "hevc", None),
        ("libx265", "hevc", {"x265-params": "bframes=2:keyint=15:crf=12:log-level=none"}),
    ],
)
def test_what_ffmpeg_writes_is_read_as_it_reads_it(
    tmp_path: Path, codec: str, name: str, options: dict[str, str] | None
) -> None:
    path = write_clip(tmp_path / "clip.flv", 45, codec=codec, options=options, size=(322, 182))
    items = push(*video_tags(path))
    assert [type(item) for item in items[:2]] == [VideoFormat, AccessUnit]
    assert isinstance(items[0], VideoFormat)
    assert (items[0].codec, items[0].width, items[0].height) == (name, 322, 182)
    assert numbers(items) == list(range(45))
    with av.open(str(path)) as container:
        expected = [
            (packet.pts, packet.dts, packet.is_keyframe) for packet in container.demux(video=0) if packet.size
        ]
    assert [(unit.pts, unit.dts, unit.keyframe) for unit in units(items)] == [
        (int(pts or 0) * 90, int(dts or 0) * 90, keyframe) for pts, dts, keyframe in expected
    ]
    assert not any(unit.damaged for unit in units(items))


def test_a_new_size_is_a_new_format(tmp_path: Path) -> None:
    small = video_tags(write_clip(tmp_path / "small.flv", 3))
    large = video_tags(write_clip(tmp_path / "large.flv", 3, size=(320, 192)))
    items = push(*small, *small, *large, *small)
    assert [(item.width, item.height) for item in items if isinstance(item, VideoFormat)] == [
        (160, 96),
        (320, 192),
        (160, 96),
    ]
    assert numbers(items) == [0, 1, 2] * 4


def test_parameter_sets_stand_before_each_keyframe_and_delimiters_nowhere(sets: tuple[bytes, bytes]) -> None:
    in_band = avc_picture(b"\x09\xf0", *sets, b"\x06\x05", KEY_SLICE)
    known, *pictures = push(avc_configuration(*sets), in_band, avc_picture(KEY_SLICE))
    assert isinstance(known, VideoFormat)
    expected = b"".join(START_CODE + nal for nal in (*sets, b"\x06\x05", KEY_SLICE))
    assert [unit.data for unit in units(pictures)] == [expected, known.extradata + START_CODE + KEY_SLICE]


def test_sets_that_came_with_pictures_alone(sets: tuple[bytes, bytes]) -> None:
    """Some servers send an empty configuration."""
    known, unit = push(avc_configuration(), avc_picture(*sets, KEY_SLICE))
    assert isinstance(known, VideoFormat)
    assert (known.width, known.height) == (322, 182)
    assert isinstance(unit, AccessUnit)


@pytest.mark.parametrize("length_size", [1, 2, 3, 4])
def test_lengths_of_each_size(sets: tuple[bytes, bytes], length_size: int) -> None:
    picture = avc_picture(KEY_SLICE, b"", KEY_SLICE, length_size=length_size)
    _, unit = push(avc_configuration(*sets, length_size=length_size), picture)
    assert isinstance(unit, AccessUnit)
    assert unit.data.endswith((START_CODE + KEY_SLICE) * 2)


def test_a_picture_may_be_shown_later_or_earlier_than_decoded(sets: tuple[bytes, bytes]) -> None:
    tags = [Tag(1000, avc_picture(KEY_SLICE, after_ms=after_ms)) for after_ms in (40, -40)]
    times = [(unit.pts, unit.dts) for unit in units(push(avc_configuration(*sets), *tags))]
    assert times == [(1040 * 90, 90_000), (960 * 90, 90_000)]


def test_after_a_damaged_picture_all_are_damaged_until_a_keyframe(sets: tuple[bytes, bytes]) -> None:
    inter, cut = avc_picture(SLICE, keyframe=False), avc_picture(SLICE, SLICE, keyframe=False)[:-1]
    key = avc_picture(KEY_SLICE)
    items = push(avc_configuration(*sets), key, inter, cut, inter, key, inter, cut[:6], inter)
    assert [unit.damaged for unit in units(items)] == [False, False, True, True, False, False, True]


def test_pictures_before_the_first_keyframe_are_counted_and_left_out(sets: tuple[bytes, bytes]) -> None:
    video = FlvVideo("rtmp://cam/x")
    video.push(avc_configuration(*sets), 0)
    assert list(video.push(avc_picture(SLICE, keyframe=False), 0)) == []
    assert video.pictures == 1
    assert len(video.push(avc_picture(KEY_SLICE), 0)) == 2


def test_pictures_after_other_sets_are_damaged_until_a_keyframe(
    sets: tuple[bytes, bytes], tmp_path: Path
) -> None:
    other = video_tags(write_clip(tmp_path / "other.flv", 1))[0].body
    inter, key = avc_picture(SLICE, keyframe=False), avc_picture(KEY_SLICE)
    items = push(avc_configuration(*sets), key, other, inter, key, inter)
    assert [unit.damaged for unit in units(items)] == [False, True, False, False]
    assert [isinstance(item, VideoFormat) for item in items] == [True, False, False, True, False, False]


@pytest.mark.parametrize(
    "body",
    [
        b"\x12" + bytes(20),  # Sorenson Spark
        b"\x14" + bytes(20),  # VP6
        b"\x1c" + bytes(20),  # H.265 as nobody registered it
        b"\x90av01" + bytes(20),
        b"\x91vp09" + bytes(20),
    ],
)
def test_other_formats_are_refused(body: bytes) -> None:
    with pytest.raises(SourceRefused, match=r"of a kind that is not supported; use H\.264 or H\.265"):
        push(body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x17",
        b"\x17\x00\x00\x00\x00",
        b"\x17\x02" + avc_picture(KEY_SLICE)[2:],  # the end of a sequence
        b"\x57\x00\x00\x00\x00\x00",  # a command of the player
        b"\xd0av01\x00",
        b"\x94hvc1\x00\x00",  # metadata: brightness and colours
        b"\x96\x10hvc1" + bytes(9),  # several tracks
        b"\x90hvc1",
    ],
)
def test_what_is_of_no_use_is_left_out(body: bytes, sets: tuple[bytes, bytes]) -> None:
    key = avc_picture(KEY_SLICE)
    assert push(avc_configuration(*sets), body, key, body, key) == push(avc_configuration(*sets), key, key)


def test_pictures_without_a_configuration_are_left_out(sets: tuple[bytes, bytes]) -> None:
    of_another = b"\x90hvc1" + bytes(40)
    assert push(avc_picture(*sets, KEY_SLICE)) == []
    assert push(avc_configuration(*sets), of_another, avc_picture(KEY_SLICE)) == []


def test_more_parts_than_any_picture_has_are_damage(sets: tuple[bytes, bytes]) -> None:
    tags = [avc_picture(*[KEY_SLICE] * count) for count in (MAX_NALS, MAX_NALS + 1)]
    assert [unit.damaged for unit in units(push(avc_configuration(*sets), *tags))] == [False, True]
    zeros = avc_configuration(*sets, length_size=1), avc_picture(KEY_SLICE) + bytes(1 << 20)
    assert all(unit.damaged for unit in units(push(*zeros)))


def test_a_set_that_cannot_be_one_is_damage(sets: tuple[bytes, bytes]) -> None:
    for odd in (b"\x67", sets[0] + bytes(MAX_PARAMETER_SET)):
        tags = [avc_configuration(*sets), avc_picture(odd, KEY_SLICE), avc_picture(KEY_SLICE)]
        assert [unit.damaged for unit in units(push(*tags))] == [True, False]


def test_a_record_of_nothing_but_sets_costs_little(sets: tuple[bytes, bytes]) -> None:
    record = avc_configuration(*[sets[0]] * 31, *[sets[1]] * 255)
    (unit,) = units(push(record, avc_picture(*[sets[0]] * (MAX_NALS - 1), KEY_SLICE)))
    assert unit.damaged
    endless = b"\x90hvc1" + bytes([1]) + bytes(21) + b"\xff" + b"\xa1\xff\xff" + bytes(1 << 20)
    assert push(endless) == []


bodies = st.binary(max_size=80) | st.tuples(
    st.sampled_from(
        [b"\x17\x00", b"\x17\x01", b"\x27\x01", b"\x90hvc1", b"\x91hvc1", b"\xa3hvc1", b"\x91avc1"]
    ),
    st.binary(max_size=60) | st.integers(0, 60).map(bytes),
).map(b"".join)


@given(st.lists(bodies, max_size=6))
def test_any_bytes_are_read_left_out_or_refused(several: list[bytes]) -> None:
    try:
        items = push(*several)
    except SourceRefused:
        return
    for unit in units(items):
        assert unit.data.startswith(START_CODE)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Tag]:
    return video_tags(write_clip(tmp_path_factory.mktemp("recorded") / "clip.flv", 6))


@given(st.data())
def test_damage_anywhere_is_survived(recorded: Sequence[Tag], data: st.DataObject) -> None:
    bodies = [bytearray(tag.body) for tag in recorded]
    for _ in range(data.draw(st.integers(1, 4))):
        body = bodies[data.draw(st.integers(0, len(bodies) - 1))]
        at = data.draw(st.integers(0, max(0, min(60, len(body) - 1))))
        body[at : at + 1] = data.draw(st.binary(max_size=2))
    try:
        items = push(*(bytes(body) for body in bodies))
    except SourceRefused:
        return
    assert len(units(items)) <= len(recorded)
