"""The audit log in the database."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, select

from fakes.audit_exports import DRAFTS, OTHER_SIGNER, SIGNER
from fakes.clock import FakeClock
from securevision.audit.checkpoints import ORIGIN, PublicKey, SignedCheckpoint
from securevision.audit.proofs import verify_consistency, verify_inclusion
from securevision.audit.verify import verify_export
from securevision.domain.audit import AuditAction, AuditDraft, Outcome
from securevision.errors import InvalidInput, Unavailable
from securevision.store.audit import SqlAuditLog, append
from securevision.store.audit_reader import SqlAuditReader
from securevision.store.database import Database
from securevision.store.tables import people
from securevision.vault.signing import verify_signature

KEY = PublicKey(ORIGIN, SIGNER.public_key)
ADA = AuditDraft(
    AuditAction.LOGIN_SUCCEEDED, "user:3", actor_name="Ada Lovelace-King", network="2001:db8::5eed"
)


@pytest.fixture
def log(database: Database, clock: FakeClock) -> SqlAuditLog:
    return SqlAuditLog(database, clock, os.urandom)


@pytest.fixture
def reader(database: Database, clock: FakeClock) -> SqlAuditReader:
    return SqlAuditReader(database, clock, SIGNER)


@pytest.fixture
def tampering(path: Path, database: Database) -> Iterator[sqlite3.Connection]:
    """A program that may write to the file, and knows nothing of the log."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


def fault(reader: SqlAuditReader, *kept: str, key: PublicKey | None = None) -> str:
    found = reader.verify(
        verify_signature, held_key=key, earlier=[SignedCheckpoint.parse(note) for note in kept]
    )
    return "" if found.fault is None else str(found.fault)


def test_what_is_recorded_is_read_newest_first(
    log: SqlAuditLog, reader: SqlAuditReader, clock: FakeClock
) -> None:
    for draft in DRAFTS:
        log.record(draft)
        clock.advance(1)
    page = reader.page(None, 2)
    assert page.size == 5
    assert [record.seq for record in page.records] == [4, 3]
    newest = page.records[1]
    assert (newest.action, newest.outcome, newest.actor, newest.target) == (
        "events.viewed",
        "ok",
        "user:1",
        "",
    )
    assert newest.ts_ms == 1_700_000_003_000
    assert newest.personal == {"actor_name": "root", "query": "Grace Ü. Hopper"}
    assert [record.seq for record in reader.page(3, 100).records] == [2, 1, 0]
    assert reader.page(0, 5).records == reader.page(-(10**30), 5).records == ()
    assert len(reader.page(10**30, 10**30).records) == 5
    with pytest.raises(InvalidInput):
        reader.page(None, 0)


def test_an_entry_and_its_change_are_stored_together_or_not_at_all(
    database: Database, log: SqlAuditLog, reader: SqlAuditReader
) -> None:
    def change(connection: Connection, name: str) -> int:
        connection.execute(insert(people).values(name=name))
        return append(connection, ADA, 1, log.salt)

    assert database.write(lambda connection: change(connection, "ada")) == 0
    with pytest.raises(ZeroDivisionError):
        database.write(lambda connection: change(connection, "eve") // 0)
    with pytest.raises(ZeroDivisionError):
        database.write(lambda connection: append(connection, ADA, 1, log.salt) // 0)
    assert reader.tree().size == 1
    assert len(database.read(lambda connection: connection.execute(select(people)).all())) == 1
    assert fault(reader) == ""


def test_the_export_of_a_database_is_found_good_and_holds_what_is_there(
    log: SqlAuditLog, reader: SqlAuditReader
) -> None:
    for draft in DRAFTS * 250:  # more than are read at a time
        log.record(draft)
    lines = list(reader.export())
    found = verify_export(lines, verify_signature, held_key=KEY)
    assert found.fault is None
    assert (found.entries, found.personal, found.erased) == (1250, 1250, 0)
    assert fault(reader, key=KEY) == ""


def test_an_export_holds_the_log_as_it_was_when_it_was_asked_for(
    log: SqlAuditLog, reader: SqlAuditReader
) -> None:
    for draft in DRAFTS:
        log.record(draft)
    lines = reader.export()
    log.record(ADA)
    whole = [next(lines)]
    log.record(ADA)
    whole += lines
    found = verify_export(whole, verify_signature)
    assert (found.fault, found.entries) == (None, 5)


def test_proofs_of_the_database_hold(log: SqlAuditLog, reader: SqlAuditReader) -> None:
    old = reader.tree()
    for draft in DRAFTS:
        log.record(draft)
    middle = reader.tree()
    for draft in DRAFTS:
        log.record(draft)
    new = reader.tree()
    leaf = next(entry.leaf for entry in reader.entries(10) if entry.seq == 7)
    assert verify_inclusion(leaf, 7, 10, reader.inclusion_proof(7, 10), new.root)
    for earlier in (old, middle, new):
        proof = reader.consistency_proof(earlier.size, new.size)
        assert verify_consistency(earlier.size, earlier.root, new.size, new.root, proof)
    for size in (-1, 11, 10**30):
        with pytest.raises(InvalidInput):
            reader.consistency_proof(0, size)
    for seq in (-1, 10):
        with pytest.raises(InvalidInput):
            reader.inclusion_proof(seq, 10)


def test_checkpoints_are_kept(log: SqlAuditLog, reader: SqlAuditReader) -> None:
    log.record(ADA)
    note = reader.checkpoint()
    assert reader.checkpoint() == note
    log.record(ADA)
    signed = SignedCheckpoint.parse(reader.checkpoint())
    assert signed.is_by(KEY, verify_signature)
    assert (signed.checkpoint.size, signed.checkpoint.root) == (2, reader.tree().root)
    assert fault(reader, note, str(signed)) == ""


TAMPERINGS = {
    "a changed entry": (
        "UPDATE audit_entries SET body = replace(body, 'user:3', 'user:4') WHERE seq = 2",
        "Entry 2 was changed: it does not have the hash that is written beside it.",
    ),
    "a changed hash": (
        "UPDATE audit_entries SET leaf = zeroblob(32) WHERE seq = 2",
        "Entry 2 was changed: it does not have the hash that is written beside it.",
    ),
    "an entry that is no text": (
        "UPDATE audit_entries SET body = x'ff00fe' WHERE seq = 2",
        "Entry 2 is not JSON.",
    ),
    "a removed entry": (
        "DELETE FROM audit_entries WHERE seq = 2",
        "Entry 2 is not there; in its place is entry 3.",
    ),
    "a removed last entry": (
        "DELETE FROM audit_entries WHERE seq = 4",
        "The log holds 4 entries, which are not those of its tree of 5.",
    ),
    "two entries swapped": (
        """UPDATE audit_entries SET seq = -1 - seq WHERE seq IN (1, 2);
        UPDATE audit_entries SET seq = 4 + seq WHERE seq < 0""",
        "Entry 1 is not there; in its place is entry 2.",
    ),
    "an entry added behind the last": (
        "INSERT INTO audit_entries SELECT 9999, ts_ms, action, leaf, body FROM audit_entries WHERE seq = 4",
        "Entry 5 is not there; in its place is entry 4.",
    ),
    "an entry added before the first": (
        "INSERT INTO audit_entries SELECT -1, ts_ms, action, leaf, body FROM audit_entries WHERE seq = 4",
        "Entry 5 is not there; in its place is entry 4.",
    ),
    "a smaller tree": (
        "UPDATE audit_tree SET size = 4, frontier = substr(frontier, 1, 32)",
        "The log holds 5 entries, which are not those of its tree of 4.",
    ),
    "a changed personal value": (
        "UPDATE audit_personal SET value = 'Eve' WHERE seq = 2 AND field = 'actor_name'",
        "Entry 2 has a personal value, 'actor_name', that is not the one it was made with.",
    ),
    "a personal value that is no text": (
        "UPDATE audit_personal SET value = x'ff' WHERE seq = 2 AND field = 'actor_name'",
        "Entry 2 has a personal value, 'actor_name', that is not the one it was made with.",
    ),
    "a changed checkpoint": (
        "UPDATE audit_checkpoints SET note = replace(note, char(10) || '5' || char(10), char(10) || '3' || char(10))",
        "The stored checkpoint of size 3 was not signed with the key",
    ),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_what_somebody_did_to_the_database_is_found(
    name: str, log: SqlAuditLog, reader: SqlAuditReader, tampering: sqlite3.Connection
) -> None:
    for _ in range(5):
        log.record(ADA)
    reader.checkpoint()
    assert fault(reader) == ""
    statement, sentence = TAMPERINGS[name]
    tampering.executescript(statement)
    assert sentence in fault(reader)


def cut_off_the_end(tampering: sqlite3.Connection, path: Path) -> None:
    """Put the log back to two entries as one who knows how it is made: tree and checkpoints fit."""
    with Database.open(path.with_name("other.db")) as other:
        log = SqlAuditLog(other, FakeClock(), os.urandom)
        log.record(ADA)
        log.record(ADA)
    tampering.execute("ATTACH DATABASE ? AS other", (str(path.with_name("other.db")),))
    tampering.executescript(
        "DELETE FROM main.audit_personal; DELETE FROM main.audit_entries; DELETE FROM main.audit_tree;"
        "DELETE FROM main.audit_checkpoints;"
        "INSERT INTO main.audit_entries SELECT * FROM other.audit_entries;"
        "INSERT INTO main.audit_personal SELECT * FROM other.audit_personal;"
        "INSERT INTO main.audit_tree SELECT * FROM other.audit_tree;"
    )


def test_a_clean_truncation_is_found_against_a_kept_checkpoint(
    path: Path, log: SqlAuditLog, reader: SqlAuditReader, tampering: sqlite3.Connection
) -> None:
    for _ in range(5):
        log.record(ADA)
    kept = reader.checkpoint()
    cut_off_the_end(tampering, path)
    assert fault(reader) == ""
    assert fault(reader, kept).startswith("The log ends after 2 entries, but a kept checkpoint was made of 5")
    for _ in range(10):
        log.record(ADA)
    assert fault(reader) == ""
    assert fault(reader, kept) == (
        "The log is not the one of a kept checkpoint: its first 5 entries were rewritten."
    )


def test_a_log_that_was_put_back_behind_its_checkpoints_is_not_signed_again(
    log: SqlAuditLog, reader: SqlAuditReader, tampering: sqlite3.Connection
) -> None:
    log.record(ADA)
    log.record(ADA)
    reader.checkpoint()
    tampering.executescript("DELETE FROM audit_tree")
    with pytest.raises(Unavailable, match="audit verify"):
        reader.checkpoint()
    with pytest.raises(Unavailable, match="audit verify"):
        log.record(ADA)


@pytest.mark.parametrize("frontier", ["x''", "zeroblob(31)", "'text'"])
def test_a_broken_tree_stops_what_would_be_logged(
    frontier: str, log: SqlAuditLog, tampering: sqlite3.Connection
) -> None:
    log.record(ADA)
    tampering.execute(f"UPDATE audit_tree SET frontier = {frontier}")
    with pytest.raises(Unavailable, match="audit verify"):
        log.record(ADA)


def test_another_key_than_the_one_held_is_said(
    log: SqlAuditLog, reader: SqlAuditReader, database: Database
) -> None:
    log.record(ADA)
    reader.checkpoint()
    held = PublicKey(ORIGIN, OTHER_SIGNER.public_key)
    assert fault(reader, key=held) == f"The stored checkpoint of size 1 was not signed with the key {held}."


def test_erasing_a_person_leaves_every_proof_valid_and_nothing_in_the_files(
    path: Path, log: SqlAuditLog, reader: SqlAuditReader
) -> None:
    def held_by_files(needle: bytes) -> bool:
        return any(needle in file.read_bytes() for file in path.parent.iterdir())

    other = AuditDraft(AuditAction.LOGIN_SUCCEEDED, "user:4", actor_name="Grace Hopper-Murray")
    about = AuditDraft(
        AuditAction.USER_CHANGED,
        "user:4",
        actor_name="Grace Hopper-Murray",
        target="user:3",
        target_name="Ada Lovelace-King",
    )
    for draft in (ADA, other, about):
        log.record(draft)
    for _ in range(9):
        log.record_repeating(ADA)
    kept = reader.checkpoint()
    before = list(reader.export())
    assert held_by_files(b"Ada Lovelace-King")
    assert held_by_files(b"2001:db8::5eed")

    request = AuditDraft(
        AuditAction.AUDIT_ERASED,
        "user:4",
        actor_name="Grace Hopper-Murray",
        target="user:3",
        target_name="Ada Lovelace-King",
    )
    erased = log.erase("user:3", request)

    assert (
        erased == 11
    )  # two and one of the first entries; three of two that repeat, one of two of their count
    assert not held_by_files(b"Ada Lovelace-King")
    assert not held_by_files(b"2001:db8::5eed")
    assert held_by_files(b"Grace Hopper-Murray")
    newest = reader.page(None, 1).records[0]
    assert (newest.action, newest.target, newest.details) == ("audit.erased", "user:3", {"count": "11"})
    assert fault(reader, kept) == ""
    after = list(reader.export())
    assert b"Ada Lovelace-King" not in b"".join(after)
    found = verify_export(after, verify_signature, held_key=KEY, earlier=[SignedCheckpoint.parse(kept)])
    assert (found.fault, found.erased) == (None, 11)
    # What was exported before stays what it was.
    assert verify_export(before, verify_signature, held_key=KEY).fault is None
    assert log.erase("user:3", request) == 0


def test_names_that_nobody_has_can_be_erased(log: SqlAuditLog, reader: SqlAuditReader) -> None:
    log.record(
        AuditDraft(
            AuditAction.LOGIN_FAILED, "unknown", Outcome.REFUSED, target_name="my-p4ssword", network="::1"
        )
    )
    log.record(ADA)
    assert log.erase("unknown", AuditDraft(AuditAction.AUDIT_ERASED, "cli", target="unknown")) == 2
    assert [record.personal for record in reader.page(None, 9).records] == [
        {},
        {"actor_name": "Ada Lovelace-King", "network": "2001:db8::5eed"},
        {},
    ]
    with pytest.raises(InvalidInput):
        log.erase("", AuditDraft(AuditAction.AUDIT_ERASED, "cli"))


@pytest.mark.parametrize(
    "name", ['x\n{"seq":1}', "a\u2028b\x85c\x1b[2J\u202e", "nul\0", "\ud800", "'; DROP TABLE users"]
)
def test_log_injection_stays_one_entry(
    name: str, path: Path, log: SqlAuditLog, reader: SqlAuditReader
) -> None:
    log.record(AuditDraft(AuditAction.LOGIN_FAILED, "unknown", target=name, target_name=name, network=name))
    lines = list(reader.export())
    assert len(lines) == 3
    assert len(b"".join(lines).decode().splitlines()) == 3
    assert verify_export(lines, verify_signature).fault is None
    (record,) = reader.page(None, 5).records
    assert set(record.personal) == {"target_name", "network"}


def test_an_append_reads_no_entry(database: Database, log: SqlAuditLog) -> None:
    """Its cost does not depend on the length of the log."""
    log.record(ADA)

    def plans(connection: Connection) -> list[str]:
        raw = connection.connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        statements: list[str] = []
        raw.set_trace_callback(statements.append)
        append(connection, ADA, 1, log.salt)
        raw.set_trace_callback(None)
        return statements

    statements = database.write(plans)
    assert [statement.split()[0] for statement in statements] == [
        "SELECT",
        "INSERT",
        "INSERT",
        "INSERT",
        "INSERT",
    ]
    assert "FROM audit_tree" in " ".join(statements[0].split())
