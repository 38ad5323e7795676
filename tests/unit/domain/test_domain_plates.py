from hypothesis import given
from hypothesis import strategies as st

from securevision.domain.events import ListMatch
from securevision.domain.plates import PlateLists, plate_key


@given(st.text())
def test_a_plate_key_is_its_own_key(text: str) -> None:
    assert plate_key(plate_key(text)) == plate_key(text)


def test_a_plate_key_has_no_separators() -> None:
    assert plate_key(" ab-12·cd.3_4₅ ") == "AB12CD34"


def test_block_wins_over_allow_and_spelling_does_not_matter() -> None:
    lists = PlateLists(allow={"AB12": "", "CD34": ""}, block={"CD34": ""})
    assert lists.match("ab 12") is ListMatch.ALLOW
    assert lists.match("CD-34") is ListMatch.BLOCK
    assert lists.match("EF56") is None
