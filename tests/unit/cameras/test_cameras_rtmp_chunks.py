import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.rtmp_messages import chunks, message, number
from securevision.cameras.rtmp_chunks import (
    MAX_CHUNK_STREAMS,
    MAX_MESSAGE,
    ChunkReader,
    Message,
    encode,
)
from securevision.errors import SourceError

messages = st.builds(
    Message,
    kind=st.sampled_from([4, 8, 9, 18, 20]),
    payload=st.binary(max_size=40) | st.integers(100, 700).map(bytes),
    stream=st.integers(0, 2**32 - 1),
    timestamp=st.integers(0, 2**32 - 1) | st.sampled_from([0xFFFFFE, 0xFFFFFF, 0x1000000]),
)


def read(*pieces: bytes) -> list[Message]:
    reader = ChunkReader("rtmp://cam/x")
    return [each for piece in pieces for each in reader.feed(piece)]


def split(data: bytes, cuts: list[int]) -> list[bytes]:
    ends = sorted(cut % (len(data) + 1) for cut in cuts)
    return [data[begin:end] for begin, end in itertools.pairwise([0, *ends, len(data)])]


@given(
    st.lists(st.tuples(messages, st.sampled_from([2, 3, 63, 64, 319, 320, 65_599])), max_size=5),
    st.integers(128, 600),
    st.booleans(),
    st.lists(st.integers(0, 5000), max_size=6),
)
def test_messages_come_whole_however_they_are_cut(
    sent: list[tuple[Message, int]], size: int, repeats_time: bool, cuts: list[int]
) -> None:
    data = message(1, size.to_bytes(4, "big"), chunk_stream=2)
    for each, lane in sent:
        pieces = chunks(
            each.kind,
            each.payload,
            chunk_stream=lane,
            stream=each.stream,
            time=each.timestamp,
            size=size,
            repeats_time=repeats_time,
        )
        data += b"".join(pieces)
    assert read(*split(data, cuts)) == [each for each, _ in sent]


@given(
    st.lists(st.lists(st.binary(min_size=300, max_size=500), max_size=3), min_size=2, max_size=4),
)
def test_chunk_streams_may_be_mixed(payloads: list[list[bytes]]) -> None:
    lanes = [
        [piece for each in lane for piece in chunks(9, each, chunk_stream=3 + index, stream=index)]
        for index, lane in enumerate(payloads)
    ]
    turns = [piece for turn in itertools.zip_longest(*lanes, fillvalue=b"") for piece in turn]
    came = read(b"".join(turns))
    for index, lane in enumerate(payloads):
        assert [each.payload for each in came if each.stream == index] == lane


@given(messages.filter(lambda each: each.timestamp < 0xFFFFFF), st.integers(2, 63))
def test_what_we_send_can_be_read(sent: Message, chunk_stream: int) -> None:
    assert read(encode(sent, chunk_stream)) == [sent]


def test_later_headers_leave_out_what_is_as_it_was() -> None:
    data = (
        message(9, b"a" * 200, stream=7, time=1000)
        + message(9, b"b" * 150, time=40, form=1)
        + message(9, b"c" * 150, time=30, form=2)
        + message(9, b"d" * 150, form=3)
        + message(9, b"e" * 10, stream=7, time=2000)
        + message(9, b"f" * 10, form=3)
    )
    came = read(data)
    assert [each.timestamp for each in came] == [1000, 1040, 1070, 1100, 2000, 2000]
    assert [(each.stream, each.payload[:1]) for each in came] == [(7, bytes([each])) for each in b"abcdef"]


@pytest.mark.parametrize("repeats_time", [True, False])
def test_timestamps_after_four_hours_and_their_end(repeats_time: bool) -> None:
    def cut(payload: bytes, time: int, form: int) -> bytes:
        return b"".join(chunks(9, payload, time=time, form=form, repeats_time=repeats_time))

    data = cut(b"a" * 300, 0xFFFFFF, 0) + cut(b"b" * 300, 0xFFFFFF, 1) + cut(b"c" * 300, 2**32 - 0x1FFFFFE, 1)
    assert [each.timestamp for each in read(data)] == [0xFFFFFF, 0x1FFFFFE, 0]


def test_a_chunk_size_holds_from_the_next_chunk_on() -> None:
    first, *rest = chunks(9, b"x" * 500, chunk_stream=4, size=128)
    data = first + message(1, (1000).to_bytes(4, "big"), chunk_stream=2) + number(4, 3) + b"x" * 372
    assert [each.payload for each in read(data)] == [b"x" * 500]
    assert len(rest) == 3


def test_a_message_may_be_given_up() -> None:
    first = chunks(9, b"x" * 500, chunk_stream=4)[0]
    data = first + message(2, (4).to_bytes(4, "big"), chunk_stream=2) + message(9, b"y" * 5, chunk_stream=4)
    assert [each.payload for each in read(data)] == [b"y" * 5]
    begun_again = first + message(9, b"z" * 300, chunk_stream=4)
    assert [each.payload for each in read(begun_again)] == [b"z" * 300]


@pytest.mark.parametrize(
    "data",
    [
        message(1, bytes(4)),
        message(1, (127).to_bytes(4, "big")),
        message(1, b""),
        number(5, 3),
        number(5, 2) + bytes(3),
        b"".join(message(9, b"", chunk_stream=3 + index) for index in range(MAX_CHUNK_STREAMS + 1)),
        number(3, 0) + bytes(3) + (MAX_MESSAGE + 1).to_bytes(3, "big") + b"\x09" + bytes(4),
    ],
)
def test_what_cannot_be_rtmp_ends_it(data: bytes) -> None:
    with pytest.raises(SourceError, match="not RTMP"):
        read(data)


def test_many_messages_that_never_end_are_not_kept() -> None:
    reader = ChunkReader("rtmp://cam/x")
    begun = [
        chunks(9, bytes(MAX_MESSAGE), chunk_stream=3 + index, size=MAX_MESSAGE - 1)[0] for index in range(3)
    ]
    reader.feed(message(1, (MAX_MESSAGE - 1).to_bytes(4, "big"), chunk_stream=2))
    reader.feed(begun[0])
    reader.feed(begun[1])
    with pytest.raises(SourceError, match="not RTMP"):
        reader.feed(begun[2])


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=4))
def test_any_bytes_are_read_or_refused(data: bytes, cuts: list[int]) -> None:
    def outcome(pieces: list[bytes]) -> list[Message] | str:
        try:
            return read(*pieces)
        except SourceError as error:
            return str(error)

    assert outcome(split(data, cuts)) == outcome([data])
