"""Names of users."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securevision.access.user_names import checked_name, name_key
from securevision.errors import InvalidInput

SAME = [
    ("ada", "ADA"),
    ("ada", "  Ada\t"),
    ("ada", "\uff41\uff44\uff41"),
    ("straße", "STRASSE"),
    ("ﬁona", "FIONA"),
    ("josé", "jose\u0301"),
    ("ada l", "ada\u00a0 l"),
    ("ada l", "ada\u3000l"),
    ("ΣΑΣ", "σας"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_names_that_look_alike_are_the_same(one: str, other: str) -> None:
    assert name_key(checked_name(one)) == name_key(checked_name(other))


@pytest.mark.parametrize(("one", "other"), [("ada", "adam"), ("o", "ö"), ("ada l", "adal")])
def test_other_names_are_not(one: str, other: str) -> None:
    assert name_key(one) != name_key(other)


@pytest.mark.parametrize("name", ["a", "x" * 64, "Ada Lovelace", "ada@example.org", "李雷", "محمد", "👩"])
def test_a_name_is_kept_as_it_is_written(name: str) -> None:
    assert checked_name(f" {name}\n") == name


UNSEEN = {
    "nothing": "",
    "blank": " \t\n",
    "too long": "x" * 65,
    "null": "ad\0a",
    "line break": "ad\na",
    "escape": "ad\x1ba",
    "C1": "ad\x9ba",
    "right to left override": "ad\u202ea",
    "isolate": "ad\u2066a",
    "zero width space": "ad\u200ba",
    "joiner": "ad\u200da",
    "soft hyphen": "ad\u00ada",
    "byte order mark": "ad\ufeffa",
    "half a pair": "ad\ud800a",
    "private": "ad\ue000a",
    "unassigned": "ad\u0378a",
    "line separator": "ad\u2028a",
    "Hangul filler": "ad\u3164a",
    "variation selector": "ad\ufe0fa",
    "tag": "ad\U000e0041a",
    "grapheme joiner": "ad\u034fa",
    "Braille blank": "ad\u2800a",
}


@pytest.mark.parametrize("text", UNSEEN.values(), ids=UNSEEN)
def test_what_cannot_be_seen_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        checked_name(text)
    assert not text or text not in str(caught.value)


@given(st.text(max_size=80) | st.text(st.characters(categories=["Cs", "Mn", "Zs", "Lo"])))
def test_any_text_has_a_key_that_is_its_own(text: str) -> None:
    key = name_key(text)
    assert len(key) > 64 or name_key(key) == key
    try:
        name = checked_name(text)
    except InvalidInput:
        return
    assert checked_name(name) == name
    assert key
    assert not any(unicodedata.category(character).startswith("C") for character in key)
