from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securevision.access.decisions import STEP_UP_MS, Decision, Demand, decide
from securevision.access.principals import LEGACY_PROGRAM, Principal, session_principal, token_principal
from securevision.access.roles import PROGRAM_SCOPES, ROLES
from securevision.domain.accounts import SessionLevel
from securevision.domain.rights import ALL_CAMERAS, NO_CAMERAS, Cameras, Permission, Role
from unit.access.people import NOW, session, token, user

DOOR, GARDEN = Cameras(frozenset({"door"})), Cameras(frozenset({"garden"}))
DEMANDS = st.builds(
    Demand,
    st.sampled_from(Permission),
    step_up=st.booleans(),
    all_cameras=st.booleans(),
    legacy=st.booleans(),
)
PRINCIPALS = st.builds(
    Principal,
    st.just("user:3"),
    st.just("Ada"),
    st.frozensets(st.sampled_from(Permission)),
    st.sampled_from([ALL_CAMERAS, NO_CAMERAS, DOOR, GARDEN]),
    session=st.none() | st.builds(session, st.sampled_from(SessionLevel)),
    legacy_only=st.booleans(),
)


def admin(level: SessionLevel = SessionLevel.FULL) -> Principal:
    principal = session_principal(session(level), user(Role.ADMIN), None, NOW)
    assert principal is not None
    return principal


@given(DEMANDS, st.none() | st.sampled_from(["door", "garden"]))
def test_nothing_but_what_is_public_is_open_to_nobody(demand: Demand, camera: str | None) -> None:
    open_ = demand.permission is Permission.PUBLIC
    expected = Decision.ALLOWED if open_ else Decision.UNAUTHENTICATED
    assert decide(None, demand, NOW, camera=camera) is expected


@given(PRINCIPALS, DEMANDS)
def test_a_camera_outside_the_grant_is_never_open(principal: Principal, demand: Demand) -> None:
    if demand.permission is not Permission.PUBLIC and "door" not in principal.cameras:
        assert decide(principal, demand, NOW, camera="door") is Decision.FORBIDDEN


@given(PRINCIPALS, DEMANDS, st.sampled_from(Permission))
def test_more_permissions_never_take_anything_away(
    principal: Principal, demand: Demand, more: Permission
) -> None:
    if decide(principal, demand, NOW, camera="door") is Decision.ALLOWED:
        richer = replace(principal, permissions=principal.permissions | {more})
        assert decide(richer, demand, NOW, camera="door") is Decision.ALLOWED


@given(PRINCIPALS, DEMANDS)
def test_the_static_token_opens_routes_of_0_1_alone(principal: Principal, demand: Demand) -> None:
    if demand.permission not in (Permission.PUBLIC, Permission.ENTER) and not demand.legacy:
        static = replace(principal, legacy_only=True)
        assert decide(static, demand, NOW) is Decision.FORBIDDEN
    assert decide(LEGACY_PROGRAM, Demand(Permission.EVENTS_READ), NOW) is Decision.FORBIDDEN
    assert decide(LEGACY_PROGRAM, Demand(Permission.EVENTS_READ, legacy=True), NOW) is Decision.ALLOWED


@pytest.mark.parametrize(
    ("age_ms", "expected"),
    [
        (0, Decision.ALLOWED),
        (STEP_UP_MS - 1, Decision.ALLOWED),
        (STEP_UP_MS, Decision.STEP_UP_REQUIRED),
        (-1, Decision.STEP_UP_REQUIRED),
    ],
)
def test_a_step_up_lasts_five_minutes(age_ms: int, expected: Decision) -> None:
    demand = Demand(Permission.USERS_MANAGE, step_up=True)
    assert decide(admin(), demand, NOW + age_ms) is expected
    assert decide(admin(), Demand(Permission.USERS_MANAGE), NOW + age_ms) is Decision.ALLOWED


@given(st.sampled_from(Permission), st.integers(0, 10**9))
def test_no_token_ever_satisfies_a_step_up(permission: Permission, age_ms: int) -> None:
    program = token_principal(token(PROGRAM_SCOPES), user(Role.ADMIN), "192.0.2.1", NOW)
    assert program is not None
    if permission is not Permission.PUBLIC:
        asked = replace(program, permissions=ROLES[Role.ADMIN])
        assert decide(asked, Demand(permission, step_up=True), NOW + age_ms) is Decision.FORBIDDEN


def test_whoever_must_enrol_may_do_that_and_nothing_else() -> None:
    enrolling = admin(SessionLevel.ENROLMENT)
    allowed = {p for p in Permission if decide(enrolling, Demand(p, step_up=True), NOW) is Decision.ALLOWED}
    assert allowed == {Permission.PUBLIC, Permission.ENTER, Permission.SESSION_READ, Permission.FACTORS_ADD}


def test_what_concerns_all_cameras_needs_them_all() -> None:
    demand = Demand(Permission.EVENTS_DELETE, all_cameras=True)
    for cameras, expected in ((ALL_CAMERAS, Decision.ALLOWED), (DOOR, Decision.FORBIDDEN)):
        operator = session_principal(session(), user(Role.OPERATOR, cameras), None, NOW)
        assert decide(operator, demand, NOW) is expected
