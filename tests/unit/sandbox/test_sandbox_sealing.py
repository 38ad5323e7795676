import json
import os
import re
import select
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from fakes.sealed import ATTACKED, report, start
from securevision.domain.seal import Seal
from securevision.sandbox.system_calls import ARM64, X86_64, Machine, this_machine

PATIENCE = 20

only_here = pytest.mark.skipif(this_machine() is None, reason="nothing is sealed on this system")

# As far as imports can tell; the modules that no Windows has are taken away.
OTHER_SYSTEMS = """
import sys
system = sys.platform
sys.platform = "win32"
sys.modules.update(dict.fromkeys(("resource", "fcntl", "pwd", "grp", "termios")))
from securevision.sandbox.profiles import MEDIA, RECOGNISER
from securevision.sandbox.sealing import seal_process
import platform
print(seal_process(MEDIA))
sys.platform = "darwin"
print(seal_process(RECOGNISER))
sys.platform = system
platform.machine = lambda: "riscv64"
print(seal_process(MEDIA))
platform.machine = lambda: "x86_64"
sys.maxsize = 2**31 - 1
print(seal_process(MEDIA))
open("/dev/null").close()
"""


def test_other_systems_and_machines_are_left_as_they_are_and_say_so() -> None:
    done = subprocess.run([sys.executable, "-c", OTHER_SYSTEMS], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout.splitlines() == [str(Seal())] * 4


@only_here
def test_landlock_alone_forbids_files_ports_and_signals_and_leaves_what_is_open(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        process = report(ATTACKED, "landlock", server.getsockname()[1], tmp_path)
    abi = process.said.pop("abi")
    if abi == 0:
        pytest.skip("this kernel has no Landlock")
    ports, signals = ("EACCES" if abi >= 4 else "OK"), ("EPERM" if abi >= 6 else "OK")
    assert process.said == {
        "open": "EACCES",
        "open by a passed directory": "EACCES",
        "make": "EACCES",
        "list": "EACCES",
        "connect": ports,
        "bind": ports,
        "signal": signals,
        "read what was passed": "OK",
    }


@only_here
def test_a_sealed_process_ends_with_the_one_that_started_it() -> None:
    alive, held = os.pipe()
    # The child keeps `held` open as long as it lives; nobody else does once its parent has ended.
    with start(ATTACKED, "parent", descriptors=(held,)) as parent:
        os.close(held)
        said, stderr = parent.communicate(timeout=PATIENCE)
    assert json.loads(said) == "true\n", stderr
    readable, _, _ = select.select([alive], [], [], PATIENCE)
    assert readable == [alive]
    assert os.read(alive, 1) == b""
    os.close(alive)


# What the kernel would tell had the parent ended between the question and the request.
ORPHANED = """
import os
from securevision.errors import Unavailable
from securevision.sandbox.kernel import Kernel
from securevision.sandbox.limits import end_with
from securevision.sandbox.system_calls import this_machine
try:
    end_with(Kernel(this_machine()), os.getppid() + 1)
except Unavailable as error:
    print(error)
"""


@only_here
def test_a_process_whose_parent_has_ended_is_not_sealed_but_told_to_end() -> None:
    done = subprocess.run([sys.executable, "-c", ORPHANED], capture_output=True, text=True, check=False)
    assert done.stdout == "The process that started this one has ended; so must this one.\n"


def header(path: str) -> dict[str, int]:
    """Return the numbers that a header of the kernel defines."""
    file = Path(path)
    if not file.exists():
        pytest.skip("the kernel's headers (linux-libc-dev) are not installed")
    found = re.finditer(r"^#define __NR(?:3264)?_(\w+)\s+(\d+)$", file.read_text("utf-8"), re.MULTILINE)
    return {match[1]: int(match[2]) for match in found}


HEADERS = [
    (X86_64, "/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    (ARM64, "/usr/include/asm-generic/unistd.h"),
]


@pytest.mark.parametrize(("machine", "path"), HEADERS)
def test_the_numbers_are_the_kernels(machine: Machine, path: str) -> None:
    numbers = header(path)
    assert {name: numbers.get(name) for name in machine.numbers} == machine.numbers
