"""Errors as HTTP answers: one sentence each, and nothing of what was sent."""

import logging
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from securevision.errors import ErrorKind, SecureVisionError

_log = logging.getLogger(__name__)

STATUS = {
    ErrorKind.INVALID_INPUT: HTTPStatus.BAD_REQUEST,
    ErrorKind.NOT_FOUND: HTTPStatus.NOT_FOUND,
    ErrorKind.UNAUTHENTICATED: HTTPStatus.UNAUTHORIZED,
    ErrorKind.FORBIDDEN: HTTPStatus.FORBIDDEN,
    ErrorKind.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    ErrorKind.STORAGE_FULL: HTTPStatus.INSUFFICIENT_STORAGE,
}

_SENTENCES: dict[int, str] = {
    HTTPStatus.BAD_REQUEST: "The request cannot be read.",
    HTTPStatus.NOT_FOUND: "There is nothing at this address.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This address does not take that method.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is larger than 64 KiB.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Something went wrong here; the server's log has the details.",
}


def problem(status: int, detail: str | None = None) -> JSONResponse:
    """Return the answer for a status, with its usual sentence unless another one is given."""
    sentence = detail or _SENTENCES.get(status) or "The request was refused."
    headers = {"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else None
    return JSONResponse({"detail": sentence}, status_code=status, headers=headers)


def problem_of(error: SecureVisionError) -> JSONResponse:
    """Return the answer for one of our errors."""
    return problem(STATUS[error.kind], str(error))


async def _on_own_error(_: Request, error: SecureVisionError) -> Response:
    return problem_of(error)


async def _on_validation_error(_: Request, error: RequestValidationError) -> Response:
    first = error.errors()[0]
    # The location is ours, as no model here takes names it does not know; the value is theirs.
    where, *names = first["loc"]
    name = next((part for part in reversed(names) if isinstance(part, str)), None)
    what = f"The {where} parameter `{name}`" if name else f"The {where}"
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"{what} cannot be used: {first['msg']}.")


async def _on_http_exception(_: Request, error: HTTPException) -> Response:
    response = problem(error.status_code)
    response.headers.update(error.headers or {})
    return response


PROBLEM_HANDLERS: dict[int | type[Exception], Callable[[Request, Any], Coroutine[Any, Any, Response]]] = {
    SecureVisionError: _on_own_error,
    RequestValidationError: _on_validation_error,
    HTTPException: _on_http_exception,
}
"""Every error that the app knows, answered with `problem`."""


class UnexpectedErrors:
    """ASGI middleware: what nobody expected is logged with its traceback, and answered without it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the app; answer 500, or close a WebSocket that is open with 1011."""
        started: str | None = None

        async def noting_send(message: Message) -> None:
            nonlocal started
            started = started or message["type"]
            await send(message)

        try:
            await self._app(scope, receive, noting_send)
        except Exception:
            _log.exception("A request failed in a way that nobody expected.")
            if started is None:
                await problem(HTTPStatus.INTERNAL_SERVER_ERROR)(scope, receive, send)
            elif started == "websocket.accept":
                await send({"type": "websocket.close", "code": 1011})
            else:
                raise
