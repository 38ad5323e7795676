import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securevision.domain.plates import plate_key
from securevision.errors import InvalidInput
from securevision.incidents.plate_lists import parse_plate_list

plates = st.text(st.sampled_from("ABCXYZ0189 -"), min_size=1).filter(lambda text: plate_key(text) != "")
descriptions = st.text(st.characters(codec="utf-8", exclude_characters="\x00"))


@given(st.lists(st.tuples(plates, descriptions)))
def test_what_a_csv_writer_writes_is_read(rows: list[tuple[str, str]]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    expected = {plate_key(plate): description.strip() for plate, description in rows}
    assert parse_plate_list(text.getvalue(), "allow.csv") == expected


def test_header_empty_lines_byte_order_mark_and_missing_description() -> None:
    text = "\ufeffplate,description\r\n\r\nab-12 cd,The van\r\nXY9\r\n"
    assert parse_plate_list(text, "allow.csv") == {"AB12CD": "The van", "XY9": ""}


@pytest.mark.parametrize(
    ("text", "line"),
    [("AB12,van,red\n", 1), ("AB12,van\n--,x\n", 2), ('AB12,"van\n', 1), ('AB12,van\nCD34,"a"b\n', 2)],
)
def test_a_malformed_line_is_named_with_its_file_and_the_remedy(text: str, line: int) -> None:
    with pytest.raises(
        InvalidInput, match=rf"^Line {line} of lists/allow\.csv is not .*; write one plate a line"
    ):
        parse_plate_list(text, "lists/allow.csv")
