"""The audit log over HTTP: reading it, taking it away to verify it elsewhere, and what is in it."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from fakes.people import Person, Town
from fakes.people import town as running_town
from fakes.running_api import CAMERA, FACE, LEGACY_TOKEN, OTHER_CAMERA, PASSWORD, PLATE
from fakes.visitor import Json, Visitor
from securevision.access.roles import PROGRAM_SCOPES
from securevision.audit.checkpoints import SignedCheckpoint
from securevision.audit.verify import Verification, verify_export
from securevision.cli.run import run_cli
from securevision.domain.audit import AuditAction, AuditDraft
from securevision.domain.rights import Cameras, Permission, Role
from securevision.vault.signing import verify_signature

MINUTES = 60


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Town]:
    """A server with a log of its own."""
    with running_town(tmp_path) as running:
        yield running


def page(who: Visitor, query: str = "") -> dict[str, Json]:
    answer = who.get(f"/api/v1/audit{query}")
    assert answer.status_code == 200, answer.text
    body: dict[str, Json] = answer.json()
    return body


def exported(who: Person) -> list[bytes]:
    answer = who.browser.post("/api/v1/audit/export")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/jsonl"
    assert answer.headers["content-disposition"] == 'attachment; filename="securevision-audit.jsonl"'
    return answer.content.splitlines(keepends=True)


def verified(town: Town, lines: list[bytes], *earlier: SignedCheckpoint) -> Verification:
    key = town.api.audit.reader.key
    return verify_export(lines, verify_signature, held_key=key, earlier=earlier)


def record(town: Town, count: int) -> None:
    for number in range(count):
        draft = AuditDraft(AuditAction.SERVER_STARTED, "system", details={"number": str(number)})
        town.api.audit.log.record(draft)


# Reading


def test_the_newest_entry_comes_first_and_says_who_what_and_from_where(town: Town) -> None:
    boss, ada = town.signed_in(Role.ADMIN), town.person()
    path = f"/api/v1/users/{ada.id}"
    assert boss.browser.send("PATCH", path, {"role": "operator"}).status_code == 200
    read = page(boss.browser, "?limit=2")
    view, change = read["entries"]
    assert change == {
        "seq": read["size"] - 2,
        "ts_ms": town.api.clock.now_ms(),
        "action": "user.changed",
        "outcome": "ok",
        "actor": f"user:{boss.id}",
        "target": f"user:{ada.id}",
        "details": {"role": "operator"},
        "personal": {"actor_name": boss.name, "target_name": ada.name, "network": boss.browser.network},
    }
    # Who reads it is in it.
    assert (view["action"], view["actor"]) == ("audit.viewed", f"user:{boss.id}")
    assert view["personal"] == {"actor_name": boss.name, "network": boss.browser.network}
    assert read["next_before"] == change["seq"]


def test_pages_hold_each_entry_once_whatever_is_added_meanwhile(empty: Town) -> None:
    auditor = empty.signed_in(Role.AUDITOR)
    record(empty, 25)
    first = page(auditor.browser, "?limit=7")
    size, entries, before = first["size"], first["entries"], first["next_before"]
    while before is not None:
        record(empty, 3)
        more = page(auditor.browser, f"?limit=7&before={before}")
        assert 1 <= len(more["entries"]) <= 7
        assert more["size"] > size
        entries += more["entries"]
        before = more["next_before"]
    assert [entry["seq"] for entry in entries] == list(range(size - 1, -1, -1))
    assert all(newer["ts_ms"] >= older["ts_ms"] for newer, older in pairwise(entries))
    everything = page(auditor.browser, "?limit=1000")
    assert everything["entries"][-size:] == entries
    assert page(auditor.browser, "?before=9223372036854775807&limit=1")["entries"][0]["seq"] >= size
    assert (
        page(auditor.browser, "?before=0")["entries"],
        page(auditor.browser, "?before=1")["next_before"],
    ) == ([], None)
    record(empty, 60)
    assert len(page(auditor.browser)["entries"]) == 100
    for wrong in ("limit=0", "limit=1001", "limit=x", "before=-1", "before=9223372036854775808", "before=x"):
        assert auditor.browser.get(f"/api/v1/audit?{wrong}").status_code == 422


def test_what_was_erased_is_missing_and_the_log_stays_proved(empty: Town) -> None:
    auditor, ada = empty.signed_in(Role.AUDITOR), empty.signed_in()
    before = verified(empty, exported(auditor))
    erased = empty.api.audit.log.erase(f"user:{ada.id}", AuditDraft(AuditAction.AUDIT_ERASED, "cli"))
    assert erased >= 2
    theirs = [e for e in page(auditor.browser)["entries"] if e["actor"] == f"user:{ada.id}"]
    assert [(e["action"], e["personal"]) for e in theirs] == [("login.succeeded", {})]
    after = verified(empty, lines := exported(auditor))
    assert (before.fault, before.erased, after.fault) == (None, 0, None)
    assert after.erased >= erased
    assert ada.name.encode() not in b"".join(lines)


# Taking it away


def test_an_export_is_the_whole_log_and_verifies_anywhere(
    empty: Town, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    auditor, kept = empty.signed_in(Role.AUDITOR), empty.api.audit.reader.checkpoint()
    # More than is read at once.
    record(empty, 510)
    lines = exported(auditor)
    found = verified(empty, lines, SignedCheckpoint.parse(kept))
    size = page(auditor.browser, "?limit=1")["size"] - 1
    assert (found.fault, found.entries, found.erased) == (None, size, 0)
    assert found.checkpoint is not None
    assert (found.checkpoint.size, len(lines)) == (size, size + 2)
    # That it was taken, by whom and from where, is the last entry of it.
    assert b'"audit.exported"' in lines[-2]
    (entry,) = [e for e in empty.entries() if e.action == AuditAction.AUDIT_EXPORTED]
    assert (entry.actor, entry.outcome, entry.seq) == (f"user:{auditor.id}", "ok", size - 1)
    assert entry.personal == {"actor_name": auditor.name, "network": auditor.browser.network}

    # With what was kept, and nothing of this server, on another machine.
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    Path("log.jsonl").write_bytes(b"".join(lines))
    Path("key").write_text(str(empty.api.audit.reader.key))
    Path("kept").write_text(kept)
    verify = ["audit", "verify", "log.jsonl", "--key", "key", "--checkpoint", "kept"]
    assert run_cli(verify) == 0
    assert capfd.readouterr().out.startswith(f"{size} entries are as they were signed")
    changed = b"".join(lines).replace(b'"number":"300"', b'"number":"301"')
    Path("log.jsonl").write_bytes(changed)
    assert run_cli(verify) == 1
    assert sorted(file.name for file in elsewhere.iterdir()) == ["kept", "key", "log.jsonl"]


def test_what_was_changed_cut_or_put_back_after_the_export_is_found(empty: Town) -> None:
    auditor = empty.signed_in(Role.AUDITOR)
    older = exported(auditor)
    record(empty, 3)
    newer_note = SignedCheckpoint.parse(empty.api.audit.reader.checkpoint())
    newer = exported(auditor)
    assert verified(empty, newer, newer_note).fault is None
    # Whoever kept a checkpoint finds a log that was put back to what it was before.
    assert verified(empty, older).fault is None
    assert verified(empty, older, newer_note).fault is not None
    middle = len(newer) // 2
    for damaged in (
        newer[:-1],
        newer[:-2] + newer[-1:],
        newer[:middle] + newer[middle + 1 :],
        [*newer[:middle], newer[middle + 1], newer[middle], *newer[middle + 2 :]],
        [*newer[:-2], newer[-2].replace(f"user:{auditor.id}".encode(), b"user:4711"), newer[-1]],
        newer[:-2] + older[-1:],
    ):
        assert damaged != newer
        assert verified(empty, damaged).fault is not None


# Who may


def test_auditors_and_administrators_read_it_and_who_else_tries_is_in_it(town: Town) -> None:
    boss, auditor = town.signed_in(Role.ADMIN), town.signed_in(Role.AUDITOR)
    assert all(exported(may) for may in (boss, auditor))
    town.api.clock.advance(5 * MINUTES)
    for may in (boss, auditor):
        assert page(may.browser)["size"] > 0
        refused = may.browser.post("/api/v1/audit/export")
        assert (refused.status_code, refused.json()["code"]) == (403, "step_up_required")
    # What was refused is no export; after a step-up it is one.
    assert auditor.steps_up(password=PASSWORD).status_code == 204
    assert exported(auditor)
    done = [e.action for e in town.entries(f"user:{auditor.id}") if e.action == AuditAction.AUDIT_EXPORTED]
    assert len(done) == 2

    for role in (Role.VIEWER, Role.OPERATOR):
        eve = town.signed_in(role)
        for denied in (eve.browser.get("/api/v1/audit"), eve.browser.post("/api/v1/audit/export")):
            assert (denied.status_code, denied.json()["code"]) == (403, "forbidden")
        tries = [e for e in town.entries(f"user:{eve.id}") if e.action == AuditAction.ACCESS_DENIED]
        assert [e.details["permission"] for e in tries] == [Permission.AUDIT_READ, Permission.AUDIT_EXPORT]
        assert {e.outcome for e in tries} == {"refused"}
        assert {e.personal["network"] for e in tries} == {eve.browser.network}
    # A program may read it and never take it away.
    boss.steps_up(password=PASSWORD, code=boss.new_code())
    token = boss.browser.post("/api/v1/tokens", {"name": "siem", "scopes": ["audit:read"]}).json()
    with town.api.client(token["token"]) as client:
        assert client.get("/api/v1/audit?limit=1").json()["entries"][0]["actor"] == f"token:{token['id']}"
        assert client.post("/api/v1/audit/export").status_code == 403


# What was looked at


def test_who_looked_at_events_pictures_and_live_video_is_in_it(town: Town) -> None:
    ada, owner = town.signed_in(cameras=Cameras(frozenset({CAMERA}))), town.person(Role.ADMIN)
    screen = town.api.display(owner=owner.user)
    token = town.api.token(owner.user, PROGRAM_SCOPES)
    face, plate, hidden = town.api.add(FACE), town.api.add(PLATE), town.api.add(camera=OTHER_CAMERA)
    (program,) = (t for t in town.api.access.tokens.all(owner.id) if t.kind == "program")
    (wall,) = (t for t in town.api.access.tokens.all(owner.id) if t.kind == "display")
    before = len(town.entries())
    ada.browser.get("/api/v1/events?type=face_match")
    ada.browser.get(f"/api/v1/events/{face.id}/crop")
    for path in (
        f"/api/v1/events/{hidden.id}",
        f"/api/v1/events/{hidden.id}/crop",
        "/api/v1/events/4711/crop",
    ):
        assert ada.browser.get(path).status_code == 404
    screen.get(f"/api/v1/events/{plate.id}/crop")
    with town.api.client(token) as client, town.api.program() as legacy:
        client.get(f"/api/v1/plates/{plate.id}")
        client.get(f"/api/v1/events/{hidden.id}/crop")
        legacy.get("/events")
        legacy.get(f"/faces/{face.id}")
    for sockets in (
        town.api.stream(visitor=ada.browser),
        town.api.stream(ticket=town.api.ticket(ada.browser)),
        town.api.stream(visitor=screen),
        town.api.stream(token=token),
        town.api.stream("/stream", token=LEGACY_TOKEN),
    ):
        with sockets:
            pass
    seen = town.entries()[before:]
    here, loopback = ada.browser.network, "127.0.0.1"
    at = f"camera:{CAMERA}"
    mine, walls = f"user:{ada.id}", f"display:{wall.id}"
    programs, static = f"token:{program.id}", "legacy"
    assert [(e.actor, e.action, e.target, e.personal["network"]) for e in seen] == [
        (mine, "events.viewed", "", here),
        (mine, "crops.viewed", at, here),
        # What is hidden and what is not there look the same here, too.
        (mine, "request.refused", "route:/api/v1/events/{id}", here),
        (mine, "request.refused", "route:/api/v1/events/{id}/crop", here),
        (mine, "request.refused", "route:/api/v1/events/{id}/crop", here),
        (walls, "crops.viewed", at, loopback),
        (programs, "events.viewed", at, loopback),
        (programs, "crops.viewed", f"camera:{OTHER_CAMERA}", loopback),
        (static, "events.viewed", "", loopback),
        (static, "events.viewed", at, loopback),
        (mine, "stream.opened", "", loopback),
        (mine, "stream.opened", "", loopback),
        (walls, "stream.opened", "", loopback),
        (programs, "stream.opened", "", loopback),
        (static, "stream.opened", "", loopback),
    ]
    assert {e.personal["actor_name"] for e in seen} == {ada.name, "a token", "static API token"}


def test_many_looks_are_three_entries_and_a_count(town: Town) -> None:
    ada, event = town.signed_in(), town.api.add(FACE)
    other = town.api.add(camera=OTHER_CAMERA)
    for _ in range(20):
        assert ada.browser.get(f"/api/v1/events/{event.id}/crop").status_code == 200
    # Another camera is another thing to have looked at.
    assert ada.browser.get(f"/api/v1/events/{other.id}/crop").status_code == 200

    def looks() -> list[tuple[str, str | None]]:
        mine = town.entries(f"user:{ada.id}")
        return [(e.target, e.details.get("count")) for e in mine if e.action == AuditAction.CROPS_VIEWED]

    at = f"camera:{CAMERA}"
    assert looks() == [(at, None)] * 3 + [(f"camera:{OTHER_CAMERA}", None)]
    town.api.clock.advance(10 * MINUTES)
    assert looks()[4:] == [(at, "17")]
