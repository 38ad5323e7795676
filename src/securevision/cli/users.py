"""`securevision user`: people with an account. What is done here is in the audit log."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from getpass import getpass
from typing import Annotated

import typer

from securevision.api.links import new_link
from securevision.cli.terminal import prepare
from securevision.clock import SystemClock
from securevision.domain.accounts import Purpose, User, UserChange, UserDraft, UserStatus
from securevision.domain.audit import AuditAction, AuditDraft
from securevision.domain.rights import ALL_CAMERAS, Cameras, Role
from securevision.errors import Conflict, InvalidInput, NotFound
from securevision.settings import Settings
from securevision.vault.passwords import Argon2Passwords
from securevision.wiring.access import by_command
from securevision.wiring.listening import origin_of
from securevision.wiring.storage import Storage, open_storage

app = typer.Typer(help="People who may sign in.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The name to sign in with.")]
CameraNames = Annotated[
    list[str] | None, typer.Option("--camera", help="A camera they may see; again for more; default: all.")
]
_STDIN = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input instead of asking.")
]


@app.command("create-admin")
def create_admin(
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="The name to sign in with.")] = "",
    password_stdin: _STDIN = False,
    link: Annotated[
        bool, typer.Option("--link", help="Print a new set-up link instead, while there is nobody yet.")
    ] = False,
) -> None:
    """Make an administrator; the second factor is set up at the first sign-in.

    This works while the server runs and when it does not, on a headless machine and in a container.
    """
    with _storage() as (settings, storage):
        if link:
            if storage.users.all():
                raise Conflict("There is an administrator already; use `securevision user reset NAME`.")
            print(_link(settings, storage, Purpose.SETUP, ""))
            return
        if not name:
            raise InvalidInput("Give the name of the administrator: `securevision user create-admin NAME`.")
        password_hash = _new_password(name, password_stdin)
        user = storage.users.add(
            UserDraft(name, Role.ADMIN, ALL_CAMERAS, SystemClock().now_ms(), password_hash),
            lambda made: by_command(
                AuditAction.USER_CREATED, target=f"user:{made.id}", target_name=made.name, role=made.role
            ),
        )
    print(f"Administrator {user.name} can sign in now; a second factor is set up then.")


@app.command("add")
def add(
    name: Name,
    role: Annotated[Role, typer.Option(help="What they may do.")] = Role.VIEWER,
    camera: CameraNames = None,
) -> None:
    """Make a user and print the link by which they set their password."""
    cameras = ALL_CAMERAS if not camera else Cameras(frozenset(camera))
    with _storage() as (settings, storage):
        user = storage.users.add(
            UserDraft(name, role, cameras, SystemClock().now_ms()),
            lambda made: by_command(
                AuditAction.USER_CREATED, target=f"user:{made.id}", target_name=made.name, role=made.role
            ),
        )
        print(_link(settings, storage, Purpose.INVITATION, str(user.id)))


@app.command("list")
def list_() -> None:
    """List everybody: role, second factors, cameras."""
    with _storage() as (_, storage):
        users = storage.users.all()
    for user in users:
        cameras = "all cameras" if user.cameras.names is None else " ".join(sorted(user.cameras.names))
        factor = "second factor" if user.has_factor else "no second factor"
        password = "" if user.password_hash else ", invited"
        print(f"{user.name}  {user.role}, {user.status}{password}, {factor}, {cameras or 'no camera'}")
    if not users:
        print("There is nobody yet; use `securevision user create-admin NAME`.")


@app.command("change")
def change(
    name: Name,
    role: Annotated[Role | None, typer.Option(help="What they may do from now on.")] = None,
    camera: CameraNames = None,
    all_cameras: Annotated[bool, typer.Option("--all-cameras", help="They may see every camera.")] = False,
    disable: Annotated[
        bool | None, typer.Option("--disable/--enable", help="Whether they may sign in.")
    ] = None,
) -> None:
    """Change what somebody may do. They are signed out at once."""
    cameras = ALL_CAMERAS if all_cameras else Cameras(frozenset(camera)) if camera else None
    status = None if disable is None else UserStatus.DISABLED if disable else UserStatus.ACTIVE
    wanted = UserChange(role, cameras, status)
    if wanted == UserChange():
        raise InvalidInput("Say what is to change: --role, --camera, --all-cameras, --disable or --enable.")
    with _storage() as (_, storage):
        user = _find(storage, name)
        details = {
            "role": role.value if role else "",
            "status": status.value if status else "",
            "cameras": "" if cameras is None else " ".join(sorted(cameras.names or ["all"])),
        }
        said = {key: value for key, value in details.items() if value}
        storage.users.change(user.id, wanted, _entry(AuditAction.USER_CHANGED, user, **said))
    print(f"Changed {user.name}.")


@app.command("reset")
def reset(
    name: Name,
    password_stdin: _STDIN = False,
    link: Annotated[
        bool, typer.Option("--link", help="Print a link by which they choose the password themselves.")
    ] = False,
    remove_factors: Annotated[
        bool, typer.Option("--remove-factors", help="Remove their second factors too, when those are lost.")
    ] = False,
) -> None:
    """Set a new password for somebody who forgot theirs. They are signed out and their tokens are revoked."""
    with _storage() as (settings, storage):
        user = _find(storage, name)
        password_hash = None if link else _new_password(user.name, password_stdin)
        said = {"factors": "removed"} if remove_factors else {}
        entry = _entry(AuditAction.USER_RESET, user, **said)
        storage.users.reset(user.id, password_hash, entry, remove_factors=remove_factors)
        if link:
            print(_link(settings, storage, Purpose.INVITATION, str(user.id)))
            return
    print(f"{user.name} has a new password.")


@app.command("remove")
def remove(name: Name) -> None:
    """Delete somebody with their sessions, second factors and tokens."""
    with _storage() as (_, storage):
        user = _find(storage, name)
        storage.users.remove(user.id, _entry(AuditAction.USER_DELETED, user))
    print(f"Removed {user.name}.")


@contextmanager
def _storage() -> Iterator[tuple[Settings, Storage]]:
    settings = prepare()
    with open_storage(settings) as storage:
        yield settings, storage


def _find(storage: Storage, name: str) -> User:
    user = storage.users.find(name)
    if user is None:
        raise NotFound(f"There is no user {name}; `securevision user list` shows everybody.")
    return user


def _entry(action: AuditAction, user: User, **details: str) -> AuditDraft:
    return by_command(action, target=f"user:{user.id}", target_name=user.name, **details)


def _link(settings: Settings, storage: Storage, purpose: Purpose, subject: str) -> str:
    now_ms = SystemClock().now_ms()
    return new_link(storage.one_time, origin_of(settings, settings.api.port), purpose, subject, now_ms)


def _new_password(name: str, from_stdin: bool) -> str:
    """Ask for a new password twice, or read it from standard input; return its hash. Raises InvalidInput."""
    passwords = Argon2Passwords()
    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    elif sys.stdin.isatty():
        password = getpass("New password (15 characters or more): ")
        passwords.check_strength(password, user_name=name)
        if getpass("Once more: ") != password:
            raise InvalidInput("The two are not the same; nothing was changed.")
    else:
        raise InvalidInput("There is no terminal to ask for a password; use --password-stdin.")
    passwords.check_strength(password, user_name=name)
    return passwords.hash(password)
