import socket

import pytest

from securevision.cameras.failures import explain_opening
from securevision.errors import SourceError

URL = "rtsp://admin:hunter2@cam/x"


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (socket.gaierror(-2, f"{URL} not known"), "was not found"),
        (UnicodeError(URL), "was not found"),
        (ConnectionRefusedError(111, "refused"), "refuses connections"),
        (TimeoutError("timed out"), "no answer within 5 s"),
        (OSError(113, "No route to host"), "could not be reached"),
        (ValueError(URL), "could not be reached"),
    ],
)
def test_why_a_camera_could_not_be_opened(error: Exception, hint: str) -> None:
    explained = explain_opening(error, "rtsp://cam/x", 5.0)
    assert type(explained) is SourceError
    assert hint in str(explained)
    assert "hunter2" not in str(explained)
