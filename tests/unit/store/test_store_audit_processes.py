"""Several processes write into one log."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

from fakes import auditing_process
from fakes.audit_exports import SIGNER
from fakes.clock import FakeClock
from securevision.audit.verify import verify_export
from securevision.store.audit_reader import SqlAuditReader
from securevision.store.database import Database
from securevision.vault.signing import verify_signature

PROGRAM = Path(auditing_process.__file__)


def test_two_processes_at_once_leave_a_log_without_gaps(path: Path) -> None:
    Database.open(path).close()
    environment = {"PYTHONPATH": str(PROGRAM.parents[1])}
    processes = [
        subprocess.Popen([sys.executable, str(PROGRAM), str(path), actor, "60", "5"], env=environment)
        for actor in ("user:1", "user:2")
    ]
    assert [process.wait(timeout=60) for process in processes] == [0, 0]

    with Database.open(path) as database:
        reader = SqlAuditReader(database, FakeClock(), SIGNER)
        found = reader.verify(verify_signature, held_key=None, earlier=[])
        assert found.fault is None
        assert verify_export(list(reader.export()), verify_signature).fault is None
        records = reader.page(None, 1000).records
    assert [record.seq for record in reversed(records)] == list(range(len(records)))
    written = Counter(record.actor for record in records)
    assert (written["user:1"], written["user:2"]) == (60, 60)
    # The two share what they count: three of the 600 were written one by one.
    assert written["unknown"] == 3


def test_a_process_that_is_killed_leaves_a_log_that_is_whole(path: Path) -> None:
    Database.open(path).close()
    environment = {"PYTHONPATH": str(PROGRAM.parents[1])}
    for _ in range(3):
        process = subprocess.Popen(
            [sys.executable, str(PROGRAM), str(path), "user:1", "1000000", "0"], env=environment
        )
        with Database.open(path) as database:
            reader = SqlAuditReader(database, FakeClock(), SIGNER)
            end = reader.tree().size + 30
            while reader.tree().size < end and process.poll() is None:
                pass
        process.kill()
        process.wait()
        with Database.open(path) as database:
            reader = SqlAuditReader(database, FakeClock(), SIGNER)
            assert reader.verify(verify_signature, held_key=None, earlier=[]).fault is None
            assert reader.tree().size >= end
