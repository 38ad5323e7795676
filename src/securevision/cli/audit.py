"""`securevision audit`: the log of what was done, and whether it is still what it was."""

import os
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from securevision.audit.checkpoints import PublicKey, SignedCheckpoint
from securevision.audit.export import MAX_LINE, checkpoint_in
from securevision.audit.verify import Verification, verify_export
from securevision.cli.terminal import prepare, say
from securevision.domain.audit import AuditAction
from securevision.errors import InvalidInput, NotFound, StorageFull
from securevision.vault.signing import verify_signature
from securevision.wiring.access import by_command
from securevision.wiring.audit import open_audit
from securevision.wiring.storage import database_path

app = typer.Typer(help="The audit log: who did what, in a form that shows any change.", no_args_is_help=True)

_SUBJECT = re.compile(r"unknown|(user|token|display|person|session):\S{1,100}")
_MAX_NOTE = 2**16

Kept = Annotated[
    Path | None,
    typer.Option(
        "--checkpoint", metavar="FILE", help="A checkpoint, or an older export, that you kept elsewhere."
    ),
]
Key = Annotated[
    Path | None,
    typer.Option("--key", metavar="FILE", help="What `audit key` printed when you trusted the machine."),
]


@app.command("export")
def export(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="Where to; stdout when left out.")
    ] = None,
) -> None:
    """Write the whole log, signed, to a new file. That it was exported is in it."""
    with open_audit(prepare()) as audit:
        audit.log.record(by_command(AuditAction.AUDIT_EXPORTED))
        if file is None:
            _copy(audit.reader.export(), sys.stdout.fileno())
        else:
            _write_new(file, audit.reader.export())


@app.command("verify")
def verify(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="An export; the database itself when left out.")
    ] = None,
    checkpoint: Kept = None,
    key: Key = None,
) -> None:
    """Find anything that was changed, removed, put in another order or cut off. Needs no network.

    Without --key, an export that somebody made anew with a key of their own is not found: compare the key that is
    printed with the one you know.
    """
    held = None if key is None else PublicKey.parse(_read(key).strip())
    earlier = [] if checkpoint is None else [_kept_checkpoint(checkpoint)]
    if file is None:
        settings = prepare()
        if not database_path(settings).exists():
            raise NotFound("There is no database yet, so there is no audit log to verify.")
        with open_audit(settings) as audit:
            found = audit.reader.verify(verify_signature, held_key=held, earlier=earlier)
    else:
        found = verify_export(_lines(file), verify_signature, held_key=held, earlier=earlier)
    _print(found)


@app.command("checkpoint")
def checkpoint() -> None:
    """Print a signed checkpoint to keep on another machine: against it, a log that was put back is found."""
    with open_audit(prepare()) as audit:
        print(audit.reader.checkpoint(), end="")


@app.command("key")
def key() -> None:
    """Print the public key that signs the log."""
    with open_audit(prepare()) as audit:
        print(audit.reader.key)


@app.command("erase")
def erase(
    subject: Annotated[str, typer.Argument(help="Such as `user:3`; `unknown` for names that nobody has.")],
) -> None:
    """Forget names and addresses of a person in the log; the entries stay, and stay proved."""
    if not _SUBJECT.fullmatch(subject):
        raise InvalidInput("Say whose entries are to be erased, such as user:3, or unknown.")
    with open_audit(prepare()) as audit:
        erased = audit.log.erase(subject, by_command(AuditAction.AUDIT_ERASED, target=subject))
    print(f"Erased {erased} value(s) of {subject}. Exports that were made before still hold them.")


def _print(found: Verification) -> None:
    if found.fault is not None:
        raise InvalidInput(str(found.fault))
    print(f"{found.entries} entries are as they were signed, with {found.personal} personal value(s).")
    if found.erased:
        print(f"{found.erased} personal value(s) were erased.")
    print(f"The key is {found.key}")


def _kept_checkpoint(path: Path) -> SignedCheckpoint:
    last = b""
    for line in _lines(path):
        if last == b"" and not line.startswith(b"{"):
            return SignedCheckpoint.parse(_read(path))
        last = line
    return SignedCheckpoint.parse(checkpoint_in(last))


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as stream:
            while line := stream.readline(MAX_LINE + 1):
                yield line
    except OSError as error:
        raise NotFound(f"{path} cannot be read ({error.strerror}).") from None


def _read(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return stream.read(_MAX_NOTE).decode()
    except OSError as error:
        raise NotFound(f"{path} cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise InvalidInput(f"{path} is no text.") from None


def _write_new(path: Path, lines: Iterable[bytes]) -> None:
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise InvalidInput(f"{path} cannot be made ({error.strerror}); name a new file.") from None
    try:
        _copy(lines, descriptor)
        os.fsync(descriptor)
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise StorageFull(f"{path} cannot be written ({error.strerror}).") from None
        raise
    finally:
        os.close(descriptor)
    say(f"Wrote {path}.")


def _copy(lines: Iterable[bytes], descriptor: int) -> None:
    with open(descriptor, "wb", closefd=False) as stream:
        stream.writelines(lines)
