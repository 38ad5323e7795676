"""Somebody runs their own code in a sealed process. Each attack is tried in an open process, too, where it works."""

import platform
import signal
from functools import cache
from pathlib import Path

import pytest

from fakes.sealed import ATTACKED, Report, report
from securevision.sandbox.system_calls import this_machine

pytestmark = pytest.mark.skipif(this_machine() is None, reason="nothing is sealed on this system")

SEALED = ("media", "recogniser", "nobody")


@cache
def attacked(what: str) -> Report:
    return report(ATTACKED, what)


def may_everything(process: Report) -> bool:
    """Say whether nothing but a seal could have refused a call of this one: root, and in no container."""
    last = int(Path("/proc/sys/kernel/cap_last_cap").read_text("ascii"))
    return int(process.status["CapEff"], 16) == 2 ** (last + 1) - 1 and process.status["Seccomp"] == "0"


@pytest.mark.parametrize("what", SEALED)
def test_every_attack_fails_in_every_thread(what: str) -> None:
    outcomes = attacked(what).said["outcomes"]
    assert set(outcomes) == {"main", "late", "later"} | ({"early"} if what == "media" else set())
    for thread, tried in outcomes.items():
        assert len(tried) > 60
        # The C library takes this answer for an old kernel, and starts threads with `clone`.
        assert tried["clone3"] == "ENOSYS", thread
        assert {name: outcome for name, outcome in tried.items() if outcome != "EPERM"} == {
            "clone3": "ENOSYS"
        }


def test_each_of_them_reaches_the_kernel_where_nothing_is_sealed() -> None:
    control = attacked("open")
    often_closed = set(control.said["often_closed"])
    if may_everything(control):
        often_closed = {"io_uring_setup"} if _io_uring_is_off() else set()
    for tried in control.said["outcomes"].values():
        refused = {name for name, outcome in tried.items() if outcome in {"EPERM", "ENOSYS"}}
        assert refused <= often_closed
    # `vfork` alone has no control: its child would run on the stack of the one that tries it.
    assert set(attacked("media").said["outcomes"]["main"]) - set(control.said["outcomes"]["main"]) <= {
        "vfork"
    }


def _io_uring_is_off() -> bool:
    setting = Path("/proc/sys/kernel/io_uring_disabled")
    return setting.exists() and setting.read_text("ascii").strip() != "0"


@pytest.mark.parametrize("what", SEALED)
def test_a_call_of_the_other_convention_ends_the_process(what: str) -> None:
    assert attacked("open").ended == 0
    if platform.machine() == "x86_64":
        assert attacked(what).ended == -signal.SIGSYS


@pytest.mark.parametrize("what", SEALED)
def test_what_the_kernel_says_of_a_sealed_process(what: str) -> None:
    process = attacked(what)
    assert process.status["NoNewPrivs"] == "1"
    assert process.status["Seccomp"] == "2"
    for kind in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        assert int(process.status[kind], 16) == 0
    assert process.owner == 0
    assert process.limit("Max core file size") == "0"
    assert process.limit("Max open files") == ("128" if what == "media" else "256")
    memory = process.limit("Max address space")
    assert memory == (str(8 * 2**30) if what == "media" else attacked("open").limit("Max address space"))


def test_root_can_get_no_capability_back() -> None:
    may_drop_them = int(attacked("open").status["CapEff"], 16) & 1 << 8  # CAP_SETPCAP
    if may_drop_them:
        assert int(attacked("media").status["CapBnd"], 16) == 0


def test_a_thread_that_ran_before_is_closed_to_system_calls_and_nothing_more_is_claimed() -> None:
    seal = attacked("media").said["seal"]
    assert seal["system_calls"]
    assert not seal["files"]
    assert not seal["ports"]
    # Root's thread keeps its capabilities; anybody else's has none.
    had = bool(int(attacked("open").status["CapEff"], 16))
    assert seal["no_new_privileges"] is not had


@pytest.mark.parametrize("what", ["recogniser", "nobody"])
def test_nobody_needs_to_be_root_to_be_sealed(what: str) -> None:
    seal = attacked(what).said["seal"]
    abi = seal.pop("landlock_abi")
    assert seal == {
        "no_new_privileges": True,
        "limits": True,
        "system_calls": True,
        "files": abi >= 1,
        "ports": abi >= 4,
    }
