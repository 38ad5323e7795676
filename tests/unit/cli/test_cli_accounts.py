"""`securevision user` and `securevision token`, on the machine itself."""

import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from securevision.access.tokens import is_program_token, token_digest
from securevision.cli.run import run_cli
from securevision.clock import SystemClock
from securevision.domain.accounts import Purpose, UserStatus
from securevision.domain.rights import Cameras, Role
from securevision.settings import Settings
from securevision.vault.passwords import Argon2Passwords
from securevision.wiring.audit import open_audit
from securevision.wiring.storage import open_storage

PASSWORD = "canary correct horse battery"

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Run:
    """Run a command in an empty working directory; return its exit code and what it printed."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, stdin: str = "") -> tuple[int, str, str]:
        capfd.readouterr()
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        code = run_cli(arguments)
        out, err = capfd.readouterr()
        return code, out, err

    return run


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings()
    made.storage.directory = tmp_path / "data"
    return made


def make_admin(run: Run, name: str = "ada") -> None:
    code, _, err = run("user", "create-admin", name, "--password-stdin", stdin=f"{PASSWORD}\n")
    assert (code, err) == (0, "")


def logged(settings: Settings) -> list[tuple[str, str, str]]:
    """Return action, actor and target of each entry, oldest first."""
    with open_audit(settings) as audit:
        records = audit.reader.page(None, 1000).records
    return [(record.action, record.actor, record.target) for record in reversed(records)]


def test_the_first_administrator(run: Run, settings: Settings) -> None:
    make_admin(run)
    with open_storage(settings) as storage:
        ada = storage.users.find("Ada")
        assert ada is not None
        assert (ada.role, ada.cameras.names) == (Role.ADMIN, None)
        assert Argon2Passwords().verify(ada.password_hash, PASSWORD).right
    assert run("user", "list")[1] == "ada  admin, active, no second factor, all cameras\n"
    assert ("user.created", "cli", f"user:{ada.id}") in logged(settings)


@pytest.mark.parametrize(
    ("arguments", "stdin", "sentence"),
    [
        (["user", "create-admin", "ada", "--password-stdin"], "short\n", "15 characters"),
        (["user", "create-admin", "ada", "--password-stdin"], "", "15 characters"),
        (["user", "create-admin", "ada", "--password-stdin"], "passwordpassword\n", "guess"),
        (["user", "create-admin", "ada"], "", "--password-stdin"),
        (["user", "create-admin"], "", "create-admin NAME"),
        (["user", "create-admin", "a\u200bb", "--password-stdin"], f"{PASSWORD}\n", "name"),
        (["user", "reset", "nobody", "--link"], "", "no user nobody"),
        (["user", "remove", "nobody"], "", "no user nobody"),
        (["user", "change", "nobody", "--disable"], "", "no user nobody"),
        (["user", "change", "nobody"], "", "--role"),
        (["token", "create", "home", "--user", "nobody", "--scope", "events:read"], "", "no user nobody"),
        (["token", "revoke", "7"], "", "no token 7"),
    ],
)
def test_what_cannot_be_done_says_why(run: Run, arguments: list[str], stdin: str, sentence: str) -> None:
    code, out, err = run(*arguments, stdin=stdin)
    assert (code, out) == (1, "")
    assert len(err.strip().splitlines()) == 1
    assert sentence in err
    assert PASSWORD not in err
    assert "passwordpassword" not in err


def test_a_name_that_is_taken(run: Run) -> None:
    make_admin(run)
    code, _, err = run("user", "create-admin", "ADA", "--password-stdin", stdin=f"{PASSWORD}\n")
    assert (code, "already" in err) == (1, True)


def test_a_new_set_up_link_while_there_is_nobody(run: Run, settings: Settings) -> None:
    code, out, _ = run("user", "create-admin", "--link")
    link = re.fullmatch(r"https://localhost:8443/setup#code=(\S+)\n", out)
    assert code == 0
    assert link
    now_ms = SystemClock().now_ms()
    with open_storage(settings) as storage:
        assert storage.one_time.redeem(token_digest(link[1]), Purpose.SETUP, now_ms) == ""
    make_admin(run)
    code, out, err = run("user", "create-admin", "--link")
    assert (code, out, "user reset" in err) == (1, "", True)


def test_somebody_is_invited_changed_and_removed(run: Run, settings: Settings) -> None:
    make_admin(run)
    code, out, _ = run("user", "add", "bob", "--role", "operator", "--camera", "driveway")
    assert code == 0
    assert re.fullmatch(r"https://localhost:8443/invitation#code=\S+\n", out)
    assert "bob  operator, active, invited, no second factor, driveway" in run("user", "list")[1]
    assert run("user", "change", "bob", "--role", "viewer", "--all-cameras", "--disable")[0] == 0
    with open_storage(settings) as storage:
        bob = storage.users.find("bob")
        assert bob is not None
        assert (bob.role, bob.status, bob.cameras) == (Role.VIEWER, UserStatus.DISABLED, Cameras(None))
    assert run("user", "change", "bob", "--enable")[0] == 0
    assert run("user", "remove", "bob")[0] == 0
    assert "bob" not in run("user", "list")[1]
    actions = [action for action, _, _ in logged(settings)]
    assert actions.count("user.changed") == 2
    assert actions.count("user.deleted") == 1


def test_the_last_administrator_stays(run: Run) -> None:
    make_admin(run)
    for arguments in (
        ["remove", "ada"],
        ["change", "ada", "--role", "viewer"],
        ["change", "ada", "--disable"],
    ):
        code, _, err = run("user", *arguments)
        assert (code, "last administrator" in err) == (1, True)


def test_a_forgotten_password(run: Run, settings: Settings) -> None:
    make_admin(run)
    code, _, _ = run(
        "user", "reset", "ada", "--password-stdin", "--remove-factors", stdin="a brand new long phrase\n"
    )
    assert code == 0
    with open_storage(settings) as storage:
        ada = storage.users.find("ada")
        assert ada is not None
        assert Argon2Passwords().verify(ada.password_hash, "a brand new long phrase").right
    code, out, _ = run("user", "reset", "ada", "--link")
    assert (code, "/invitation#code=" in out) == (0, True)
    assert [entry[0] for entry in logged(settings)].count("user.reset") == 2


def test_a_token_is_made_listed_and_revoked(run: Run, settings: Settings, tmp_path: Path) -> None:
    make_admin(run)
    arguments = [
        "--user",
        "ada",
        "--scope",
        "events:read",
        "--camera",
        "driveway",
        "--network",
        "10.0.0.0/24",
    ]
    code, out, _ = run("token", "create", "home", *arguments)
    assert code == 0
    assert is_program_token(out.strip())
    with open_storage(settings) as storage:
        found = storage.tokens.find(token_digest(out.strip()))
        assert found is not None
        assert (found[0].network, found[0].cameras) == ("10.0.0.0/24", Cameras(frozenset({"driveway"})))
    listed = run("token", "list")[1]
    assert f"{found[0].id}  home  program of ada" in listed
    assert "events:read" in listed
    assert out.strip() not in listed
    assert run("token", "revoke", str(found[0].id))[0] == 0
    assert "There are no tokens" in run("token", "list")[1]
    files = b"".join(path.read_bytes() for path in (tmp_path / "data").iterdir() if path.is_file())
    assert out.strip().encode() not in files


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--scope", "users:manage"], "cannot have: users:manage"),
        (["--scope", "everything"], "A scope is one of: audit:read, "),
        (["--scope", "events:read", "--network", "everywhere"], "CIDR"),
    ],
)
def test_a_token_cannot_have_what_no_token_has(run: Run, arguments: list[str], sentence: str) -> None:
    make_admin(run)
    code, out, err = run("token", "create", "home", "--user", "ada", *arguments)
    assert (code, out) == (1, "")
    assert sentence in err
