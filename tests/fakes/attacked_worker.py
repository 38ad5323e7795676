"""A worker of the product whose every thread tries every attack.

`python -I attacked_worker.py MODULE SEAL OUT ... LINK`: the module is the product's root of that process, and its
`main` gets all that follows. A profile function (`setprofile`) runs in each thread that Python starts: at the first
call in it after the process is sealed, the thread tries all system calls, and writes what came of them to OUT as a
line of JSON. With `open` as SEAL nothing is sealed: the control.
"""

import errno
import importlib
import json
import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from fakes.attacks import Attack, attacks, attempt
from securevision.domain.seal import Seal


class Prober:
    """Has each thread try all of it once."""

    def __init__(self, tried: Sequence[Attack], out: int) -> None:
        self._tried = tried
        self._out = out
        self._done: set[int] = set()
        self._is_sealed = False

    def __call__(self, frame: FrameType, event: str, argument: object) -> None:  # noqa: ARG002 - see sys.setprofile
        self._is_sealed |= event == "return" and frame.f_code.co_name in ("seal_process", "seal_nothing")
        if not self._is_sealed or threading.get_native_id() in self._done:
            return
        self._done.add(threading.get_native_id())
        sys.setprofile(None)
        outcomes = {each.name: errno.errorcode.get(attempt(each), "OK") for each in self._tried}
        line = [threading.current_thread().name, threading.get_native_id(), outcomes]
        os.write(self._out, json.dumps(line).encode() + b"\n")


def seal_nothing(_: object) -> Seal:
    """Stand in for the seal, in the control."""
    return Seal()


def main(module: str, seal: str, out: str, arguments: Sequence[str]) -> int:
    """Run the product's root."""
    # See sealed_process.py: a child that is forked must not wait for a thread that it does not have.
    sys.setswitchinterval(1000)
    root: Any = importlib.import_module(module)
    is_control = seal == "open"
    if is_control:
        root.seal_process = seal_nothing
    tried = [each for each in attacks() if not (is_control and each.ruins_a_control)]
    prober = Prober(tried, os.open(out, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
    threading.setprofile(prober)
    sys.setprofile(prober)
    code: int = root.main(arguments)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]))
