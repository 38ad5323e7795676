"""Runs a command; what goes wrong is one sentence on stderr and an exit code."""

import logging
import os
import sys
from collections.abc import Sequence

from securevision.cli.commands import app
from securevision.errors import SecureVisionError
from securevision.telemetry.redaction import redact

_log = logging.getLogger(__name__)
_FAILED = 1
_INTERRUPTED = 130


def run_cli(arguments: Sequence[str]) -> int:
    """Run a command and return its exit code: 0, 1 for what went wrong, 2 for wrong usage."""
    try:
        app(arguments, prog_name="securevision")
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else 0
    except SecureVisionError as error:
        print(f"securevision: {redact(str(error))}", file=sys.stderr)
        return _FAILED
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone, as `| head` does.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _FAILED
    except Exception as error:  # noqa: BLE001 - a user is never shown a stack trace
        _log.debug("The command failed.", exc_info=True)
        print(
            f"securevision: This should not happen ({redact(f'{type(error).__name__}: {error}')}); "
            "run again with SECUREVISION__LOG__LEVEL=debug and report what it prints.",
            file=sys.stderr,
        )
        return _FAILED
    return 0
