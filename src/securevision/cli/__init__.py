"""The command line."""

import sys

from securevision.cli.run import run_cli


def main() -> None:
    """Run `securevision`."""
    sys.exit(run_cli(sys.argv[1:]))


def main_api() -> None:
    """Run `securevision-api`, the name that the users of version 0.1 know for `securevision serve`."""
    sys.exit(run_cli(["serve", *sys.argv[1:]]))
