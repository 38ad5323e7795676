"""Parts of a file that are asked for: `Range` of RFC 9110, section 14, as far as one range goes."""

import re
from dataclasses import dataclass

from starlette.datastructures import Headers

_ONE_RANGE = re.compile(r"bytes=[ \t]*([0-9]*)-([0-9]*)[ \t]*", re.IGNORECASE | re.ASCII)
_MOST_DIGITS = 19
"""Of a number that any file could have."""


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes of a file, from the first on; `length` may be 0."""

    first: int
    length: int

    def content_range(self, size: int) -> str:
        """Return the header that says which of the file's bytes these are."""
        return f"bytes {self.first}-{self.first + self.length - 1}/{size}"


class NotInFile(Exception):
    """Nothing of the file is in the range that was asked for."""


def wanted_span(headers: Headers, size: int) -> Span | None:
    """Return the part that a request asks for, None for the whole. Raises NotInFile.

    What cannot be read, or asks for several ranges, asks for the whole, as the standard allows. So does a range for
    an earlier state of the file (`If-Range`): our files have no marks by which a state could be told.
    """
    values = headers.getlist("range")
    match = _ONE_RANGE.fullmatch(values[0]) if len(values) == 1 and "if-range" not in headers else None
    if match is None or not any(match.groups()):
        return None
    first, last = (_number(text) if text else None for text in match.groups())
    if first is None:
        length = min(last or 0, size)
        return _span(size - length, size - 1, size)
    if last is not None and last < first:
        return None
    return _span(first, size - 1 if last is None else min(last, size - 1), size)


def _span(first: int, last: int, size: int) -> Span:
    if first >= size:
        raise NotInFile
    return Span(first, last - first + 1)


def _number(digits: str) -> int:
    # More digits than any size has say as much when they are cut.
    return int(digits.lstrip("0")[: _MOST_DIGITS + 1] or "0")
