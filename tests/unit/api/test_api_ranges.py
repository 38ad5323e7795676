"""Which part of a file a request asks for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from securevision.api.ranges import NotInFile, Span, wanted_span

SIZE = 1000
WHOLE = None


def wanted(*values: str, size: int = SIZE, condition: str | None = None) -> Span | None:
    lines = [(b"range", value.encode("latin-1")) for value in values]
    if condition is not None:
        lines.append((b"if-range", condition.encode()))
    return wanted_span(Headers(raw=lines), size)


@pytest.mark.parametrize(
    ("value", "span"),
    [
        ("bytes=0-499", Span(0, 500)),
        ("bytes=500-999", Span(500, 500)),
        ("bytes=0-0", Span(0, 1)),
        ("bytes=999-", Span(999, 1)),
        ("bytes=0-", Span(0, 1000)),
        ("bytes=-500", Span(500, 500)),
        ("bytes=-1", Span(999, 1)),
        ("bytes=-5000", Span(0, 1000)),
        ("bytes=900-5000", Span(900, 100)),
        ("Bytes= 1-2 ", Span(1, 2)),
        ("bytes=0-" + "9" * 4000, Span(0, 1000)),
        ("bytes=-" + "9" * 4000, Span(0, 1000)),
        ("bytes=" + "0" * 4000 + "5-6", Span(5, 2)),
    ],
)
def test_a_part(value: str, span: Span) -> None:
    assert wanted(value) == span
    assert span.content_range(SIZE) == f"bytes {span.first}-{span.first + span.length - 1}/1000"


@pytest.mark.parametrize("value", ["bytes=1000-", "bytes=1000-2000", "bytes=-0", "bytes=" + "9" * 4000 + "-"])
def test_a_part_that_is_not_there(value: str) -> None:
    with pytest.raises(NotInFile):
        wanted(value)


@pytest.mark.parametrize("value", ["bytes=0-", "bytes=0-0", "bytes=-1"])
def test_nothing_is_in_an_empty_file(value: str) -> None:
    with pytest.raises(NotInFile):
        wanted(value, size=0)
    assert wanted(size=0) is WHOLE


@pytest.mark.parametrize(
    "value",
    [
        "bytes=2-1",
        "bytes=",
        "bytes=-",
        "bytes=0-1,5-6",
        "bytes=,0-1",
        "bytes 0-1",
        "lines=0-1",
        "bytes=+1-2",
        "bytes=1-2x",
        "bytes=1 -2",
        "bytes=\u00b2-3",
        "0-1",
        "",
    ],
)
def test_what_is_not_one_range_asks_for_the_whole(value: str) -> None:
    assert wanted(value) is WHOLE


def test_two_headers_or_a_condition_ask_for_the_whole() -> None:
    assert wanted("bytes=0-1", "bytes=0-1") is WHOLE
    assert wanted("bytes=0-1", condition='"a mark"') is WHOLE


@given(
    st.one_of(
        st.text(st.characters(max_codepoint=255), max_size=30),
        st.from_regex(r"bytes=[0-9]{0,25}-[0-9]{0,25}", fullmatch=True),
    ),
    st.integers(0, 1 << 62),
)
def test_whatever_is_sent_the_part_lies_in_the_file(value: str, size: int) -> None:
    try:
        span = wanted(value, size=size)
    except NotInFile:
        return
    assert span is None or (span.first >= 0 and 0 < span.length <= size - span.first)
