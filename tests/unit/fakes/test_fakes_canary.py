"""A search that finds nothing must mean that there is nothing."""

import html
import json
import re
from base64 import b64encode, encodebytes, urlsafe_b64encode
from collections.abc import Callable
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.canary import encodings, found_in

SECRET = "p@ss/wörd:+42\"\\'&="
KEY = bytes(range(0, 256, 8))
secrets = st.text(st.characters(codec="utf-8"), min_size=8, max_size=40)

WAYS: list[Callable[[str], str]] = [
    str,
    json.dumps,
    lambda text: json.dumps(json.dumps({"password": text})),
    lambda text: json.dumps(text).replace("/", r"\/"),
    repr,
    lambda text: quote(text, safe=""),
    quote,
    lambda text: re.sub("%..", lambda escape: escape[0].lower(), quote(text, safe="")),
    lambda text: quote(quote(text, safe=""), safe=""),
    quote_plus,
    lambda text: urlencode({"password": text}),
    lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    lambda text: text.encode().hex(),
    lambda text: text.encode().hex().upper(),
    lambda text: b64encode(text.encode()).decode(),
    lambda text: b64encode(f"ada:{text}".encode()).decode(),
    lambda text: urlsafe_b64encode(f"admin:{text}@cam".encode()).decode(),
    html.escape,
]

KEY_WAYS: list[Callable[[bytes], bytes]] = [
    bytes,
    lambda key: repr(key).encode(),
    lambda key: str({"key": key}).encode(),
    lambda key: json.dumps(list(key)).encode(),
    lambda key: key.hex().encode(),
    lambda key: key.hex(":").encode(),
    lambda key: quote(key, safe="").encode(),
    lambda key: b64encode(b"-" + key),
    lambda key: urlsafe_b64encode(b"--" + key),
]


@pytest.mark.parametrize("way", WAYS)
def test_a_secret_is_found_however_it_was_written(way: Callable[[str], str]) -> None:
    line = way(SECRET)
    assert line == SECRET or SECRET not in line or way in (repr, str)
    assert found_in(f"before {line} after".encode(), SECRET)


@pytest.mark.parametrize("way", KEY_WAYS)
def test_a_key_that_is_no_text_is_found_however_it_was_written(way: Callable[[bytes], bytes]) -> None:
    assert found_in(b"before " + way(KEY) + b" after", KEY)
    assert found_in(b"before " + way(KEY[:-1]) + b" after", KEY) == []


@pytest.mark.parametrize("order", ["utf-16-le", "utf-16-be"])
def test_a_secret_is_found_in_utf_16(order: str) -> None:
    assert found_in(f"before {SECRET} after".encode(order), SECRET)


@given(secrets, st.binary(max_size=5), st.binary(max_size=5))
def test_base64_is_found_at_every_alignment(secret: str, before: bytes, after: bytes) -> None:
    whole = before + secret.encode() + after
    assert found_in(b64encode(whole), secret)
    assert found_in(urlsafe_b64encode(whole), secret)


@given(secrets | st.binary(min_size=8, max_size=40))
def test_every_form_is_found_and_none_is_too_short_to_mean_anything(secret: str | bytes) -> None:
    for name, form in encodings(secret).items():
        assert name in found_in(b"x" + form + b"y", secret)
        assert len(form) >= 8


def test_a_secret_is_found_across_the_ends_of_lines() -> None:
    encoded = encodebytes(SECRET.encode() * 5)
    assert encoded.count(b"\n") > 1
    assert found_in(encoded, SECRET * 5)
    assert found_in(b"before p@ss/w\r\n\xc3\xb6rd:+42\"\\'&= after", SECRET)


def test_half_a_secret_is_none() -> None:
    half = SECRET[:-1]
    lines = [way(half) for way in WAYS]
    assert found_in("\n".join(lines).encode(), SECRET) == []
    assert found_in(b"", SECRET) == []


def test_a_short_canary_is_refused() -> None:
    with pytest.raises(ValueError, match="8 bytes"):
        found_in(b"", "short")
