import json
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.audit_exports import salts
from securevision.audit.canonical import canonical, parse_canonical
from securevision.audit.entries import MAX_TEXT, PersonalValue, plain, seal_entry
from securevision.audit.tree import leaf_hash
from securevision.domain.audit import AuditAction, AuditDraft, Outcome
from securevision.errors import InvalidInput

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


def test_an_entry_holds_commitments_in_place_of_what_is_personal() -> None:
    draft = AuditDraft(
        AuditAction.USER_CHANGED,
        "user:1",
        Outcome.OK,
        actor_name="root",
        target="user:3",
        target_name="Ada L.",
        network="192.0.2.7",
        details={"role": "viewer"},
        personal={"old_name": "augusta"},
    )
    entry = seal_entry(draft, 7, 1_700_000_000_123, salts())

    assert json.loads(entry.body) == {
        "v": 1,
        "seq": 7,
        "ts_ms": 1_700_000_000_123,
        "action": "user.changed",
        "outcome": "ok",
        "actor": "user:1",
        "target": "user:3",
        "details": {"role": "viewer"},
        "personal": {value.field: value.commitment for value in entry.personal},
    }
    assert entry.leaf == leaf_hash(entry.body)
    assert {value.field: (value.subject, value.value) for value in entry.personal} == {
        "old_name": ("user:3", "augusta"),
        "actor_name": ("user:1", "root"),
        "network": ("user:1", "192.0.2.7"),
        "target_name": ("user:3", "Ada L."),
    }
    for secret in (b"root", b"Ada L.", b"192.0.2.7", b"augusta"):
        assert secret not in entry.body


def test_whom_the_personal_values_are_about() -> None:
    def subjects(draft: AuditDraft) -> dict[str, str]:
        return {value.field: value.subject for value in seal_entry(draft, 0, 0, salts()).personal}

    failed = AuditDraft(AuditAction.LOGIN_FAILED, "unknown", target_name="nobody", network="192.0.2.7")
    assert subjects(failed) == {"target_name": "", "network": ""}
    search = AuditDraft(AuditAction.EVENTS_VIEWED, "user:1", target="camera:gate", personal={"query": "Ada"})
    assert subjects(search) == {"query": "user:1"}
    enrolled = AuditDraft(AuditAction.PERSON_ENROLLED, "cli", target="person:5", personal={"name": "Ada"})
    assert subjects(enrolled) == {"name": "person:5"}


def test_equal_values_have_different_commitments() -> None:
    draft = AuditDraft(AuditAction.LOGIN_SUCCEEDED, "user:1", actor_name="ada", target_name="ada")
    salt = salts()
    commitments = {v.commitment for seq in range(3) for v in seal_entry(draft, seq, 0, salt).personal}
    assert len(commitments) == 6


def test_a_commitment_is_over_its_field_salt_and_value_each_with_its_length() -> None:
    def commitment(field: str, salt: bytes, value: str) -> str:
        return PersonalValue(field, "", salt, value).commitment

    framed = b"".join(len(part).to_bytes(8, "big") + part for part in (b"ab", b"cd", b"ef"))
    assert commitment("ab", b"cd", "ef") == sha256(framed).hexdigest()
    assert (
        len({commitment("ab", b"cd", "ef"), commitment("abc", b"d", "ef"), commitment("ab", b"cde", "f")})
        == 3
    )


@pytest.mark.parametrize("field", ["actor_name", "target_name", "network"])
def test_a_personal_field_cannot_take_the_place_of_another(field: str) -> None:
    draft = AuditDraft(AuditAction.EVENTS_VIEWED, "user:1", actor_name="ada", personal={field: "x"})
    with pytest.raises(InvalidInput, match=field):
        seal_entry(draft, 0, 0, salts())


@given(st.text(st.characters()), st.text(st.characters()))
def test_log_injection_stays_one_line_of_one_entry(name: str, target: str) -> None:
    draft = AuditDraft(AuditAction.LOGIN_FAILED, target, target_name=name, details={name: name})
    entry = seal_entry(draft, 0, 0, salts())
    text = entry.body.decode() + "".join(value.value for value in entry.personal)
    assert len(text.splitlines()) == 1
    assert parse_canonical(entry.body)["actor"] == plain(target)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ('ada\n{"seq":8}', 'ada\\u000a{"seq":8}'),
        ("\x1b[2Jada", "\\u001b[2Jada"),
        ("user\u202etxt.exe", "user\\u202etxt.exe"),
        ("a\u0085b\u2028c\u2029d", "a\\u0085b\\u2028c\\u2029d"),
        ("half \ud800 pair", "half \\ud800 pair"),
        ("nul\0nul", "nul\\u0000nul"),
        ("Zoë 张伟 🙂", "Zoë 张伟 🙂"),
    ],
)
def test_characters_that_forge_lines_or_steer_terminals_are_spelt_out(given: str, kept: str) -> None:
    assert plain(given) == kept


def test_a_long_text_is_cut() -> None:
    assert plain("x" * MAX_TEXT) == "x" * MAX_TEXT
    assert plain("x" * 10**6) == "x" * (MAX_TEXT - 1) + "…"


@given(st.dictionaries(st.text(), JSON, max_size=4))
def test_canonical_json_round_trips(value: dict[str, object]) -> None:
    assert parse_canonical(canonical(value)) == value


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"1",
        b'{"a":1,"a":1}',
        b'{"b":1,"a":1}',
        b'{"a": 1}',
        b'{"a":1} ',
        b'{"a":1.0}',
        b'{"a":NaN}',
        b'{"a":1e400}',
        b'{"a":"\\u0041"}',
        b'{"a":"\\ud800"}',
        b'{"a":"\xff"}',
        b'\xef\xbb\xbf{"a":1}',
        b'{"a":' + b"9" * 5000 + b"}",
        b'{"a":' * 100_000,
    ],
)
def test_any_other_form_of_json_is_refused(text: bytes) -> None:
    with pytest.raises(InvalidInput):
        parse_canonical(text)


@given(st.binary(max_size=60))
def test_no_bytes_crash_the_parser(text: bytes) -> None:
    try:
        value = parse_canonical(text)
    except InvalidInput:
        return
    assert canonical(value) == text
