"""The reference names everything that the server has."""

from pathlib import Path

import pytest
from fastapi.routing import iter_route_contexts
from starlette.routing import WebSocketRoute

from fakes.running_api import RunningApi
from securevision.api.live import CloseCode
from securevision.api.problems import STATUS
from securevision.api.routes.page import PAGE_FILES
from securevision.api.schemas import FaceBody, PlateBody, VersionedEventBody

REFERENCE = (Path(__file__).parents[3] / "docs/reference/api.md").read_text()


def test_every_endpoint_is_named(api: RunningApi) -> None:
    for route in iter_route_contexts(api.app.routes):
        if route.path not in PAGE_FILES:
            is_socket = isinstance(route.original_route, WebSocketRoute)
            for method in ["WebSocket"] if is_socket else sorted(route.methods or ()):
                assert f"`{method} {route.path}`" in REFERENCE


@pytest.mark.parametrize("number", sorted({*CloseCode, *STATUS.values()}))
def test_every_status_and_close_code_is_named(number: int) -> None:
    assert f"| {int(number)}" in REFERENCE


@pytest.mark.parametrize("model", [VersionedEventBody, FaceBody, PlateBody])
def test_every_field_of_an_event_is_named(model: type[VersionedEventBody | FaceBody | PlateBody]) -> None:
    for name in model.model_fields:
        assert f"`{name}`" in REFERENCE or f"`{name}." in REFERENCE or f"`payload.{name}`" in REFERENCE
