import pytest
from hypothesis import given
from hypothesis import strategies as st

from securevision.api.cursors import decode_cursor, encode_cursor
from securevision.domain.events import EventPosition
from securevision.errors import InvalidInput

int64 = st.integers(-(2**63), 2**63 - 1)


@given(int64, st.integers(0, 2**63 - 1))
def test_a_cursor_comes_back_as_it_was(ts_ms: int, event_id: int) -> None:
    position = EventPosition(ts_ms, event_id)
    assert decode_cursor(encode_cursor(position)) == position


@given(st.text() | st.text(alphabet="ABCXYZabcxyz0189-_=", min_size=20, max_size=24))
def test_any_other_text_is_refused(text: str) -> None:
    try:
        position = decode_cursor(text)
    except InvalidInput:
        return
    assert encode_cursor(position) == text


def test_a_cursor_is_safe_in_a_url_and_a_header() -> None:
    assert encode_cursor(EventPosition(-1, 2**63 - 1)).replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize("text", ["", "A" * 21 + "B", "A" * 22 + "\n", "A" * 21 + " ", "é" * 22])
def test_only_the_one_spelling_counts(text: str) -> None:
    with pytest.raises(InvalidInput):
        decode_cursor(text)
