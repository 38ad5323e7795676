"""Values from outside, made fit to be stored."""

import json
import unicodedata
from collections.abc import Iterable

from sqlalchemy import Select, func, select

from securevision.domain.rights import Cameras
from securevision.errors import InvalidInput

MAX_TEXT = 200

_CONTROL = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories of what could forge a line, turn the order of a text round, or is no text at all."""


def int64(value: int) -> int:
    """Return the nearest number that SQLite can hold: a caller may ask for any id and any time."""
    return max(-(2**63), min(value, 2**63 - 1))


def one_line(text: str) -> str:
    """Return a text without control characters and white space around it, at most MAX_TEXT characters of it."""
    # Cut first: nobody makes us look at a megabyte.
    return "".join(
        character for character in text[:MAX_TEXT] if unicodedata.category(character) not in _CONTROL
    ).strip()


def camera_names(cameras: Cameras) -> list[str]:
    """Return the cameras to be listed; none when it is all of them. Raises InvalidInput for what is no name."""
    names = sorted(cameras.names or ())
    if any(not name or one_line(name) != name for name in names):
        raise InvalidInput(
            f"A camera's name has 1 to {MAX_TEXT} characters, none of them a control character."
        )
    return names


def these(names: Iterable[str]) -> Select[str]:
    """Return names as a query, for `in_`: one parameter for all of them, since SQLite takes 32,766 at most."""
    return select(func.json_each(json.dumps(sorted(names))).table_valued("value").c.value)
