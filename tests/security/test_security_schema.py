"""The whole API as it describes itself, asked with generated input by everybody there is.

No answer is a 5xx, of another form than described, or of a status that is not described.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings, strategies
from schemathesis import GenerationMode
from schemathesis.checks import load_all_checks, not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from fakes.running_api import RunningApi, running_api
from securevision.access.roles import PROGRAM_SCOPES
from securevision.domain.accounts import User
from securevision.domain.rights import ALL_CAMERAS, Role

load_all_checks()
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
ROLES = {role.value: role for role in Role}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApi]:
    with running_api(tmp_path_factory.mktemp("schema")) as running:
        yield running


@pytest.fixture(scope="module")
def users(served: RunningApi) -> dict[str, User]:
    served.add_user("keeper", Role.ADMIN)  # so that nobody is the last administrator
    return {name: served.add_user(name, role) for name, role in ROLES.items()}


@pytest.fixture(scope="module")
def token(served: RunningApi) -> str:
    owner = served.add_user("owner of the token", Role.ADMIN)
    return served.token(owner, PROGRAM_SCOPES, ALL_CAMERAS)


def headers_of(api: RunningApi, who: str, users: dict[str, User], token: str) -> dict[str, str]:
    from_our_page = {"Sec-Fetch-Site": "same-origin", "Origin": api.origin, "X-SV-CSRF": "1"}
    if who == "nobody":
        return from_our_page
    if who == "program":
        return {"Authorization": f"Bearer {token}"}
    user = api.access.users.find(users[who].name) or api.add_user(users[who].name, ROLES[who])
    # A session of its own for each request: what one does, such as signing out, must not blunt the others.
    return from_our_page | {"Cookie": api.session(user).cookie_header}


@pytest.mark.parametrize("who", ["nobody", "program", *ROLES])
def test_no_answer_is_a_server_error_or_undocumented(
    who: str, served: RunningApi, users: dict[str, User], token: str
) -> None:
    schema = schemathesis.openapi.from_dict(served.app.openapi())
    operations = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
    assert len(operations) > 40
    for operation in operations:

        @settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
        @given(
            case=strategies.one_of(*(operation.as_strategy(generation_mode=mode) for mode in GenerationMode))
        )
        def ask(case: Any) -> None:  # noqa: ANN401 - untyped there
            served.clock.advance(60 * 60)  # wrong credentials are counted, and this sends many
            response = case.call(base_url=served.url, headers=headers_of(served, who, users, token))
            case.validate_response(response, checks=CHECKS)

        ask()
