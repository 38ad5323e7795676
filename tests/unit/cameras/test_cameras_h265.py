import io
from collections.abc import Iterable
from pathlib import Path

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.clips import write_clip, write_raw
from fakes.rtp_packets import Packetiser, access_units, aggregate, annex_b, fragments, parameter_sets
from securevision.cameras.access_units import Item
from securevision.cameras.bits import Damaged
from securevision.cameras.h265 import H265Depacketiser, read_set
from securevision.cameras.rtp import RtpPacket, RtpReceiver
from securevision.domain.video import AccessUnit, VideoFormat

VPS = bytes.fromhex("40010c01ffff01600000030090000003000003001eba0240")
SPS = bytes.fromhex("42010101600000030090000003000003001ea014206165ba4a4c2e68080000030008000003007840")
PPS = bytes.fromhex("4401c073c189")
SETS = (VPS, SPS, PPS)
KEY = b"\x26\x01\xaf" + b"k" * 50
NEXT = b"\x02\x01\xd0" + b"n" * 50
LEADING = b"\x10\x01\xd0" + b"l" * 50
CLEAN = b"\x2a\x01\xaf" + b"c" * 50


def push(payloads: Iterable[bytes], *, lost: frozenset[int] = frozenset()) -> list[Item]:
    """Return what comes of packets that make a picture each; before those in `lost` something is missing."""
    depacketiser = H265Depacketiser(SETS)
    items: list[Item] = []
    for index, payload in enumerate(payloads):
        items += depacketiser.push(RtpPacket(index, True, index in lost, memoryview(payload)))
    return items


def damage(*payloads: bytes, lost: frozenset[int] = frozenset()) -> list[bool]:
    return [item.damaged for item in push(payloads, lost=lost) if isinstance(item, AccessUnit)]


def test_one_nal_unit_in_a_packet() -> None:
    video, key, following = push((KEY, NEXT, NEXT))
    assert isinstance(video, VideoFormat)
    assert (video.codec, video.extradata) == ("hevc", annex_b(SETS))
    assert key == AccessUnit(annex_b([*SETS, KEY]), True, 0)
    assert following == AccessUnit(annex_b([NEXT]), False, 1)


def test_several_in_a_packet() -> None:
    _, key, _ = push((aggregate("hevc", [b"\x46\x01\x10", *SETS, b"\x4e\x01\x05", KEY]), NEXT, NEXT))
    assert isinstance(key, AccessUnit)
    assert key.data == annex_b([*SETS, b"\x4e\x01\x05", KEY])


def test_one_in_several_packets() -> None:
    depacketiser = H265Depacketiser(SETS)
    items: list[Item] = []
    for part in (*fragments("hevc", KEY, 12), NEXT):
        items += depacketiser.push(RtpPacket(part is NEXT, False, False, memoryview(part)))
    assert items[1] == AccessUnit(annex_b([*SETS, KEY]), True, 0)


@pytest.mark.parametrize("kind", range(16, 22))
def test_every_kind_of_random_access_is_a_keyframe(kind: int) -> None:
    _, unit = push((bytes((kind << 1, 1)) + KEY[2:], NEXT))
    assert isinstance(unit, AccessUnit)
    assert unit.keyframe


def test_what_follows_the_slices_stays_with_them() -> None:
    ending = b"\x50\x01\x84\x80"
    _, first, second, third = push((KEY, aggregate("hevc", [NEXT, ending]), NEXT, NEXT))
    assert isinstance(first, AccessUnit)
    assert isinstance(second, AccessUnit)
    assert isinstance(third, AccessUnit)
    assert second.data == annex_b([NEXT, ending])
    assert third.data == annex_b([NEXT])


@pytest.mark.parametrize(
    "nal", [b"\x46\x01\x10", b"\x4c\x01\xff", b"\x02\x09\xd0", b"\x03\x01\xd0", b"\x2e\x01\xd0"]
)
def test_what_tells_a_decoder_nothing_is_dropped(nal: bytes) -> None:
    _, first, second, *_ = push((KEY, aggregate("hevc", [nal, NEXT]), NEXT, NEXT))
    assert isinstance(first, AccessUnit)
    assert isinstance(second, AccessUnit)
    assert (first.data, second.data) == (annex_b([*SETS, KEY]), annex_b([NEXT]))


def test_leading_pictures_lack_what_was_lost_before_their_keyframe() -> None:
    stream = (KEY, NEXT, CLEAN, LEADING, LEADING, NEXT, CLEAN, LEADING, NEXT, NEXT)
    assert damage(*stream) == [False] * 10
    assert damage(*stream, lost=frozenset({2})) == [False, True, False, True, True, *[False] * 5]
    assert damage(*stream[2:]) == [False, True, True, *[False] * 5]


@pytest.mark.parametrize(
    "payload",
    [
        b"\x64\x01\x80abc",  # PACI
        b"\x82\x01\xd0abc",  # the forbidden bit
        b"\x02",
        b"\x02\x01",
        b"\x62\x01",
        b"\x62\x01\x81",
        b"\x62\x01\x01abc",  # no start
        b"\x60",
        b"\x60\x01",
        b"\x60\x01\0",
        b"\x60\x01\0\0\x02\x01\xd0",
        b"\x60\x01\0\2\x02\x01",
        b"\x60\x01\0\4\x02\x01\xd0",
        b"\x60\x01" + b"\0\3\x4e\x01\x05" * 65,
        b"\x42\x01\x01",
    ],
)
def test_what_is_not_supported_or_broken_is_damage(payload: bytes) -> None:
    before, _, *after, key, _ = damage(KEY, NEXT, payload, NEXT, NEXT, KEY, NEXT)
    assert not before
    assert after == [True, True]
    assert not key


@pytest.mark.parametrize(
    ("size", "pixel_format", "options"),
    [
        ((322, 182), "yuv420p", ""),
        ((64, 64), "yuv420p", ""),
        ((161, 97), "yuv444p", ""),
        ((162, 97), "yuv422p", ""),
        ((1922, 1082), "yuv420p", ":bframes=3:temporal-layers=3"),
        ((160, 96), "yuv420p10le", ""),
        ((170, 90), "gray", ""),
    ],
)
def test_the_size_is_what_ffmpeg_finds(
    tmp_path: Path, size: tuple[int, int], pixel_format: str, options: str
) -> None:
    path = write_clip(
        tmp_path / "a.h265",
        2,
        codec="libx265",
        container_format="hevc",
        size=size,
        pixel_format=pixel_format,
        options={"x265-params": f"log-level=none:bframes=0{options}"},
    )
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
    sets = [read_set(nal) for nal in parameter_sets("hevc", path.read_bytes())]
    assert [each.size for each in sets] == [None, (frame.width, frame.height), None]
    assert (frame.width, frame.height) == size


@pytest.mark.parametrize(
    "nal", [b"", b"\x40", b"\x42\x01", b"\x44\x01", SPS[:16], KEY, b"\x44\x01" + b"\0" * 90]
)
def test_what_is_no_parameter_set_is_damage(nal: bytes) -> None:
    with pytest.raises(Damaged):
        read_set(nal)


@given(st.sampled_from([SPS[:15], SPS, VPS, PPS, b"\x42\x01\x0d", b""]), st.binary(max_size=60))
def test_no_parameter_set_is_too_odd(head: bytes, rest: bytes) -> None:
    try:
        read = read_set(head + rest)
    except Damaged:
        return
    assert read.size is None or min(read.size) > 0


def test_the_pictures_are_those_of_the_file(tmp_path: Path) -> None:
    clip = write_raw(tmp_path / "clip.h265", 30)
    receiver, depacketiser = RtpReceiver(96), H265Depacketiser()
    seen = bytearray()
    for packets in Packetiser("hevc", 100).pictures(access_units("hevc", clip.read_bytes())):
        for packet in packets:
            received = receiver.receive(memoryview(packet))
            items = depacketiser.push(received) if received else ()
            seen += b"".join(item.data for item in items if isinstance(item, AccessUnit))
    assert decoded(seen) == decoded(clip.read_bytes())


def decoded(stream: bytes | bytearray) -> list[bytes]:
    with av.open(io.BytesIO(stream), "r", format="hevc") as container:
        pictures = [frame.to_ndarray().tobytes() for frame in container.decode(video=0)]
    assert len(pictures) == 30
    return pictures
