"""A process that seals itself and is then attacked from inside: `python sealed_process.py WHAT`.

`media` and `recogniser` seal themselves as that, `nobody` as the second after giving up root, `open` not at all; each
then tries every attack in each of its threads. `landlock` has the rules of files and ports alone.
Says what came out as one line of JSON, waits for the end of its input, and, sealed, makes a call of the x32 convention.
`orphan` seals itself and waits; `parent` starts one of those and ends once that is sealed.
"""

import ctypes
import dataclasses
import errno
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Event, Thread

from fakes.attacks import Attack, attacks, attempt, x32_getpid
from securevision.domain.seal import Seal
from securevision.sandbox.kernel import Kernel
from securevision.sandbox.landlock import forbid_files_and_ports, landlock_abi
from securevision.sandbox.privileges import drop_privileges
from securevision.sandbox.profiles import MEDIA, RECOGNISER, Profile
from securevision.sandbox.sealing import seal_process
from securevision.sandbox.system_calls import this_machine

_PROFILES: Mapping[str, Profile] = {
    "media": MEDIA,
    "recogniser": RECOGNISER,
    "nobody": RECOGNISER,
    "orphan": RECOGNISER,
}
_NOBODY = 65534
_SET_DUMPABLE = 4


def say(what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def try_all(what: str) -> None:
    # A thread that waits for the interpreter's lock asks for it after this time, and a forked child that is asked
    # would wait for ever for a thread that it does not have.
    sys.setswitchinterval(1000)
    tried = [attack for attack in attacks() if what != "open" or not attack.ruins_a_control]
    outcomes: dict[str, dict[str, str]] = {}
    go = Event()
    early = Thread(target=lambda: go.wait() and outcomes.update(early=_outcomes(tried)))
    # The others start no thread before, as it should be.
    if what in {"media", "open"}:
        early.start()
    seal = seal_process(_PROFILES[what]) if what in _PROFILES else Seal()
    outcomes["main"] = _outcomes(tried)
    if early.is_alive():
        go.set()
        early.join()
    for name in ("late", "later"):
        thread = Thread(target=lambda name=name: outcomes.update({name: _outcomes(tried)}))
        thread.start()
        thread.join()
    often_closed = [attack.name for attack in tried if attack.often_closed]
    say({"seal": dataclasses.asdict(seal), "outcomes": outcomes, "often_closed": often_closed})
    sys.stdin.read()
    if seal.system_calls:
        x32_getpid()


def _outcomes(tried: Sequence[Attack]) -> dict[str, str]:
    return {attack.name: errno.errorcode.get(attempt(attack), "OK") for attack in tried}


def try_landlock(port: int, folder: Path) -> None:
    machine = this_machine()
    assert machine is not None
    kernel, here = Kernel(machine), Path(__file__)
    passed, listing = here.open("rb"), os.open(here.parent, os.O_RDONLY | os.O_DIRECTORY)
    ours = [socket.socket(socket.AF_INET, socket.SOCK_STREAM) for _ in range(2)]
    abi = landlock_abi(kernel)
    if abi:
        drop_privileges(kernel, alone=True)
        forbid_files_and_ports(kernel, abi)
    say(
        {
            "abi": abi,
            "open": _outcome(lambda: here.open("rb").close()),
            "open by a passed directory": _outcome(
                lambda: os.close(os.open(here.name, os.O_RDONLY, dir_fd=listing))
            ),
            "make": _outcome((folder / "made").mkdir),
            "list": _outcome(lambda: list(here.parent.iterdir())),
            "connect": _outcome(lambda: ours[0].connect(("127.0.0.1", port))),
            "bind": _outcome(lambda: ours[1].bind(("127.0.0.1", 0))),
            "signal": _outcome(lambda: os.kill(os.getppid(), 0)),
            "read what was passed": _outcome(lambda: passed.read(1)),
        }
    )


def _outcome(act: Callable[[], object]) -> str:
    try:
        act()
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    return "OK"


def start_an_orphan() -> None:
    command = [sys.executable, __file__, "orphan"]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, pass_fds=(int(sys.argv[2]),))
    assert child.stdout is not None
    say(child.stdout.readline())


def main(what: str) -> None:
    if what == "landlock":
        try_landlock(int(sys.argv[2]), Path(sys.argv[3]))
    elif what == "parent":
        start_an_orphan()
    elif what == "orphan":
        say(seal_process(_PROFILES[what]).limits)
        time.sleep(60)
    else:
        if what == "nobody" and os.getuid() == 0:
            os.setgroups([])
            os.setgid(_NOBODY)
            os.setuid(_NOBODY)
            # As a process is that somebody without rights started.
            ctypes.CDLL(None).prctl(_SET_DUMPABLE, 1, 0, 0, 0)
        try_all(what)


if __name__ == "__main__":
    main(sys.argv[1])
