"""One's own session: who one is, how long it lasts, and the end of it."""

import pytest

from fakes.running_api import CAMERA, OTHER_CAMERA, RunningApi
from fakes.visitor import AGENT, Visitor
from securevision.access.lifetimes import ABSOLUTE_MS, IDLE_MS
from securevision.access.roles import PROGRAM_SCOPES, ROLES
from securevision.api.cookies import SESSION_COOKIE
from securevision.domain.accounts import SessionLevel
from securevision.domain.audit import AuditAction
from securevision.domain.rights import Cameras, Role

BOTH = Cameras(frozenset({OTHER_CAMERA, CAMERA}))
IDLE_S, ABSOLUTE_S = IDLE_MS // 1000, ABSOLUTE_MS // 1000


def is_signed_in(visitor: Visitor) -> bool:
    status = visitor.get("/api/v1/session").status_code
    assert status in (200, 401)
    return status == 200


def session_ids(visitor: Visitor) -> dict[bool, list[int]]:
    """Return the numbers of one's own sessions: under True the current one, under False the others."""
    sessions = visitor.get("/api/v1/sessions").json()["sessions"]
    return {
        is_current: [session["id"] for session in sessions if session["current"] is is_current]
        for is_current in (True, False)
    }


def actions(api: RunningApi) -> list[str]:
    return [record.action for record in api.audit.reader.page(None, 100).records]


def test_who_one_is_and_what_one_may(api: RunningApi) -> None:
    user = api.add_user("Ada", Role.OPERATOR, BOTH)
    visitor = api.session(user)
    api.clock.advance(60)
    assert visitor.get("/api/v1/session").json() == {
        "name": "Ada",
        "user_id": user.id,
        "role": "operator",
        "level": "full",
        "next": "done",
        "methods": [],
        "permissions": sorted(ROLES[Role.OPERATOR]),
        "cameras": [OTHER_CAMERA, CAMERA],
        "ends_in": ABSOLUTE_S - 60,
        "step_up_left": 4 * 60,
        "factors": {
            "totp": False,
            "passkeys": 0,
            "recovery_codes": 0,
            "required": False,
            "passkeys_offered": True,
        },
    }


def test_an_administrator_needs_a_factor_and_sees_every_camera(api: RunningApi) -> None:
    who = api.signed_in("Ada", Role.ADMIN, BOTH).get("/api/v1/session").json()
    assert who["factors"]["required"] is True
    assert who["cameras"] is None


@pytest.mark.parametrize(
    ("level", "following"),
    [(SessionLevel.PASSWORD, "second_factor"), (SessionLevel.ENROLMENT, "enrol_factor")],
)
def test_whoever_is_half_signed_in_learns_what_is_still_to_do(
    api: RunningApi, level: SessionLevel, following: str
) -> None:
    visitor = api.session(api.add_user(), level)
    who = visitor.get("/api/v1/session").json()
    assert (who["level"], who["next"], who["step_up_left"]) == (level, following, 0)
    assert who["ends_in"] == 10 * 60
    assert visitor.get("/api/v1/sessions").status_code == 403
    api.clock.advance(10 * 60)
    assert not is_signed_in(visitor)


def test_a_display_is_no_person(api: RunningApi) -> None:
    who = api.display().get("/api/v1/session").json()
    assert (who["level"], who["next"]) == ("display", "done")
    assert who["user_id"] is who["role"] is who["factors"] is None


def test_nobody_and_programs_have_no_session(api: RunningApi) -> None:
    assert api.visitor().get("/api/v1/session").json()["code"] == "unauthenticated"
    token = api.token(api.add_user(), PROGRAM_SCOPES)
    for program in (api.client(token), api.program()):
        with program as client:
            assert client.get("/api/v1/session").json()["code"] == "forbidden"


def test_a_session_that_is_not_used_ends_after_half_an_hour(api: RunningApi) -> None:
    visitor = api.signed_in()
    for _ in range(3):
        api.clock.advance(IDLE_S - 1)
        assert is_signed_in(visitor)
    api.clock.advance(IDLE_S)
    assert not is_signed_in(visitor)


def test_no_session_outlives_twelve_hours(api: RunningApi) -> None:
    visitor, step_s = api.signed_in(), 20 * 60
    for _ in range(ABSOLUTE_S // step_s - 1):
        api.clock.advance(step_s)
        assert is_signed_in(visitor)
    assert visitor.get("/api/v1/session").json()["ends_in"] == step_s
    api.clock.advance(step_s)
    assert not is_signed_in(visitor)


def test_signing_out_ends_this_session_and_takes_the_cookie_away(api: RunningApi) -> None:
    user = api.add_user()
    here, elsewhere = api.session(user), api.session(user)
    secret = here.session_secret
    assert here.send("DELETE", "/api/v1/session").status_code == 204
    assert [cookie.partition(";")[0] for cookie in here.set_cookies] == [f"{SESSION_COOKIE}="]
    assert "Max-Age=0" in here.set_cookies[0]
    here.cookies[SESSION_COOKIE] = secret
    assert not is_signed_in(here)
    assert is_signed_in(elsewhere)
    assert AuditAction.SESSION_ENDED in actions(api)


def test_a_ticket_opens_a_stream_for_a_browser_and_for_a_program(api: RunningApi) -> None:
    user = api.add_user()
    body = api.session(user).post("/api/v1/stream-ticket").json()
    assert body == {"ticket": body["ticket"], "expires_in": 30}
    with api.client(api.token(user, PROGRAM_SCOPES)) as client:
        tickets = [body["ticket"], client.post("/api/v1/stream-ticket").json()["ticket"]]
    for ticket in tickets:
        with api.stream(ticket=ticket) as socket:
            socket.send("ping")
            assert socket.recv(10)


def test_ones_own_sessions_are_listed_and_nobody_elses(api: RunningApi) -> None:
    user = api.add_user()
    here, started_ms = api.session(user), api.clock.now_ms()
    api.session(user)
    api.signed_in("Bob")
    sessions = here.get("/api/v1/sessions").json()["sessions"]
    assert len(sessions) == 2
    [current] = [session for session in sessions if session["current"]]
    assert current == {
        "id": current["id"],
        "current": True,
        "level": "full",
        "created_ms": started_ms,
        "seen_ms": started_ms,
        "network": "127.0.0.1",
        "agent": AGENT,
    }


def test_another_browser_can_be_signed_out(api: RunningApi) -> None:
    user = api.add_user()
    here, elsewhere = api.session(user), api.session(user)
    [other] = session_ids(here)[False]
    assert here.send("DELETE", f"/api/v1/sessions/{other}").status_code == 204
    assert not is_signed_in(elsewhere)
    assert is_signed_in(here)
    assert session_ids(here)[False] == []
    assert here.send("DELETE", f"/api/v1/sessions/{other}").status_code == 404
    assert AuditAction.SESSION_REVOKED in actions(api)


def test_nobody_can_sign_out_somebody_else_not_even_an_administrator(api: RunningApi) -> None:
    victim, admin = api.signed_in("Ada"), api.signed_in("Bob", Role.ADMIN)
    [theirs] = session_ids(victim)[True]
    answer = admin.send("DELETE", f"/api/v1/sessions/{theirs}")
    assert answer.status_code == 404
    assert answer.json() == {"detail": f"You have no session {theirs}.", "code": "not_found"}
    assert is_signed_in(victim)
