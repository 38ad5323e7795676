"""Everybody who may sign in, as administrators see and change them."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection

from fakes.people import Person, Town
from fakes.people import town as running_town
from fakes.running_api import CAMERA, OTHER_CAMERA, PASSWORD
from fakes.visitor import Json
from securevision.access.roles import PROGRAM_SCOPES, ROLES
from securevision.domain.audit import AuditRecord
from securevision.domain.rights import Permission, Role

NEW_PASSWORD = "seven violet umbrellas under water"
MINUTES = 60


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Town]:
    """A server where nobody has an account yet."""
    with running_town(tmp_path) as running:
        yield running


def listed(admin: Person) -> dict[str, dict[str, Json]]:
    """Return everybody by name."""
    answer = admin.browser.get("/api/v1/users")
    assert answer.status_code == 200, answer.text
    return {user["name"]: user for user in answer.json()["users"]}


def invite(admin: Person, name: str, **more: Json) -> httpx.Response:
    return admin.browser.post("/api/v1/users", {"name": name, "role": "viewer"} | more)


def change(admin: Person, user_id: int, **what: Json) -> httpx.Response:
    return admin.browser.send("PATCH", f"/api/v1/users/{user_id}", what)


def delete(admin: Person, user_id: int) -> httpx.Response:
    return admin.browser.send("DELETE", f"/api/v1/users/{user_id}")


def invite_again(admin: Person, user_id: int) -> httpx.Response:
    return admin.browser.post(f"/api/v1/users/{user_id}/invitation")


def take(town: Town, link: str) -> httpx.Response:
    body = {"code": link.partition("#code=")[2], "password": NEW_PASSWORD}
    return town.visitor().post("/api/v1/invitation", body)


def done_to(town: Town, admin: Person, user_id: int) -> list[tuple[str, dict[str, str]]]:
    """Return what the log says an administrator did to somebody, after checking who, to whom, from where."""
    mine: list[AuditRecord] = [
        entry
        for entry in town.entries(f"user:{admin.id}")
        if entry.target == f"user:{user_id}" and entry.action.startswith("user.")
    ]
    for entry in mine:
        assert entry.outcome == "ok"
        assert (entry.personal["actor_name"], entry.personal["network"]) == (
            admin.name,
            admin.browser.network,
        )
        assert entry.ts_ms <= town.api.clock.now_ms()
    assert len({entry.personal["target_name"] for entry in mine}) <= 1
    return [(entry.action, dict(entry.details)) for entry in mine]


def close_code(socket: ClientConnection) -> int | None:
    with pytest.raises(ConnectionClosed) as closed:
        socket.recv(1.0)
    return closed.value.rcvd.code if closed.value.rcvd else None


# Seeing and inviting


def test_everybody_is_listed_by_name_with_what_they_may(empty: Town) -> None:
    boss = empty.signed_in(Role.ADMIN)
    made_ms = empty.api.clock.now_ms()
    for name, more in (
        ("ziggy", {"role": "auditor"}),
        ("Émile", {"cameras": [OTHER_CAMERA, CAMERA]}),
        ("ada", {}),
    ):
        assert invite(boss, name, **more).status_code == 201
    empty.person()
    users = listed(boss)
    assert next(iter(users)) == "ada"
    assert list(users)[-2:] == ["ziggy", "Émile"]
    assert users["Émile"] == {
        "id": users["Émile"]["id"],
        "name": "Émile",
        "role": "viewer",
        "status": "active",
        "cameras": [OTHER_CAMERA, CAMERA],
        "created_ms": made_ms,
        "has_password": False,
        "totp": False,
        "passkeys": 0,
    }
    mine = users[boss.name]
    assert (mine["role"], mine["has_password"], mine["totp"], mine["cameras"]) == ("admin", True, True, None)
    (view,) = [entry for entry in empty.entries() if entry.action == "users.viewed"]
    assert (view.actor, view.outcome) == (f"user:{boss.id}", "ok")
    assert view.personal == {"actor_name": boss.name, "network": boss.browser.network}


@pytest.mark.parametrize("role", Role)
def test_whoever_is_invited_gets_the_role_and_cameras_they_were_given(town: Town, role: Role) -> None:
    boss = town.signed_in(Role.ADMIN)
    name = f"guest of {boss.name}"
    answer = invite(boss, name, role=role, cameras=[OTHER_CAMERA])
    assert (answer.status_code, answer.json()["expires_in"]) == (201, 30 * MINUTES)
    user = answer.json()["user"]
    assert user == listed(boss)[name]
    assert done_to(town, boss, user["id"]) == [("user.created", {"role": role, "cameras": OTHER_CAMERA})]
    assert answer.json()["link"].startswith(f"{town.api.origin}/invitation#code=")
    assert take(town, answer.json()["link"]).status_code == 204
    guest = Person(api=town.api, id=user["id"], name=name, browser=town.visitor())
    step = guest.gives_password(password=NEW_PASSWORD).json()["next"]
    assert step == ("enrol_factor" if role is Role.ADMIN else "done")
    if role is Role.ADMIN:
        assert guest.adds_totp().status_code == 200
    who = guest.browser.get("/api/v1/session").json()
    # An administrator sees all cameras whatever was given, an auditor none.
    cameras = {Role.ADMIN: None, Role.AUDITOR: []}.get(role, [OTHER_CAMERA])
    assert (who["role"], who["permissions"], who["cameras"]) == (role, sorted(ROLES[role]), cameras)


def test_two_people_never_have_names_that_look_alike(town: Town) -> None:
    boss = town.signed_in(Role.ADMIN)
    before = len(listed(boss))
    taken = invite(boss, "Straße ﬁ Ada").json()["user"]["id"]
    for other in (
        "straße ﬁ ada",
        "STRASSE FI ADA",
        " Strasse\u00a0fi  Ada\t",
        "Straße fi \uff21\uff44\uff41",
    ):
        refused = invite(boss, other)
        assert (refused.status_code, refused.json()["code"]) == (409, "conflict"), other
        assert taken == town.api.access.users.find(other).id  # type: ignore[union-attr]
    for unseen in ("ad\u202ea", "ad\u200ba", "ad\u00ada", "ad\0a", "ad\na", "ad\u3164a", "ad\U000e0041a"):
        refused = invite(boss, unseen)
        assert (refused.status_code, unseen in refused.text) == (400, False)
    for none in ("", " \u3000\n", "x" * 65, "\ud800", None, 7):
        assert invite(boss, none).status_code == 422  # type: ignore[arg-type]
    assert len(listed(boss)) == before + 1
    # Letters of another alphabet are other letters; and a name is free once nobody has it.
    assert invite(boss, "Straße ﬁ \u0410da").status_code == 201
    assert delete(boss, taken).status_code == 204
    assert invite(boss, "STRASSE FI ADA").json()["user"]["id"] > taken


# Changing


def test_a_change_is_over_for_the_old_rights_at_once(town: Town) -> None:
    boss, ada = town.signed_in(Role.ADMIN), town.signed_in()
    token = town.api.token(ada.user, PROGRAM_SCOPES)
    changes: list[tuple[dict[str, Json], dict[str, str]]] = [
        ({"role": "operator"}, {"role": "operator"}),
        ({"cameras": [OTHER_CAMERA, CAMERA]}, {"cameras": f"{OTHER_CAMERA} {CAMERA}"}),
        ({"cameras": []}, {"cameras": ""}),
        ({"all_cameras": True}, {"cameras": "all"}),
        ({"role": "viewer", "cameras": [CAMERA]}, {"role": "viewer", "cameras": CAMERA}),
        ({"status": "disabled"}, {"status": "disabled"}),
        ({"status": "active"}, {"status": "active"}),
    ]
    for what, logged in changes:
        if ada.user.is_active:
            ada.signs_in()
            elsewhere = ada.signs_in(town.visitor())
            with town.api.stream(visitor=ada.browser) as socket:
                answer = change(boss, ada.id, **what)
                assert close_code(socket) == 4401
            assert [each.get("/api/v1/session").status_code for each in (ada.browser, elsewhere)] == [
                401,
                401,
            ]
        else:
            assert ada.gives_password(town.visitor()).status_code == 401
            answer = change(boss, ada.id, **what)
        assert answer.json() == listed(boss)[ada.name]
        assert done_to(town, boss, ada.id)[-1] == ("user.changed", logged)
    assert len(done_to(town, boss, ada.id)) == len(changes)
    ada.signs_in()
    who = ada.browser.get("/api/v1/session").json()
    assert (who["role"], who["cameras"]) == ("viewer", [CAMERA])
    # Programs of theirs may no more than they do, and were not cut off for good.
    with town.api.client(token) as program:
        assert program.get("/api/v1/events").status_code == 200
        assert program.post("/api/v1/cleanup").status_code == 403


def test_what_is_no_change_changes_nothing(town: Town) -> None:
    boss, ada = town.signed_in(Role.ADMIN), town.signed_in()
    before = ada.user
    empty: list[dict[str, Json]] = [{}, {"role": None}, {"cameras": None, "status": None}]
    for what in empty:
        assert change(boss, ada.id, **what).status_code == 400
    wrong: list[dict[str, Json]] = [
        {"role": "root"},
        {"status": "gone"},
        {"cameras": ["a b"]},
        {"cameras": [""]},
        {"cameras": "driveway"},
        {"cameras": ["x"] * 1001},
        {"all_cameras": False},
        {"name": "Eve"},
        {"password": PASSWORD},
    ]
    for what in wrong:
        assert change(boss, ada.id, **what).status_code == 422, what
    for body in ({"status": "active"}, {"role": "root"}, {"cameras": ["a b"]}, {"password": PASSWORD}):
        assert invite(boss, "nobody new", **body).status_code == 422
    for missing in (change(boss, 4711, role="viewer"), delete(boss, 4711), invite_again(boss, 4711)):
        assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
    assert (ada.user, ada.browser.get("/api/v1/session").status_code) == (before, 200)
    assert [entry for entry in town.entries() if entry.target in (f"user:{ada.id}", "user:4711")] == []


def test_a_reset_replaces_the_password_and_no_factor(town: Town) -> None:
    boss, ada = town.signed_in(Role.ADMIN), town.with_totp()
    answer = invite_again(boss, ada.id)
    assert (answer.status_code, answer.json()["expires_in"]) == (200, 30 * MINUTES)
    assert done_to(town, boss, ada.id) == [("user.invited", {})]
    with town.api.stream(visitor=ada.browser) as socket:
        # Until it is taken up, nothing has changed.
        socket.send("ping")
        assert socket.recv(10)
        assert take(town, answer.json()["link"]).status_code == 204
        assert close_code(socket) == 4401
    assert ada.gives_password().status_code == 401
    assert ada.gives_password(password=NEW_PASSWORD).json()["next"] == "second_factor"
    assert ada.gives_code(ada.new_code()).status_code == 200
    assert ada.user.recovery_codes == 10


def test_whoever_is_deleted_is_out_with_all_they_made(town: Town) -> None:
    boss, ada = town.signed_in(Role.ADMIN), town.with_passkey()
    assert ada.adds_totp().status_code == 200
    program = ada.browser.post("/api/v1/tokens", {"name": "p", "scopes": ["events:read", "stream:read"]})
    display = ada.browser.post("/api/v1/tokens", {"name": "d", "kind": "display"})
    screen = town.visitor()
    assert screen.post("/api/v1/display", {"code": display.json()["link"].partition("#code=")[2]}).is_success
    link, half = invite_again(boss, ada.id).json()["link"], town.visitor()
    ada.gives_password(half)
    ticket = town.api.ticket(ada.browser)
    with (
        town.api.stream(visitor=ada.browser) as of_theirs,
        town.api.stream(token=program.json()["token"]) as of_program,
        town.api.stream(visitor=screen) as on_the_wall,
        town.api.client(program.json()["token"]) as client,
    ):
        assert delete(boss, ada.id).status_code == 204
        assert [close_code(socket) for socket in (of_theirs, of_program, on_the_wall)] == [4401] * 3
        assert client.get("/api/v1/events").status_code == 401
    assert [each.get("/api/v1/session").status_code for each in (ada.browser, half, screen)] == [401] * 3
    assert [take(town, link).status_code, ada.gives_password().status_code] == [401, 401]
    assert ada.gives_passkey(town.visitor()).status_code == 401
    with pytest.raises(InvalidStatus), town.api.stream(ticket=ticket):
        pass
    assert ada.name not in listed(boss)
    assert delete(boss, ada.id).status_code == 404
    # The log still knows who it was.
    assert done_to(town, boss, ada.id) == [("user.invited", {}), ("user.deleted", {})]


# The last administrator


def ways_out(admin: Person, user_id: int) -> list[httpx.Response]:
    return [
        change(admin, user_id, role="viewer"),
        change(admin, user_id, role="auditor", all_cameras=True),
        change(admin, user_id, status="disabled"),
        delete(admin, user_id),
    ]


def test_the_last_administrator_who_can_sign_in_stays(empty: Town) -> None:
    boss = empty.signed_in(Role.ADMIN)
    never_came = invite(boss, "never came", role="admin").json()["user"]["id"]
    disabled = empty.person(Role.ADMIN)
    assert change(boss, disabled.id, status="disabled").status_code == 200
    empty.person(Role.OPERATOR)
    kept = boss.user
    for refused in ways_out(boss, boss.id):
        assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert (boss.user, boss.browser.get("/api/v1/session").status_code) == (kept, 200)
    assert done_to(empty, boss, boss.id) == []
    # What leaves them an administrator is none of this rule's business, and they may take away the others.
    assert change(boss, boss.id, cameras=[CAMERA]).status_code == 200
    boss.signs_in()
    assert [delete(boss, each).status_code for each in (never_came, disabled.id)] == [204, 204]


def test_of_two_administrators_either_may_go_and_not_both(empty: Town) -> None:
    boss, other = empty.signed_in(Role.ADMIN), empty.signed_in(Role.ADMIN)
    for one, another in ((boss, other), (other, boss)):
        for what in ({"role": "viewer"}, {"status": "disabled"}):
            assert change(one, another.id, **what).status_code == 200
            for refused in ways_out(one, one.id):
                assert refused.status_code == 409
            assert change(one, another.id, role="admin", status="active").status_code == 200
        another.signs_in()
    # Whoever takes away their own rights is out at once, too.
    assert change(boss, boss.id, role="operator").status_code == 200
    assert boss.browser.get("/api/v1/session").status_code == 401
    boss.signs_in()
    assert boss.browser.get("/api/v1/users").status_code == 403
    assert [refused.status_code for refused in ways_out(other, other.id)] == [409] * 4
    assert delete(other, boss.id).status_code == 204


# Who may


def test_administration_needs_a_proof_of_the_last_five_minutes(town: Town) -> None:
    boss, ada = town.signed_in(Role.ADMIN), town.person()

    def tries(who: Person) -> list[httpx.Response]:
        made = [invite(who, f"new to {boss.name}"), change(who, ada.id, role="operator")]
        return [*made, invite_again(who, ada.id), delete(who, ada.id)]

    town.api.clock.advance(5 * MINUTES)
    before = listed(boss)
    for refused in tries(boss):
        assert (refused.status_code, refused.json()["code"]) == (403, "step_up_required")
    for role in (Role.VIEWER, Role.OPERATOR, Role.AUDITOR):
        eve = town.signed_in(role)
        for denied in tries(eve):
            assert (denied.status_code, denied.json()["code"]) == (403, "forbidden")
        assert eve.browser.get("/api/v1/users").status_code == 403
        needed = {e.details["permission"] for e in town.entries(f"user:{eve.id}") if e.outcome == "refused"}
        assert needed == {Permission.USERS_MANAGE, Permission.USERS_READ}
        assert delete(boss, eve.id).status_code == 403
    assert {name: user for name, user in listed(boss).items() if name in before} == before
    assert boss.steps_up(password=PASSWORD, code=boss.new_code()).status_code == 204
    town.api.clock.advance(5 * MINUTES - 0.001)
    assert [allowed.status_code for allowed in tries(boss)] == [201, 200, 200, 204]
    assert [action for action, _ in done_to(town, boss, ada.id)] == [
        "user.changed",
        "user.invited",
        "user.deleted",
    ]
