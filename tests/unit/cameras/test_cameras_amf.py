import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securevision.cameras.amf import MAX_BYTES, MAX_DEPTH, Value, decode, encode

scalars = st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=20)
names = st.text(max_size=8)
values: st.SearchStrategy[Value] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)


def depth(value: Value) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth, value), default=0)
    return 1


@given(st.lists(values, max_size=4).filter(lambda several: all(depth(each) <= MAX_DEPTH for each in several)))
def test_what_is_written_is_read(several: list[Value]) -> None:
    assert decode(encode(*several)) == several


def test_a_long_text() -> None:
    assert decode(encode("é" * 20_000)) == ["é" * 20_000]


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"\x00\x3f\xf0" + bytes(6), 1.0),
        (b"\x01\x07", True),
        (b"\x02\x00\x02ok", "ok"),
        (b"\x02\x00\x02\xff\xfe", "\ufffd\ufffd"),
        (b"\x03\x00\x01a\x05\x00\x00\x09", {"a": None}),
        (b"\x06", None),
        (b"\x08\xff\xff\xff\xff\x00\x01a\x01\x00\x00\x00\x09", {"a": False}),
        (b"\x0a\x00\x00\x00\x02\x05\x05", [None, None]),
        (b"\x0b" + struct.pack(">dh", 5.0, 60), 5.0),
        (b"\x0c\x00\x00\x00\x01x", "x"),
        (b"\x0d", None),
        (b"\x0f\x00\x00\x00\x04<a/>", "<a/>"),
        (b"\x10\x00\x01C\x00\x01a\x05\x00\x00\x09", {"a": None}),
    ],
)
def test_each_kind_of_value(data: bytes, value: Value) -> None:
    assert decode(data) == [value]


@pytest.mark.parametrize(
    "damaged",
    [
        b"\x00\x01",
        b"\x02\x00\x05abc",
        b"\x03\x00\x01a",
        b"\x03\x00\x01a\x05",
        b"\x0a\xff\xff\xff\xff\x05",
        b"\x07\x00\x00",
        b"\x11",
        b"\x0c\xff\xff\xff\xffx",
        encode([[[[[[[[None]]]]]]]]),
    ],
)
def test_what_is_damaged_ends_the_values(damaged: bytes) -> None:
    assert decode(encode("first", 1.0) + damaged) == ["first", 1.0]


@given(
    st.binary(max_size=200) | st.lists(st.sampled_from([0, 2, 3, 5, 8, 9, 10, 16]), max_size=200).map(bytes)
)
def test_any_bytes_are_read_or_left(data: bytes) -> None:
    assert all(depth(each) <= MAX_DEPTH for each in decode(data))


def test_deep_long_and_many_values_cost_little() -> None:
    assert decode(b"\x0a\x00\x00\x00\x01" * 100_000) == []
    assert len(decode(b"\x05" * (2 * MAX_BYTES))) == MAX_BYTES
    assert decode(b"\x0a\x00\x00\xff\x00" + b"\x05" * 0xFEFF) == []
