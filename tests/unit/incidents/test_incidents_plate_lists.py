import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securevision.domain.plates import plate_key
from securevision.errors import InvalidInput
from securevision.incidents.plate_lists import MAX_BYTES, MAX_PLATES, parse_plate_list

plates = st.text(st.sampled_from("ABCXYZ0189 -"), min_size=1, max_size=32).filter(
    lambda text: plate_key(text) != ""
)
descriptions = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=200)


@given(st.lists(st.tuples(plates, descriptions)))
def test_what_a_csv_writer_writes_is_read(rows: list[tuple[str, str]]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    expected = {plate_key(plate): description.strip() for plate, description in rows}
    assert parse_plate_list(text.getvalue().encode(), "allow.csv") == expected


def test_header_empty_lines_byte_order_mark_and_missing_description() -> None:
    text = "\ufeffplate,description\r\n\r\nab-12 cd,The van\r\nXY9\r\n"
    assert parse_plate_list(text.encode(), "allow.csv") == {"AB12CD": "The van", "XY9": ""}


@pytest.mark.parametrize(
    ("text", "line"),
    [("AB12,van,red\n", 1), ("AB12,van\n--,x\n", 2), ('AB12,"van\n', 1), ('AB12,van\nCD34,"a"b\n', 2)],
)
def test_a_malformed_line_is_named_with_its_file_and_the_remedy(text: str, line: int) -> None:
    with pytest.raises(
        InvalidInput, match=rf"^Line {line} of lists/allow\.csv is not .*; write one plate a line"
    ):
        parse_plate_list(text.encode(), "lists/allow.csv")


@given(
    st.binary(max_size=300) | st.text(st.sampled_from('AB1,"\r\n\0\ufeff \t;='), max_size=60).map(str.encode)
)
def test_any_bytes_are_a_list_or_refused_in_one_sentence_with_file_and_line(data: bytes) -> None:
    try:
        listed = parse_plate_list(data, "allow.csv")
    except InvalidInput as error:
        sentence = str(error)
    else:
        sentence = ""
        assert all(key == plate_key(key) != "" for key in listed)
    assert re.fullmatch(r"((Line|The description in line) \d+ of allow\.csv [^\n]*; [^\n]*\.)?", sentence)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"AB12\nCD\x0034\n", "Line 2 of allow.csv is not `plate,description`"),
        (b"AB12,a\x00b\n", "Line 1 of allow.csv is not `plate,description`"),
        (b"AB12\n\nCD34,K\xe4fer\n", "Line 3 of allow.csv is not UTF-8 text; save it as UTF-8"),
        ("AB12\n".encode("utf-16"), "Line 1 of allow.csv is not UTF-8 text"),
        (b'AB12\nCD34,"open\nEF56\nGH78\n', "Line 2 of allow.csv is not `plate,description`"),
        (b"A" * 33 + b"\n", "Line 1 of allow.csv is not `plate,description`"),
        (
            b"AB12," + b"x" * 201 + b"\n",
            "The description in line 1 of allow.csv has more than 200 characters",
        ),
        (b"AB12\n" + b"," * 1001 + b"\n", "Line 2 of allow.csv has more than 1000 characters"),
        (b"x" * 3_000_000, "Line 1 of allow.csv has more than 1000 characters"),
        (b"\n" * (MAX_BYTES + 1), "allow.csv has more than 8 MiB"),
        (
            b"".join(b"A%d\n" % number for number in range(MAX_PLATES + 1)),
            f"allow.csv has more than {MAX_PLATES} plates",
        ),
    ],
)
def test_what_is_too_much_or_no_text_is_refused(data: bytes, sentence: str) -> None:
    with pytest.raises(InvalidInput, match=re.escape(sentence)):
        parse_plate_list(data, "allow.csv")


def test_a_formula_in_a_list_is_text_like_any_other() -> None:
    assert parse_plate_list(b'AB12,"=HYPERLINK(1)"\n', "allow.csv") == {"AB12": "=HYPERLINK(1)"}


def test_the_old_line_ends_of_a_mac_are_line_ends() -> None:
    assert parse_plate_list(b"AB12\rCD34,x\r", "allow.csv") == {"AB12": "", "CD34": "x"}
