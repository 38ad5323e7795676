"""The log: lines on stderr, with secrets removed by the writer itself."""

import logging
import sys
import threading
import time
from types import TracebackType

from securevision.telemetry.redaction import redact

_CHATTY = ("alembic", "uvicorn")
"""Libraries whose information is for debugging."""


class RedactingFormatter(logging.Formatter):
    """Writes a record as one line, and the lines of an exception below it, indented.

    Only a record starts in the first column, so nothing that was logged can pass for a record.
    """

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of the record. A record with wrong arguments is written without them."""
        try:
            message = record.getMessage()
        except (TypeError, ValueError, KeyError):
            message = f"{record.msg} (its arguments do not fit)"
        lines = [f"{self.formatTime(record)} {record.levelname} {record.name}: {redact(message)}"]
        if record.exc_info:
            lines += self._indented(self.formatException(record.exc_info))
        if record.stack_info:
            lines += self._indented(record.stack_info)
        return "\n".join(lines)

    def _indented(self, text: str) -> list[str]:
        return [f"    {redact(line)}" for line in text.split("\n")]


def configure_logging(level: str) -> None:
    """Send all logging of this level and above to stderr, uncaught exceptions and warnings too.

    `level` is `debug`, `info`, `warning`, `error` or `critical`. Replaces the handlers there were.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(RedactingFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    if level == "info":
        for library in _CHATTY:
            logging.getLogger(library).setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread
    sys.unraisablehook = _log_unraisable


def _log_uncaught(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("securevision").critical("Stopped by an error.", exc_info=(kind, error, traceback))


def _log_uncaught_in_thread(arguments: threading.ExceptHookArgs) -> None:
    if arguments.exc_value is not None and arguments.exc_type is not SystemExit:
        _log_uncaught(arguments.exc_type, arguments.exc_value, arguments.exc_traceback)


def _log_unraisable(unraisable: "sys.UnraisableHookArgs") -> None:
    """Log what a destructor or a callback of a library raised; Python's own hook writes past this log."""
    error = unraisable.exc_value
    logging.getLogger("securevision").error(
        "An error could not be raised where it happened.",
        exc_info=None if error is None else (unraisable.exc_type, error, unraisable.exc_traceback),
    )
