import json

import pytest

from securevision.cli.terminal import print_event
from securevision.domain.events import (
    CameraPayload,
    CameraState,
    Event,
    FacePayload,
    ListMatch,
    Payload,
    PlatePayload,
)
from securevision.domain.geometry import Box

BOX = Box(0, 0, 1, 1)


@pytest.mark.parametrize(
    ("payload", "line"),
    [
        (FacePayload("ada", 0.5, BOX), "face   ada  (similarity 0.50)"),
        (FacePayload(None, None, BOX), "face   unknown person"),
        (PlatePayload("SV26", 0.97, ListMatch.BLOCK, None, BOX), "plate  SV26  (97%, on the block list)"),
        (CameraPayload(CameraState.DOWN, "No picture for 8 s."), "camera down  (No picture for 8 s.)"),
        (CameraPayload(CameraState.UP, ""), "camera up"),
    ],
)
def test_an_event_is_a_line(capsys: pytest.CaptureFixture[str], payload: Payload, line: str) -> None:
    event = Event(7, 1, "gate", 1_700_000_000_000, 1, payload)
    print_event(event, as_json=False)
    _, _, said = capsys.readouterr().out.removesuffix("\n").partition("  ")
    assert said == line
    print_event(event, as_json=True)
    assert json.loads(capsys.readouterr().out)["type"] == event.type
