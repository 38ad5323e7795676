import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.rtp_packets import interleaved, rtp
from securevision.cameras.rtp import Frame, Interleaved, RtpPacket, RtpReceiver
from securevision.cameras.rtsp_messages import Malformed, Response

OK = b"RTSP/1.0 200 OK\r\nContent-Length: 4\r\n\r\n$\0\0\1"


def read(wire: Interleaved, data: bytes, step: int = 1 << 16) -> list[tuple[int, bytes] | int]:
    """Return what is in bytes that come in steps: frames with their channel, and the status of responses."""
    found: list[tuple[int, bytes] | int] = []
    for start in range(0, len(data), step):
        piece = data[start : start + step]
        while piece:
            room = wire.room()
            assert len(room) >= 1 << 16
            count = min(len(room), len(piece))
            room[:count] = piece[:count]
            wire.fill(count)
            piece = piece[count:]
            while (item := wire.next()) is not None:
                if isinstance(item, Frame):
                    found.append((item.channel, bytes(item.data)))
                elif isinstance(item, Response):
                    found.append(item.status)
    return found


def test_frames_and_answers_are_told_apart() -> None:
    data = OK + interleaved(b"abc") + interleaved(b"", 1) + OK + b"\r\n" + interleaved(b"RTSP/1.0 ", 255)
    assert read(Interleaved(), data) == [200, (0, b"abc"), (1, b""), 200, (255, b"RTSP/1.0 ")]


parts = st.one_of(
    st.tuples(st.integers(0, 255), st.binary(max_size=300)).map(lambda each: interleaved(each[1], each[0])),
    st.sampled_from([OK, b"RTSP/1.0 404 No\n\n", b"\r\n", interleaved(b"x" * 0xFFFF)]),
)


@given(st.lists(parts, max_size=20), st.integers(1, 2000))
def test_it_does_not_matter_how_the_bytes_come(some: list[bytes], step: int) -> None:
    data = b"".join(some)
    assert read(Interleaved(), data, step) == read(Interleaved(), data)


def test_the_longest_frames_go_on_for_ever() -> None:
    wire = Interleaved()
    for index in range(40):
        data = bytes((index,)) * 0xFFFF
        assert read(wire, interleaved(data), 9973) == [(0, data)]


@pytest.mark.parametrize("lost", [b"\0", b"abcde", b"#" + interleaved(b"abc"), b"\xff" * 100_000])
def test_a_stream_that_lost_its_frames_is_an_error(lost: bytes) -> None:
    with pytest.raises(Malformed):
        read(Interleaved(), interleaved(b"abc") + lost + b"....")


def test_line_ends_between_frames_are_passed_over_however_many() -> None:
    assert read(Interleaved(), b"\r\n" * 300_000 + interleaved(b"abc")) == [(0, b"abc")]


@given(st.binary(max_size=200), st.integers(1, 20))
def test_no_bytes_are_too_odd_for_the_frames(data: bytes, step: int) -> None:
    with contextlib.suppress(Malformed):
        read(Interleaved(), data, step)


def receive(*packets: bytes, clock_rate: int = 90_000) -> list[RtpPacket | None]:
    receiver = RtpReceiver(96, clock_rate)
    return [receiver.receive(memoryview(packet)) for packet in packets]


def seen(packets: list[RtpPacket | None]) -> list[tuple[int, bool, bool, bytes]]:
    return [(each.timestamp, each.marker, each.lost, bytes(each.payload)) for each in packets if each]


def test_a_packet_is_read() -> None:
    assert seen(receive(rtp(7, 4_000_000_000, b"abc", marker=True))) == [(4_000_000_000, True, False, b"abc")]


def with_flags(flags: int, rest: bytes) -> bytes:
    packet = bytearray(rtp(1, 0, rest))
    packet[0] = flags
    return bytes(packet)


@pytest.mark.parametrize(
    ("flags", "rest", "payload"),
    [
        (0x82, b"SRC1SRC2abc", b"abc"),
        (0x90, b"\xbe\xde\0\1EXTNabc", b"abc"),
        (0x90, b"\xbe\xde\0\0abc", b"abc"),
        (0xA0, b"abc\0\0\3", b"abc"),
        (0xA0, b"abc\1", b"abc"),
        (0xB1, b"SRC1\0\0\0\1EXTNabc\1", b"abc"),
    ],
)
def test_what_surrounds_the_payload_is_left_out(flags: int, rest: bytes, payload: bytes) -> None:
    (packet,) = receive(with_flags(flags, rest))
    assert packet is not None
    assert bytes(packet.payload) == payload


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"\x80" * 11,
        with_flags(0x40, b"abc"),
        with_flags(0xC0, b"abc"),
        with_flags(0x8F, b"abc"),
        with_flags(0x90, b"abc"),
        with_flags(0x90, b"\0\0\0\2abcd"),
        with_flags(0x90, b"\0\0\xff\xffabcd"),
        with_flags(0xA0, b"abc\0"),
        with_flags(0xA0, b"abc\5"),
        with_flags(0xA0, b""),
    ],
)
def test_a_damaged_packet_counts_as_lost(packet: bytes) -> None:
    before, damaged, after = receive(rtp(0, 0, b"a"), packet, rtp(2, 0, b"b"))
    assert damaged is None
    assert before is not None
    assert after is not None
    assert (before.lost, after.lost) == (False, True)


@pytest.mark.parametrize("packet", [rtp(1, 0, b""), with_flags(0xA0, b"\1"), with_flags(0x81, b"SRC1")])
def test_a_packet_with_nothing_in_it_is_no_loss(packet: bytes) -> None:
    first, empty, after = receive(rtp(0, 0, b"a"), packet, rtp(2, 0, b"b"))
    assert empty is None
    assert first is not None
    assert after is not None
    assert not after.lost


def test_a_gap_is_told_once_and_the_numbers_start_again_after_65535() -> None:
    packets = receive(*(rtp(number, 0, b"a") for number in (65_533, 65_534, 65_535, 0, 1, 3, 4, 2, 3)))
    assert [each.lost for each in packets if each] == [False] * 5 + [True, False, True, False]


def test_another_source_is_a_loss() -> None:
    packets = receive(rtp(1, 0, b"a"), rtp(2, 0, b"a", source=8), rtp(3, 0, b"a", source=8))
    assert [each.lost for each in packets if each] == [False, True, False]


def test_packets_of_another_kind_are_passed_over() -> None:
    first, other, after = receive(rtp(1, 0, b"a"), rtp(900, 0, b"x", kind=72, source=9), rtp(2, 0, b"b"))
    assert other is None
    assert first is not None
    assert after is not None
    assert not after.lost


@pytest.mark.parametrize(
    ("stamps", "timestamps"),
    [
        (
            [4_294_967_000, 704, 4_294_967_295, 1],
            [4_294_967_000, 4_294_968_000, 4_294_967_295, 4_294_967_297],
        ),
        ([5, 5, 5], [5, 5, 5]),
        ([5, 4, 4_294_967_294], [5, 4, -2]),
        ([0, 1 << 30, 1 << 31, 3 << 30, 0], [0, 1 << 30, 1 << 31, 3 << 30, 1 << 32]),
    ],
)
def test_timestamps_go_on_where_their_32_bits_end(stamps: list[int], timestamps: list[int]) -> None:
    packets = receive(*(rtp(number, stamp, b"a") for number, stamp in enumerate(stamps)))
    assert [each.timestamp for each in packets if each] == timestamps


def test_another_clock_rate_is_converted() -> None:
    packets = receive(rtp(0, 1000, b"a"), rtp(1, 1040, b"a"), clock_rate=1000)
    assert [each.timestamp for each in packets if each] == [90_000, 93_600]


@given(
    st.lists(
        st.binary(max_size=40)
        | st.binary(max_size=8).map(lambda rest: struct.pack("!BB", 0xBF, 96) + rest * 4)
    )
)
def test_no_packet_is_too_odd(packets: list[bytes]) -> None:
    assert all(each is None or len(each.payload) for each in receive(*packets))
