import re
from base64 import b32decode, b32encode
from urllib.parse import parse_qs, unquote, urlsplit
from xml.etree import ElementTree

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from securevision.errors import Unavailable
from securevision.vault.sealer import Sealer
from securevision.vault.totp import SealedTotp

TOTP = SealedTotp(Sealer({1: bytes(range(32))}, current=1))
SEED = b32encode(b"12345678901234567890").decode()
"""The one of RFC 6238, appendix B."""


@pytest.mark.parametrize(
    ("second", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
    ],
)
def test_the_codes_are_those_of_rfc_6238(second: int, code: str) -> None:
    assert TOTP.timecode(SEED, code, second * 1000) == second // 30


def test_a_code_counts_in_its_step_and_in_the_next_and_in_no_other() -> None:
    step = 50_000_000
    code = pyotp.TOTP(SEED).generate_otp(step)
    begin = step * 30_000
    accepted = {
        offset: TOTP.timecode(SEED, code, begin + offset)
        for offset in (-30_000, -1, 0, 29_999, 30_000, 59_999, 60_000)
    }
    assert accepted == {
        -30_000: None,
        -1: None,
        0: step,
        29_999: step,
        30_000: step,
        59_999: step,
        60_000: None,
    }


def test_a_replayed_code_has_the_step_it_had_before() -> None:
    step = 50_000_000
    code = pyotp.TOTP(SEED).generate_otp(step)
    first = TOTP.timecode(SEED, code, step * 30_000)
    # Whoever keeps the last step and asks for a greater one refuses the same code a step later.
    assert TOTP.timecode(SEED, code, (step + 1) * 30_000) == first


@given(st.text(max_size=12))
def test_nothing_but_the_six_digits_is_accepted(code: str) -> None:
    right = pyotp.TOTP(SEED).generate_otp(50_000_000)
    if re.sub(r"\s", "", code) != right:
        before = pyotp.TOTP(SEED).generate_otp(49_999_999)
        assert TOTP.timecode(SEED, code, 50_000_000 * 30_000) is None or code == before


@pytest.mark.parametrize(
    "spoil",
    [
        lambda code: code[:5],
        lambda code: code + "0",
        lambda code: "0" + code,
        lambda code: code + code,
        lambda _: "",
        lambda code: "".join(chr(0x0660 + int(digit)) for digit in code),  # Arabic-Indic digits
        lambda code: "".join(chr(0xFF10 + int(digit)) for digit in code),  # full-width digits
        lambda code: f"+{code[:5]}",
        lambda code: f"-{code}",
        lambda code: f"{code}.0",
        lambda code: code[:3] + "_" + code[3:],
        lambda code: code + "\0",
    ],
)
def test_a_code_of_another_form_is_refused(spoil: object) -> None:
    code = pyotp.TOTP(SEED).generate_otp(50_000_000)
    assert callable(spoil)
    assert TOTP.timecode(SEED, spoil(code), 50_000_000 * 30_000) is None


def test_spaces_do_not_count() -> None:
    code = pyotp.TOTP(SEED).generate_otp(50_000_000)
    assert TOTP.timecode(SEED, f" {code[:3]} {code[3:]}\n", 50_000_000 * 30_000) == 50_000_000


def test_there_is_no_step_before_the_first() -> None:
    assert TOTP.timecode(SEED, pyotp.TOTP(SEED).generate_otp(0), 0) == 0
    assert TOTP.timecode(SEED, "755225", -1) is None


def test_a_new_seed_has_160_bits_and_is_another_each_time() -> None:
    seeds = {TOTP.new_seed() for _ in range(20)}
    assert len(seeds) == 20
    assert all(len(b32decode(seed)) == 20 for seed in seeds)


def test_the_address_is_what_authenticator_apps_read() -> None:
    parts = urlsplit(TOTP.uri(SEED, "Élodie: & co?"))
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert unquote(parts.path) == "/SecureVision:Élodie: & co?"
    assert parse_qs(parts.query) == {"secret": [SEED], "issuer": ["SecureVision"]}


def test_the_qr_code_is_an_svg_that_refers_to_nothing_and_runs_nothing() -> None:
    svg = TOTP.qr_svg(TOTP.uri(SEED, "</svg><script>alert(1)</script>"))
    root = ElementTree.fromstring(svg)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    allowed = {"svg": {"width", "height"}, "g": {"transform"}, "path": {"fill", "stroke", "d", "transform"}}
    for element in root.iter():
        name = element.tag.removeprefix("{http://www.w3.org/2000/svg}")
        assert set(element.attrib) <= allowed[name]
        assert all(re.fullmatch(r"[#a-zA-Z0-9 .()-]*", value) for value in element.attrib.values())
        assert not (element.text or "").strip()
    assert svg.replace("http://www.w3.org/2000/svg", "").count("//") == 0


def test_a_sealed_seed_opens_for_its_user_alone() -> None:
    sealed = TOTP.seal(SEED, 3)
    assert SEED.encode() not in sealed
    assert TOTP.open(sealed, 3) == SEED
    with pytest.raises(Unavailable):
        TOTP.open(sealed, 4)
    with pytest.raises(Unavailable):
        SealedTotp(Sealer({1: bytes(32)}, current=1)).open(sealed, 3)
