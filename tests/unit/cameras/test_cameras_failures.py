import socket

import av.error
import pytest

from securevision.cameras.failures import explain_break, explain_opening
from securevision.errors import SourceError, SourceRefused

URL = "rtsp://admin:hunter2@cam/x"


@pytest.mark.parametrize(
    ("error", "waited", "kind", "hint"),
    [
        (av.error.HTTPUnauthorizedError(1, "401", URL), 0.1, SourceRefused, "user name or password"),
        (av.error.HTTPForbiddenError(1, "403", URL), 0.1, SourceRefused, "user name or password"),
        (av.error.HTTPNotFoundError(1, "404", URL), 0.1, SourceRefused, "no such stream"),
        (socket.gaierror(-2, f"{URL} not known"), 0.1, SourceError, "was not found"),
        (UnicodeError(URL), 0.1, SourceError, "was not found"),
        (av.error.ConnectionRefusedError(111, "refused", URL), 0.1, SourceError, "refuses connections"),
        (ConnectionRefusedError(111, "refused"), 0.1, SourceError, "refuses connections"),
        (TimeoutError("timed out"), 0.1, SourceError, "no answer within 5 s"),
        (av.error.TimeoutError(110, "timed out", URL), 0.1, SourceError, "no answer within 5 s"),
        (av.error.ExitError(1, "exit", URL), 0.1, SourceError, "no answer within 5 s"),
        (av.error.InvalidDataError(1, "bad", URL), 5.0, SourceError, "no answer within 5 s"),
        (av.error.InvalidDataError(1, "bad", URL), 0.2, SourceError, "could not be opened"),
        (OSError(113, "No route to host"), 0.2, SourceError, "could not be opened"),
    ],
)
def test_why_a_camera_could_not_be_opened(
    error: Exception, waited: float, kind: type[SourceError], hint: str
) -> None:
    explained = explain_opening(error, "rtsp://cam/x", waited, 5.0)
    assert type(explained) is kind
    assert hint in str(explained)
    assert "hunter2" not in str(explained)


@pytest.mark.parametrize(
    ("silent", "hint"), [(5.0, "has stalled: no picture came for 5 s"), (0.1, "ended the connection")]
)
def test_why_a_camera_gives_nothing_more(silent: float, hint: str) -> None:
    assert hint in str(explain_break("rtsp://cam/x", silent, 5.0))
