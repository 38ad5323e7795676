"""Errors from behind the routes, and what the person who asked gets to see of them."""

import logging
from pathlib import Path
from typing import NoReturn

import pytest

from fakes.running_api import RunningApi, running_api
from securevision.access.decisions import STEP_UP_MS
from securevision.api.problems import STATUS
from securevision.domain.rights import Role
from securevision.errors import ErrorKind, SecureVisionError, StorageFull, Unavailable

CANARY = "canary-in-an-exception"
FROM_OUR_PAGE = {"Content-Type": "application/json", "Sec-Fetch-Site": "same-origin", "X-SV-CSRF": "1"}


class FailingStore:
    """An EventStore whose every call fails."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def _fail(self, *_: object, **__: object) -> NoReturn:
        raise self._error

    add = revise = get = crop = page = oldest_id = delete_created_before = _fail


def test_every_kind_of_error_has_a_status() -> None:
    assert set(STATUS) == set(ErrorKind)


@pytest.mark.parametrize(
    ("error", "status"),
    [(StorageFull("The disk is full."), 507), (Unavailable("The database is closed."), 503)],
)
def test_our_errors_are_answered_with_their_sentence_and_their_kind(
    tmp_path: Path, error: SecureVisionError, status: int
) -> None:
    with running_api(tmp_path, FailingStore(error)) as api, api.program() as client:
        answer = client.get("/events")
    assert answer.status_code == status
    assert answer.json() == {"detail": str(error), "code": error.kind}


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
    assert answer.json() == {
        "detail": "Something went wrong here; the server's log has the details.",
        "code": "internal_server_error",
    }
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    logged = [record for record in caplog.records if record.exc_info]
    assert len(logged) == 1
    assert logged[0].name == "securevision.api.problems"
    assert CANARY in caplog.text


def test_methods_are_named_when_another_one_was_used(api: RunningApi) -> None:
    with api.program() as client:
        answer = client.delete("/events")
    assert answer.status_code == 405
    assert answer.json() == {
        "detail": "This address does not take that method.",
        "code": "method_not_allowed",
    }
    assert answer.headers["Allow"] == "GET"


def test_whoever_proved_nothing_is_told_how_to(api: RunningApi) -> None:
    with api.client() as client:
        answer = client.get("/api/v1/events")
    assert answer.status_code == 401
    assert answer.json()["code"] == "unauthenticated"
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_step_up_that_is_missing_is_told_from_a_refusal(api: RunningApi) -> None:
    admin, viewer = api.signed_in("Ada", Role.ADMIN), api.signed_in("Bob")
    api.clock.advance(STEP_UP_MS / 1000)
    answers = [
        who.send("POST", "/api/v1/users", {"name": "Eve", "role": "viewer"}) for who in (admin, viewer)
    ]
    assert [answer.status_code for answer in answers] == [403, 403]
    assert [answer.json()["code"] for answer in answers] == ["step_up_required", "forbidden"]


def test_whoever_asks_too_often_is_told_when_to_come_back(tmp_path: Path) -> None:
    with running_api(tmp_path, request_limit=2) as api, api.program() as client:
        left = [client.get("/events").headers["RateLimit-Remaining"] for _ in range(2)]
        answer = client.get("/events")
        api.clock.advance(int(answer.headers["Retry-After"]))
        assert client.get("/events").status_code == 200
        (refused,) = [e for e in api.audit.reader.page(None, 100).records if e.action == "request.refused"]
    assert (refused.actor, refused.details) == ("legacy", {"status": "429"})
    assert left == ["1", "0"]
    assert answer.status_code == 429
    assert answer.json()["code"] == "too_many_requests"


@pytest.mark.parametrize(
    "content",
    [
        b'{"code": "1", "canary": 2}',
        b'{"code": 1}',
        b'{"cod',
        b'"canary"',
        b'{"code": "' + b"canary" * 50 + b'"}',
    ],
)
def test_a_body_that_is_no_code_is_refused_without_repeating_it(api: RunningApi, content: bytes) -> None:
    with api.client() as client:
        answer = client.post("/api/v1/login/totp", content=content, headers=FROM_OUR_PAGE)
    assert answer.status_code == 422
    assert list(answer.json()) == ["detail", "code"]
    assert answer.json()["code"] == "unprocessable_entity"
    assert "canary" not in answer.text
