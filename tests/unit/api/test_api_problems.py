"""Errors from behind the routes, and what the person who asked gets to see of them."""

import logging
from pathlib import Path
from typing import NoReturn

import pytest

from fakes.running_api import RunningApi, running_api
from securevision.api.problems import STATUS
from securevision.errors import ErrorKind, StorageFull, Unavailable

CANARY = "canary-in-an-exception"


class FailingStore:
    """An EventStore whose every call fails."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def _fail(self, *_: object, **__: object) -> NoReturn:
        raise self._error

    add = revise = get = crop = page = delete_created_before = _fail


def test_every_kind_of_error_has_a_status() -> None:
    assert set(STATUS) == set(ErrorKind)


@pytest.mark.parametrize(
    ("error", "status"),
    [(StorageFull("The disk is full."), 507), (Unavailable("The database is closed."), 503)],
)
def test_our_errors_are_answered_with_their_sentence(tmp_path: Path, error: Exception, status: int) -> None:
    with running_api(tmp_path, FailingStore(error)) as api, api.program() as client:
        answer = client.get("/events")
    assert answer.status_code == status
    assert answer.json() == {"detail": str(error)}


def test_what_nobody_expected_is_logged_and_not_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        caplog.at_level(logging.ERROR),
        running_api(tmp_path, FailingStore(RuntimeError(CANARY))) as api,
        api.program() as client,
    ):
        answer = client.get("/events")
        assert client.get("/health").status_code == 200
    assert answer.status_code == 500
    assert answer.json() == {"detail": "Something went wrong here; the server's log has the details."}
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    logged = [record for record in caplog.records if record.exc_info]
    assert len(logged) == 1
    assert logged[0].name == "securevision.api.problems"
    assert CANARY in caplog.text


def test_methods_are_named_when_another_one_was_used(api: RunningApi) -> None:
    with api.program() as client:
        answer = client.delete("/events")
    assert answer.status_code == 405
    assert answer.json() == {"detail": "This address does not take that method."}
    assert answer.headers["Allow"] == "GET"


def test_a_body_that_is_no_code_is_refused_without_repeating_it(api: RunningApi) -> None:
    for content in (
        b'{"code": 1, "canary": 2}',
        b'{"cod',
        b'"canary"',
        b'{"code": "' + b"canary" * 50 + b'"}',
    ):
        with api.client() as client:
            answer = client.post(
                "/api/v1/session", content=content, headers={"Content-Type": "application/json"}
            )
        assert answer.status_code == 422
        assert list(answer.json()) == ["detail"]
        assert "canary" not in answer.text
