"""A camera with masks: what lies in them leaves neither as a packet nor as a picture."""

from collections.abc import Sequence

import numpy as np
import pytest

from fakes.source import PaintedPicture, ScriptedSource
from securevision.cameras.decoding import Decoder
from securevision.domain.frames import SourceState
from securevision.domain.ports.cameras import Item, Luma, Picture
from securevision.domain.video import TICKS_PER_SECOND, Packet, VideoFormat
from securevision.domain.zones import Polygon
from securevision.errors import SourceError
from securevision.footage.encoding import MaskingEncoder
from securevision.footage.masking import PrivacyMask
from securevision.runtime.masked_source import MaskedSource

WIDTH, HEIGHT, RATE = 320, 192, 15
SECRET = b"what nobody may see"
LEFT = Polygon(((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)))
BLACK, BRIGHT = 16, 200
NOW_MS = 1_700_000_000_000


def source_format(width: int = WIDTH, height: int = HEIGHT) -> VideoFormat:
    return VideoFormat("h264", width, height, SECRET)


def shown(count: int, width: int = WIDTH, height: int = HEIGHT) -> list[Item]:
    """Return packets and pictures as a camera gives them, all bright, each a little further on."""
    items: list[Item] = []
    for number in range(count):
        pixels = np.full((height, width, 3), BRIGHT, np.uint8)
        pixels[:, number % width] = 255
        ts_ms, pts = NOW_MS + number * 67, number * TICKS_PER_SECOND // RATE
        items.append(Packet(SECRET, keyframe=True, ts_ms=ts_ms, pts=pts, dts=pts))
        items.append(PaintedPicture(ts_ms, pixels, pts))
    return items


def masked(items: Sequence[Item], *, fps: float = RATE, **parts: object) -> MaskedSource:
    source = ScriptedSource(items, **parts)  # type: ignore[arg-type]
    return MaskedSource(source, lambda: MaskingEncoder(()), PrivacyMask, [LEFT], fps=fps)


def given(source: MaskedSource) -> tuple[list[VideoFormat], list[Packet], list[Picture]]:
    formats, packets, pictures = list[VideoFormat](), list[Packet](), list[Picture]()
    for item in source.items():
        match item:
            case None:
                pass
            case VideoFormat():
                formats.append(item)
            case Packet():
                packets.append(item)
            case _:
                pictures.append(item)
    return formats, packets, pictures


def decoded(video: VideoFormat, packets: Sequence[Packet]) -> list[Luma]:
    decoder = Decoder(video, "gate")
    pictures = [picture for packet in packets for picture in decoder.decode(packet)]
    return [picture.luma().copy() for picture in [*pictures, *decoder.finish()]]


def test_nothing_that_the_camera_sent_leaves_it() -> None:
    formats, packets, pictures = given(masked([source_format(), *shown(20)]))
    assert len(formats) == 1
    assert (formats[0].codec, formats[0].width, formats[0].height) == ("h264", WIDTH, HEIGHT)
    assert len(packets) == len(pictures) == 20
    assert SECRET not in formats[0].extradata + b"".join(packet.data for packet in packets)


def test_what_is_masked_is_black_in_packets_and_pictures_and_the_rest_is_as_it_was() -> None:
    [video], packets, pictures = given(masked([source_format(), *shown(20)]))
    views = [picture.luma() for picture in pictures]
    for luma in [*views, *decoded(video, packets)]:
        assert luma.shape == (HEIGHT, WIDTH)
        assert int(luma[:, : WIDTH // 2].max()) <= BLACK + 3
        assert int(luma[:, WIDTH // 2 + 16 :].min()) > 100
    with pytest.raises(ValueError, match="read-only"):
        views[0][0, 0] = 1


def test_a_picture_is_written_with_its_colours_black_too() -> None:
    _, _, [picture] = given(masked([source_format(), *shown(1)]))
    room = bytearray(WIDTH * HEIGHT * 3 // 2)
    picture.write_i420(memoryview(room))
    chroma = np.frombuffer(room, np.uint8)[WIDTH * HEIGHT :].reshape(2, HEIGHT // 2, WIDTH // 2)
    assert (chroma[:, :, : WIDTH // 4] == 128).all()
    assert (picture.width, picture.height, picture.ts_ms, picture.pts) == (WIDTH, HEIGHT, NOW_MS, 0)


def test_packets_keep_the_times_of_the_pictures_that_they_are_made_of() -> None:
    _, packets, pictures = given(masked([source_format(), *shown(20)]))
    assert [packet.ts_ms for packet in packets] == [NOW_MS + number * 67 for number in range(20)]
    assert [packet.pts for packet in packets] == [number * TICKS_PER_SECOND // RATE for number in range(20)]
    assert all(packet.dts == packet.pts for packet in packets)
    assert packets[0].keyframe
    assert [picture.pts for picture in pictures] == [packet.pts for packet in packets]


def test_every_picture_is_kept_and_as_many_are_given_as_are_wanted() -> None:
    _, packets, pictures = given(masked([source_format(), *shown(60)], fps=5.0))
    assert len(packets) == 60
    assert [picture.pts for picture in pictures] == [
        number * 3 * TICKS_PER_SECOND // RATE for number in range(20)
    ]


def test_another_connection_begins_anew() -> None:
    formats, packets, pictures = given(
        masked([source_format(), *shown(10), source_format(), *shown(10)], fps=5.0)
    )
    assert len(formats) == 2
    assert packets[10].keyframe
    assert [packet.pts for packet in packets[10:13]] == [0, 6_000, 12_000]
    assert len(pictures) == 8


def test_another_size_is_masked_as_well() -> None:
    formats, packets, pictures = given(
        masked([source_format(), *shown(3), source_format(640, 352), *shown(3, 640, 352)])
    )
    assert [(video.width, video.height) for video in formats] == [(WIDTH, HEIGHT), (640, 352)]
    for luma in [pictures[-1].luma(), *decoded(formats[1], packets[3:])]:
        assert luma.shape == (352, 640)
        assert int(luma[:, :320].max()) <= BLACK + 3
        assert int(luma[:, 340:].min()) > 100


def test_whoever_takes_its_items_can_look_around_while_no_picture_comes() -> None:
    """A damaged picture cannot be decoded, nor can any after it up to the next keyframe; the thread is not stuck."""
    packets = [Packet(SECRET, keyframe=False, ts_ms=NOW_MS, pts=i, dts=i, damaged=True) for i in range(5)]
    assert list(masked([source_format(), *packets]).items()) == [None] * 5


def test_what_it_is_wrapped_around_says_how_it_stands() -> None:
    source = masked([source_format(), *shown(2)], error=SourceError("clip.mp4 is damaged."))
    assert not source.live
    assert source.progress == 0.0
    with pytest.raises(SourceError, match="damaged"):
        given(source)
    assert source.progress == 1.0
    assert source.status.detail == "clip.mp4 is damaged."


def test_closing_it_closes_what_it_is_wrapped_around() -> None:
    source = masked([source_format(), *shown(2)], live=True)
    assert source.live
    assert source.progress is None
    for _ in source.items():
        source.close()
    assert source.status.state is SourceState.ENDED
