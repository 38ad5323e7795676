"""Whatever happens to the file: nobody is let through uncounted."""

import logging
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fakes import counting_process
from fakes.clock import FakeClock
from securevision.domain.attempts import Attempt, CredentialPath
from securevision.errors import TooManyRequests, Unavailable
from securevision.store.throttle import SqlLoginThrottle, SqlRequestThrottle, ThrottleFile

PROGRAM = Path(counting_process.__file__)
ADA = counting_process.ATTEMPT
CLOSED = "Nobody gets in while the counters that slow down guessing cannot be used: throttle.db "
NOBODY = 65534


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "throttle.db"


@pytest.fixture
def file(path: Path) -> Iterator[ThrottleFile]:
    with ThrottleFile.open(path, lock_timeout=0.05) as file:
        yield file


def start(path: Path, times: int, what: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM), str(path), str(times), what],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": str(PROGRAM.parents[1])},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def let_through(*processes: subprocess.Popen[str]) -> list[int]:
    """Let the processes go at once, and return how often each was let through."""
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate(timeout=60)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes)
    return [int(text) for text in said]


def assert_closed(file: ThrottleFile, because: str) -> None:
    acts: list[Callable[[], object]] = [
        lambda: SqlLoginThrottle(file, FakeClock()).begin(ADA),
        lambda: SqlLoginThrottle(file, FakeClock()).take_back(ADA),
        lambda: SqlLoginThrottle(file, FakeClock()).succeed(ADA),
        lambda: SqlRequestThrottle(file, FakeClock()).hit("user:3"),
        lambda: SqlRequestThrottle(file, FakeClock()).hit("network:192.0.2.1"),
    ]
    for act in acts:
        with pytest.raises(Unavailable) as refused:
            act()
        assert str(refused.value).startswith(CLOSED + because), str(refused.value)


def assert_counts(file: ThrottleFile) -> None:
    throttle = SqlLoginThrottle(file, FakeClock())
    fresh = Attempt(CredentialPath.PASSWORD, "203.0.113.77")
    for _ in range(5):
        throttle.begin(fresh)
    with pytest.raises(TooManyRequests):
        throttle.begin(fresh)


@contextmanager
def without_permission(folder: Path) -> Iterator[None]:
    """Take the folder away from this process, also from root, for whom permissions do not count."""
    if os.geteuid() == 0:
        os.seteuid(NOBODY)
    else:
        folder.chmod(0)
    try:
        yield
    finally:
        if os.getuid() == 0:
            os.seteuid(0)
        else:
            folder.chmod(0o700)


def test_only_the_owner_can_read_the_files(path: Path) -> None:
    before = os.umask(0)
    try:
        with ThrottleFile.open(path) as file:
            assert_counts(file)
            assert {each.name: stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()} == {
                "throttle.db": 0o600,
                "throttle.db-wal": 0o600,
                "throttle.db-shm": 0o600,
            }
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    finally:
        os.umask(before)


def test_two_processes_share_one_budget_of_requests(path: Path) -> None:
    ThrottleFile.open(path).close()
    counts = let_through(start(path, 500, "hit"), start(path, 500, "hit"))
    assert sum(counts) == counting_process.LIMIT


def test_two_processes_share_one_budget_of_failures(path: Path) -> None:
    ThrottleFile.open(path).close()
    counts = let_through(start(path, 500, "begin"), start(path, 500, "begin"))
    assert sum(counts) == 5


def test_two_processes_that_sign_people_in_as_fast_as_they_can_do_not_starve_each_other(path: Path) -> None:
    ThrottleFile.open(path).close()
    assert let_through(start(path, 1000, "succeed"), start(path, 1000, "succeed")) == [1000, 1000]


def test_two_processes_that_make_the_file_at_once_make_one(path: Path) -> None:
    counts = let_through(*(start(path, 10, "begin") for _ in range(3)))
    assert sum(counts) == 5


def test_what_a_process_that_is_killed_counted_stays(path: Path) -> None:
    process = start(path, 10, "begin")
    with ThrottleFile.open(path) as file:
        throttle = SqlLoginThrottle(file, FakeClock())
        for _ in range(3):
            throttle.begin(ADA)
        process.kill()
        process.communicate(timeout=60)
    assert let_through(start(path, 10, "begin")) == [2]


def test_attack_the_file_is_locked_by_another_process(path: Path, file: ThrottleFile) -> None:
    process = start(path, 0, "hold")
    assert_closed(file, "is in use by another program; ")
    process.communicate("go\n", timeout=60)
    assert_counts(file)


def test_attack_the_file_is_replaced_by_a_directory(path: Path, file: ThrottleFile) -> None:
    path.unlink()
    path.mkdir()
    assert_closed(file, "cannot be opened or written; ")
    path.rmdir()
    assert_counts(file)


def test_attack_the_file_is_not_ours_to_reach(path: Path, file: ThrottleFile) -> None:
    with without_permission(path.parent):
        assert_closed(file, "cannot be opened or written; ")
    assert_counts(file)


def test_attack_the_folder_is_gone(path: Path, file: ThrottleFile) -> None:
    path.parent.rename(path.parent.with_name("moved"))
    assert_closed(file, "cannot be opened or written; ")


def test_attack_the_file_is_damaged_while_the_server_runs(path: Path, file: ThrottleFile) -> None:
    assert_counts(file)
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink()
    path.write_bytes(b"x" * 8192)
    assert_closed(file, "is damaged; delete it, ")
    path.unlink()
    assert_counts(file)


def test_attack_a_table_is_gone(path: Path, file: ThrottleFile) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE sizes")
        connection.execute("DROP TABLE counters")
        connection.execute("DROP TABLE windows")
    connection.close()
    assert_closed(file, "")


def test_attack_the_disk_is_full(path: Path) -> None:
    program = (
        "import resource, sys; from pathlib import Path; from securevision.errors import Unavailable\n"
        "from fakes import counting_process; from fakes.clock import FakeClock\n"
        "from securevision.store.throttle import ThrottleFile, SqlLoginThrottle\n"
        "file = ThrottleFile.open(Path(sys.argv[1]))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try:\n    SqlLoginThrottle(file, FakeClock()).begin(counting_process.ATTEMPT)\n"
        "except Unavailable as error:\n    print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)],
        env={"PYTHONPATH": str(PROGRAM.parents[1])},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.startswith(CLOSED + "cannot be opened or written; ")


def test_a_closed_file_lets_nobody_through(path: Path) -> None:
    file = ThrottleFile.open(path)
    file.close()
    file.close()
    assert_closed(file, "is closed.")


def test_a_file_that_another_process_replaced_is_counted_in_by_both(path: Path, file: ThrottleFile) -> None:
    path.replace(path.with_name("old"))
    with ThrottleFile.open(path) as other:
        throttles = [SqlLoginThrottle(each, FakeClock()) for each in (file, other)]
        for number in range(5):
            throttles[number % 2].begin(ADA)
        for throttle in throttles:
            with pytest.raises(TooManyRequests):
                throttle.begin(ADA)


@pytest.mark.parametrize("content", [b"x" * 8192, b"SQLite format 3\0" + b"\xff" * 4096, b"short"])
def test_a_damaged_file_is_put_aside_at_a_start(
    path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with caplog.at_level(logging.WARNING), ThrottleFile.open(path) as file:
        assert_counts(file)
    assert path.with_name("throttle.db.damaged").read_bytes() == content
    assert "earlier failures are forgotten" in caplog.text


def test_counters_of_another_version_are_put_aside_at_a_start(path: Path) -> None:
    path.parent.mkdir()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE something (a)")
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with ThrottleFile.open(path) as file:
        assert_counts(file)
    assert path.with_name("throttle.db.damaged").exists()


@pytest.mark.parametrize("place", ["directory", "file for a folder"])
def test_a_place_that_cannot_be_used_is_said_at_the_start(path: Path, place: str) -> None:
    if place == "directory":
        path.mkdir(parents=True)
    else:
        path.parent.write_bytes(b"")
    with pytest.raises(Unavailable, match="cannot be opened or written"):
        ThrottleFile.open(path)


def test_what_fails_inside_changes_nothing(file: ThrottleFile) -> None:
    def work(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO windows VALUES ('a', 1, 1)")
        raise ValueError("inside")

    with pytest.raises(ValueError, match="inside"):
        file.run(work)
    assert file.run(lambda connection: connection.execute("SELECT * FROM windows").fetchall()) == []
    assert_counts(file)
