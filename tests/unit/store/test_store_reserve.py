"""Room that is kept for the audit log."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from fakes import full_disk
from fakes.clock import FakeClock
from securevision.domain.audit import AuditAction, AuditDraft
from securevision.domain.events import EventDraft, FacePayload
from securevision.domain.geometry import Box
from securevision.errors import StorageFull
from securevision.store.audit import SqlAuditLog
from securevision.store.database import Database
from securevision.store.events import SqlEventStore
from securevision.store.reserve import RESERVE_BYTES, Reserve

ENTRY = AuditDraft(AuditAction.LOGIN_SUCCEEDED, "user:1", actor_name="ada" * 100)
EVENT = EventDraft(1, "gate", 1, FacePayload("ada", 0.5, Box(0, 0, 1, 1)))
SMALL = 2**20


def test_the_reserve_takes_real_room_of_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "audit.reserve"
    before = os.umask(0)
    try:
        Reserve(path, SMALL).make()
    finally:
        os.umask(before)
    facts = path.stat()
    assert (facts.st_size, facts.st_blocks * 512 >= SMALL, facts.st_mode & 0o777) == (SMALL, True, 0o600)


def test_room_is_given_in_steps_until_there_is_none(tmp_path: Path) -> None:
    path = tmp_path / "audit.reserve"
    reserve = Reserve(path, SMALL)
    assert not reserve.give()
    reserve.make()
    sizes = []
    while reserve.give():
        sizes.append(path.stat().st_size if path.exists() else 0)
    assert sizes == [3 * 2**18, 2 * 2**18, 2**18, 0]
    reserve.make()
    assert path.stat().st_size == SMALL


def test_a_reserve_that_would_fill_the_disk_is_not_made(tmp_path: Path) -> None:
    path = tmp_path / "audit.reserve"
    Reserve(path, shutil.disk_usage(tmp_path).free // 2).make()
    assert not path.exists()


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "target").touch()
    path = tmp_path / "audit.reserve"
    path.symlink_to(tmp_path / "target")
    Reserve(path, SMALL).make()
    assert (tmp_path / "target").stat().st_size == 0


def test_a_place_where_nothing_can_be_made_is_no_error(tmp_path: Path) -> None:
    reserve = Reserve(tmp_path / "missing" / "audit.reserve", SMALL)
    reserve.make()
    assert not reserve.give()


def pages(database: Database, *, more: int) -> None:
    """Let the database grow by so many pages: a disk that is full after that."""
    count = database.read(lambda connection: connection.scalar(text("PRAGMA page_count")))
    assert count is not None
    database.write(lambda connection: connection.execute(text(f"PRAGMA max_page_count = {count + more}")))


def test_only_what_carries_an_audit_entry_takes_from_the_reserve(path: Path, database: Database) -> None:
    database.keep_reserve("audit.reserve")
    reserve = path.with_name("audit.reserve")
    log = SqlAuditLog(database, FakeClock(), os.urandom)
    events = SqlEventStore(database, FakeClock())
    log.record(ENTRY)
    assert reserve.stat().st_size == RESERVE_BYTES
    pages(database, more=0)

    with pytest.raises(StorageFull):
        events.add(EVENT, bytes(100_000))
    assert reserve.stat().st_size == RESERVE_BYTES

    def until_full() -> None:
        for _ in range(100):
            log.record(ENTRY)

    # What is given does not help against this limit, so all is given.
    with pytest.raises(StorageFull):
        until_full()
    assert not reserve.exists()

    pages(database, more=1000)
    log.record(ENTRY)
    assert reserve.stat().st_size == RESERVE_BYTES


def test_without_a_reserve_a_full_disk_is_said(database: Database) -> None:
    log = SqlAuditLog(database, FakeClock(), os.urandom)
    log.record(ENTRY)
    pages(database, more=0)

    def until_full() -> None:
        for _ in range(100):
            log.record(ENTRY)

    with pytest.raises(StorageFull):
        until_full()


def can_mount() -> bool:
    probe = ["unshare", "--mount", "--map-root-user", "mount", "-t", "tmpfs", "none", "/mnt"]
    try:
        return subprocess.run(probe, capture_output=True, timeout=30, check=False).returncode == 0
    except OSError:
        return False


@pytest.mark.skipif(not can_mount(), reason="needs user and mount namespaces")
def test_on_a_full_disk_the_log_goes_on_while_events_are_refused(tmp_path: Path) -> None:
    program = Path(full_disk.__file__)
    script = 'mount -t tmpfs -o size=96m none "$1" && exec "$2" "$3" "$1"'
    done = subprocess.run(
        [
            "unshare",
            "--mount",
            "--map-root-user",
            "sh",
            "-c",
            script,
            "sh",
            tmp_path,
            sys.executable,
            program,
        ],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": str(program.parents[1])},
        check=True,
    )
    found = json.loads(done.stdout)
    assert (found["made"], found["mode"], found["after_events"]) == (RESERVE_BYTES, 0o600, RESERVE_BYTES)
    # One entry at least for each step, though events take whatever is left over each time.
    assert found["logged"] >= 32
    assert found["left"] == 0 or found["logged"] == full_disk.ENOUGH
    assert found["restored"] == RESERVE_BYTES
    assert (found["fault"], found["entries"]) == ("None", found["logged"] + 1)
