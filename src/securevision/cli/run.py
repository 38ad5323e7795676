"""Runs a command; what goes wrong is one sentence on stderr and an exit code."""

import logging
import os
import re
import sys
from collections.abc import Sequence

import typer

from securevision.cli.commands import app
from securevision.errors import SecureVisionError
from securevision.telemetry.redaction import redact

_log = logging.getLogger(__name__)
_FAILED = 1
_INTERRUPTED = 130
_TYPED = re.compile(r"(extra argument\(?s?\)?) .*", re.DOTALL)


def run_cli(arguments: Sequence[str]) -> int:
    """Run a command and return its exit code: 0, 1 for what went wrong, 2 for wrong usage."""
    try:
        code = app(arguments, prog_name="securevision", standalone_mode=False)
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else 0
    except typer.TyperException as error:
        if error.format_message():  # else the help was shown, which is all there is to say
            print(f"securevision: {_wrong_usage(error)}", file=sys.stderr)
        return error.exit_code
    except typer.Abort:
        return _FAILED
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
    return code if isinstance(code, int) else 0


def _wrong_usage(error: typer.TyperException) -> str:
    """Say what is wrong without what was typed: it may be a camera's address, or a password in the wrong place."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "securevision"
    fault = redact(" ".join(_TYPED.sub(r"\1", error.format_message()).split())).rstrip(".")
    return f"{fault}{'' if fault.endswith('?') else '.'} See `{command} --help`."
