"""What an audit entry costs: changes with and without one, in the same run and on the same disk.

Prints a table and writes `benchmarks/results/audit.json`, with the machine and the commit. Each change is a
transaction of its own with `synchronous=FULL`, as in the product; `in one transaction` leaves the disk's waiting out.
"""

import secrets
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.report import REPOSITORY, save
from sqlalchemy import Connection, insert

from securevision.audit.verify import verify_export
from securevision.clock import SystemClock
from securevision.domain.audit import AuditAction, AuditDraft, Outcome
from securevision.store.audit import SqlAuditLog, append
from securevision.store.audit_reader import SqlAuditReader
from securevision.store.database import Database
from securevision.store.tables import people
from securevision.vault.signing import Ed25519Signer, make_private_key, verify_signature

CHANGES = 1000
AT_ONCE = 10_000
FLOOD = 10_000
ENTRY = AuditDraft(
    AuditAction.PERSON_ENROLLED,
    "user:3",
    actor_name="Ada Lovelace",
    target="person:7",
    target_name="Grace Hopper",
    network="192.0.2.7",
    details={"photos": "3"},
)
FAILURE = AuditDraft(AuditAction.LOGIN_FAILED, "unknown", Outcome.REFUSED, network="192.0.2.7")


def timed(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def measure(folder: Path) -> dict[str, float]:
    clock = SystemClock()
    with Database.open(folder / "a.db") as database:
        log = SqlAuditLog(database, clock, secrets.token_bytes)
        reader = SqlAuditReader(database, clock, Ed25519Signer(make_private_key()))

        def plain(connection: Connection) -> None:
            connection.execute(insert(people).values(name=secrets.token_hex(8)))

        def logged(connection: Connection) -> None:
            plain(connection)
            append(connection, ENTRY, clock.now_ms(), log.salt)

        def many(work: Callable[[Connection], None]) -> Callable[[Connection], None]:
            def run(connection: Connection) -> None:
                for _ in range(AT_ONCE):
                    work(connection)

            return run

        # By turns, so that both meet the same disk.
        alone, with_entry = [], []
        for _ in range(CHANGES):
            alone.append(timed(lambda: database.write(plain)))
            with_entry.append(timed(lambda: database.write(logged)))
        plain_s = timed(lambda: database.write(many(plain)))
        append_s = timed(lambda: database.write(many(logged))) - plain_s

        def flood() -> None:
            for _ in range(FLOOD):
                log.record_repeating(FAILURE)

        flood_s = timed(flood)
        lines: list[bytes] = []
        export_s = timed(lambda: lines.extend(reader.export()))
        verify_s = timed(lambda: verify_export(lines, verify_signature))
        entries = len(lines) - 2
    return {
        "plain_change_ms": round(1000 * statistics.median(alone), 3),
        "logged_change_ms": round(1000 * statistics.median(with_entry), 3),
        "plain_inserts_per_s": round(AT_ONCE / plain_s),
        "appends_per_s": round(AT_ONCE / append_s),
        "repeating_entries_per_s": round(FLOOD / flood_s),
        "exported_entries_per_s": round(entries / export_s),
        "verified_entries_per_s": round(entries / verify_s),
        "export_bytes_per_entry": round(sum(map(len, lines)) / entries),
    }


def main() -> None:
    with tempfile.TemporaryDirectory(dir=REPOSITORY) as folder:
        figures = measure(Path(folder))
    save("audit", figures)
    for name, value in figures.items():
        print(f"{name:26} {value:>10,}")


if __name__ == "__main__":
    main()
