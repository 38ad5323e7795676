import io
from collections.abc import Sequence
from pathlib import Path

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.clips import write_clip, write_raw
from fakes.rtp_packets import (
    Packetiser,
    access_units,
    aggregate,
    annex_b,
    fragments,
    nal_units,
    parameter_sets,
)
from securevision.cameras.access_units import Item
from securevision.cameras.bits import Damaged
from securevision.cameras.h264 import H264Depacketiser, read_set
from securevision.cameras.rtp import RtpPacket, RtpReceiver
from securevision.domain.video import AccessUnit, VideoFormat

SPS = bytes.fromhex("6742c00ada0a36840000030004000003007 83c489a80".replace(" ", ""))
PPS = bytes.fromhex("68ce03bc80")
KEY = b"\x65\x88" + b"k" * 50
NEXT = b"\x41\x9a" + b"n" * 50


def push(*payloads: bytes, markers: bool = True) -> list[Item]:
    """Return what comes of packets that make a picture each."""
    depacketiser = H264Depacketiser([SPS, PPS])
    items: list[Item] = []
    for index, payload in enumerate(payloads):
        items += depacketiser.push(RtpPacket(index, markers, False, memoryview(payload)))
    return items


def damage(*payloads: bytes) -> list[bool]:
    return [item.damaged for item in push(*payloads) if isinstance(item, AccessUnit)]


def test_one_nal_unit_in_a_packet() -> None:
    video, key, following = push(KEY, NEXT, NEXT)
    assert video == VideoFormat("h264", 160, 96, annex_b([SPS, PPS]))
    assert key == AccessUnit(annex_b([SPS, PPS, KEY]), True, 0)
    assert following == AccessUnit(annex_b([NEXT]), False, 1)


def test_several_in_a_packet() -> None:
    _, key, _ = push(aggregate("h264", [b"\x09\xf0", SPS, PPS, b"\x06\x05", KEY]), NEXT, NEXT)
    assert isinstance(key, AccessUnit)
    assert key.data == annex_b([SPS, PPS, b"\x06\x05", KEY])


def test_one_in_several_packets() -> None:
    depacketiser = H264Depacketiser([SPS, PPS])
    items: list[Item] = []
    parts = fragments("h264", KEY, 12)
    assert len(parts) > 3
    for part in (*parts, NEXT):
        items += depacketiser.push(RtpPacket(part is NEXT, part is parts[-1], False, memoryview(part)))
    assert isinstance(items[1], AccessUnit)
    assert items[1] == AccessUnit(annex_b([SPS, PPS, KEY]), True, 0)


def test_a_fragment_that_is_both_first_and_last_is_whole() -> None:
    assert damage(KEY, b"\x5c\xc1" + NEXT[1:], NEXT, NEXT) == [False] * 3


@pytest.mark.parametrize("size", [1400, 4])
def test_a_parameter_set_is_known_when_it_ends_and_not_later(size: int) -> None:
    changed = PPS + b"\x55"
    depacketiser = H264Depacketiser([SPS, PPS])
    for time, payload in enumerate([KEY, NEXT, *fragments("h264", changed, size)]):
        depacketiser.push(RtpPacket(min(time, 2), False, False, memoryview(payload)))
    depacketiser.push(RtpPacket(3, False, True, memoryview(NEXT)))
    (unit,) = depacketiser.push(RtpPacket(4, False, False, memoryview(NEXT)))
    assert unit == AccessUnit(annex_b([SPS, changed, NEXT]), False, 3, None, True)


def test_what_follows_after_the_last_fragment_is_damage() -> None:
    stray = fragments("h264", NEXT, 30)[1]
    assert damage(KEY, NEXT, stray, NEXT, KEY, NEXT)[3:] == [False] * 2
    depacketiser = H264Depacketiser([SPS, PPS])
    items: list[Item] = []
    for payload in (KEY, *fragments("h264", NEXT, 30), stray, NEXT, NEXT):
        items += depacketiser.push(RtpPacket(0, False, False, memoryview(payload)))
    assert [item.damaged for item in items[1:] if isinstance(item, AccessUnit)] == [False, True, True]


def test_more_parameter_sets_than_there_can_be_are_left_out() -> None:
    many = [b"\x68" + packed(ue(number) + "1") for number in range(60)]
    video, *_ = push(aggregate("h264", many), aggregate("h264", [*many, KEY]), NEXT, NEXT)
    assert isinstance(video, VideoFormat)
    assert len(nal_units(video.extradata)) == 32


@pytest.mark.parametrize("nal", [b"\x09\xf0", b"\x0c\xff\xff", b"\x6e\x80", b"\x0f\x80", b"\x14\x80"])
def test_what_tells_a_decoder_nothing_is_dropped(nal: bytes) -> None:
    depacketiser = H264Depacketiser([SPS, PPS])
    items: list[Item] = []
    for time, payload in enumerate([KEY, nal, NEXT]):
        items += depacketiser.push(RtpPacket(time, False, False, memoryview(payload)))
    for payload in (*fragments("h264", nal + b"x" * 20, 12), NEXT, NEXT):
        items += depacketiser.push(RtpPacket(3, False, False, memoryview(payload)))
    assert items[1:] == [
        AccessUnit(annex_b([SPS, PPS, KEY]), True, 0),
        AccessUnit(annex_b([NEXT]), False, 2),
        AccessUnit(annex_b([NEXT]), False, 3),
    ]


@pytest.mark.parametrize(
    "payload",
    [
        b"\x00abc",
        b"\x19\0\0\0\x02\x41\x9a",  # STAP-B
        b"\x1a\0\0\0\x02\0\0\0\x41\x9a",  # MTAP16
        b"\x1b\0\0\0\x02\0\0\0\0\x41\x9a",  # MTAP24
        b"\x5d\x81\0\0abc",  # FU-B
        b"\x5e",
        b"\xc1\x9aabc",  # the forbidden bit
        b"\x41",
        b"\x5c",
        b"\x5c\x81",
        b"\x5c\x01abc",  # no start
        b"\x18",
        b"\x18\0",
        b"\x18\0\0\x41\x9a",
        b"\x18\0\3\x41\x9a",
        b"\x18\0\1\x41",
        b"\x18" + b"\0\2\x06\x05" * 65,
        b"\x67\x42",
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
        ((322, 182), "yuv420p", {}),
        ((16, 16), "yuv420p", {}),
        ((160, 96), "yuv420p", {"profile": "baseline"}),
        ((161, 97), "yuv444p", {}),
        ((162, 97), "yuv422p", {}),
        ((166, 94), "gray", {}),
        ((1922, 1082), "yuv420p", {"x264-params": "cqm=jvt"}),
        ((160, 96), "yuv420p10le", {}),
    ],
)
def test_the_size_is_what_ffmpeg_finds(
    tmp_path: Path, size: tuple[int, int], pixel_format: str, options: dict[str, str]
) -> None:
    path = write_clip(
        tmp_path / "a.h264", 2, container_format="h264", size=size, pixel_format=pixel_format, options=options
    )
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
    sets = [read_set(nal) for nal in parameter_sets("h264", path.read_bytes())]
    assert [each.size for each in sets] == [(frame.width, frame.height), None]
    assert (frame.width, frame.height) == size


def test_scaling_lists_and_order_counts_are_passed_over() -> None:
    """High 4:4:4, twelve lists of which each kind of coding is in one, order count of type 1, fields, cropped."""
    fields = [
        ue(0),
        ue(3),
        "0",
        ue(0),
        ue(0),
        "0",
        "1",
        "1" + se(-8),
        "1" + se(3) * 16,
        "0" * 4,
        "1" + se(1) * 64,
    ]
    fields += ["0" * 5, ue(0), ue(1), "0", se(-5), se(5), ue(2), se(1), se(-1), ue(4), "0", ue(19), ue(11)]
    fields += ["0", "1", "1", "1", ue(1), ue(2), ue(3), ue(1), "0", "1"]
    sps = bytes((0x67, 244, 0, 30)) + packed("".join(fields))
    assert read_set(sps).size == (320 - 3, 2 * (192 - 4)) == size_by_ffmpeg(sps)


def size_by_ffmpeg(sps: bytes) -> tuple[int, int]:
    stream = annex_b([sps, b"\x68\xce\x3c\x80", b"\x65\x88\x84" + b"k" * 200]) * 3
    with av.open(io.BytesIO(stream), "r", format="h264") as container:
        context = container.streams.video[0].codec_context
        return context.width, context.height


def ue(value: int) -> str:
    digits = f"{value + 1:b}"
    return "0" * (len(digits) - 1) + digits


def se(value: int) -> str:
    return ue(2 * value - 1 if value > 0 else -2 * value)


def packed(bits: str) -> bytes:
    bits += "0" * (-len(bits) % 8)
    data = bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))
    return data.replace(b"\0\0\0", b"\0\0\3\0").replace(b"\0\0\1", b"\0\0\3\1")


def sized(width: int, height: int, crop: Sequence[int]) -> bytes:
    fields = [ue(0), ue(0), ue(2), ue(1), "0", ue(width), ue(height), "1", "0", "1", *map(ue, crop), "0", "1"]
    return bytes((0x67, 66, 0, 30)) + packed("".join(fields))


def test_an_impossible_size_is_damage() -> None:
    possible = sized(9, 5, (1, 2, 3, 4))
    assert read_set(possible).size == (154, 82) == size_by_ffmpeg(possible)
    for width, height, crop in (
        (9, 5, (40, 40, 0, 0)),
        (9, 5, (0, 0, 0, 48)),
        (1024, 5, (0, 0, 0, 0)),
        (1 << 31, 5, (0,) * 4),
    ):
        with pytest.raises(Damaged):
            read_set(sized(width, height, crop))


@pytest.mark.parametrize(
    "nal", [b"", b"\x67", b"\x68", SPS[:5], KEY, b"\x68" + b"\0" * 90, b"\x67" + b"\xff" * 3 + b"\0" * 4000]
)
def test_what_is_no_parameter_set_is_damage(nal: bytes) -> None:
    with pytest.raises(Damaged):
        read_set(nal)


@given(st.sampled_from([b"\x67\x64\0\x1f", b"\x67\xf4\0\x1f", SPS, PPS, b""]), st.binary(max_size=60))
def test_no_parameter_set_is_too_odd(head: bytes, rest: bytes) -> None:
    try:
        read = read_set(head + rest)
    except Damaged:
        return
    assert read.size is None or min(read.size) > 0


def test_the_pictures_are_those_of_the_file(tmp_path: Path) -> None:
    clip = write_raw(tmp_path / "clip.h264", 30)
    receiver, depacketiser = RtpReceiver(96), H264Depacketiser()
    seen = bytearray()
    for packets in Packetiser("h264", 100).pictures(access_units("h264", clip.read_bytes())):
        for packet in packets:
            received = receiver.receive(memoryview(packet))
            items = depacketiser.push(received) if received else ()
            seen += b"".join(item.data for item in items if isinstance(item, AccessUnit))
    assert decoded(seen) == decoded(clip.read_bytes())


def decoded(stream: bytes | bytearray) -> list[bytes]:
    with av.open(io.BytesIO(stream), "r", format="h264") as container:
        pictures = [frame.to_ndarray().tobytes() for frame in container.decode(video=0)]
    assert len(pictures) == 30
    return pictures
