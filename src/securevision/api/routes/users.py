"""Everybody who may sign in, for administrators."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import Path

from securevision.access import Principal
from securevision.access.lifetimes import LINK_MS
from securevision.api.access_schemas import (
    InvitedBody,
    LinkBody,
    UserBody,
    UserChangeBody,
    UserDraftBody,
    UsersBody,
)
from securevision.api.guard import KnownPrincipal, Network
from securevision.api.links import Links
from securevision.api.routes.session import camera_names
from securevision.api.schemas import MAX_INTEGER
from securevision.api.services import ApiServices
from securevision.domain.accounts import Purpose, User, UserChange, UserDraft
from securevision.domain.audit import AuditAction, AuditDraft
from securevision.domain.rights import ALL_CAMERAS, Cameras
from securevision.errors import InvalidInput, NotFound

UserId = Annotated[int, Path(alias="id", ge=1, le=MAX_INTEGER)]


class UserRoutes:
    """Handlers that wait for the store; the framework runs them on its threads."""

    def __init__(self, services: ApiServices) -> None:
        self._services = services
        self._access = services.access
        self._links = Links(services)

    def list(self, principal: KnownPrincipal, network: Network) -> UsersBody:
        """Return everybody."""
        draft = AuditDraft(
            AuditAction.USERS_VIEWED, principal.actor, actor_name=principal.name, network=network
        )
        self._access.audit.record_repeating(draft)
        return UsersBody(users=[_body(user) for user in self._access.users.all()])

    def invite(self, body: UserDraftBody, principal: KnownPrincipal, network: Network) -> InvitedBody:
        """Make a user, who sets their password by the link in the answer."""
        cameras = ALL_CAMERAS if body.cameras is None else Cameras(frozenset(body.cameras))
        details = {"role": body.role.value, "cameras": _said(cameras)}
        user = self._access.users.add(
            UserDraft(body.name, body.role, cameras, self._services.clock.now_ms()),
            lambda made: _draft(AuditAction.USER_CREATED, principal, network, made, details),
        )
        return InvitedBody(
            user=_body(user),
            link=self._links.issue(Purpose.INVITATION, str(user.id)),
            expires_in=LINK_MS // 1000,
        )

    def change(
        self, user_id: UserId, body: UserChangeBody, principal: KnownPrincipal, network: Network
    ) -> UserBody:
        """Change a user's role, cameras or status; their sessions end."""
        change = UserChange(body.role, _cameras(body), body.status)
        if change == UserChange():
            raise InvalidInput("Name what is to change: `role`, `status`, `cameras` or `all_cameras`.")
        details = {
            name: value
            for name, value in (
                ("role", body.role),
                ("status", body.status),
                ("cameras", _said(change.cameras) if change.cameras else None),
            )
            if value is not None
        }
        user = self._user(user_id)
        draft = _draft(AuditAction.USER_CHANGED, principal, network, user, details)
        return _body(self._access.users.change(user_id, change, draft))

    def remove(self, user_id: UserId, principal: KnownPrincipal, network: Network) -> None:
        """Delete a user with their sessions, second factors and tokens."""
        draft = _draft(AuditAction.USER_DELETED, principal, network, self._user(user_id), {})
        self._access.users.remove(user_id, draft)

    def invite_again(self, user_id: UserId, principal: KnownPrincipal, network: Network) -> LinkBody:
        """Return a new link by which a user sets their password; second factors stay."""
        user = self._user(user_id)
        self._access.audit.record(_draft(AuditAction.USER_INVITED, principal, network, user, {}))
        return LinkBody(link=self._links.issue(Purpose.INVITATION, str(user.id)), expires_in=LINK_MS // 1000)

    def _user(self, user_id: int) -> User:
        user = self._access.users.get(user_id)
        if user is None:
            raise NotFound(f"There is no user {user_id}.")
        return user


def _cameras(body: UserChangeBody) -> Cameras | None:
    if body.all_cameras and body.cameras is not None:
        raise InvalidInput("Name `cameras` or `all_cameras`, not both.")
    if body.all_cameras:
        return ALL_CAMERAS
    return None if body.cameras is None else Cameras(frozenset(body.cameras))


def _said(cameras: Cameras) -> str:
    return "all" if cameras.names is None else " ".join(sorted(cameras.names))


def _draft(
    action: AuditAction, principal: Principal, network: str, user: User, details: Mapping[str, str]
) -> AuditDraft:
    return AuditDraft(
        action,
        principal.actor,
        actor_name=principal.name,
        target=f"user:{user.id}",
        target_name=user.name,
        network=network,
        details=details,
    )


def _body(user: User) -> UserBody:
    return UserBody(
        id=user.id,
        name=user.name,
        role=user.role,
        status=user.status,
        cameras=camera_names(user.cameras),
        created_ms=user.created_ms,
        has_password=user.password_hash is not None,
        totp=user.has_totp,
        passkeys=user.passkeys,
    )
