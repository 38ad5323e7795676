import re
from hashlib import sha256
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securevision.access.tokens import (
    check_token_strength,
    is_program_token,
    mint_program_token,
    mint_recovery_code,
    mint_secret,
    recovery_code_digest,
    same_digest,
    token_digest,
)
from securevision.errors import InvalidInput


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "empty"),
        ("  \t ", "blank"),
        ("a" * 31, "too short"),
        ("a" * 40 + " ", "white space"),
        ("a" * 20 + "\n" + "a" * 20, "white space"),
        ("é" * 40, "printable ASCII"),
        ("a" * 40 + "\x00", "printable ASCII"),
    ],
)
def test_a_weak_token_is_refused_with_the_remedy_and_without_the_token(text: str, fault: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_token_strength(text)
    sentence = str(refused.value)
    assert fault in sentence
    assert "openssl rand -base64 32" in sentence
    assert sentence.startswith("SECUREVISION__API__AUTH_TOKEN is ")
    assert len(text) < 20 or text not in sentence


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=32))
def test_any_long_printable_token_will_do(text: str) -> None:
    check_token_strength(text)


@given(st.text())
def test_what_is_accepted_can_be_sent_in_a_header(text: str) -> None:
    try:
        check_token_strength(text)
    except InvalidInput:
        return
    assert text.encode("ascii").strip() == text.encode("ascii")


def test_a_minted_token_is_strong_and_holds_all_the_entropy() -> None:
    first, second = (mint_program_token(Random(seed).randbytes) for seed in (1, 2))
    check_token_strength(first)
    assert first != second
    assert first.startswith(f"sv_pat_{mint_secret(Random(1).randbytes)}")
    assert len(mint_secret(Random(1).randbytes)) == 43


@given(st.integers(0, 2**32), st.data())
def test_a_token_that_was_mistyped_or_cut_is_known_as_none(seed: int, data: st.DataObject) -> None:
    token = mint_program_token(Random(seed).randbytes)
    assert is_program_token(token)
    place = data.draw(st.integers(0, len(token) - 1))
    wrong = data.draw(st.characters(min_codepoint=33, max_codepoint=126).filter(lambda c: c != token[place]))
    assert not is_program_token(token[:place] + wrong + token[place + 1 :])
    assert not is_program_token(token[:place])


@given(st.text())
def test_no_other_text_is_a_token(text: str) -> None:
    assert not is_program_token(text)


@given(st.integers(0, 2**32))
def test_a_recovery_code_may_be_written_down_in_any_way(seed: int) -> None:
    code = mint_recovery_code(Random(seed).randbytes)
    assert len(code.replace("-", "")) == 24
    for written in (code.upper(), code.replace("-", ""), f" {code.replace('-', ' ')} "):
        assert recovery_code_digest(written) == recovery_code_digest(code)
    assert recovery_code_digest(mint_recovery_code(Random(seed + 1).randbytes)) != recovery_code_digest(code)


@given(st.text() | st.text(st.characters(categories=["Cs", "Zs", "Cc"])))
def test_any_text_has_a_digest(text: str) -> None:
    """Also half a pair of surrogates, which JSON can carry."""
    for digest in (token_digest(text), recovery_code_digest(text)):
        assert re.fullmatch("[0-9a-f]{64}", digest)
    assert recovery_code_digest(f" -{text}\n") == recovery_code_digest(text)


def test_a_digest_is_the_sha_256_in_hexadecimal() -> None:
    assert token_digest("abc") == sha256(b"abc").hexdigest()
    assert same_digest(token_digest("a"), token_digest("a"))
    assert not same_digest(token_digest("a"), token_digest("b"))
