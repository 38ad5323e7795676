import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.audit_exports import KEY, ORIGIN, OTHER_SIGNER, SIGNER
from securevision.audit.checkpoints import Checkpoint, PublicKey, SignedCheckpoint, sign_checkpoint
from securevision.errors import InvalidInput
from securevision.vault.signing import verify_signature

ROOT = hashlib.sha256(b"root").digest()
SIGNED = sign_checkpoint(Checkpoint(ORIGIN, 12, ROOT), SIGNER)
NOTE = str(SIGNED)


def test_a_note_has_the_form_of_c2sp() -> None:
    body = f"{ORIGIN}\n12\n{base64.b64encode(ROOT).decode()}\n"
    key_id = hashlib.sha256(ORIGIN.encode() + b"\n\x01" + SIGNER.public_key).digest()[:4]
    mark = base64.b64encode(key_id + SIGNER.sign(body.encode())).decode()
    assert f"{body}\n— {ORIGIN} {mark}\n" == NOTE
    public = base64.b64encode(b"\x01" + SIGNER.public_key).decode()
    assert str(KEY) == f"{ORIGIN}+{key_id.hex()}+{public}"


@given(
    st.integers(0, 10**18 - 1),
    st.binary(min_size=32, max_size=32),
    st.lists(st.text(st.characters(codec="ascii", categories=["L", "N", "P"]), min_size=1), max_size=3),
)
def test_notes_round_trip(size: int, root: bytes, extensions: list[str]) -> None:
    signed = sign_checkpoint(Checkpoint(ORIGIN, size, root, tuple(extensions)), SIGNER)
    parsed = SignedCheckpoint.parse(str(signed))
    assert parsed == signed
    assert parsed.is_by(KEY, verify_signature)


def test_every_changed_byte_of_a_note_is_found() -> None:
    whole = NOTE.encode()
    for place in range(len(whole)):
        for bit in range(8):
            changed = bytearray(whole)
            changed[place] ^= 1 << bit
            try:
                signed = SignedCheckpoint.parse(changed.decode())
            except (InvalidInput, UnicodeDecodeError):
                continue
            assert not signed.is_by(KEY, verify_signature), (place, bit)


@given(st.text(max_size=200) | st.integers(0, len(NOTE)).map(lambda end: NOTE[:end] + NOTE[end + 1 :]))
def test_no_text_crashes_the_parser(text: str) -> None:
    if text == NOTE:
        return
    try:
        signed = SignedCheckpoint.parse(text)
    except InvalidInput:
        return
    assert str(signed) == text


@pytest.mark.parametrize(
    "note",
    [
        "",
        "\n\n",
        NOTE.replace("\n12\n", "\n012\n"),
        NOTE.replace("\n12\n", "\n+12\n"),
        NOTE.replace("\n12\n", "\n\u0661\u0662\n"),
        NOTE.replace("\n12\n", "\n" + "9" * 5000 + "\n"),
        NOTE.replace(ORIGIN, "two words"),
        NOTE.replace("—", "-"),
        NOTE + NOTE.splitlines()[-1] + "\n",
        NOTE.rstrip("\n"),
        NOTE.replace("\n", "\r\n"),
    ],
)
def test_other_forms_of_a_note_are_refused(note: str) -> None:
    with pytest.raises(InvalidInput):
        SignedCheckpoint.parse(note)


def test_another_key_or_name_did_not_sign_it() -> None:
    assert SIGNED.is_by(KEY, verify_signature)
    assert not SIGNED.is_by(PublicKey(ORIGIN, OTHER_SIGNER.public_key), verify_signature)
    assert not SIGNED.is_by(PublicKey("other.example/log", SIGNER.public_key), verify_signature)


def test_a_public_key_round_trips_and_nothing_else_is_one() -> None:
    text = str(KEY)
    assert PublicKey.parse(text) == KEY
    for place in range(len(text)):
        with pytest.raises(InvalidInput):
            PublicKey.parse(text[:place] + chr(ord(text[place]) ^ 1) + text[place + 1 :])
    for other in ("", "a+b", text + "\n", text[:-1], f"+{text.partition('+')[2]}"):
        with pytest.raises(InvalidInput):
            PublicKey.parse(other)
