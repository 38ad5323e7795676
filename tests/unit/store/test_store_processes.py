"""Other processes write, are killed or hit a limit of the system."""

import subprocess
import sys
from pathlib import Path
from threading import Event as Flag
from threading import Thread

from fakes import writing_process
from fakes.clock import FakeClock
from securevision.domain.events import EventPosition, EventQuery
from securevision.store.database import Database
from securevision.store.events import SqlEventStore

PROGRAM = Path(writing_process.__file__)
ALL = EventQuery(limit=10**6)


def start(path: Path, *arguments: int) -> subprocess.Popen[str]:
    command = [sys.executable, str(PROGRAM), str(path), *map(str, arguments)]
    environment = {"PYTHONPATH": str(PROGRAM.parents[1])}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def lines(process: subprocess.Popen[str]) -> list[str]:
    said, _ = process.communicate(timeout=60)
    return said.split("\n")[:-1]


def test_two_processes_and_this_one_write_at_once(path: Path) -> None:
    with Database.open(path) as database:
        events = SqlEventStore(database, FakeClock())
        others = [start(path, 60), start(path, 60)]
        ids = [events.add(writing_process.DRAFT, b"x").id for _ in range(60)]
        for process in others:
            ids += [int(line) for line in lines(process)]
            assert process.returncode == 0
        assert sorted(ids) == list(range(1, 181))
        assert {event.id for event in events.page(ALL).events} == set(ids)


def test_nothing_that_was_acknowledged_is_lost_by_a_kill(path: Path) -> None:
    acknowledged: list[int] = []
    for _ in range(3):
        process = start(path)
        assert process.stdout is not None
        acknowledged += [int(process.stdout.readline()) for _ in range(25)]
        process.kill()
        acknowledged += [int(line) for line in lines(process)]

    with Database.open(path) as database:
        events = SqlEventStore(database, FakeClock())
        stored = {event.id for event in events.page(ALL).events}
        assert set(acknowledged) <= stored
        assert all(events.crop(event_id) == writing_process.CROP for event_id in stored)
        # At most the one event that each process was storing when it died.
        assert len(stored) <= len(acknowledged) + 3


def test_a_write_that_the_system_refuses_is_said_and_the_next_one_works(path: Path) -> None:
    Database.open(path).close()
    process = start(path, 10**4, 400_000)
    *ids, sentence, last = lines(process)

    assert process.returncode == 0
    assert sentence == (
        "unavailable The database securevision.db cannot be read or written (disk I/O error); "
        "check the disk and its quota."
    )
    with Database.open(path) as database:
        stored = {event.id for event in SqlEventStore(database, FakeClock()).page(ALL).events}
    assert ids
    assert stored == {int(event_id) for event_id in [*ids, last]}


def test_no_room_for_the_index_of_the_log_is_no_room(path: Path) -> None:
    Database.open(path).close()
    program = (
        "import resource, sys; from pathlib import Path; from securevision.errors import StorageFull\n"
        "from securevision.store.database import Database\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try:\n    Database.open(Path(sys.argv[1]))\n"
        "except StorageFull as error:\n    print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.startswith("No room to store events in securevision.db; ")


def test_readers_see_whole_events_while_another_thread_writes(events: SqlEventStore) -> None:
    done = Flag()
    failures: list[BaseException] = []
    newest: list[int] = []

    def read() -> None:
        try:
            seen = 0
            while not done.is_set():
                page = events.page(EventQuery(limit=5)).events
                for event in page:
                    assert events.crop(event.id) is not None
                    assert event.payload == writing_process.DRAFT.payload
                top = page[0].id if page else 0
                assert top >= seen
                seen = top
            newest.append(seen)
        except BaseException as error:  # noqa: BLE001 - handed to the test's own thread
            failures.append(error)

    # More readers than there are connections to read with.
    readers = [Thread(target=read) for _ in range(8)]
    for reader in readers:
        reader.start()
    for _ in range(100):
        last = events.add(writing_process.DRAFT, b"jpeg")
    done.set()
    for reader in readers:
        reader.join(60)
    assert failures == []
    assert len(newest) == 8
    assert (
        events.page(EventQuery(before=EventPosition(last.ts_ms, last.id), limit=1)).events[0].id
        == last.id - 1
    )
