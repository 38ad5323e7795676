"""The reference names everything that the server has."""

from pathlib import Path

import pytest
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel
from starlette.routing import WebSocketRoute

from fakes.running_api import RunningApi
from securevision.access.roles import DISPLAY_SCOPES, PROGRAM_SCOPES
from securevision.api.camera_schemas import (
    CameraChangeBody,
    CameraDetailsBody,
    CameraDraftBody,
    CameraTestBody,
    CameraTrialBody,
    DroppedBody,
    HealthBody,
    LiveBoxBody,
)
from securevision.api.camera_states import STATES
from securevision.api.cookies import SESSION_COOKIE
from securevision.api.problems import STATUS
from securevision.api.recording_schemas import KeptBody, RecordingBody, RecordingsParameters
from securevision.api.routes.page import PAGE_FILES
from securevision.api.schemas import CameraStateBody, FaceBody, PlateBody, VersionedEventBody
from securevision.api.search_schemas import (
    CameraStreamsBody,
    DiscoverBody,
    FoundCameraBody,
    OfferedStreamBody,
    StreamsBody,
)
from securevision.api.sockets import CloseCode
from securevision.domain.cameras import RecordingMode
from securevision.domain.events import CameraState, EventType
from securevision.domain.recordings import RecordingKind
from securevision.domain.rights import Role
from securevision.errors import ErrorKind

REFERENCE = (Path(__file__).parents[3] / "docs/reference/api.md").read_text()


def test_every_endpoint_is_named(api: RunningApi) -> None:
    for route in iter_route_contexts(api.app.routes):
        if route.path not in PAGE_FILES:
            is_socket = isinstance(route.original_route, WebSocketRoute)
            for method in ["WebSocket"] if is_socket else sorted(route.methods or ()):
                assert f"`{method} {route.path}`" in REFERENCE


def test_every_page_is_named() -> None:
    for path in PAGE_FILES:
        assert path.startswith("/page/") or f"`{path}`" in REFERENCE


@pytest.mark.parametrize("number", sorted({*CloseCode, *STATUS.values()}))
def test_every_status_and_close_code_is_named(number: int) -> None:
    assert f"| {int(number)}" in REFERENCE


@pytest.mark.parametrize(
    "word",
    [
        *ErrorKind,
        *sorted(PROGRAM_SCOPES | DISPLAY_SCOPES),
        *Role,
        *EventType,
        *CameraState,
        *STATES,
        *RecordingMode,
        *RecordingKind,
        SESSION_COOKIE,
    ],
)
def test_every_error_scope_role_and_type_of_event_is_named(word: str) -> None:
    assert f"`{word}`" in REFERENCE


@pytest.mark.parametrize(
    "model",
    [
        VersionedEventBody,
        FaceBody,
        PlateBody,
        CameraStateBody,
        CameraDetailsBody,
        CameraDraftBody,
        CameraChangeBody,
        CameraTestBody,
        DiscoverBody,
        StreamsBody,
        DroppedBody,
        LiveBoxBody,
        RecordingsParameters,
        KeptBody,
    ],
)
def test_every_field_is_named(model: type[BaseModel]) -> None:
    for name in model.model_fields:
        assert f"`{name}`" in REFERENCE or f"`{name}." in REFERENCE or f"`payload.{name}`" in REFERENCE


@pytest.mark.parametrize(
    "model",
    [
        HealthBody,
        RecordingBody,
        CameraTrialBody,
        FoundCameraBody,
        CameraStreamsBody,
        OfferedStreamBody,
    ],
)
def test_every_field_is_in_an_example(model: type[BaseModel]) -> None:
    for name in model.model_fields:
        assert f'"{name}": ' in REFERENCE
