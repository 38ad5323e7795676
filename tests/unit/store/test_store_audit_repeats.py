"""A flood of entries becomes a handful, and a count."""

import os

import pytest

from fakes.audit_exports import SIGNER
from fakes.clock import FakeClock
from securevision.domain.audit import AuditAction, AuditDraft, AuditRecord, Outcome
from securevision.errors import Unavailable
from securevision.store.audit import SqlAuditLog
from securevision.store.audit_reader import SqlAuditReader
from securevision.store.audit_repeats import FIRST, MAX_SORTS, WINDOW_MS
from securevision.store.database import Database


@pytest.fixture
def log(database: Database, clock: FakeClock) -> SqlAuditLog:
    return SqlAuditLog(database, clock, os.urandom)


@pytest.fixture
def reader(database: Database, clock: FakeClock) -> SqlAuditReader:
    return SqlAuditReader(database, clock, SIGNER)


def failed(
    network: str = "192.0.2.1", name: str = "ada", actor: str = "unknown", target: str = ""
) -> AuditDraft:
    return AuditDraft(
        AuditAction.LOGIN_FAILED, actor, Outcome.REFUSED, target=target, target_name=name, network=network
    )


def records(reader: SqlAuditReader) -> list[AuditRecord]:
    return list(reversed(reader.page(None, 10**6).records))


def counted(reader: SqlAuditReader) -> int:
    """How many entries were given, written or counted."""
    return sum(int(record.details.get("count", "1")) for record in records(reader))


def test_a_flood_of_ten_thousand_adds_a_handful(
    log: SqlAuditLog, reader: SqlAuditReader, clock: FakeClock
) -> None:
    for number in range(10_000):
        log.record_repeating(failed(name=f"name {number}"))
        clock.advance(0.01)
    assert len(records(reader)) == FIRST
    clock.advance(WINDOW_MS / 1000)
    log.flush_repeats()
    *first, summary = records(reader)
    assert len(first) == FIRST
    assert summary.details == {
        "count": str(10_000 - FIRST),
        "first_ms": "1700000000000",
        "last_ms": "1700000700000",
    }
    assert summary.personal["network"] == "192.0.2.1"
    log.flush_repeats()
    assert counted(reader) == 10_000


def test_other_sorts_are_written_all_the_same(log: SqlAuditLog, reader: SqlAuditReader) -> None:
    for _ in range(50):
        log.record_repeating(failed())
    others = [
        failed(network="192.0.2.2"),
        failed(target="user:3"),
        failed(actor="user:3"),
        AuditDraft(AuditAction.LOGIN_THROTTLED, "unknown", Outcome.REFUSED, network="192.0.2.1"),
        AuditDraft(AuditAction.LOGIN_FAILED, "unknown", Outcome.OK, network="192.0.2.1"),
    ]
    for draft in others:
        log.record_repeating(draft)
    assert len(records(reader)) == FIRST + len(others)


def test_a_household_of_ipv6_addresses_is_one_network(log: SqlAuditLog, reader: SqlAuditReader) -> None:
    for number in range(20):
        log.record_repeating(failed(network=f"2001:db8:0:1::{number:x}"))
    assert len(records(reader)) == FIRST
    log.record_repeating(failed(network="2001:db8:0:2::1"))
    assert len(records(reader)) == FIRST + 1


def test_a_flood_from_everywhere_is_bounded_and_counted(
    log: SqlAuditLog, reader: SqlAuditReader, clock: FakeClock
) -> None:
    for number in range(600):
        log.record_repeating(failed(network=f"198.51.{number // 250}.{number % 250}"))
    assert len(records(reader)) == MAX_SORTS + FIRST
    # One person's doings are not lost in what others do.
    log.record_repeating(failed(actor="user:3"))
    assert records(reader)[-1].actor == "user:3"
    clock.advance(WINDOW_MS / 1000)
    log.flush_repeats()
    assert counted(reader) == 601
    assert len(records(reader)) == MAX_SORTS + FIRST + 2
    assert any(record.details.get("count") == str(600 - MAX_SORTS - FIRST) for record in records(reader))


def test_after_ten_minutes_the_first_are_written_again(
    log: SqlAuditLog, reader: SqlAuditReader, clock: FakeClock
) -> None:
    for _ in range(5):
        log.record_repeating(failed())
    clock.advance(WINDOW_MS / 1000)
    for _ in range(5):
        log.record_repeating(failed())
    details = [record.details.get("count") for record in records(reader)]
    assert details == [None, None, None, "2", None, None, None]
    clock.advance(WINDOW_MS / 1000)
    log.flush_repeats()
    assert counted(reader) == 10


def test_a_clock_that_was_set_back_begins_anew(
    log: SqlAuditLog, reader: SqlAuditReader, clock: FakeClock
) -> None:
    for _ in range(5):
        log.record_repeating(failed())
    clock.advance(-86_400)
    log.record_repeating(failed())
    assert len(records(reader)) == FIRST + 2
    log.flush_repeats()
    assert counted(reader) == 6


def test_two_processes_and_a_restart_count_together(
    database: Database, log: SqlAuditLog, reader: SqlAuditReader, clock: FakeClock
) -> None:
    another = SqlAuditLog(database, clock, os.urandom)
    for _ in range(10):
        log.record_repeating(failed())
        another.record_repeating(failed())
    assert len(records(reader)) == FIRST
    log.flush_repeats()
    another.flush_repeats()
    restarted = SqlAuditLog(database, clock, os.urandom)
    restarted.record_repeating(failed())
    assert len(records(reader)) == FIRST
    clock.advance(WINDOW_MS / 1000)
    restarted.flush_repeats()
    assert counted(reader) == 21


def test_counts_of_a_sort_that_another_process_ended_become_an_entry_without_names(
    database: Database, log: SqlAuditLog, reader: SqlAuditReader, clock: FakeClock
) -> None:
    for _ in range(9):
        log.record_repeating(failed(target="user:3"))
    another = SqlAuditLog(database, clock, os.urandom)
    another.erase("user:3", AuditDraft(AuditAction.AUDIT_ERASED, "cli", target="user:3"))
    log.flush_repeats()
    late = records(reader)[-1]
    assert (late.action, late.target, late.personal) == ("login.failed", "user:3", {})
    erased = [record for record in records(reader) if record.action == "login.failed"]
    assert sum(int(record.details.get("count", "1")) for record in erased) == 9
    assert not any("target_name" in record.personal for record in records(reader))


def test_counts_that_could_not_be_written_are_kept(
    database: Database, log: SqlAuditLog, reader: SqlAuditReader, clock: FakeClock
) -> None:
    for _ in range(9):
        log.record_repeating(failed())
    database.write(lambda connection: connection.exec_driver_sql("ALTER TABLE audit_tree RENAME TO away"))
    clock.advance(WINDOW_MS / 1000)
    with pytest.raises(Exception, match="no such table"):
        log.flush_repeats()
    database.write(lambda connection: connection.exec_driver_sql("ALTER TABLE away RENAME TO audit_tree"))
    log.flush_repeats()
    assert counted(reader) == 9


def test_a_closed_database_refuses(database: Database, log: SqlAuditLog) -> None:
    database.close()
    with pytest.raises(Unavailable):
        log.record_repeating(failed())
