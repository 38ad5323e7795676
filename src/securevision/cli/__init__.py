"""The command line."""

import os
import resource
import sys
from collections.abc import Sequence
from typing import NoReturn

from securevision.cli.run import run_cli


def main() -> None:
    """Run `securevision`."""
    _run(sys.argv[1:])


def main_api() -> None:
    """Run `securevision-api`, the name that the users of version 0.1 know for `securevision serve`."""
    _run(["serve", *sys.argv[1:]])


def _run(arguments: Sequence[str]) -> NoReturn:
    os.umask(0o077)  # what we write holds faces, plates and tokens
    # A crash in a library must not write our memory, with its keys and passwords, to the disk.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.exit(run_cli(arguments))
