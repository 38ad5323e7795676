from dataclasses import replace
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securevision.access.lifetimes import IDLE_MS, is_live, session_lifetime_ms
from securevision.access.principals import cameras_of, session_principal, token_principal
from securevision.access.roles import DISPLAY_SCOPES, LEGACY, PROGRAM_SCOPES, ROLES, with_implied
from securevision.access.token_rules import checked_cameras, checked_network, checked_scopes
from securevision.domain.accounts import SessionLevel, TokenKind, UserStatus
from securevision.domain.rights import ALL_CAMERAS, NO_CAMERAS, Cameras, Permission, Role
from securevision.errors import InvalidInput
from unit.access.people import DAY, NOW, session, token, user

NAMES = st.frozensets(st.sampled_from(["door", "garden", "garage"]))
CAMERAS = st.builds(Cameras, st.none() | NAMES)
SCOPES = st.frozensets(st.sampled_from(Permission))


@given(st.sampled_from(Role), CAMERAS, SCOPES, CAMERAS)
def test_a_token_can_do_no_more_than_its_owner(
    role: Role, own: Cameras, scopes: frozenset[Permission], given_: Cameras
) -> None:
    owner = user(role, own)
    program = token_principal(token(scopes, given_), owner, "192.0.2.1", NOW)
    assert program is not None
    assert program.permissions <= (ROLES[role] & PROGRAM_SCOPES) | {Permission.ENTER}
    assert program.permissions <= with_implied(scopes) | {Permission.ENTER}
    for camera in ("door", "garden", "garage", "attic"):
        assert (camera in program.cameras) == (camera in given_ and camera in cameras_of(owner))


@pytest.mark.parametrize("status", [UserStatus.ACTIVE, UserStatus.DISABLED])
def test_whoever_is_disabled_is_out_with_all_they_made(status: UserStatus) -> None:
    person, is_in = user(Role.ADMIN, status=status), status is UserStatus.ACTIVE
    screen = token(DISPLAY_SCOPES, kind=TokenKind.DISPLAY)
    assert (session_principal(session(), person, None, NOW) is not None) == is_in
    assert (token_principal(token(PROGRAM_SCOPES), person, "192.0.2.1", NOW) is not None) == is_in
    shown = session_principal(session(SessionLevel.DISPLAY), person, screen, NOW)
    assert (shown is not None) == is_in


@pytest.mark.parametrize(
    ("network", "address", "allowed"),
    [
        (None, "203.0.113.9", True),
        ("192.0.2.0/24", "192.0.2.200", True),
        ("192.0.2.0/24", "192.0.3.1", False),
        ("192.0.2.0/24", "::ffff:192.0.2.7", True),
        ("192.0.2.0/24", "2001:db8::1", False),
        ("2001:db8::/64", "2001:db8::5", True),
        ("192.0.2.0/24", "unknown", False),
    ],
)
def test_a_token_works_from_its_network_alone(network: str | None, address: str, allowed: bool) -> None:
    bound = token(PROGRAM_SCOPES, network=network)
    assert (token_principal(bound, user(), address, NOW) is not None) == allowed


def test_a_token_ends_and_a_display_is_no_program() -> None:
    made = token(PROGRAM_SCOPES)
    assert token_principal(made, user(), "192.0.2.1", NOW + DAY - 1) is not None
    assert token_principal(made, user(), "192.0.2.1", NOW + DAY) is None
    assert token_principal(made, None, "192.0.2.1", NOW) is None
    screen = replace(made, kind=TokenKind.DISPLAY)
    assert token_principal(screen, user(), "192.0.2.1", NOW) is None
    assert session_principal(session(SessionLevel.DISPLAY), user(), made, NOW) is None
    assert session_principal(session(SessionLevel.DISPLAY), user(), None, NOW) is None


def test_a_display_shows_what_happens_now_of_cameras_that_its_owner_sees() -> None:
    screen = token(frozenset(Permission), kind=TokenKind.DISPLAY)
    owner = user(Role.VIEWER, Cameras(frozenset({"door"})))
    shown = session_principal(session(SessionLevel.DISPLAY), owner, screen, NOW)
    assert shown is not None
    assert shown.permissions == DISPLAY_SCOPES | {Permission.ENTER, Permission.SESSION_READ}
    assert ("door" in shown.cameras, "garden" in shown.cameras) == (True, False)
    demo = replace(screen, owner_id=None)
    free = session_principal(session(SessionLevel.DISPLAY), None, demo, NOW)
    assert free is not None
    for missing in (Permission.EVENTS_DELETE, Permission.AUDIT_READ, Permission.METRICS_READ):
        assert missing not in free.permissions


def test_half_signed_in_is_nearly_nobody() -> None:
    half = session_principal(session(SessionLevel.PASSWORD), user(Role.ADMIN), None, NOW)
    assert half is not None
    assert half.permissions == {Permission.ENTER, Permission.SESSION_READ}


@given(st.sampled_from(SessionLevel), st.integers(0, 2 * DAY))
def test_a_session_lives_while_it_is_used_and_until_its_end(level: SessionLevel, later_ms: int) -> None:
    idle_counts = level is not SessionLevel.DISPLAY
    expected = later_ms < DAY and (not idle_counts or later_ms < IDLE_MS)
    assert is_live(session(level), NOW + later_ms) == expected


def test_half_a_sign_in_is_short() -> None:
    assert session_lifetime_ms(SessionLevel.FULL) == 12 * 60 * 60 * 1000
    assert session_lifetime_ms(SessionLevel.PASSWORD) == 10 * 60 * 1000


def test_the_roles_hold_what_the_table_says() -> None:
    assert ROLES[Role.VIEWER] < ROLES[Role.OPERATOR] < ROLES[Role.ADMIN]
    everything = frozenset[Permission]().union(*ROLES.values())
    assert everything == set(Permission) - {Permission.PUBLIC}
    assert {p for p in ROLES[Role.AUDITOR] if p.value.split(":")[0] in ("events", "crops", "stream")} == set()
    assert Permission.USERS_MANAGE not in ROLES[Role.AUDITOR] | ROLES[Role.OPERATOR]
    assert LEGACY & {Permission.CROPS_READ, Permission.AUDIT_READ, Permission.USERS_READ} == set()
    assert cameras_of(user(Role.ADMIN, NO_CAMERAS)) == ALL_CAMERAS
    assert cameras_of(user(Role.AUDITOR, ALL_CAMERAS)) == NO_CAMERAS


@given(st.sampled_from(Role), SCOPES)
def test_nobody_gives_a_token_what_no_token_has(role: Role, wanted: frozenset[Permission]) -> None:
    allowed = PROGRAM_SCOPES & ROLES[role]
    if wanted and wanted <= allowed:
        assert checked_scopes(wanted, user(role)) == wanted
    else:
        with pytest.raises(InvalidInput):
            checked_scopes(wanted, user(role))


@given(CAMERAS, st.none() | NAMES)
def test_nobody_gives_a_token_a_camera_that_they_lack(own: Cameras, wanted: frozenset[str] | None) -> None:
    owner = user(Role.VIEWER, own)
    if wanted is None:
        assert checked_cameras(None, owner) == own
    elif own.names is None or wanted <= own.names:
        assert checked_cameras(wanted, owner).names == wanted
    else:
        with pytest.raises(InvalidInput):
            checked_cameras(wanted, owner)


@pytest.mark.parametrize("text", ["", "everywhere", "10.0.0.1/24", "10.0.0.0/33", "10.0.0.0/24 "])
def test_what_is_no_network(text: str) -> None:
    with pytest.raises(InvalidInput):
        checked_network(text)


@given(
    st.text(max_size=50)
    | st.text(st.sampled_from("0123456789abcdef:./%"), max_size=50)
    | st.ip_addresses().map(str)
)
def test_any_text_is_a_network_or_refused_in_one_sentence(text: str) -> None:
    network, said = "", ""
    try:
        network = checked_network(text) or ""
    except InvalidInput as error:
        said = str(error)
    assert said in ("", "The network is not in CIDR form, such as 192.168.1.0/24.")
    assert said or network == str(ip_network(network))


def test_a_network_is_kept_in_its_usual_form() -> None:
    assert checked_network("2001:0db8::/64") == "2001:db8::/64"
    assert checked_network(None) is None


@given(CAMERAS, CAMERAS, st.sampled_from(["door", "garden", "attic"]))
def test_sets_of_cameras(a: Cameras, b: Cameras, camera: str) -> None:
    assert (camera in a & b) == (camera in a and camera in b)
    if a.covers(b):
        assert camera not in b or camera in a
