"""JSON with exactly one form, so that equal entries are equal bytes (RFC 8785)."""

import json
from typing import Any

import rfc8785

from securevision.errors import InvalidInput


def canonical(value: Any) -> bytes:  # noqa: ANN401 - whatever JSON holds
    """Return the canonical JSON of a value. Raises ValueError for what has none, such as 2**60 or a lone surrogate."""
    return rfc8785.dumps(value)


def parse_canonical(text: bytes) -> dict[str, Any]:
    """Return the object that canonical JSON holds.

    Raises InvalidInput, with the end of a sentence, when it is not an object or not in its canonical form.
    """
    try:
        value = json.loads(text)
        same = isinstance(value, dict) and canonical(value) == text
    except (ValueError, RecursionError):
        raise InvalidInput("is not JSON") from None
    if not same:
        raise InvalidInput("is not a JSON object in its canonical form")
    return dict(value)
