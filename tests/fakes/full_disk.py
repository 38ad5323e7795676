"""What a full disk does to the audit log: `python full_disk.py FOLDER`, on a file system of 96 MiB.

Fills the disk with events, then logs until that is refused, and prints what happened as JSON.
"""

import json
import os
import secrets
import sys
from pathlib import Path

from securevision.clock import SystemClock
from securevision.domain.audit import AuditAction, AuditDraft
from securevision.domain.events import EventDraft, FacePayload
from securevision.domain.geometry import Box
from securevision.errors import StorageFull
from securevision.store.audit import SqlAuditLog
from securevision.store.audit_reader import SqlAuditReader
from securevision.store.database import Database
from securevision.store.events import SqlEventStore
from securevision.vault.signing import Ed25519Signer, verify_signature

EVENT = EventDraft(1, "gate", 1, FacePayload("ada", 0.5, Box(0, 0, 1, 1)))
ENTRY = AuditDraft(AuditAction.LOGIN_SUCCEEDED, "user:1", actor_name="ada", network="192.0.2.1")
ENOUGH = 500


def main(folder: Path, reserve: str) -> None:
    clock = SystemClock()
    path = folder / reserve
    with Database.open(folder / "a.db") as database:
        events = SqlEventStore(database, clock)
        log = SqlAuditLog(database, clock, secrets.token_bytes)
        reader = SqlAuditReader(database, clock, Ed25519Signer(bytes(32)))
        database.keep_reserve(reserve)
        made = path.stat().st_size
        mode = path.stat().st_mode & 0o777
        fill(events, 400_000)
        fill(events, 1)
        after_events = path.stat().st_size
        logged = 0
        try:
            while logged < ENOUGH:
                log.record(ENTRY)
                logged += 1
                fill(events, 100_000)
        except StorageFull:
            pass
        left = path.stat().st_size if path.exists() else 0
        (folder / "filler").unlink()
        log.record(ENTRY)
        restored = path.stat().st_size
        found = reader.verify(verify_signature, held_key=None, earlier=[])
        sys.stdout.write(
            json.dumps(
                {
                    "made": made,
                    "mode": mode,
                    "after_events": after_events,
                    "logged": logged,
                    "left": left,
                    "restored": restored,
                    "entries": found.entries,
                    "fault": str(found.fault),
                }
            )
        )


def fill(events: SqlEventStore, size: int) -> None:
    """Store events until there is no room."""
    try:
        while True:
            events.add(EVENT, os.urandom(size))
    except StorageFull:
        pass


if __name__ == "__main__":
    # What makes room again later.
    (Path(sys.argv[1]) / "filler").write_bytes(bytes(40 * 2**20))
    main(Path(sys.argv[1]), "audit.reserve")
