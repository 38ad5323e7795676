"""Lists of plates, from CSV: `plate,description`, one plate a line, the description optional."""

import csv
from io import StringIO

from securevision.domain.plates import plate_key
from securevision.errors import InvalidInput

_MAX_COLUMNS = 2


def parse_plate_list(text: str, name: str) -> dict[str, str]:
    """Return plate key to description; a first line `plate,...` and empty lines are passed over.

    Raises InvalidInput, naming `name` and the line, when a line is not of that form.
    """
    plates: dict[str, str] = {}
    reader = csv.reader(StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if not any(cells) or (reader.line_num == 1 and cells[0].lower() == "plate"):
                continue
            key = plate_key(cells[0])
            if not key or len(cells) > _MAX_COLUMNS:
                raise InvalidInput(_malformed(name, reader.line_num))
            plates[key] = cells[1] if len(cells) == _MAX_COLUMNS else ""
    except csv.Error:
        raise InvalidInput(_malformed(name, reader.line_num)) from None
    return plates


def _malformed(name: str, line: int) -> str:
    return (
        f"Line {line} of {name} is not `plate,description`; "
        "write one plate a line, and put a description that has a comma in double quotes."
    )
