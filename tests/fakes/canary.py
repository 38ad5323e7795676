"""A secret that is planted, and every form in which it may come to light."""

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping
from html import escape
from urllib.parse import quote, quote_plus

MIN_LENGTH = 8
"""A shorter text is found by chance."""


def encodings(secret: str | bytes) -> Mapping[str, bytes]:
    """Return the forms of a secret that are searched for, by name. Needs 8 bytes or more.

    Base64 is searched at its three alignments, each without the characters that neighbours share. Case is as
    it is for all but percent-encoding and hexadecimal, which come in both. A key that is no text is `bytes`.
    """
    raw = secret.encode() if isinstance(secret, str) else secret
    if len(raw) < MIN_LENGTH:
        raise ValueError(f"A canary has {MIN_LENGTH} bytes or more.")
    forms = {
        "raw": raw,
        **(_of_text(secret) if isinstance(secret, str) else _of_key(secret)),
        "hex": raw.hex().encode(),
        "HEX": raw.hex().upper().encode(),
        **dict(_percent_encoded(secret)),
    }
    for shift in range(3):
        forms[f"base64 at {shift}"] = standard = _base64(raw, shift)
        forms[f"base64url at {shift}"] = standard.replace(b"+", b"-").replace(b"/", b"_")
    return forms


def found_in(data: bytes, secret: str | bytes) -> list[str]:
    """Return the names of the forms in which the secret stands in the data, also across the ends of lines."""
    joined = data.replace(b"\r\n", b"\n").replace(b"\n", b"")
    return [name for name, form in encodings(secret).items() if form in data or form in joined]


def _of_text(secret: str) -> dict[str, bytes]:
    in_json = json.dumps(secret)[1:-1]
    return {
        "UTF-16": secret.encode("utf-16-le"),
        "UTF-16, big-endian": secret.encode("utf-16-be"),
        "JSON": in_json.encode(),
        "JSON in JSON": json.dumps(json.dumps(secret))[3:-3].encode(),
        "JSON with escaped slashes": in_json.replace("/", r"\/").encode(),
        "Python": repr(secret)[1:-1].encode(),
        "HTML": escape(secret).encode(),
    }


def _of_key(secret: bytes) -> dict[str, bytes]:
    return {
        "Python": repr(secret)[2:-1].encode(),
        "numbers": json.dumps(list(secret))[1:-1].encode(),
        "hex with colons": secret.hex(":").encode(),
    }


def _percent_encoded(secret: str | bytes) -> Iterator[tuple[str, bytes]]:
    raw = secret.encode() if isinstance(secret, str) else secret
    everything = "".join(f"%{byte:02X}" for byte in raw)
    for name, text in (
        ("percent", quote(secret, safe="")),
        ("percent in a path", quote(secret)),
        ("form", quote_plus(secret)),
        ("percent throughout", everything),
    ):
        yield name, text.encode()
        yield f"{name}, lower case", _lower_escapes(text).encode()
        yield f"{name}, twice", quote(text, safe="").encode()
        yield f"{name}, lower case, twice", _lower_escapes(quote(_lower_escapes(text), safe="")).encode()


def _lower_escapes(text: str) -> str:
    first, *rest = text.split("%")
    return "%".join([first, *(part[:2].lower() + part[2:] for part in rest)])


def _base64(raw: bytes, shift: int) -> bytes:
    """Return the characters that are the same whatever stands before and after."""
    begin = {0: 0, 1: 2, 2: 3}[shift]
    whole_bits = (shift + len(raw)) * 8
    return b64encode(bytes(shift) + raw)[begin : whole_bits // 6]
