"""`securevision doctor`: is everything here that a start needs."""

import typer

from securevision.cli.terminal import make_models, prepare
from securevision.telemetry.redaction import redact
from securevision.wiring.checks import Verdict, run_checks


def doctor() -> None:
    """Check what a start needs, and say what to do about what is missing. Exits with 1 when a check failed."""
    settings = prepare()
    failed = False
    for check in run_checks(settings, make_models(settings)):
        print(f"{check.verdict:8} {check.subject:12} {redact(check.detail)}", flush=True)
        failed |= check.verdict is Verdict.FAILED
    if failed:
        raise typer.Exit(1)
