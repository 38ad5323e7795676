import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from fakes.authenticator import USER_PRESENT, USER_VERIFIED, SoftAuthenticator, base64url, from_base64url
from securevision.domain.accounts import Passkey, User, UserStatus
from securevision.domain.rights import ALL_CAMERAS, Role
from securevision.errors import InvalidInput, SecureVisionError, Unauthenticated
from securevision.vault.passkeys import Passkeys

ORIGIN = "https://nas.local:8443"
VAULT = Passkeys(ORIGIN)
CHALLENGE, SECOND = bytes(range(32)), bytes(range(32, 64))
ALICE = User(7, "alice", Role.VIEWER, ALL_CAMERAS, UserStatus.ACTIVE, created_ms=0)


def register(device: SoftAuthenticator) -> Passkey:
    options = VAULT.registration_options(ALICE, [], CHALLENGE)
    made = VAULT.verify_registration(device.create(options), CHALLENGE)
    return Passkey(1, ALICE.id, made.credential_id, made.public_key, made.sign_count, "phone", 0, None)


def sign_in(device: SoftAuthenticator, passkey: Passkey) -> int:
    return VAULT.verify_sign_in(device.get(VAULT.sign_in_options([passkey], SECOND)), passkey, SECOND)


def tampered(answer: Mapping[str, Any], part: str, change: Callable[[bytes], bytes]) -> dict[str, Any]:
    response = dict(answer["response"])
    response[part] = base64url(change(from_base64url(response[part])))
    return {**answer, "response": response}


def flip_last(content: bytes) -> bytes:
    return content[:-1] + bytes([content[-1] ^ 1])


def test_a_passkey_is_made_and_signs_in() -> None:
    device = SoftAuthenticator(ORIGIN, counter=4)
    passkey = register(device)
    assert passkey.credential_id == device.credential_id
    assert passkey.sign_count == 4
    assert sign_in(device, passkey) == 5


def test_a_synced_passkey_has_no_counter() -> None:
    device = SoftAuthenticator(ORIGIN)
    passkey = register(device)
    assert [sign_in(device, passkey) for _ in range(3)] == [0, 0, 0]


def test_the_options_demand_a_verified_user_and_a_passkey_that_is_found_without_a_name() -> None:
    passkey = register(SoftAuthenticator(ORIGIN))
    made = VAULT.registration_options(ALICE, [passkey], CHALLENGE)
    selection = made["authenticatorSelection"]
    assert selection["userVerification"] == "required"
    assert selection["residentKey"] == "required"
    assert selection["requireResidentKey"] is True
    assert made["attestation"] == "none"
    assert made["rp"] == {"id": "nas.local", "name": "SecureVision"}
    assert made["challenge"] == base64url(CHALLENGE)
    assert [one["id"] for one in made["excludeCredentials"]] == [base64url(passkey.credential_id)]
    asked = VAULT.sign_in_options([passkey], SECOND)
    assert asked["userVerification"] == "required"
    assert asked["rpId"] == "nas.local"
    assert [one["id"] for one in asked["allowCredentials"]] == [base64url(passkey.credential_id)]
    assert not VAULT.sign_in_options([], SECOND).get("allowCredentials")
    json.dumps([made, asked])


def test_a_user_handle_is_always_the_same_and_tells_no_name() -> None:
    handle = VAULT.registration_options(ALICE, [], CHALLENGE)["user"]["id"]
    renamed = VAULT.registration_options(replace(ALICE, name="bob"), [], SECOND)["user"]["id"]
    other = VAULT.registration_options(replace(ALICE, id=8), [], CHALLENGE)["user"]["id"]
    moved = Passkeys("https://nas.local").registration_options(ALICE, [], CHALLENGE)["user"]["id"]
    assert handle == renamed == moved != other
    assert len(from_base64url(handle)) == 32


@pytest.mark.parametrize("flags", [USER_PRESENT, USER_VERIFIED, 0])
def test_a_passkey_without_user_verification_or_presence_is_not_registered(flags: int) -> None:
    sentence = "could not be verified" if flags & USER_VERIFIED else "a PIN, a fingerprint or a face"
    with pytest.raises(InvalidInput, match=sentence):
        register(SoftAuthenticator(ORIGIN, flags=flags))


@pytest.mark.parametrize("flags", [USER_PRESENT, USER_VERIFIED, 0])
def test_a_passkey_without_user_verification_or_presence_does_not_sign_in(flags: int) -> None:
    device = SoftAuthenticator(ORIGIN)
    passkey = register(device)
    device.flags = flags
    with pytest.raises(Unauthenticated):
        sign_in(device, passkey)


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "https://nas.local",
        "https://nas.local:8444",
        "http://nas.local:8443",
        "https://nas.local:8443.evil.example",
        "https://sub.nas.local:8443",
        "null",
        "",
    ],
)
def test_an_answer_from_another_origin_is_refused(origin: str) -> None:
    device = SoftAuthenticator(ORIGIN)
    passkey = register(device)
    device.origin = origin
    with pytest.raises(InvalidInput):
        register(device)
    with pytest.raises(Unauthenticated):
        sign_in(device, passkey)


def test_an_answer_from_a_page_inside_another_site_is_refused() -> None:
    device = SoftAuthenticator(ORIGIN)
    passkey = register(device)
    device.cross_origin = True
    with pytest.raises(InvalidInput):
        register(device)
    with pytest.raises(Unauthenticated):
        sign_in(device, passkey)


def test_an_answer_to_another_challenge_is_refused() -> None:
    device = SoftAuthenticator(ORIGIN)
    passkey = register(device)
    device.challenge = bytes(32)
    with pytest.raises(InvalidInput):
        register(device)
    with pytest.raises(Unauthenticated):
        sign_in(device, passkey)


def test_an_answer_for_another_rp_id_is_refused() -> None:
    device = SoftAuthenticator(ORIGIN)
    passkey = register(device)
    device.rp_id = "local"
    with pytest.raises(InvalidInput):
        register(device)
    with pytest.raises(Unauthenticated):
        sign_in(device, passkey)


def test_a_registration_is_not_a_sign_in_nor_the_other_way_round() -> None:
    device = SoftAuthenticator(ORIGIN)
    passkey = register(device)
    created = device.create(VAULT.registration_options(ALICE, [], SECOND))
    with pytest.raises(Unauthenticated, match="another question"):
        VAULT.verify_sign_in(created, passkey, SECOND)
    got = device.get(VAULT.sign_in_options([], CHALLENGE))
    with pytest.raises(InvalidInput, match="another question"):
        VAULT.verify_registration(got, CHALLENGE)


@pytest.mark.parametrize("counter", [1, 9, 10])
def test_a_counter_that_falls_or_stands_still_is_refused(counter: int) -> None:
    device = SoftAuthenticator(ORIGIN, counter=1)
    passkey = replace(register(device), sign_count=10)
    device.counter = counter
    with pytest.raises(Unauthenticated):
        sign_in(device, passkey)
    device.counter = 11
    assert sign_in(device, passkey) == 11


def test_a_counter_that_went_back_to_nothing_is_refused() -> None:
    device = SoftAuthenticator(ORIGIN, counter=1)
    passkey = register(device)
    device.counter = 0
    with pytest.raises(Unauthenticated):
        sign_in(device, passkey)


def test_somebody_elses_credential_is_refused() -> None:
    device, other = SoftAuthenticator(ORIGIN), SoftAuthenticator(ORIGIN)
    mine, theirs = register(device), register(other)
    answer = other.get(VAULT.sign_in_options([mine], SECOND))
    with pytest.raises(Unauthenticated):
        VAULT.verify_sign_in(answer, mine, SECOND)
    # With the name of mine on it, the signature is still theirs.
    renamed = {**answer, "id": base64url(mine.credential_id), "rawId": base64url(mine.credential_id)}
    with pytest.raises(Unauthenticated):
        VAULT.verify_sign_in(renamed, mine, SECOND)
    # And a key is not taken for one of another name, even when it is the same key.
    with pytest.raises(Unauthenticated):
        sign_in(device, replace(mine, credential_id=b"another"))
    with pytest.raises(Unauthenticated):
        VAULT.verify_sign_in(device.get(VAULT.sign_in_options([], SECOND)), theirs, SECOND)


def test_the_handle_of_another_user_is_refused_and_a_missing_one_is_not() -> None:
    device = SoftAuthenticator(ORIGIN)
    passkey = register(device)
    with pytest.raises(Unauthenticated):
        sign_in(device, replace(passkey, user_id=8))
    device.user_handle = None
    assert sign_in(device, passkey) == 0


@pytest.mark.parametrize("part", ["signature", "authenticatorData", "clientDataJSON"])
def test_a_tampered_answer_does_not_sign_in(part: str) -> None:
    device = SoftAuthenticator(ORIGIN, counter=1)
    passkey = register(device)
    answer = device.get(VAULT.sign_in_options([passkey], SECOND))
    change = (lambda content: content + b" ") if part == "clientDataJSON" else flip_last
    with pytest.raises(Unauthenticated):
        VAULT.verify_sign_in(tampered(answer, part, change), passkey, SECOND)
    assert VAULT.verify_sign_in(answer, passkey, SECOND) == 2


def test_an_attestation_that_nobody_asked_for_is_refused() -> None:
    for kind, statement in (
        ("fido-u2f", {"x5c": [b"x"], "sig": b"x"}),
        ("tpm", {}),
        ("apple", {"x5c": [b"x"]}),
        ("android-key", {"alg": -7, "sig": b"x", "x5c": [b"x"]}),
        ("of my own", {}),
    ):
        with pytest.raises(InvalidInput, match="nobody asked for"):
            register(SoftAuthenticator(ORIGIN, attestation={"fmt": kind, "attStmt": statement}))


def test_an_attestation_that_is_wrong_is_refused() -> None:
    for attestation in (
        {"fmt": "none", "attStmt": {"sig": b"x"}},
        {"fmt": "packed", "attStmt": {"alg": -7, "sig": b"wrong"}},
        {"fmt": 3, "attStmt": {}},
    ):
        with pytest.raises(InvalidInput):
            register(SoftAuthenticator(ORIGIN, attestation=attestation))


def test_a_key_that_cannot_verify_anything_is_refused_at_once() -> None:
    device = SoftAuthenticator(ORIGIN)
    answer = device.create(VAULT.registration_options(ALICE, [], CHALLENGE))
    numbers = device.key.public_key().public_numbers()
    y = numbers.y.to_bytes(32, "big")

    def off_the_curve(content: bytes) -> bytes:
        found = cbor2.loads(content)
        return cbor2.dumps({**found, "authData": found["authData"].replace(y, bytes(31) + b"\1")})

    with pytest.raises(InvalidInput):
        VAULT.verify_registration(tampered(answer, "attestationObject", off_the_curve), CHALLENGE)


@hypothesis_settings(deadline=None, max_examples=150)
@given(st.data())
def test_a_spoiled_answer_is_refused_with_our_errors_alone(data: st.DataObject) -> None:
    device = SoftAuthenticator(ORIGIN, counter=1)
    passkey = register(device)

    def spoil(content: bytes) -> bytes:
        at = data.draw(st.integers(0, 1000)) % len(content)
        return content[:at] + data.draw(st.binary(max_size=4)) + content[at + 1 :]

    answer = device.create(VAULT.registration_options(ALICE, [], CHALLENGE))
    spoiled = tampered(answer, data.draw(st.sampled_from(["clientDataJSON", "attestationObject"])), spoil)
    with suppress(InvalidInput):
        VAULT.verify_registration(spoiled, CHALLENGE)
    answer = device.get(VAULT.sign_in_options([passkey], SECOND))
    part = data.draw(st.sampled_from(["clientDataJSON", "authenticatorData", "signature", "userHandle"]))
    spoiled = tampered(answer, part, spoil)
    if spoiled != answer:
        with pytest.raises((Unauthenticated, InvalidInput)):
            VAULT.verify_sign_in(spoiled, passkey, SECOND)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(max_size=8), values, max_size=3),
    max_leaves=8,
)
client_data = st.one_of(
    json_values,
    st.fixed_dictionaries(
        {}, optional=dict.fromkeys(("type", "challenge", "origin", "crossOrigin"), json_values)
    ),
).map(lambda value: base64url(json.dumps(value).encode()))
near_answers = st.fixed_dictionaries(
    {},
    optional={
        "id": json_values | st.just("AAAA"),
        "rawId": json_values | st.just("AAAA"),
        "type": json_values,
        "response": json_values
        | st.fixed_dictionaries(
            {}, optional={"clientDataJSON": json_values | client_data, "attestationObject": json_values}
        ),
    },
)


@hypothesis_settings(max_examples=300)
@given(json_values | near_answers)
def test_arbitrary_json_is_invalid_input_and_nothing_else(value: Mapping[str, Any]) -> None:
    for parse in (VAULT.challenge_of, VAULT.credential_id_of):
        with suppress(InvalidInput):
            assert isinstance(parse(value), bytes)
    for verify in (
        lambda: VAULT.verify_registration(value, CHALLENGE),
        lambda: VAULT.verify_sign_in(value, Passkey(1, 7, b"x", b"y", 0, "phone", 0, None), CHALLENGE),
    ):
        with pytest.raises(SecureVisionError):
            verify()


@pytest.mark.parametrize(
    "content",
    [b"[" * 100_000, b'{"a":' * 20_000, b"\xff\xfe", b"9" * 5000, b"{}", b"null", b"", b'{"challenge": ""}'],
    ids=lambda content: repr(content[:10]),
)
def test_client_data_that_hurts_parsers_is_invalid_input(content: bytes) -> None:
    answer = {"id": "AAAA", "rawId": "AAAA", "response": {"clientDataJSON": base64url(content[:48_000])}}
    with pytest.raises(InvalidInput):
        VAULT.challenge_of(answer)


def test_what_an_answer_claims_can_be_looked_up_before_it_is_verified() -> None:
    device = SoftAuthenticator(ORIGIN)
    answer = device.create(VAULT.registration_options(ALICE, [], CHALLENGE))
    assert VAULT.challenge_of(answer) == CHALLENGE
    assert VAULT.credential_id_of(answer) == device.credential_id
    for spoiled in ("A", "AA AA", "AA==", "é", ""):
        with pytest.raises(InvalidInput):
            VAULT.credential_id_of({**answer, "id": spoiled, "rawId": spoiled})
    with pytest.raises(InvalidInput):
        VAULT.credential_id_of({**answer, "rawId": "AAAA"})
    long = base64url(bytes(1024))
    with pytest.raises(InvalidInput):
        VAULT.credential_id_of({**answer, "id": long, "rawId": long})


@pytest.mark.parametrize(
    ("origin", "offered"),
    [
        ("https://nas.local:8443", True),
        ("https://localhost:8443", True),
        ("http://localhost:8000", True),
        ("http://cameras.localhost", True),
        ("http://nas.local:8000", False),
        ("https://192.168.1.5:8443", False),
        ("https://[::1]:8443", False),
        ("http://127.0.0.1:8000", False),
    ],
)
def test_passkeys_are_offered_where_browsers_accept_them(origin: str, offered: bool) -> None:
    assert Passkeys(origin).offered is offered


def test_an_origin_is_compared_as_browsers_write_it() -> None:
    vault = Passkeys("https://NAS.local:443/")
    device = SoftAuthenticator("https://nas.local")
    options = vault.registration_options(ALICE, [], CHALLENGE)
    assert vault.verify_registration(device.create(options), CHALLENGE).credential_id == device.credential_id


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "nas.local",
        "ftp://nas.local",
        "https://",
        "https://nas.local/x",
        "https://nas.local:x",
        "https://[",
    ],
)
def test_an_origin_that_is_none_is_refused(origin: str) -> None:
    with pytest.raises(InvalidInput):
        Passkeys(origin)
