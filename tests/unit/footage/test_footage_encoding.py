from collections.abc import Sequence
from itertools import pairwise
from typing import cast

import av
import cv2
import numpy as np
import pytest
from av.video.codeccontext import VideoCodecContext
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from securevision.domain.ports.footage import Fragment
from securevision.domain.video import TICKS_PER_SECOND, AccessUnit, Packet, VideoFormat
from securevision.domain.zones import Polygon
from securevision.errors import InvalidInput
from securevision.footage.encoding import MaskingEncoder
from securevision.footage.masking import PrivacyMask
from unit.footage.pictures import busy
from unit.footage.videos import Video, mp4_of, play

TRIANGLE = Polygon(((0.1, 0.1), (0.6, 0.3), (0.3, 0.8)))
CORNER = Polygon(((0.85, 0.85), (1.0, 0.85), (1.0, 1.0), (0.85, 1.0)))
Planes = tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]
POINT = st.tuples(st.floats(0, 1), st.floats(0, 1))


def inside(polygon: Polygon, width: int, height: int) -> NDArray[np.bool_]:
    """Return which pixels have their middle in a polygon, by the even-odd rule."""
    y, x = (np.indices((height, width)) + 0.5) / np.array([height, width])[:, None, None]
    odd = np.zeros((height, width), bool)
    for (x1, y1), (x2, y2) in pairwise((*polygon.points, polygon.points[0])):
        if y1 != y2:
            odd ^= ((y1 > y) != (y2 > y)) & (x < (x2 - x1) * (y - y1) / (y2 - y1) + x1)
    return odd


def planes_of(i420: NDArray[np.uint8], width: int, height: int) -> Planes:
    flat, size = i420.ravel(), width * height
    halves = flat[size:].reshape(2, height // 2, width // 2)
    return flat[:size].reshape(height, width), halves[0], halves[1]


def decoded(items: Sequence[VideoFormat | AccessUnit]) -> list[Planes]:
    pictures: list[Planes] = []
    decoder: VideoCodecContext | None = None
    for item in items:
        if isinstance(item, VideoFormat):
            decoder = cast("VideoCodecContext", av.CodecContext.create(item.codec, "r"))
            decoder.extradata = item.extradata
        else:
            assert decoder is not None
            frames = decoder.decode(av.Packet(item.data))
            pictures += [planes_of(np.asarray(f.to_ndarray(), np.uint8), f.width, f.height) for f in frames]
    return pictures


def encoded(
    masks: Sequence[Polygon], size: tuple[int, int], count: int, step: int = 3600
) -> list[VideoFormat | AccessUnit]:
    encoder = MaskingEncoder(masks)
    return [item for index in range(count) for item in encoder.encode(busy(index, *size), index * step)]


def units(items: Sequence[VideoFormat | AccessUnit]) -> list[AccessUnit]:
    return [item for item in items if isinstance(item, AccessUnit)]


@pytest.mark.parametrize("size", [(320, 192), (162, 98), (320, 180), (98, 162)])
def test_what_is_masked_is_black_when_it_is_decoded_and_the_rest_is_as_it_was(size: tuple[int, int]) -> None:
    masked = inside(TRIANGLE, *size) | inside(CORNER, *size)
    beside = ~near(masked)
    pictures = decoded(encoded([TRIANGLE, CORNER], size, 20))
    assert len(pictures) == 20
    for index, (luma, *colours) in enumerate(pictures):
        luma_before, *colours_before = planes_of(busy(index, *size).i420, *size)
        assert luma[masked].max() < 32
        assert off(luma, luma_before)[beside].mean() < 8
        for plane, before in zip(colours, colours_before, strict=True):
            assert off(plane, 128)[in_pairs(masked).any(axis=(1, 3))].max() < 12
            assert off(plane, before)[in_pairs(beside).all(axis=(1, 3))].max() < 20


def near(masked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return what is at most two blocks from a masked pixel."""
    return np.asarray(cv2.dilate(masked.astype(np.uint8), np.ones((65, 65), np.uint8))).astype(bool)


def in_pairs(pixels: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the four pixels of each colour, along the second and the last axis."""
    height, width = pixels.shape
    return pixels.reshape(height // 2, 2, width // 2, 2)


def off(plane: NDArray[np.uint8], expected: NDArray[np.uint8] | int) -> NDArray[np.int_]:
    return np.abs(plane.astype(int) - expected)


@settings(max_examples=150)
@given(
    st.lists(POINT, min_size=3, max_size=8),
    st.integers(1, 90).map(lambda half: 2 * half),
    st.integers(1, 90).map(lambda half: 2 * half),
)
def test_no_pixel_of_a_polygon_is_left_and_little_is_taken_besides(
    points: list[tuple[float, float]], width: int, height: int
) -> None:
    try:
        polygon = Polygon(tuple(points))
    except InvalidInput:
        return
    i420 = np.full(width * height * 3 // 2, 77, np.uint8)
    PrivacyMask([polygon], width, height).blacken(i420.data)
    luma, *colours = planes_of(i420, width, height)
    masked, wide = inside(polygon, width, height), polygon_box(polygon, width, height)
    assert (luma[masked] == 16).all()
    assert (luma[~wide] == 77).all()
    assert set(np.unique(luma)) <= {16, 77}
    for plane in colours:
        assert (plane[in_pairs(masked).any(axis=(1, 3))] == 128).all()
        assert (plane == np.where(in_pairs(luma == 16).any(axis=(1, 3)), 128, 77)).all()


def test_a_sliver_that_holds_no_middle_of_a_pixel_is_masked_all_the_same() -> None:
    sliver = Polygon(((0.1, 0.5), (0.9, 0.5), (0.9, 0.501)))
    i420 = np.full(320 * 192 * 3 // 2, 77, np.uint8)
    PrivacyMask([sliver], 320, 192).blacken(i420.data)
    assert not inside(sliver, 320, 192).any()
    assert (planes_of(i420, 320, 192)[0][96, 32:288] == 16).all()


def polygon_box(polygon: Polygon, width: int, height: int) -> NDArray[np.bool_]:
    """Return what is in the blocks around a polygon."""
    box = np.zeros((height, width), bool)
    (left, top), (right, bottom) = (edge(np.array(polygon.points), 0) for edge in (np.min, np.max))
    first_x, first_y = (int(max(0.0, value) // 16 * 16) for value in (left * width - 2, top * height - 2))
    last_x, last_y = (int((value // 16 + 1) * 16) for value in (right * width + 2, bottom * height + 2))
    box[first_y:last_y, first_x:last_x] = True
    return box


def test_a_format_comes_first_and_every_picture_comes_out_as_it_goes_in() -> None:
    encoder = MaskingEncoder([TRIANGLE])
    video, first = encoder.encode(busy(0, 320, 192), 500)
    assert isinstance(video, VideoFormat)
    assert (video.codec, video.width, video.height) == ("h264", 320, 192)
    assert isinstance(first, AccessUnit)
    assert (first.keyframe, first.pts, first.dts, first.damaged) == (True, 500, 500, False)
    (second,) = encoder.encode(busy(1, 320, 192), 6500)
    assert isinstance(second, AccessUnit)
    assert (second.keyframe, second.pts, second.dts) == (False, 6500, 6500)


@pytest.mark.parametrize("rate", [5, 15, 30])
def test_there_is_a_keyframe_every_two_seconds_whatever_the_rate(rate: int) -> None:
    step = TICKS_PER_SECOND // rate
    keyframes = [unit.pts for unit in units(encoded([CORNER], (96, 64), 7 * rate, step)) if unit.keyframe]
    assert keyframes == [0, 2 * TICKS_PER_SECOND, 4 * TICKS_PER_SECOND, 6 * TICKS_PER_SECOND]


def test_another_size_is_another_video() -> None:
    encoder = MaskingEncoder([CORNER])
    items: list[VideoFormat | AccessUnit] = []
    for index, size in enumerate([(96, 64), (96, 64), (128, 96), (96, 64)]):
        items += encoder.encode(busy(index, *size), index * 3600)
    sizes = [(item.width, item.height) for item in items if isinstance(item, VideoFormat)]
    assert sizes == [(96, 64), (128, 96), (96, 64)]
    assert [unit.keyframe for unit in units(items)] == [True, False, True, True]
    assert [luma.shape for luma, _, _ in decoded(items)] == [(64, 96), (64, 96), (96, 128), (64, 96)]


def test_another_rate_is_another_video_at_a_keyframe_and_a_gap_is_not() -> None:
    encoder, pts = MaskingEncoder([CORNER]), 0
    formats: list[int] = []
    steps = [3600] * 60 + [10 * TICKS_PER_SECOND] + [3600] * 60 + [18_000] * 40 + [3600] * 60
    for index, step in enumerate(steps):
        items = encoder.encode(busy(index, 96, 64), pts)
        if isinstance(items[0], VideoFormat):
            formats.append(index)
            assert units(items)[0].keyframe
        pts += step
    assert len(formats) == 3
    assert formats[0] == 0
    assert 121 < formats[1] < 161 < formats[2]


def test_bits_are_limited_whatever_is_seen() -> None:
    """Noise, which cannot be compressed; a third of it is masked."""
    encoder, rng, octets = MaskingEncoder([CORNER]), np.random.default_rng(1), 0
    for index in range(100):
        picture = busy(index, 320, 192)
        picture.i420[:] = rng.integers(16, 236, picture.i420.shape)
        octets += sum(len(unit.data) for unit in units(encoder.encode(picture, index * 3600)))
    assert octets * 8 / 4 < 1_300_000


def test_a_time_that_stands_or_goes_back_goes_on() -> None:
    encoder = MaskingEncoder([CORNER])
    times = [1000, 1000, 500, 5000, 4000, 90_000]
    out = [
        unit.pts
        for index, pts in enumerate(times)
        for unit in units(encoder.encode(busy(index, 96, 64), pts))
    ]
    assert out == [1000, 1001, 1002, 5000, 5001, 90_000]


def test_a_size_that_cannot_be_encoded_is_refused() -> None:
    with pytest.raises(InvalidInput, match="20000x16 pixels"):
        MaskingEncoder([TRIANGLE]).encode(busy(0, 20_000, 16), 0)


@pytest.mark.parametrize("per", Fragment)
def test_what_is_encoded_can_be_kept_and_shown_live(per: Fragment) -> None:
    video, *rest = encoded([TRIANGLE], (320, 192), 20)
    assert isinstance(video, VideoFormat)
    packets = tuple(
        Packet(unit.data, unit.keyframe, 0, unit.pts or 0, unit.dts or 0, unit.damaged)
        for unit in units(rest)
    )
    played = play(b"".join(mp4_of(Video(video, packets), per)))
    assert len(played.pictures) == 20
    assert played.size == (320, 192)
