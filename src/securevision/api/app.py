"""The web application, put together."""

from fastapi import Depends, FastAPI
from starlette.middleware import Middleware
from starlette.middleware.body_limit import RequestBodyLimitMiddleware

from securevision import __version__
from securevision.access import Permission
from securevision.api.guard import MAX_BODY_BYTES, Guard, Needs
from securevision.api.headers import SecurityHeaders
from securevision.api.problems import PROBLEM_HANDLERS, UnexpectedErrors
from securevision.api.routes.table import routes, sockets
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
    table = routes(services, app.openapi)
    for route in table:
        app.add_api_route(
            route.path,
            route.endpoint,
            methods=[route.method],
            status_code=route.status,
            dependencies=[Depends(Needs(route.permission))],
        )
    for socket in sockets(services):
        app.add_api_websocket_route(
            socket.path, socket.endpoint, dependencies=[Depends(Needs(socket.permission))]
        )
    public = frozenset((route.method, route.path) for route in table if route.permission is Permission.PUBLIC)
    # From the outside in: the first one sees a request first and its answer last.
    app.user_middleware = [
        Middleware(SecurityHeaders),
        Middleware(UnexpectedErrors),
        Middleware(Guard, services=services, public=public),
        Middleware(RequestBodyLimitMiddleware, max_body_size=MAX_BODY_BYTES),
    ]
    return app
