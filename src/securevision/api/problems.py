"""Errors as HTTP answers: one sentence each, and nothing of what was sent."""

import logging
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from securevision.errors import ErrorKind, SecureVisionError, TooManyRequests

_log = logging.getLogger(__name__)

STATUS = {
    ErrorKind.INVALID_INPUT: HTTPStatus.BAD_REQUEST,
    ErrorKind.NOT_FOUND: HTTPStatus.NOT_FOUND,
    ErrorKind.UNAUTHENTICATED: HTTPStatus.UNAUTHORIZED,
    ErrorKind.FORBIDDEN: HTTPStatus.FORBIDDEN,
    ErrorKind.STEP_UP_REQUIRED: HTTPStatus.FORBIDDEN,
    ErrorKind.CONFLICT: HTTPStatus.CONFLICT,
    ErrorKind.TOO_MANY_REQUESTS: HTTPStatus.TOO_MANY_REQUESTS,
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


class ProblemBody(BaseModel):
    """Why a request was refused: a sentence for people, a word for programs."""

    detail: str
    code: str


_DOCUMENTED = {
    HTTPStatus.BAD_REQUEST: "It cannot be used.",
    HTTPStatus.UNAUTHORIZED: "Nobody proved who they are.",
    HTTPStatus.FORBIDDEN: "Somebody did, and may not; after `step_up_required` they may, once they prove it again.",
    HTTPStatus.NOT_FOUND: "It does not exist, or is of a camera that they may not see.",
    HTTPStatus.CONFLICT: "It contradicts what is there.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is too large.",
    HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE: "Nothing of it is in the range that was asked for.",
    HTTPStatus.UNPROCESSABLE_ENTITY: "It is not of the form described here.",
    HTTPStatus.TOO_MANY_REQUESTS: "It was tried too often; `Retry-After` says when to come back.",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "There are too many headers.",
    HTTPStatus.SERVICE_UNAVAILABLE: "Something needed is not there now.",
    HTTPStatus.INSUFFICIENT_STORAGE: "There is no room left to store something.",
}
_A_PROBLEM = {"application/json": {"schema": {"$ref": f"#/components/schemas/{ProblemBody.__name__}"}}}
PROBLEM_RESPONSES: dict[int | str, dict[str, Any]] = {
    **{
        status.value: {"description": meaning, "content": _A_PROBLEM}
        for status, meaning in _DOCUMENTED.items()
    },
    # Given as a model once, which defines the schema; for every status of every route that is most of a start.
    HTTPStatus.SERVICE_UNAVAILABLE.value: {
        "description": _DOCUMENTED[HTTPStatus.SERVICE_UNAVAILABLE],
        "model": ProblemBody,
    },
}
"""The refusals that any route may answer with, for its description."""


def problem(status: int, detail: str | None = None, kind: ErrorKind | None = None) -> JSONResponse:
    """Return the answer for a status, with its usual sentence unless another one is given."""
    sentence = detail or _SENTENCES.get(status) or "The request was refused."
    headers = {"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else None
    code = kind or HTTPStatus(status).name.lower()
    return JSONResponse({"detail": sentence, "code": code}, status_code=status, headers=headers)


def problem_of(error: SecureVisionError) -> JSONResponse:
    """Return the answer for one of our errors."""
    answer = problem(STATUS[error.kind], str(error), error.kind)
    if isinstance(error, TooManyRequests):
        answer.headers["Retry-After"] = str(error.retry_after_s)
    return answer


async def _on_own_error(_: Request, error: SecureVisionError) -> Response:
    return problem_of(error)


async def _on_validation_error(_: Request, error: RequestValidationError) -> Response:
    first = error.errors()[0]
    # The location is ours, unless it is a name that no model knows; the value is theirs.
    where, *names = first["loc"]
    name = next((part for part in reversed(names) if isinstance(part, str)), None)
    if first["type"] == "extra_forbidden":
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"The {where} has a parameter that is not known.")
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
