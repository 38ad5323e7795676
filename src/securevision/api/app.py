"""The web application, put together."""

from http import HTTPStatus
from typing import Any

from fastapi import Depends, FastAPI, Response
from fastapi.responses import JSONResponse
from starlette.middleware import Middleware
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.middleware.cors import CORSMiddleware

from securevision import __version__
from securevision.access import Permission
from securevision.api.guard import MAX_BODY_BYTES, Guard, Needs
from securevision.api.headers import SecurityHeaders
from securevision.api.identity import Identities
from securevision.api.problems import PROBLEM_HANDLERS, PROBLEM_RESPONSES, UnexpectedErrors
from securevision.api.routes.table import Route, routes, sockets
from securevision.api.services import ApiServices


def create_app(services: ApiServices) -> FastAPI:
    """Return the application. Run it with `server_config`; it starts nothing by itself."""
    app = FastAPI(
        title="SecureVision",
        version=__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers=PROBLEM_HANDLERS,
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    identities = Identities(services.access, services.clock)
    table = routes(services, identities, app.openapi)
    for route in table:
        app.add_api_route(
            route.path,
            route.endpoint,
            methods=[route.method],
            status_code=route.status,
            responses=_described(route),
            response_class=JSONResponse if route.media_type == "application/json" else Response,
            include_in_schema=route.described,
            dependencies=[Depends(Needs(services, identities, route.demand))],
        )
    for socket in sockets(services, identities):
        app.add_api_websocket_route(
            socket.path, socket.endpoint, dependencies=[Depends(Needs(services, identities, socket.demand))]
        )
    public = frozenset(
        (route.method, route.path) for route in table if route.demand.permission is Permission.PUBLIC
    )
    # From the outside in: the first one sees a request first and its answer last.
    app.user_middleware = [
        Middleware(SecurityHeaders, hsts=services.hsts),
        Middleware(UnexpectedErrors),
        *_cors(services),
        Middleware(Guard, services=services, identities=identities, public=public),
        Middleware(RequestBodyLimitMiddleware, max_body_size=MAX_BODY_BYTES),
    ]
    return app


def _cors(services: ApiServices) -> list[Middleware]:
    """Let pages of the origins that are set call the API, with tokens of their own and never with our cookie."""
    if not services.allowed_origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=list(services.allowed_origins),
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type"],
            allow_credentials=False,
            max_age=600,
        )
    ]


def _described(route: Route) -> dict[int | str, dict[str, Any]]:
    """Return what the API's description says of the route's answers."""
    if not route.described:
        return {}
    if route.media_type == "application/json":
        return PROBLEM_RESPONSES
    answer: dict[str, Any] = {"content": {route.media_type: {}}}
    described = {**PROBLEM_RESPONSES, route.status: answer}
    if route.has_parts:
        described[HTTPStatus.PARTIAL_CONTENT.value] = {"description": "A part of it."} | answer
    return described
