"""Logging is of the whole process, so it is tried in processes of their own."""

import re
import subprocess
import sys

import pytest

LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (DEBUG|INFO|WARNING|ERROR|CRITICAL) \S+: .*")
START = """
import logging, threading, warnings
from securevision.telemetry.logs import configure_logging
configure_logging("info")
log = logging.getLogger("test")
"""
SECRET = "rtsp://admin:hunter2@cam/x"


def stderr_of(code: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", START + code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == ""
    assert "hunter2" not in done.stderr
    return done.stderr.splitlines()


def test_a_line_has_time_level_and_name() -> None:
    [line] = stderr_of(f"log.info('opened %s', '{SECRET}'); log.debug('too small')")
    assert LINE.fullmatch(line)
    assert line.endswith("INFO test: opened rtsp://***@cam/x")


def test_an_exception_stands_indented_below_its_line_without_secrets() -> None:
    first, *rest = stderr_of(
        f"try:\n  try: raise ValueError('{SECRET}')\n"
        f"  except ValueError as e: raise OSError('\\n2026-01-01T00:00:00.000Z INFO x: forged {SECRET}') from e\n"
        "except OSError: log.exception('It failed.')"
    )
    assert first.endswith("ERROR test: It failed.")
    assert any("forged rtsp://***@cam/x" in line for line in rest)
    assert any("ValueError: rtsp://***@cam/x" in line for line in rest)
    assert all(line.startswith("    ") for line in rest)


def test_a_message_cannot_forge_a_line() -> None:
    [line] = stderr_of("log.info('%s', 'a\\n2026-01-01T00:00:00.000Z INFO x: forged')")
    assert "a\\x0a2026" in line


def test_a_record_whose_arguments_do_not_fit_is_written_without_them() -> None:
    [line] = stderr_of(f"log.info('%d pictures', '{SECRET}')")
    assert line.endswith("%d pictures (its arguments do not fit)")


@pytest.mark.parametrize(
    "code",
    [
        f"raise ValueError('{SECRET}')",
        f"def f(): raise ValueError('{SECRET}')\nt = threading.Thread(target=f); t.start(); t.join()",
    ],
)
def test_an_error_that_nobody_caught_is_logged_too(code: str) -> None:
    first, *rest = stderr_of(code)
    assert "CRITICAL securevision: " in first
    assert rest[-1] == "    ValueError: rtsp://***@cam/x"


def test_an_error_that_could_not_be_raised_is_logged_too() -> None:
    first, *rest = stderr_of(
        f"class A:\n  def __del__(self): raise ValueError('{SECRET}')\nA()\nlog.warning('after')"
    )
    assert "ERROR securevision: An error could not be raised where it happened." in first
    assert "    ValueError: rtsp://***@cam/x" in rest
    assert rest[-1].endswith("WARNING test: after")


def test_warnings_are_logged() -> None:
    lines = stderr_of(f"warnings.warn('old {SECRET}')")
    assert "WARNING py.warnings: " in lines[0]


def test_what_a_console_cannot_show_does_not_stop_the_log() -> None:
    [line] = stderr_of("log.info('bad %s', '\\ud800')")
    assert line.endswith("bad \\ud800")
