"""Lists of plates, from CSV: `plate,description`, one plate a line, the description optional."""

import csv
from collections.abc import Iterator
from io import StringIO

from securevision.domain.plates import plate_key
from securevision.errors import InvalidInput

MAX_BYTES = 8 * 1024 * 1024
MAX_PLATES = 100_000
_MAX_LINE = 1000
_MAX_PLATE = 32
_MAX_DESCRIPTION = 200
_MAX_COLUMNS = 2


def parse_plate_list(data: bytes, name: str) -> dict[str, str]:
    """Return plate key to description; a first line `plate,...` and empty lines are passed over.

    `data` is UTF-8, with or without a byte order mark. Raises InvalidInput, naming `name` and the line, when a
    line is not of that form or too long, and when there are too many.
    """
    plates: dict[str, str] = {}
    reader = csv.reader(_lines(data, name), strict=True)
    line = 1
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells) and not (line == 1 and cells[0].lower() == "plate"):
                key, description = cells[0], cells[1] if len(cells) > 1 else ""
                if (
                    not 0 < len(plate_key(key)) <= _MAX_PLATE
                    or len(cells) > _MAX_COLUMNS
                    or "\0" in "".join(cells)
                ):
                    raise InvalidInput(_malformed(name, line))
                if len(description) > _MAX_DESCRIPTION:
                    raise InvalidInput(
                        f"The description in line {line} of {name} has more than {_MAX_DESCRIPTION} characters;"
                        " shorten it."
                    )
                plates[plate_key(key)] = description
            line = reader.line_num + 1
    except csv.Error:
        raise InvalidInput(_malformed(name, line)) from None
    if len(plates) > MAX_PLATES:
        raise InvalidInput(f"{name} has more than {MAX_PLATES} plates; shorten the list.")
    return plates


def _lines(data: bytes, name: str) -> Iterator[str]:
    if len(data) > MAX_BYTES:
        raise InvalidInput(f"{name} has more than {MAX_BYTES // 2**20} MiB; shorten the list.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InvalidInput(
            f"Line {line} of {name} is not UTF-8 text; save it as UTF-8, which spreadsheets call `CSV UTF-8`."
        ) from None
    for number, line_text in enumerate(StringIO(text, newline=""), 1):
        if len(line_text) > _MAX_LINE:
            raise InvalidInput(f"Line {number} of {name} has more than {_MAX_LINE} characters; shorten it.")
        yield line_text


def _malformed(name: str, line: int) -> str:
    return (
        f"Line {line} of {name} is not `plate,description`; "
        "write one plate a line, and put a description that has a comma in double quotes."
    )
