"""`securevision token`: what lets programs in. What is done here is in the audit log."""

import secrets
from datetime import UTC, datetime
from typing import Annotated

import typer

from securevision.access.roles import PROGRAM_SCOPES
from securevision.access.token_rules import checked_cameras, checked_network, checked_scopes
from securevision.access.tokens import mint_program_token, token_digest
from securevision.cli.terminal import prepare
from securevision.clock import SystemClock
from securevision.domain.accounts import ApiTokenDraft, TokenKind
from securevision.domain.audit import AuditAction
from securevision.domain.rights import Permission
from securevision.errors import InvalidInput, NotFound
from securevision.wiring.access import by_command
from securevision.wiring.storage import open_storage

app = typer.Typer(help="API tokens of programs.", no_args_is_help=True)

_DAY_MS = 24 * 60 * 60 * 1000
_SCOPES = ", ".join(sorted(PROGRAM_SCOPES))


@app.command("create")
def create(  # noqa: PLR0917 - each is an option of the command
    name: Annotated[str, typer.Argument(help="What the token is for.")],
    user: Annotated[str, typer.Option(help="The user who owns it; it can do no more than they can.")],
    scope: Annotated[list[str], typer.Option(help=f"What it may do; again for more: {_SCOPES}.")],
    camera: Annotated[
        list[str] | None, typer.Option(help="A camera it may see; again for more; default: the owner's.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=365, help="Days until it expires.")] = 90,
    network: Annotated[
        str | None, typer.Option(help="The only network it works from, such as 10.0.0.0/24.")
    ] = None,
) -> None:
    """Make a token and print it, this once."""
    settings, now_ms = prepare(), SystemClock().now_ms()
    with open_storage(settings) as storage:
        owner = storage.users.find(user)
        if owner is None:
            raise NotFound(f"There is no user {user}; `securevision user list` shows everybody.")
        text = mint_program_token(secrets.token_bytes)
        storage.tokens.add(
            ApiTokenDraft(
                token_digest(text),
                TokenKind.PROGRAM,
                name,
                owner.id,
                checked_scopes(_permissions(scope), owner),
                checked_cameras(camera, owner),
                checked_network(network),
                now_ms,
                now_ms + days * _DAY_MS,
            ),
            lambda made: by_command(
                AuditAction.TOKEN_CREATED,
                target=f"token:{made.id}",
                target_name=made.name,
                scopes=" ".join(sorted(made.scopes)),
            ),
        )
    print(text)


def _permissions(scopes: list[str]) -> list[Permission]:
    try:
        return [Permission(scope) for scope in scopes]
    except ValueError:
        raise InvalidInput(f"A scope is one of: {_SCOPES}.") from None


@app.command("list")
def list_() -> None:
    """List the tokens of everybody."""
    with open_storage(prepare()) as storage:
        tokens = storage.tokens.all()
        names = {user.id: user.name for user in storage.users.all()}
    for token in tokens:
        until = datetime.fromtimestamp(token.expires_ms / 1000, UTC)
        owner = names.get(token.owner_id or 0, "nobody")
        print(f"{token.id}  {token.name}  {token.kind} of {owner}, until {until:%Y-%m-%d}")
        print(f"    {' '.join(sorted(token.scopes))}")
    if not tokens:
        print("There are no tokens; use `securevision token create NAME --user NAME --scope SCOPE`.")


@app.command("revoke")
def revoke(
    token_id: Annotated[int, typer.Argument(metavar="ID", help="The number that `token list` shows.")],
) -> None:
    """Revoke a token; what it let in is out at once."""
    with open_storage(prepare()) as storage:
        if not storage.tokens.remove(
            token_id, by_command(AuditAction.TOKEN_REVOKED, target=f"token:{token_id}")
        ):
            raise NotFound(f"There is no token {token_id}; `securevision token list` shows them.")
    print(f"Revoked token {token_id}.")
