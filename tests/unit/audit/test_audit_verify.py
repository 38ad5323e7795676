"""An export is found good as it was made, and never after anything was done to it."""

import base64
import json
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.audit_exports import (
    DRAFTS,
    KEY,
    ORIGIN,
    OTHER_SIGNER,
    checkpoint_of,
    entries_of,
    export_of,
    tree_of,
)
from securevision.audit.canonical import canonical
from securevision.audit.checkpoints import PublicKey, SignedCheckpoint
from securevision.audit.entries import StoredEntry
from securevision.audit.export import MAX_LINE, checkpoint_in, entry_line
from securevision.audit.proofs import consistency_proof, verify_consistency
from securevision.audit.tree import leaf_hash
from securevision.audit.verify import Verification, verify_entries, verify_export
from securevision.vault.signing import verify_signature

ENTRIES = entries_of()
LINES = export_of(ENTRIES)
WHOLE = b"".join(LINES)
OTHER_KEY = PublicKey(ORIGIN, OTHER_SIGNER.public_key)


def verified(
    lines: Sequence[bytes],
    held_key: PublicKey | None = None,
    earlier: Sequence[SignedCheckpoint] = (),
) -> Verification:
    return verify_export(lines, verify_signature, held_key=held_key, earlier=earlier)


def fault(
    lines: Sequence[bytes],
    held_key: PublicKey | None = None,
    earlier: Sequence[SignedCheckpoint] = (),
) -> str:
    found = verified(lines, held_key, earlier).fault
    return "" if found is None else str(found)


def lines_of(data: bytes) -> list[bytes]:
    """Cut at newlines only, as a file is read."""
    parts = data.split(b"\n")
    return [part + b"\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def forged(entry: StoredEntry, **fields: object) -> StoredEntry:
    """Change fields of an entry and give it the hash that fits."""
    body = canonical({**json.loads(entry.body), **fields})
    return replace(entry, body=body, leaf=leaf_hash(body))


def test_an_export_is_found_good() -> None:
    found = verified(LINES, KEY, [checkpoint_of(ENTRIES[:size]) for size in range(len(ENTRIES) + 1)])
    assert found.fault is None
    assert (found.entries, found.personal, found.erased) == (5, 5, 0)
    assert found.key == KEY
    assert found.checkpoint is not None
    assert found.checkpoint.root == tree_of(ENTRIES).root


def test_an_export_of_an_empty_log_is_found_good() -> None:
    found = verified(export_of([]))
    assert (found.fault, found.entries, found.personal, found.erased) == (None, 0, 0, 0)


@pytest.mark.parametrize("mask", [0x01, 0x20, 0x80])
def test_every_changed_byte_is_found(mask: int) -> None:
    for place in range(len(WHOLE)):
        changed = bytearray(WHOLE)
        changed[place] ^= mask
        assert fault(lines_of(bytes(changed))), place


@given(st.integers(0, len(WHOLE) - 1), st.integers(0, 255))
@settings(deadline=None)
def test_any_other_byte_anywhere_is_found(place: int, byte: int) -> None:
    changed = bytearray(WHOLE)
    changed[place] = byte
    assert bool(fault(lines_of(bytes(changed)))) == (changed != WHOLE)


@given(st.integers(0, len(WHOLE)), st.binary(min_size=1, max_size=3))
@settings(deadline=None)
def test_any_added_bytes_are_found(place: int, added: bytes) -> None:
    assert fault(lines_of(WHOLE[:place] + added + WHOLE[place:]))


def test_every_truncation_is_found() -> None:
    for end in range(len(WHOLE)):
        assert fault(lines_of(WHOLE[:end])), end


def test_every_removed_byte_is_found() -> None:
    for place in range(len(WHOLE)):
        assert fault(lines_of(WHOLE[:place] + WHOLE[place + 1 :])), place


def test_every_removed_line_is_found_and_named() -> None:
    sentences = [fault(LINES[:i] + LINES[i + 1 :]) for i in range(len(LINES))]
    assert sentences[0].startswith("The header ")
    assert sentences[1:5] == [
        f"Entry {seq} is not there; in its place is entry {seq + 1}." for seq in range(4)
    ]
    assert sentences[5] == (
        "The checkpoint at the end was made of 5 entries, the file holds 4: the last ones were removed."
    )
    assert sentences[6] == "The file has no checkpoint at its end, after entry 4; it was cut off."


def test_every_swapped_pair_of_lines_is_found() -> None:
    for i in range(len(LINES)):
        for j in range(i):
            swapped = list(LINES)
            swapped[i], swapped[j] = swapped[j], swapped[i]
            assert fault(swapped), (i, j)


def test_every_line_that_is_there_twice_is_found() -> None:
    for i in range(len(LINES)):
        for j in range(len(LINES) + 1):
            assert fault([*LINES[:j], LINES[i], *LINES[j:]]), (i, j)


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ([], "The file is empty."),
        (LINES[:1], "The file ends after its first line; it was cut off."),
        ([*LINES[:-1], LINES[-1].rstrip(b"\n")], "does not end with a newline; the file was cut off."),
        ([LINES[0], b" " * (MAX_LINE + 1), *LINES[2:]], f"Entry 0 is longer than {MAX_LINE} bytes."),
        ([LINES[0], b"[" * 10**5 + b"\n", *LINES[2:]], "Entry 0 is not JSON."),
        ([LINES[0], b"\xff\n", *LINES[2:]], "Entry 0 is not JSON."),
        ([b'{"format":"other"}\n', *LINES[1:]], "The header is not that of a securevision-audit file"),
    ],
)
def test_what_is_no_export_is_said(lines: list[bytes], sentence: str) -> None:
    assert sentence in fault(lines)


def test_a_changed_entry_is_named() -> None:
    line = LINES[3].replace(b'"role":"viewer"', b'"role":"admin"')
    assert fault([*LINES[:3], line, *LINES[4:]]) == (
        "Entry 2 was changed: it does not have the hash that is written beside it."
    )


def test_a_rewritten_entry_with_its_hash_is_found() -> None:
    line = entry_line(forged(ENTRIES[2], details={"role": "admin"}))
    assert fault([*LINES[:3], line, *LINES[4:]]) == (
        "The checkpoint at the end does not fit the entries: one or more were rewritten with their hashes."
    )


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"v": 2}, "Entry 2 has version 2, which this SecureVision does not know."),
        ({"seq": True}, "Entry 2 does not have the fields of an entry."),
        ({"note": ""}, "Entry 2 does not have the fields of an entry."),
        ({"seq": 3}, "Entry 2 is not there; in its place is entry 3."),
    ],
)
def test_an_entry_of_another_form_is_refused(fields: dict[str, object], sentence: str) -> None:
    assert fault([*LINES[:3], entry_line(forged(ENTRIES[2], **fields)), *LINES[4:]]) == sentence


def test_a_changed_personal_value_is_named() -> None:
    line = LINES[4].replace("Grace Ü. Hopper".encode(), b"Ada")
    assert line != LINES[4]
    assert fault([*LINES[:4], line, *LINES[5:]]) == (
        "Entry 3 has a personal value, 'query', that is not the one it was made with."
    )


def test_a_personal_value_that_was_taken_out_of_the_file_is_found() -> None:
    line = entry_line(replace(ENTRIES[3], personal=()))
    assert "personal values were taken out" in fault([*LINES[:4], line, *LINES[5:]])


@pytest.mark.parametrize("name", [b'"salt":"', b'"leaf":"'])
def test_hexadecimal_has_one_form(name: bytes) -> None:
    before, _, after = LINES[3].partition(name)
    line = before + name + after[:64].upper() + after[64:]
    assert line != LINES[3]
    sentence = "Entry 2 has a hash or a salt that is not lower-case hexadecimal."
    assert fault([*LINES[:3], line, *LINES[4:]]) == sentence


def test_a_changed_header_is_found() -> None:
    header = LINES[0].replace(b"1700000000000", b"1700000000001")
    assert "the header was changed" in fault([header, *LINES[1:]])


def test_erased_values_leave_the_log_proved() -> None:
    erased = [replace(entry, personal=()) for entry in ENTRIES]
    found = verified(export_of(erased), KEY, [checkpoint_of(ENTRIES)])
    assert found.fault is None
    assert (found.personal, found.erased) == (0, 5)


def test_an_export_signed_anew_is_found_only_with_the_key_that_one_holds() -> None:
    rewritten = [*ENTRIES[:2], forged(ENTRIES[2], details={"role": "admin"}), *ENTRIES[3:]]
    lines = export_of(rewritten, OTHER_SIGNER)
    assert fault(lines) == ""
    assert fault(lines, KEY) == f"The header names the key {OTHER_KEY}, not the one that you hold."


def test_a_signature_of_another_key_under_the_right_name_is_found() -> None:
    lines = export_of(ENTRIES, OTHER_SIGNER)
    signed = SignedCheckpoint.parse(checkpoint_in(lines[-1]))
    last = canonical({"checkpoint": str(replace(signed, key_id=KEY.id))}) + b"\n"
    assert fault([*LINES[:-1], last]) == f"The checkpoint at the end was not signed with the key {KEY}."


def test_a_truncation_with_a_new_signature_is_found_against_a_kept_checkpoint() -> None:
    kept = checkpoint_of(ENTRIES)
    lines = export_of(ENTRIES[:3])
    assert fault(lines, KEY) == ""
    assert fault(lines, KEY, [kept]) == (
        "The log ends after 3 entries, but a kept checkpoint was made of 5: the last ones were removed, "
        "or an old state was put back."
    )


def test_a_rollback_that_was_grown_over_is_found_against_a_kept_checkpoint() -> None:
    other_end = [*DRAFTS[:3], *reversed(DRAFTS), *DRAFTS]
    lines = export_of(entries_of(other_end))
    assert fault(lines, KEY, [checkpoint_of(ENTRIES[:3])]) == ""
    assert fault(lines, KEY, [checkpoint_of(ENTRIES)]) == (
        "The log is not the one of a kept checkpoint: its first 5 entries were rewritten."
    )


def test_a_kept_checkpoint_that_another_key_signed_says_nothing_of_this_log() -> None:
    kept = checkpoint_of(ENTRIES[:2], OTHER_SIGNER)
    assert fault(LINES, None, [kept]) == f"The kept checkpoint was not signed with the key {KEY}."


def test_the_checkpoint_of_an_older_export_is_one_that_was_kept() -> None:
    older = SignedCheckpoint.parse(checkpoint_in(export_of(ENTRIES[:3])[-1]))
    assert fault(LINES, KEY, [older]) == ""
    newer = SignedCheckpoint.parse(checkpoint_in(LINES[-1]))
    assert fault(export_of(ENTRIES[:3]), KEY, [newer]).startswith("The log ends after 3 entries")


@given(st.data())
@settings(deadline=None)
def test_a_consistency_proof_between_two_exports(data: st.DataObject) -> None:
    drafts = DRAFTS * 8
    old, new = sorted(data.draw(st.tuples(st.integers(0, 40), st.integers(0, 40))))
    entries = entries_of(drafts)
    a, b = (verified(export_of(entries[:size])).checkpoint for size in (old, new))
    assert a is not None
    assert b is not None
    proof = consistency_proof([entry.leaf for entry in entries[:new]], a.size)
    assert verify_consistency(a.size, a.root, b.size, b.root, proof)
    changed = data.draw(st.integers(0, max(old - 1, 0)))
    rewritten = [*entries[:changed], forged(entries[changed], actor="user:9"), *entries[changed + 1 :]]
    c = tree_of(rewritten[:new])
    false = consistency_proof([entry.leaf for entry in rewritten[:new]], old)
    assert old == 0 or not verify_consistency(a.size, a.root, c.size, c.root, false)


def test_entries_are_verified_where_they_lie() -> None:
    def found(entries: Sequence[StoredEntry], size: int = 5, stored: int = 5, kept: int = 5) -> str:
        result = verify_entries(
            entries,
            tree_of(ENTRIES[:size]),
            KEY,
            verify_signature,
            stored=[checkpoint_of(ENTRIES[:stored])],
            earlier=[checkpoint_of(ENTRIES[:kept])],
        )
        return "" if result.fault is None else str(result.fault)

    assert found(ENTRIES) == ""
    assert found(ENTRIES[:4]) == "The log holds 4 entries, which are not those of its tree of 5."
    assert found(ENTRIES[:3], size=3, kept=2).startswith(
        "The log ends after 3 entries, but a kept checkpoint"
    )
    assert found(ENTRIES[:3], size=3, stored=2).startswith(
        "The log ends after 3 entries, but a kept checkpoint"
    )
    rewritten = [*ENTRIES[:4], forged(ENTRIES[4], actor="user:9")]
    assert (
        found(rewritten) == "The log is not the one of a kept checkpoint: its first 5 entries were rewritten."
    )


@given(st.lists(st.binary(max_size=30).map(lambda line: line.replace(b"\n", b"") + b"\n"), max_size=5))
@settings(deadline=None)
def test_no_bytes_crash_the_verifier(lines: list[bytes]) -> None:
    assert fault(lines)
    assert fault([*LINES[:2], *lines, *LINES[2:]]) or not lines


def test_a_base64_signature_with_other_unused_bits_is_found() -> None:
    note = checkpoint_in(LINES[-1])
    mark = note.rstrip("\n").rpartition(" ")[2]
    twin = mark[:-2] + chr(ord(mark[-2]) + 1) + "="
    assert base64.b64decode(twin) == base64.b64decode(mark)
    last = canonical({"checkpoint": note.replace(mark, twin)}) + b"\n"
    assert fault([*LINES[:-1], last]) == "The checkpoint at the end is not a signed checkpoint."
