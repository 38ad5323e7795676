"""`securevision audit`, as somebody who suspects the machine uses it."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from fakes.audit_exports import DRAFTS, OTHER_SIGNER, entries_of, tree_of
from securevision.audit.checkpoints import ORIGIN, PublicKey, SignedCheckpoint
from securevision.audit.export import export
from securevision.cli.run import run_cli
from securevision.settings import load_settings
from securevision.wiring.audit import open_audit

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        capfd.readouterr()
        code = run_cli(["audit", *map(str, arguments)])
        out, err = capfd.readouterr()
        return code, out, err

    return run


@pytest.fixture
def log(run: Run) -> None:
    with open_audit(load_settings()) as audit:
        for draft in DRAFTS:
            audit.log.record(draft)


def refused(result: tuple[int, str, str], sentence: str) -> None:
    code, out, err = result
    assert (code, out) == (1, "")
    assert err.startswith("securevision: ")
    assert sentence in err
    assert err.count("\n") == 1


def sql(script: str) -> None:
    with closing(sqlite3.connect("data/securevision.db")) as plain:
        plain.executescript(script)


@pytest.mark.usefixtures("log")
def test_an_export_verifies_anywhere(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, key, _ = run("key")
    Path("key.txt").write_text(key)
    code, out, err = run("export", "a.jsonl")
    assert (code, out, err) == (0, "", "Wrote a.jsonl.\n")
    assert Path("a.jsonl").stat().st_mode & 0o777 == 0o600

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    code, out, err = run("verify", tmp_path / "a.jsonl", "--key", tmp_path / "key.txt")
    # The key was made, five entries, and the export itself.
    assert (code, err) == (0, "")
    assert out.splitlines()[0].startswith("7 entries are as they were signed")
    assert out.splitlines()[-1] == f"The key is {key.strip()}"
    assert list(elsewhere.iterdir()) == []


@pytest.mark.usefixtures("log")
def test_an_export_to_stdout_is_the_same_and_is_logged(run: Run) -> None:
    code, out, _ = run("export")
    assert code == 0
    Path("b.jsonl").write_text(out)
    assert run("verify", "b.jsonl")[0] == 0
    assert '"action":"audit.exported","actor":"cli"' in out


@pytest.mark.usefixtures("log")
def test_a_changed_export_is_refused_with_the_entry_named(run: Run) -> None:
    run("export", "a.jsonl")
    whole = Path("a.jsonl").read_bytes()
    Path("a.jsonl").write_bytes(whole.replace(b'"role":"viewer"', b'"role":"admin"'))
    refused(run("verify", "a.jsonl"), "Entry 3 was changed")
    Path("a.jsonl").write_bytes(whole[:-1])
    refused(run("verify", "a.jsonl"), "cut off")
    Path("a.jsonl").write_bytes(b"")
    refused(run("verify", "a.jsonl"), "The file is empty.")
    Path("a.jsonl").write_bytes(os.urandom(3 * 2**20))
    refused(run("verify", "a.jsonl"), "The ")


@pytest.mark.usefixtures("log")
def test_an_export_with_another_key_is_refused_by_the_key_one_holds(run: Run) -> None:
    entries = entries_of()
    tree = tree_of(entries)
    lines = export(entries, origin=ORIGIN, size=tree.size, root=tree.root, created_ms=1, signer=OTHER_SIGNER)
    Path("forged.jsonl").write_bytes(b"".join(lines))
    Path("key.txt").write_text(run("key")[1])
    assert run("verify", "forged.jsonl")[1].endswith(f"{PublicKey(ORIGIN, OTHER_SIGNER.public_key)}\n")
    refused(run("verify", "forged.jsonl", "--key", "key.txt"), "not the one that you hold")


@pytest.mark.usefixtures("log")
def test_the_database_itself_is_verified(run: Run) -> None:
    code, out, _ = run("verify")
    assert code == 0
    assert out.startswith("6 entries are as they were signed")
    sql("UPDATE audit_entries SET body = replace(body, 'viewer', 'admin')")
    refused(run("verify"), "Entry 3 was changed")


@pytest.mark.usefixtures("log")
def test_a_database_that_was_put_back_is_found_against_what_was_kept(run: Run) -> None:
    sql("VACUUM INTO 'backup.db'")
    with open_audit(load_settings()) as audit:
        audit.log.record(DRAFTS[0])
    code, note, _ = run("checkpoint")
    assert code == 0
    assert SignedCheckpoint.parse(note).checkpoint.size == 7
    Path("note.txt").write_text(note)
    run("export", "a.jsonl")
    assert run("verify", "--checkpoint", "note.txt")[0] == 0
    assert run("verify", "--checkpoint", "a.jsonl")[0] == 0
    assert run("verify", "a.jsonl", "--checkpoint", "note.txt")[0] == 0

    Path("backup.db").replace("data/securevision.db")

    assert run("verify")[0] == 0
    refused(
        run("verify", "--checkpoint", "note.txt"),
        "The log ends after 6 entries, but a kept checkpoint was made of 7",
    )
    refused(run("verify", "--checkpoint", "a.jsonl"), "The log ends after 6 entries")
    run("export", "b.jsonl")
    refused(
        run("verify", "b.jsonl", "--checkpoint", "note.txt"), "The log is not the one of a kept checkpoint"
    )


@pytest.mark.usefixtures("log")
def test_a_person_is_erased(run: Run) -> None:
    run("export", "before.jsonl")
    code, out, _ = run("erase", "user:1")
    assert code == 0
    assert out == "Erased 3 value(s) of user:1. Exports that were made before still hold them.\n"
    code, out, _ = run("verify", "--checkpoint", "before.jsonl")
    assert code == 0
    assert "3 personal value(s) were erased.\n" in out
    whole = run("export")[1]
    assert '"action":"audit.erased","actor":"cli","details":{"count":"3"}' in whole
    assert "Grace" not in whole


@pytest.mark.parametrize("subject", ["", "ada", "user:", "user:1\n2", "camera:gate", "../etc"])
def test_what_is_no_person_cannot_be_erased(run: Run, subject: str) -> None:
    refused(run("erase", subject), "Say whose entries are to be erased")


@pytest.mark.usefixtures("log")
def test_an_existing_file_is_not_overwritten(run: Run) -> None:
    Path("a.jsonl").write_text("mine")
    refused(run("export", "a.jsonl"), "a.jsonl cannot be made (File exists); name a new file.")
    assert Path("a.jsonl").read_text() == "mine"


@pytest.mark.parametrize("option", ["--key", "--checkpoint"])
def test_a_file_that_cannot_be_used_is_said(run: Run, option: str) -> None:
    refused(run("verify", "x.jsonl", option, "missing"), "missing cannot be read")
    Path("binary").write_bytes(b"\xff" * 100)
    refused(run("verify", "x.jsonl", option, "binary"), "")
    Path("other").write_text("{}\n")
    refused(run("verify", "x.jsonl", option, "other"), "The text is no ")
    Path("none").touch()
    refused(run("verify", "x.jsonl", option, "none"), "The text is no ")


def test_without_a_database_there_is_nothing_to_verify_and_none_is_made(run: Run) -> None:
    refused(run("verify"), "There is no database yet")
    assert not Path("data").exists()
    refused(run("verify", "missing.jsonl"), "missing.jsonl cannot be read")
