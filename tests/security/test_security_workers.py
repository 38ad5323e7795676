"""Somebody runs their own code in a worker: each thread of it tries each door, and a control shows them open."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from threading import Event, Thread
from time import monotonic

import pytest

from fakes import attacked_worker
from fakes import unsealable as unsealable_program
from fakes.attacks import attacks
from fakes.camera_engine import CameraEngine, camera_engine
from fakes.fault_proxy import FaultProxy
from fakes.models import models
from fakes.moving_clip import write_room
from fakes.server_process import environment
from securevision.cameras.addresses import parse_address
from securevision.domain.frames import SourceState
from securevision.runtime.supervision import WorkerKind
from securevision.sandbox.system_calls import this_machine
from securevision.settings import Settings
from securevision.wiring.engine import media_kind, recogniser_kind
from securevision.wiring.trial import try_camera
from securevision.wiring.uploads import recogniser

pytestmark = pytest.mark.skipif(this_machine() is None, reason="nothing is sealed on this system")

PROGRAM = str(Path(attacked_worker.__file__).resolve())
UNSEALABLE = str(Path(unsealable_program.__file__).resolve())
MODES = ("sealed", "open")


@dataclass(frozen=True)
class Attacked:
    """What became of a worker."""

    outcomes: Mapping[str, Mapping[str, str]]
    """Of each thread by its name, of each attack: `OK` or the error."""
    threads: Sequence[int]
    """All that the kernel knows of the process."""
    probed: Sequence[int]
    """Those that tried."""


def attacked_kind(kind: WorkerKind, mode: str, out: Path) -> WorkerKind:
    """Return a kind of worker that is the product's, with attackers in it."""
    flag, module, *arguments = kind.command
    assert flag == "-m"
    command = (PROGRAM, module, mode, str(out), *arguments)
    return replace(kind, command=command, allow_unsealed=mode == "open")


def what_came_out(engine: CameraEngine, out: Path, pid: int, count: int) -> Attacked:
    lines = engine.until(lambda: found if len(found := out.read_text().splitlines()) >= count else None)
    said = [json.loads(line) for line in lines]
    threads = sorted(int(each.name) for each in Path(f"/proc/{pid}/task").iterdir())
    return Attacked({name: outcomes for name, _, outcomes in said}, threads, sorted(each[1] for each in said))


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_room(tmp_path_factory.mktemp("room") / "room.h264")


@pytest.fixture(scope="module")
def media(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Attacked]:
    """Of a media worker with two cameras."""
    attacked = {}
    for mode in MODES:
        folder = tmp_path_factory.mktemp(mode)
        kind = attacked_kind(media_kind(Settings()), mode, folder / "out")
        with camera_engine(folder, media=kind) as engine:
            for name in ("gate", "yard"):
                engine.watch(name, str(raw))
                engine.until_state(name, SourceState.LIVE)
            attacked[mode] = what_came_out(engine, folder / "out", engine.workers()[0].pid, 3)
            engine.until_seen("gate")
    return attacked


@pytest.fixture(scope="module")
def recognising(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Attacked]:
    """Of a recogniser with its models, which looks at frames with two threads."""
    settings, attacked = Settings(), {}
    settings.models.threads = 2
    for mode in MODES:
        folder = tmp_path_factory.mktemp(mode)
        kind = attacked_kind(recogniser_kind(settings, models()), mode, folder / "out")
        with camera_engine(folder, recogniser=kind) as engine:
            engine.watch("gate", str(raw), gated=False)
            engine.recognition.wait_until_ready()
            engine.until_analysed("gate")
            attacked[mode] = what_came_out(engine, folder / "out", engine.recognition.worker.report().pid, 3)
            engine.until_analysed("gate")
    return attacked


def check_closed(attacked: Attacked, names: set[str]) -> None:
    assert set(attacked.outcomes) == names
    assert attacked.probed == attacked.threads, "there is a thread that did not try"
    for tried in attacked.outcomes.values():
        assert len(tried) > 60
        # The C library takes this answer for an old kernel, and starts threads with `clone`.
        assert {name: outcome for name, outcome in tried.items() if outcome != "EPERM"} == {
            "clone3": "ENOSYS"
        }


def check_open(attacked: Attacked, names: set[str], often_closed: set[str]) -> None:
    assert set(attacked.outcomes) == names
    for tried in attacked.outcomes.values():
        refused = {name for name, outcome in tried.items() if outcome in {"EPERM", "ENOSYS"}}
        assert refused <= often_closed


@cache
def often_closed() -> set[str]:
    """Return what containers and a system's settings may refuse to anybody."""
    return {each.name for each in attacks() if each.often_closed}


THREADS_OF_MEDIA = {"MainThread", "camera-gate", "camera-yard"}
THREADS_OF_RECOGNISER = {"MainThread", "look-0", "look-1"}


def test_every_door_is_closed_to_every_thread_that_reads_cameras(media: Mapping[str, Attacked]) -> None:
    check_closed(media["sealed"], THREADS_OF_MEDIA)


def test_the_same_doors_are_open_where_the_media_worker_is_not_sealed(media: Mapping[str, Attacked]) -> None:
    check_open(media["open"], THREADS_OF_MEDIA, often_closed())


@pytest.mark.needs_models
def test_every_door_is_closed_to_every_thread_that_recognises(recognising: Mapping[str, Attacked]) -> None:
    check_closed(recognising["sealed"], THREADS_OF_RECOGNISER)


@pytest.mark.needs_models
def test_the_same_doors_are_open_where_the_recogniser_is_not_sealed(
    recognising: Mapping[str, Attacked],
) -> None:
    check_open(recognising["open"], THREADS_OF_RECOGNISER, often_closed())


# Whoever cannot be sealed decodes nothing


def test_a_worker_that_is_not_sealed_reads_nothing_and_says_why(raw: Path, tmp_path: Path) -> None:
    usual = media_kind(Settings())
    kind = replace(usual, command=attacked_kind(usual, "open", tmp_path / "out").command)
    with camera_engine(tmp_path, media=kind) as engine:
        engine.watch("gate", str(raw))
        engine.until_state("gate", SourceState.BACKING_OFF, hint="is not sealed")
        detail = engine.report("gate").status.detail
        assert "so it may not read anything; `securevision doctor` says what to do" in detail
        assert engine.report("gate").packets == 0


@pytest.mark.needs_models
def test_no_kind_of_worker_may_be_unsealed_unless_that_is_set() -> None:
    settings = Settings()
    assert not media_kind(settings).allow_unsealed
    assert not recogniser_kind(settings, models()).allow_unsealed


def unsealable(folder: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command of ours where the kernel seals nothing."""
    return subprocess.run(
        [sys.executable, UNSEALABLE, sys.executable, "-m", "securevision", *words],
        cwd=folder,
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_where_nothing_can_be_sealed_the_commands_say_so_and_read_nothing(raw: Path, tmp_path: Path) -> None:
    tried = unsealable(tmp_path, "camera", "test", str(raw))
    assert tried.returncode == 1
    assert "so it may not read anything; `securevision doctor` says what to do" in tried.stderr
    looked = unsealable(tmp_path, "doctor", API__PORT="0")
    assert looked.returncode == 1
    assert re.search(r"failed +sandbox +.*so nothing is decoded; let this program use seccomp", looked.stdout)


def test_where_that_is_set_they_read_all_the_same_and_warn(raw: Path, tmp_path: Path) -> None:
    tried = unsealable(tmp_path, "camera", "test", str(raw), SANDBOX__ALLOW_UNSEALED="true")
    assert tried.returncode == 0, tried.stderr
    looked = unsealable(tmp_path, "doctor", API__PORT="0", SANDBOX__ALLOW_UNSEALED="true")
    assert re.search(r"warning +sandbox +.*hostile video is decoded all the same", looked.stdout)


# What is looked at once


def our_workers() -> Iterator[Path]:
    for path in Path("/proc/self/task").glob("*/children"):
        yield from (Path("/proc") / child for child in path.read_text().split())


def status_of(process: Path) -> dict[str, str]:
    lines = (line.partition(":") for line in (process / "status").read_text().splitlines())
    return {name: value.strip() for name, _, value in lines}


def check_a_worker_is_sealed() -> None:
    """Wait for a process of ours that is sealed."""
    deadline, pause = monotonic() + 20, Event()
    while monotonic() < deadline:
        for process in our_workers():
            try:
                status = status_of(process)
            except OSError:
                continue
            if status.get("Seccomp") == "2":
                assert status["NoNewPrivs"] == "1"
                assert int(status["CapEff"], 16) == 0
                return
        pause.wait(0.02)
    raise AssertionError("no process of ours is sealed")


@pytest.mark.needs_models
def test_pictures_that_somebody_gives_are_decoded_behind_the_seal() -> None:
    settings = Settings()
    settings.plates.enabled = False
    with recogniser(settings, models()):
        check_a_worker_is_sealed()


def test_a_camera_is_tried_behind_the_seal() -> None:
    with FaultProxy(None) as silent:
        text = f"rtsp://127.0.0.1:{silent.port}/x"
        tried: list[str] = []

        def try_it() -> None:
            tried.append(try_camera(Settings(), parse_address(text), text, allow_loopback=True).failure)

        trying = Thread(target=try_it)
        trying.start()
        check_a_worker_is_sealed()
        trying.join()
    assert "gave no answer within 5 s" in tried[0]
