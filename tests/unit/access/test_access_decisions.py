import pytest

from securevision.access import Decision, Permission, decide
from securevision.access.principals import PROGRAM, Principal, page_principal


@pytest.mark.parametrize("permission", Permission)
def test_nobody_may_anything_but_what_is_public(permission: Permission) -> None:
    public = permission is Permission.PUBLIC
    assert decide(None, permission) is (Decision.ALLOWED if public else Decision.UNAUTHENTICATED)


@pytest.mark.parametrize("permission", Permission)
def test_a_principal_may_what_it_holds_and_nothing_else(permission: Permission) -> None:
    assert decide(Principal(frozenset({permission})), permission) is Decision.ALLOWED
    public = permission is Permission.PUBLIC
    assert decide(Principal(frozenset()), permission) is (Decision.ALLOWED if public else Decision.FORBIDDEN)


def test_the_page_deletes_nothing_and_a_program_has_no_page_session() -> None:
    page = page_principal(1)
    assert decide(page, Permission.EVENTS_DELETE) is Decision.FORBIDDEN
    assert decide(page, Permission.SCHEMA_READ) is Decision.FORBIDDEN
    assert decide(PROGRAM, Permission.EVENTS_DELETE) is Decision.ALLOWED
    assert decide(PROGRAM, Permission.SESSION_MANAGE) is Decision.FORBIDDEN
