import io
import tracemalloc
from dataclasses import replace
from itertools import accumulate, pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from securevision.domain.ports.footage import Fragment
from securevision.domain.video import TICKS_PER_SECOND, Packet, VideoFormat
from securevision.errors import InvalidInput
from securevision.footage.decode_times import DecodeTimes
from securevision.footage.fragments import Mp4Fragments
from securevision.footage.repair import whole_bytes
from unit.footage.videos import STEP, Video, camera_video, file_video, mp4_of, pictures_of, play

VIDEOS = {
    "H.264 of a camera": lambda: camera_video("libx264"),
    "H.265 of a camera": lambda: camera_video("libx265"),
    "H.264 of a file": lambda: file_video("libx264"),
    "H.265 of a file": lambda: file_video("libx265"),
    "H.264 of a camera with B-frames": lambda: camera_video("libx264", b_frames=2),
}
TAGS = {"h264": "avc1", "hevc": "hvc1"}


def times(video: Video) -> list[tuple[int, int]]:
    return [(packet.pts, packet.dts) for packet in video.packets]


@pytest.fixture(params=VIDEOS, name="video")
def any_video(request: pytest.FixtureRequest) -> Video:
    return VIDEOS[request.param]()


@pytest.mark.parametrize("per", Fragment)
def test_an_mp4_plays_as_its_packets_do(video: Video, per: Fragment) -> None:
    played = play(b"".join(mp4_of(video.without_size(), per)))
    assert played.pictures == pictures_of(video)
    assert len(played.pictures) == 30
    assert [(pts, dts) for pts, dts, _, _ in played.packets] == times(video)
    assert [keyframe for _, _, _, keyframe in played.packets] == [packet.keyframe for packet in video.packets]
    assert {duration for _, _, duration, _ in played.packets} == {STEP}
    assert played.tag == TAGS[video.format.codec]
    assert played.size == (160, 96)


def test_the_videos_of_these_tests_are_what_they_say() -> None:
    assert all(pts != dts for pts, dts in times(file_video())[:1])
    assert len({pts - dts for pts, dts in times(camera_video(b_frames=2))}) > 1
    assert camera_video().format.extradata.startswith(b"\0\0\0\1")
    assert [index for index, packet in enumerate(file_video("libx265").packets) if packet.keyframe] == [
        0,
        10,
        20,
    ]


def test_of_a_clip_each_gop_comes_when_the_next_one_begins() -> None:
    video = camera_video()
    fragments = Mp4Fragments(video.format, Fragment.GOP)
    due = [index for index, packet in enumerate(video.packets) if fragments.add(packet)]
    assert due == [10, 20]
    assert fragments.close()
    assert not fragments.close()


def test_of_live_view_each_picture_comes_at_once(video: Video) -> None:
    fragments = Mp4Fragments(video.format, Fragment.PICTURE)
    live, whole = fragments.init(), video.packets
    for count, packet in enumerate(whole, 1):
        live += fragments.add(packet)
        if count in {1, 2, 11, 30}:
            assert play(live).pictures == pictures_of(Video(video.format, whole[:count]))
    assert not fragments.close()


@pytest.mark.parametrize("per", Fragment)
def test_nothing_comes_before_the_first_keyframe_and_that_is_at_zero(per: Fragment) -> None:
    video = camera_video()
    late = Video(video.format, video.packets[3:])
    played = play(b"".join(mp4_of(late, per)))
    assert played.pictures == pictures_of(video)[10:]
    assert [pts for pts, _, _, _ in played.packets] == [index * STEP for index in range(20)]
    assert mp4_of(Video(video.format, video.packets[3:9]), per) == [Mp4Fragments(video.format, per).init()]


@given(fragments=st.integers(0, 6), torn=st.integers(0, 400), per=st.sampled_from(Fragment))
def test_what_was_written_can_be_played_when_the_writer_is_killed(
    fragments: int, torn: int, per: Fragment
) -> None:
    video = camera_video(count=12, gop=2)
    parts = mp4_of(video, per)
    written = b"".join(parts[: 1 + fragments])
    pictures = fragments * 2 if per is Fragment.GOP else fragments
    assert play(written).pictures == pictures_of(Video(video.format, video.packets[:pictures]))
    broken = written + b"".join(parts[1 + fragments :])[:torn]
    whole = whole_bytes(io.BytesIO(broken))
    assert len(written) <= whole in set(accumulate(map(len, parts)))
    assert play(broken[:whole]).pictures[:pictures] == pictures_of(video)[:pictures]


@given(st.binary(max_size=100))
@example(bytes(40))
def test_of_what_is_no_mp4_nothing_is_whole(data: bytes) -> None:
    assert whole_bytes(io.BytesIO(data)) == 0


STEPS = st.one_of(st.integers(1, 20_000), st.sampled_from([STEP, 1, 10 * TICKS_PER_SECOND]))


@given(st.lists(STEPS, min_size=12, max_size=12), st.lists(st.integers(0, 900_000), min_size=1, max_size=5))
def test_the_times_of_a_clip_are_those_of_its_packets(steps: list[int], offsets: list[int]) -> None:
    video = camera_video(count=12, gop=4).retimed(steps, offsets)
    played = play(b"".join(mp4_of(video, Fragment.GOP)))
    assert [(pts, dts) for pts, dts, _, _ in played.packets] == times(video)
    lasting = [after.dts - before.dts for before, after in pairwise(video.packets)]
    assert [duration for _, _, duration, _ in played.packets] == [
        *lasting,
        min(lasting[-1], TICKS_PER_SECOND),
    ]


@given(st.lists(STEPS, min_size=12, max_size=12), st.lists(st.integers(0, 900_000), min_size=1, max_size=5))
def test_the_times_of_showing_of_live_view_are_those_of_its_packets(
    steps: list[int], offsets: list[int]
) -> None:
    video = camera_video(count=12, gop=4).retimed(steps, offsets)
    played = play(b"".join(mp4_of(video, Fragment.PICTURE)))
    assert [pts for pts, _, _, _ in played.packets] == [packet.pts for packet in video.packets]


@given(st.lists(STEPS, min_size=1, max_size=60))
def test_no_gap_makes_a_browser_wait_for_the_next_keyframe(steps: list[int]) -> None:
    placing = DecodeTimes()
    shown = [0, *accumulate(steps)]
    placed = [placing.place(dts) for dts in shown]
    for (before, duration), (after, _) in pairwise(placed):
        assert before < after
        assert (after - before) / TICKS_PER_SECOND * 1e6 + 1 < 2 * (
            duration / TICKS_PER_SECOND * 1e6 - 1
        ) or (after - before == 1)
    assert all(decoded <= dts for (decoded, _), dts in zip(placed, shown, strict=True))
    assert all(dts - decoded <= 6 * max(steps) for (decoded, _), dts in zip(placed, shown, strict=True))


@pytest.mark.parametrize("step", [TICKS_PER_SECOND // 30, STEP, 3 * TICKS_PER_SECOND])
def test_pictures_at_a_steady_rate_are_decoded_when_they_are_shown_soon_after_a_gap(step: int) -> None:
    placing, gap = DecodeTimes(), 5 * TICKS_PER_SECOND
    placing.place(0)
    placed = [placing.place(gap + index * step) for index in range(60)]
    assert placed[-1] == (gap + 59 * step, step)
    # What can be played never ends far in the future, where a viewer would look for the newest picture.
    assert max(duration for _, duration in placed) < step + TICKS_PER_SECOND


def test_a_gop_without_an_end_comes_in_parts() -> None:
    packets = camera_video(count=31, gop=1000).packets
    by_time = Video(camera_video().format, packets).retimed([TICKS_PER_SECOND] * 31)
    header, *parts = mp4_of(by_time, Fragment.GOP)
    assert len(parts) == 7
    played = play(header + b"".join(parts))
    assert [dts for _, dts, _, _ in played.packets] == [packet.dts for packet in by_time.packets]
    assert len(played.pictures) == 31
    large = [replace(packet, data=packet.data + b"\2" * 300_000) for packet in packets]
    assert 4_000_000 < max(map(len, mp4_of(Video(by_time.format, tuple(large)), Fragment.GOP))) < 5_000_000
    tiny = tuple(Packet(b"\0\0\1\x61\1", index == 0, 0, index, index) for index in range(2500))
    assert len(mp4_of(Video(by_time.format, tiny), Fragment.GOP)) == 4


def test_the_data_of_a_fragment_are_found_from_its_own_beginning() -> None:
    """The byte stream format of Media Source Extensions asks for it; FFmpeg takes it for granted."""
    fragment = mp4_of(camera_video(), Fragment.GOP)[1]
    flags = fragment.index(b"tfhd") + 5
    assert int.from_bytes(fragment[flags : flags + 3]) & 0x020000


@pytest.mark.parametrize("per", Fragment)
def test_a_packet_without_a_picture_is_left_out(per: Fragment) -> None:
    video = camera_video()
    empty = Packet(b"\0\0\1", True, 0, 0, 0)
    sets_alone = Packet(video.format.extradata.split(b"\0\0\1\x06")[0], True, 0, 1, 1)
    shifted = tuple(replace(packet, pts=packet.pts + 2, dts=packet.dts + 2) for packet in video.packets)
    with_empty = Video(video.format, (empty, sets_alone, *shifted, replace(empty, pts=1 << 20, dts=1 << 20)))
    assert mp4_of(with_empty, per) == mp4_of(video, per)
    lying = Packet(b"\0\0\1\0\x65\1\2", True, 0, 0, 0)
    assert not Mp4Fragments(file_video().format, per).add(lying)


def test_times_that_do_not_fit_their_field_break_nothing() -> None:
    day = 24 * 3600 * TICKS_PER_SECOND
    video = camera_video(count=4, gop=100).retimed([0, 1, day, STEP], [0, day])
    assert len(play(b"".join(mp4_of(video, Fragment.PICTURE))).pictures) == 4
    played = play(b"".join(mp4_of(video, Fragment.GOP)))
    assert len(played.pictures) == 4
    assert [dts for _, dts, _, _ in played.packets] == [packet.dts for packet in video.packets]


@pytest.mark.parametrize("per", Fragment)
def test_memory_does_not_grow_with_time(per: Fragment) -> None:
    """Also shows that nothing takes time in proportion to what was before."""
    fragments = Mp4Fragments(camera_video().format, per)

    def send(begin: int, end: int) -> int:
        for index in range(begin, end):
            fragments.add(Packet(b"\0\0\1\x65\1", index % 50 == 0, 0, index * STEP, index * STEP))
        return tracemalloc.get_traced_memory()[0]

    send(0, 97_000)
    tracemalloc.start()
    try:
        assert send(97_000, 100_000) < 30_000
    finally:
        tracemalloc.stop()


def test_parameter_sets_between_the_pictures_are_left_out_unless_they_differ() -> None:
    video = camera_video()
    repeated = tuple(replace(packet, data=video.format.extradata + packet.data) for packet in video.packets)
    plain, again = mp4_of(video, Fragment.GOP), mp4_of(Video(video.format, repeated), Fragment.GOP)
    assert b"".join(again).count(video.format.extradata[4:12]) == 1
    assert len(b"".join(again)) == len(b"".join(plain)) + _seis(video) * len(video.packets)
    other = camera_video(size=(320, 192))
    stale = Video(
        video.format, tuple(replace(p, data=other.format.extradata + p.data) for p in other.packets)
    )
    assert play(b"".join(mp4_of(stale, Fragment.GOP))).pictures == pictures_of(other)


def _seis(video: Video) -> int:
    """Return how many bytes of the parameter sets are no set: the encoder's signature."""
    units = video.format.extradata.split(b"\0\0\1")[1:]
    return sum(4 + len(unit.rstrip(b"\0")) for unit in units if unit[0] & 31 not in {7, 8})


@pytest.mark.parametrize("size", [1, 2])
def test_short_lengths_before_the_units_are_made_long(size: int) -> None:
    """A file may say that lengths have one byte or two."""
    video = file_video("libx264")
    record = bytearray(video.format.extradata)
    record[4] = 0xFC | (size - 1)
    packets = tuple(replace(packet, data=_shortened(packet.data, size)) for packet in video.packets)
    short = Video(replace(video.format, extradata=bytes(record)), packets)
    assert b"".join(mp4_of(short, Fragment.GOP)) == b"".join(mp4_of(_small_units(video, size), Fragment.GOP))
    assert play(b"".join(mp4_of(short, Fragment.PICTURE))).packets


def _units(data: bytes) -> list[bytes]:
    units = []
    while data:
        length = int.from_bytes(data[:4])
        units.append(data[4 : 4 + length])
        data = data[4 + length :]
    return units


def _shortened(data: bytes, size: int) -> bytes:
    return b"".join(len(unit).to_bytes(size) + unit for unit in _units(data) if len(unit) < 256**size)


def _small_units(video: Video, size: int) -> Video:
    return Video(
        video.format,
        tuple(
            replace(
                packet,
                data=b"".join(len(u).to_bytes(4) + u for u in _units(packet.data) if len(u) < 256**size),
            )
            for packet in video.packets
        ),
    )


@pytest.mark.parametrize("quarters", range(4))
def test_a_turned_video_stays_turned(quarters: int) -> None:
    video = camera_video()
    turned = Video(replace(video.format, quarters=quarters), video.packets)
    assert play(b"".join(mp4_of(turned, Fragment.GOP))).rotation % 360 == 90 * quarters


def test_mjpeg_becomes_an_mp4_for_players_outside_the_browser() -> None:
    video = camera_video("mjpeg", pixel_format="yuvj420p")
    for per in Fragment:
        played = play(b"".join(mp4_of(video, per)))
        assert played.tag == "mp4v"
        assert played.pictures == pictures_of(video)
        assert [pts for pts, _, _, _ in played.packets] == [index * STEP for index in range(30)]
    assert Mp4Fragments(video.format, Fragment.GOP).mime == 'video/mp4; codecs="mp4v.6C"'


@pytest.mark.parametrize("codec", ["vp9", "av1", "mpeg4", ""])
def test_another_codec_is_refused(codec: str) -> None:
    with pytest.raises(InvalidInput, match=r"use H\.264 or H\.265"):
        Mp4Fragments(VideoFormat(codec, 160, 96, b"x"), Fragment.GOP)


@settings(max_examples=100)
@given(
    data=st.lists(st.one_of(st.binary(max_size=30), st.sampled_from([b"\0\0\1", b"\0\0\3", b"\1"]))).map(
        b"".join
    ),
    codec=st.sampled_from(["h264", "hevc", "mjpeg"]),
    per=st.sampled_from(Fragment),
)
def test_no_packet_breaks_it(data: bytes, codec: str, per: Fragment) -> None:
    video = {"h264": camera_video(), "hevc": file_video("libx265")}.get(
        codec, camera_video("mjpeg", pixel_format="yuvj420p")
    )
    fragments = Mp4Fragments(video.format, per)
    for index in range(3):
        fragments.add(Packet(data, True, 0, index, index))
    fragments.close()
