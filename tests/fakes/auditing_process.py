"""A process that writes audit entries: `python auditing_process.py DATABASE ACTOR COUNT REPEATS`.

COUNT entries of its own, each in a transaction with a change, and after each one REPEATS that repeat.
"""

import os
import secrets
import sys
from pathlib import Path

from sqlalchemy import Connection, insert

from securevision.clock import SystemClock
from securevision.domain.audit import AuditAction, AuditDraft, Outcome
from securevision.store.audit import SqlAuditLog, append
from securevision.store.database import Database
from securevision.store.tables import people


def main(path: Path, actor: str, count: int, repeats: int) -> None:
    clock = SystemClock()
    with Database.open(path) as database:
        log = SqlAuditLog(database, clock, secrets.token_bytes)

        def change(connection: Connection, number: int) -> None:
            connection.execute(insert(people).values(name=f"{actor} {os.getpid()} {number}"))
            draft = AuditDraft(
                AuditAction.PERSON_ENROLLED, actor, actor_name=actor, target=f"person:{number}"
            )
            append(connection, draft, clock.now_ms(), log.salt)

        for number in range(count):
            database.write(lambda connection, number=number: change(connection, number))  # type: ignore[misc]
            for _ in range(repeats):
                log.record_repeating(AuditDraft(AuditAction.LOGIN_FAILED, "unknown", Outcome.REFUSED))
        log.flush_repeats()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
