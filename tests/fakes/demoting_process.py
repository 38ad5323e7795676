"""A process that makes an administrator a viewer: `python demoting_process.py DATABASE USER_ID`.

Says `ready`, waits for a line, and says `done` or the kind of error.
"""

import os
import sys
from pathlib import Path

from securevision.clock import SystemClock
from securevision.domain.accounts import UserChange
from securevision.domain.audit import AuditAction, AuditDraft
from securevision.domain.rights import Role
from securevision.errors import SecureVisionError
from securevision.store.database import Database
from securevision.store.users import SqlUserStore


def main(path: Path, user_id: int) -> None:
    with Database.open(path) as database:
        users = SqlUserStore(database, SystemClock(), os.urandom)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        try:
            users.change(
                user_id, UserChange(role=Role.VIEWER), AuditDraft(AuditAction.USER_CHANGED, "system")
            )
        except SecureVisionError as error:
            sys.stdout.write(f"{error.kind}\n")
        else:
            sys.stdout.write("done\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
