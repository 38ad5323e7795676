from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.clips import write_clip
from fakes.rtp_packets import (
    STEP,
    Codec,
    Marking,
    Packetiser,
    Stamping,
    access_units,
    annex_b,
    kind_of,
    nal_units,
    parameter_sets,
    rtp,
    without_sets,
)
from securevision.cameras.access_units import MAX_UNIT, Item
from securevision.cameras.h264 import H264Depacketiser
from securevision.cameras.h265 import H265Depacketiser
from securevision.cameras.rtp import RtpPacket, RtpReceiver
from securevision.domain.video import AccessUnit, VideoFormat

CODECS: Sequence[Codec] = ("h264", "hevc")
GOP = 5
SLICED = {
    "h264": {"aud": "1", "bf": "0", "g": str(GOP), "x264-params": "slices=3:keyint=5:scenecut=0"},
    "hevc": {
        "x265-params": f"bframes=0:keyint={GOP}:scenecut=0:slices=2:log-level=none:aud=1:repeat-headers=1"
    },
}


def write(
    directory: Path, codec: Codec, size: tuple[int, int] = (160, 96), pictures: int = 15
) -> list[bytes]:
    """Return the access units of a new stream, whose pictures have several slices."""
    path = write_clip(
        directory / f"{codec}{size[0]}.raw",
        pictures,
        codec={"h264": "libx264", "hevc": "libx265"}[codec],
        container_format=codec,
        size=size,
        options=SLICED[codec],
    )
    return access_units(codec, path.read_bytes())


@pytest.fixture(scope="module")
def streams(tmp_path_factory: pytest.TempPathFactory) -> dict[Codec, list[bytes]]:
    directory = tmp_path_factory.mktemp("streams")
    return {codec: write(directory, codec) for codec in CODECS}


def depacketiser(codec: Codec, sets: Iterable[bytes] = ()) -> H264Depacketiser | H265Depacketiser:
    return H264Depacketiser(sets) if codec == "h264" else H265Depacketiser(sets)


class Viewer:
    """Takes the packets of one camera."""

    def __init__(self, codec: Codec, sets: Iterable[bytes] = ()) -> None:
        self.depacketiser = depacketiser(codec, sets)
        self.receiver = RtpReceiver(96)

    def take(self, packets: Iterable[bytes]) -> list[Item]:
        items: list[Item] = []
        for packet in packets:
            received = self.receiver.receive(memoryview(packet))
            items += self.depacketiser.push(received) if received else ()
        return items


def units_of(items: Iterable[Item]) -> list[AccessUnit]:
    return [item for item in items if isinstance(item, AccessUnit)]


def formats_of(items: Iterable[Item]) -> list[VideoFormat]:
    return [item for item in items if isinstance(item, VideoFormat)]


def flat(pictures: Iterable[list[bytes]]) -> list[bytes]:
    return [packet for picture in pictures for packet in picture]


def expected(codec: Codec, units: Sequence[bytes], extradata: bytes) -> list[bytes]:
    """Return what is to come of access units of which every fifth is a keyframe."""
    return [
        (b"" if index % GOP else extradata) + without_sets(codec, unit) for index, unit in enumerate(units)
    ]


def test_the_streams_are_what_these_tests_need(streams: dict[Codec, list[bytes]]) -> None:
    for codec, units in streams.items():
        assert len(units) == 15
        assert [bool(parameter_sets(codec, unit)) for unit in units] == [
            index % GOP == 0 for index in range(15)
        ]
        assert all(len(nal_units(without_sets(codec, unit))) > 1 for unit in units)


def decoded_of(codec: Codec, unit: bytes) -> list[bytes]:
    """Return the NAL units of which a picture is made; messages (SEI) are about it."""
    messages = {"h264": (6,), "hevc": (39, 40)}[codec]
    return [nal for nal in nal_units(unit) if kind_of(codec, nal) not in messages]


packetisers = st.builds(
    Packetiser,
    st.sampled_from(CODECS),
    st.integers(8, 400),
    st.booleans(),
    st.sampled_from(Marking),
    st.sampled_from(Stamping),
    st.integers(0, 65_535),
)


@settings(max_examples=40)
@given(packetisers, st.booleans())
def test_what_was_sent_comes_out_whole(
    streams: dict[Codec, list[bytes]], camera: Packetiser, described: bool
) -> None:
    codec = camera.codec
    units, sets = streams[codec], parameter_sets(codec, streams[codec][0])
    items = Viewer(codec, sets if described else ()).take(flat(camera.pictures(units)))
    assert formats_of(items) == [VideoFormat(codec, 160, 96, annex_b(sets))]
    assert items[0] == formats_of(items)[0]
    found = units_of(items)
    # The last one has not ended when nothing says so; in one packet it may.
    count = len(found)
    assert count == 15 or (count == 14 and camera.marking is not Marking.LAST)
    assert [each.data for each in found] == expected(codec, units, annex_b(sets))[:count]
    assert [each.keyframe for each in found] == [index % GOP == 0 for index in range(count)]
    assert not any(each.damaged for each in found)
    step = {Stamping.RISING: STEP, Stamping.CONSTANT: 0, Stamping.FALLING: -STEP}[camera.stamping]
    assert all(
        later.pts - earlier.pts == step for earlier, later in pairwise(found) if later.pts and earlier.pts
    )


@settings(max_examples=60)
@given(st.sampled_from(CODECS), st.integers(8, 400), st.booleans(), st.data())
def test_after_a_loss_nothing_is_called_whole_that_is_not(
    streams: dict[Codec, list[bytes]], codec: Codec, size: int, aggregated: bool, data: st.DataObject
) -> None:
    units = streams[codec]
    camera = Packetiser(codec, size, aggregated, data.draw(st.sampled_from(Marking)))
    packets = flat(camera.pictures(units))
    gone = data.draw(st.sets(st.integers(1, len(packets) - 1), min_size=1, max_size=6))
    left = [packet for index, packet in enumerate(packets) if index not in gone]
    whole = expected(codec, units, annex_b(parameter_sets(codec, units[0])))
    found = {((each.pts or 0) - 900_000) // STEP: each for each in units_of(Viewer(codec).take(left))}
    for index, unit in found.items():
        if unit.damaged:
            continue
        assert decoded_of(codec, unit.data) == decoded_of(codec, whole[index])
        assert unit.keyframe or (index - 1 in found and not found[index - 1].damaged)


@pytest.mark.parametrize("codec", CODECS)
def test_a_loss_hurts_until_the_next_keyframe(streams: dict[Codec, list[bytes]], codec: Codec) -> None:
    pictures = list(Packetiser(codec, 60).pictures(streams[codec]))
    del pictures[6][1]
    found = units_of(Viewer(codec).take(flat(pictures)))
    assert [each.damaged for each in found] == [index in range(6, 10) for index in range(15)]


@pytest.mark.parametrize("codec", CODECS)
def test_a_picture_that_is_lost_whole_hurts_those_after_it(
    streams: dict[Codec, list[bytes]], codec: Codec
) -> None:
    pictures = list(Packetiser(codec, 60).pictures(streams[codec]))
    del pictures[6]
    found = units_of(Viewer(codec).take(flat(pictures)))
    assert [each.damaged for each in found] == [index in range(6, 9) for index in range(14)]


@pytest.mark.parametrize("codec", CODECS)
def test_the_marker_ends_a_picture_at_once_when_four_have_kept_to_it(
    streams: dict[Codec, list[bytes]], codec: Codec
) -> None:
    viewer = Viewer(codec)
    came = [len(units_of(viewer.take(picture))) for picture in Packetiser(codec).pictures(streams[codec])]
    assert came == [0, 1, 1, 1, 2, *[1] * 10]


@pytest.mark.parametrize("marking", [Marking.NONE, Marking.NAL])
@pytest.mark.parametrize("codec", CODECS)
def test_without_a_marker_to_rely_on_pictures_come_one_late(
    streams: dict[Codec, list[bytes]], codec: Codec, marking: Marking
) -> None:
    viewer = Viewer(codec)
    pictures = Packetiser(codec, marking=marking).pictures(streams[codec])
    assert [len(units_of(viewer.take(picture))) for picture in pictures] == [0, *[1] * 14]


@pytest.mark.parametrize("codec", CODECS)
def test_a_marker_that_begins_to_lie_is_not_believed_again(
    streams: dict[Codec, list[bytes]], codec: Codec
) -> None:
    units = streams[codec]
    good = list(Packetiser(codec).pictures(units))
    bad = list(Packetiser(codec, marking=Marking.NAL).pictures(units))
    found = units_of(Viewer(codec).take(flat(good[:7] + bad[7:])))
    first = next(index for index, each in enumerate(found) if each.damaged)
    assert first == 8
    whole = expected(codec, units, annex_b(parameter_sets(codec, units[0])))
    assert [each.data for each in found if not each.damaged][-4:] == whole[10:14]


@pytest.mark.parametrize("codec", CODECS)
def test_the_marker_is_not_believed_before_a_keyframe_kept_to_it(
    streams: dict[Codec, list[bytes]], codec: Codec
) -> None:
    """A keyframe may have several slices where the other pictures have one."""
    units = [
        unit if index % GOP == 0 else annex_b(nal_units(without_sets(codec, unit))[:1])
        for index, unit in enumerate(streams[codec])
    ]
    packets = flat(Packetiser(codec, marking=Marking.NAL).pictures([*units[1:5] * 2, *units]))
    found = units_of(Viewer(codec, parameter_sets(codec, units[0])).take(packets))
    assert not any(each.damaged for each in found)
    assert [each.data for each in found] == expected(codec, units, annex_b(parameter_sets(codec, units[0])))[
        :14
    ]


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("alone", [True, False])
def test_a_keyframe_after_a_loss_must_bring_the_sets_it_always_brings(
    streams: dict[Codec, list[bytes]], codec: Codec, alone: bool
) -> None:
    pictures = list(Packetiser(codec).pictures(streams[codec]))
    last = len(parameter_sets(codec, streams[codec][0]))  # the delimiter is first
    del pictures[5][last if alone else 1 : last + 1]
    found = units_of(Viewer(codec).take(flat(pictures)))
    assert [each.damaged for each in found] == [index in range(5, 10) for index in range(15)]


@pytest.mark.parametrize("codec", CODECS)
def test_sets_of_a_keyframe_that_is_lost_do_not_count_for_the_next(
    streams: dict[Codec, list[bytes]], codec: Codec
) -> None:
    pictures = list(Packetiser(codec).pictures(streams[codec]))
    last = len(parameter_sets(codec, streams[codec][0]))
    pictures[5:11] = [pictures[5][: last + 1], pictures[10][last + 1 :]]
    found = units_of(Viewer(codec).take(flat(pictures)))
    assert [each.damaged for each in found] == [False] * 5 + [True] * 5


@pytest.mark.parametrize("codec", CODECS)
def test_a_picture_of_which_no_slice_came_does_not_hurt_the_keyframe_after_it(
    streams: dict[Codec, list[bytes]], codec: Codec
) -> None:
    for stamping in Stamping:
        pictures = list(Packetiser(codec, 12, stamping=stamping).pictures(streams[codec]))
        del pictures[9][:-1]
        found = units_of(Viewer(codec).take(flat(pictures)))
        assert [each.damaged for each in found] == [False] * 14


@pytest.mark.parametrize("codec", CODECS)
def test_sets_that_only_the_description_has_are_put_before_each_keyframe(
    streams: dict[Codec, list[bytes]], codec: Codec
) -> None:
    units = streams[codec]
    sets = parameter_sets(codec, units[0])
    pictures = list(Packetiser(codec).pictures(without_sets(codec, unit) for unit in units))
    del pictures[6]
    found = units_of(Viewer(codec, [b"", b"\xff", *sets]).take(flat(pictures)))
    whole = expected(codec, units, annex_b(sets))
    assert [each.data for each in found] == whole[:6] + whole[7:]
    assert [each.damaged for each in found] == [index in range(6, 9) for index in range(14)]


@pytest.mark.parametrize("codec", CODECS)
def test_without_sets_nothing_comes(streams: dict[Codec, list[bytes]], codec: Codec) -> None:
    viewer = Viewer(codec)
    assert (
        viewer.take(flat(Packetiser(codec).pictures(without_sets(codec, unit) for unit in streams[codec])))
        == []
    )
    assert viewer.depacketiser.units.pictures >= 14


@pytest.mark.parametrize("codec", CODECS)
def test_pictures_before_the_first_keyframe_are_counted_and_left_out(
    streams: dict[Codec, list[bytes]], codec: Codec
) -> None:
    viewer = Viewer(codec, parameter_sets(codec, streams[codec][0]))
    items = viewer.take(flat(Packetiser(codec).pictures(streams[codec][2:])))
    assert len(units_of(items)) == 10
    assert units_of(items)[0].keyframe
    assert not any(each.damaged for each in units_of(items))
    assert viewer.depacketiser.units.pictures == 13


@pytest.mark.parametrize("codec", CODECS)
def test_another_size_is_told_before_the_keyframe_that_brings_it(
    tmp_path: Path, streams: dict[Codec, list[bytes]], codec: Codec
) -> None:
    small, large = streams[codec][:10], write(tmp_path, codec, (320, 180), 5)
    items = Viewer(codec).take(flat(Packetiser(codec).pictures([*small, *large, *small])))
    kinds = [(item.width, item.height) if isinstance(item, VideoFormat) else item.keyframe for item in items]
    gop = [True, *[False] * 4]
    assert kinds == [(160, 96), *gop, *gop, (320, 180), *gop, (160, 96), *gop, *gop]
    first = items[12]
    assert isinstance(first, AccessUnit)
    assert first.data.startswith(formats_of(items)[1].extradata)


@pytest.mark.parametrize("codec", CODECS)
def test_sets_between_the_slices_of_a_picture_belong_to_the_next(
    streams: dict[Codec, list[bytes]], codec: Codec
) -> None:
    """GStreamer repeats them before every slice of a keyframe."""
    units = streams[codec]
    sets = parameter_sets(codec, units[0])
    repeated = [
        unit
        if index % GOP
        else annex_b([each for nal in nal_units(without_sets(codec, unit)) for each in (*sets, nal)])
        for index, unit in enumerate(units)
    ]
    items = Viewer(codec).take(flat(Packetiser(codec).pictures(repeated)))
    assert len(formats_of(items)) == 1
    assert [each.data for each in units_of(items)] == expected(codec, units, annex_b(sets))
    assert not any(each.damaged for each in units_of(items))


@pytest.mark.parametrize("codec", CODECS)
def test_new_sets_that_come_without_a_keyframe_are_passed_on(
    streams: dict[Codec, list[bytes]], codec: Codec
) -> None:
    units = streams[codec][:5]
    sets = parameter_sets(codec, units[0])
    changed = sets[-1] + b"\x55"
    units[2] = annex_b([changed]) + units[2]
    items = Viewer(codec).take(flat(Packetiser(codec).pictures(units)))
    third = units_of(items)[2].data
    assert third == annex_b([*sets[:-1], changed]) + without_sets(codec, units[2]).replace(
        annex_b([changed]), b""
    )
    assert len(formats_of(items)) == 1


@pytest.mark.parametrize("codec", CODECS)
def test_a_set_that_cannot_be_read_is_damage(streams: dict[Codec, list[bytes]], codec: Codec) -> None:
    units = streams[codec][:10]
    sets = parameter_sets(codec, units[0])
    units[5] = annex_b([sets[-2][:4]]) + units[5]
    items = Viewer(codec).take(flat(Packetiser(codec).pictures(units)))
    assert len(formats_of(items)) == 1
    assert [each.damaged for each in units_of(items)] == [index >= 5 for index in range(10)]


@pytest.mark.parametrize("codec", CODECS)
def test_a_picture_without_end_stays_bounded(streams: dict[Codec, list[bytes]], codec: Codec) -> None:
    units = streams[codec]
    slice_ = nal_units(without_sets(codec, units[1]))[0]
    pictures = list(Packetiser(codec).pictures(units[:5]))
    endless = list(
        Packetiser(codec, 65_000, first=len(flat(pictures))).pictures(
            [annex_b([slice_ + b"x" * 3 * MAX_UNIT])]
        )
    )
    viewer = Viewer(codec)
    assert len(units_of(viewer.take(flat(pictures)))) == 5
    late = units_of(viewer.take(flat(endless)))
    assert all(each.damaged and len(each.data) <= MAX_UNIT + 100 for each in late)


@pytest.mark.parametrize("codec", CODECS)
def test_what_precedes_a_picture_is_bounded(streams: dict[Codec, list[bytes]], codec: Codec) -> None:
    message = {"h264": b"\x06\x05", "hevc": b"\x4e\x01"}[codec]
    viewer = Viewer(codec)
    viewer.take(flat(Packetiser(codec).pictures(streams[codec][:5])))
    for number in range(2000):
        viewer.take([rtp(number, 0, message + b"x" * 1000)])
    pictures = list(Packetiser(codec, first=2000).pictures(streams[codec][5:]))
    found = units_of(viewer.take(flat(pictures)))
    assert sum(len(each.data) for each in found) < 200_000


packets = st.builds(
    RtpPacket,
    st.integers(0, 3),
    st.booleans(),
    st.booleans(),
    st.binary(min_size=1, max_size=30).map(memoryview),
)


@given(st.sampled_from(CODECS), st.lists(packets, max_size=30))
def test_no_packets_are_too_odd(
    streams: dict[Codec, list[bytes]], codec: Codec, some: list[RtpPacket]
) -> None:
    taker = depacketiser(codec, parameter_sets(codec, streams[codec][0]))
    for packet in some:
        for item in taker.push(packet):
            assert isinstance(item, VideoFormat) or item.data


@given(st.sampled_from(CODECS), st.integers(8, 400), st.data())
def test_flipped_bits_end_nothing(
    streams: dict[Codec, list[bytes]], codec: Codec, size: int, data: st.DataObject
) -> None:
    some = [bytearray(packet) for packet in flat(Packetiser(codec, size).pictures(streams[codec]))]
    for _ in range(data.draw(st.integers(1, 20))):
        packet = data.draw(st.sampled_from(some))
        packet[data.draw(st.integers(0, len(packet) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    for item in Viewer(codec).take(map(bytes, some)):
        assert isinstance(item, AccessUnit) or (item.width > 0 and item.height > 0)
