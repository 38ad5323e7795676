"""API tokens of programs, and the screens on walls."""

from typing import Annotated

from fastapi import Path

from securevision.access import Permission, Principal
from securevision.access.lifetimes import LINK_MS
from securevision.access.roles import DISPLAY_SCOPES
from securevision.access.token_rules import checked_cameras, checked_network, checked_scopes
from securevision.access.tokens import mint_program_token, token_digest
from securevision.api.access_schemas import (
    LinkBody,
    NewTokenBody,
    TokenDraftBody,
    TokenInfoBody,
    TokensBody,
)
from securevision.api.guard import KnownPrincipal, Network
from securevision.api.links import Links
from securevision.api.routes.session import camera_names
from securevision.api.schemas import MAX_INTEGER
from securevision.api.services import ApiServices
from securevision.domain.accounts import ApiToken, ApiTokenDraft, Purpose, TokenKind, User
from securevision.domain.audit import AuditAction, AuditDraft
from securevision.errors import Forbidden, InvalidInput, NotFound

TokenId = Annotated[int, Path(alias="id", ge=1, le=MAX_INTEGER)]

_DAY_MS = 24 * 60 * 60 * 1000


class TokenRoutes:
    """Handlers that wait for the store; the framework runs them on its threads."""

    def __init__(self, services: ApiServices) -> None:
        self._services = services
        self._access = services.access
        self._links = Links(services)

    def list(self, principal: KnownPrincipal) -> TokensBody:
        """Return one's own tokens; an administrator sees everybody's."""
        user = _owner(principal)
        owner = None if Permission.TOKENS_MANAGE_ALL in principal.permissions else user.id
        return TokensBody(tokens=[TokenInfoBody(**_facts(token)) for token in self._access.tokens.all(owner)])

    def make(self, body: TokenDraftBody, principal: KnownPrincipal, network: Network) -> NewTokenBody:
        """Make a token that can do no more than its owner; its secret, or a display's link, is shown this once."""
        user = _owner(principal)
        secret, now_ms = mint_program_token(self._access.entropy), self._services.clock.now_ms()
        token = self._access.tokens.add(
            ApiTokenDraft(
                token_digest(secret),
                body.kind,
                body.name,
                user.id,
                _scopes(body, user),
                checked_cameras(body.cameras, user),
                checked_network(body.network),
                now_ms,
                now_ms + body.expires_in_days * _DAY_MS,
            ),
            lambda made: _draft(AuditAction.TOKEN_CREATED, principal, network, made),
        )
        is_display = body.kind is TokenKind.DISPLAY
        return NewTokenBody(
            **_facts(token),
            # Nobody ever sees the secret of a display: a screen is let in by links alone.
            token=None if is_display else secret,
            link=self._links.issue(Purpose.DISPLAY, str(token.id)) if is_display else None,
        )

    def revoke(self, token_id: TokenId, principal: KnownPrincipal, network: Network) -> None:
        """Revoke a token; what it let in is out at once."""
        token = self._token(token_id, principal)
        draft = _draft(AuditAction.TOKEN_REVOKED, principal, network, token)
        if not self._access.tokens.remove(token_id, draft):
            raise NotFound(f"There is no token {token_id}.")

    def link(self, token_id: TokenId, principal: KnownPrincipal, network: Network) -> LinkBody:
        """Return a new link for a display's screen."""
        token = self._token(token_id, principal)
        if token.kind is not TokenKind.DISPLAY:
            raise InvalidInput("Only a display is let in by a link; a program sends its token.")
        self._access.audit.record(_draft(AuditAction.TOKEN_CREATED, principal, network, token))
        return LinkBody(link=self._links.issue(Purpose.DISPLAY, str(token.id)), expires_in=LINK_MS // 1000)

    def _token(self, token_id: int, principal: Principal) -> ApiToken:
        found = self._access.tokens.get(token_id)
        is_theirs = found is not None and (
            Permission.TOKENS_MANAGE_ALL in principal.permissions or found[0].owner_id == _owner(principal).id
        )
        if found is None or not is_theirs:
            raise NotFound(f"There is no token {token_id}.")
        return found[0]


def _owner(principal: Principal) -> User:
    if principal.user is None:
        raise Forbidden("Only a user has tokens.")
    return principal.user


def _scopes(body: TokenDraftBody, user: User) -> frozenset[Permission]:
    if body.kind is TokenKind.PROGRAM:
        return checked_scopes(body.scopes or (), user)
    if body.scopes is not None:
        raise InvalidInput("A display has its own scopes; leave `scopes` out.")
    return DISPLAY_SCOPES


def _draft(action: AuditAction, principal: Principal, network: str, token: ApiToken) -> AuditDraft:
    return AuditDraft(
        action,
        principal.actor,
        actor_name=principal.name,
        target=f"token:{token.id}",
        target_name=token.name,
        network=network,
        details={"kind": token.kind, "scopes": " ".join(sorted(token.scopes))},
    )


def _facts(token: ApiToken) -> dict[str, object]:
    return {
        "id": token.id,
        "kind": token.kind,
        "name": token.name,
        "owner_id": token.owner_id,
        "scopes": sorted(token.scopes),
        "cameras": camera_names(token.cameras),
        "network": token.network,
        "created_ms": token.created_ms,
        "expires_ms": token.expires_ms,
        "last_used_ms": token.last_used_ms,
    }
