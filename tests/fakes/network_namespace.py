"""Runs a program in a network of its own, which nothing leaves: for what is sent by multicast."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

_UP = "ip link set lo up && ip route add 224.0.0.0/4 dev lo && "
_PATIENCE = 60.0


def run_alone(program: Path, *arguments: str, addresses: Sequence[str] = ()) -> Mapping[str, Any]:
    """Return what a Python program prints, an object of JSON; its one interface has these addresses besides 127.0.0.1.

    Skips the test where no such network can be made; in CI, fails.
    """
    unshare = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--net"]
    if (
        not (shutil.which("unshare") and shutil.which("ip"))
        or subprocess.run([*unshare, "true"], check=False).returncode
    ):
        reason = "no network namespace can be made here: it needs Linux, unshare, ip, and the right to"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)
    adding = "".join(f"ip address add {each}/32 dev lo && " for each in addresses)
    done = subprocess.run(
        [*unshare, "sh", "-c", _UP + adding + 'exec "$@"', "sh", sys.executable, str(program), *arguments],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    printed: Mapping[str, Any] = json.loads(done.stdout)
    return printed
