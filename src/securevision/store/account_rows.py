"""Users, tokens and sessions as they are read: columns of a SELECT, and what they mean."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, Connection, Table, bindparam, exists, func, select

from securevision.domain.accounts import (
    ApiToken,
    Session,
    SessionLevel,
    TokenKind,
    User,
    UserStatus,
)
from securevision.domain.rights import ALL_CAMERAS, Cameras, Permission, Role
from securevision.errors import NotFound
from securevision.store.access_tables import (
    api_tokens,
    passkeys,
    recovery_codes,
    sessions,
    token_cameras,
    totp,
    user_cameras,
    users,
)
from securevision.store.values import int64

_SCOPES = {permission.value: permission for permission in Permission}


def _how_many(table: Table[Any], owner: Column[Any]) -> Any:  # noqa: ANN401 - a scalar subquery
    return (
        select(func.count()).select_from(table).where(owner == users.c.id).correlate(users).scalar_subquery()
    )


USER_COLUMNS: tuple[Any, ...] = (
    users.c.id,
    users.c.name,
    users.c.role,
    users.c.all_cameras,
    users.c.status,
    users.c.created_ms,
    users.c.password_hash,
    exists().where(totp.c.user_id == users.c.id, totp.c.confirmed).correlate(users),
    _how_many(passkeys, passkeys.c.user_id),
    _how_many(recovery_codes, recovery_codes.c.user_id),
    select(func.json_group_array(user_cameras.c.camera))
    .where(user_cameras.c.user_id == users.c.id)
    .correlate(users)
    .scalar_subquery(),
)
"""What `user_of` takes."""

TOKEN_COLUMNS: tuple[Any, ...] = (
    api_tokens.c.id,
    api_tokens.c.kind,
    api_tokens.c.name,
    api_tokens.c.owner_id,
    api_tokens.c.scopes,
    api_tokens.c.all_cameras,
    api_tokens.c.network,
    api_tokens.c.created_ms,
    api_tokens.c.expires_ms,
    api_tokens.c.last_used_ms,
    select(func.json_group_array(token_cameras.c.camera))
    .where(token_cameras.c.token_id == api_tokens.c.id)
    .correlate(api_tokens)
    .scalar_subquery(),
)
"""What `token_of` takes."""

SESSION_COLUMNS: tuple[Any, ...] = (
    sessions.c.id,
    sessions.c.user_id,
    sessions.c.token_id,
    sessions.c.level,
    sessions.c.created_ms,
    sessions.c.seen_ms,
    sessions.c.expires_ms,
    sessions.c.proved_ms,
    sessions.c.network,
    sessions.c.agent,
)
"""What `session_of` takes."""

_USER = select(*USER_COLUMNS).where(users.c.id == bindparam("user_id"))


def user_or_none(connection: Connection, user_id: int) -> User | None:
    """Return the user with that number, or None."""
    row = connection.execute(_USER, {"user_id": int64(user_id)}).one_or_none()
    return None if row is None else user_of(row)


def the_user(connection: Connection, user_id: int) -> User:
    """Return the user with that number. Raises NotFound."""
    user = user_or_none(connection, user_id)
    if user is None:
        raise NotFound(f"User {user_id} does not exist.")
    return user


def user_of(columns: Sequence[Any]) -> User:
    """Return the user that USER_COLUMNS gave."""
    user_id, name, role, all_cameras, status, created_ms, password_hash, *factors, cameras = columns
    has_totp, passkeys, recovery_codes = factors
    return User(
        user_id,
        name,
        Role(role),
        _cameras(cameras, all_cameras=all_cameras),
        UserStatus(status),
        created_ms,
        password_hash,
        bool(has_totp),
        passkeys,
        recovery_codes,
    )


def token_of(columns: Sequence[Any]) -> ApiToken:
    """Return the token that TOKEN_COLUMNS gave. A scope that this version doesn't know allows nothing."""
    token_id, kind, name, owner_id, scopes, all_cameras, network, created_ms, expires_ms, used_ms, cameras = (
        columns
    )
    return ApiToken(
        token_id,
        TokenKind(kind),
        name,
        owner_id,
        frozenset(_SCOPES[scope] for scope in scopes.split() if scope in _SCOPES),
        _cameras(cameras, all_cameras=all_cameras),
        network,
        created_ms,
        expires_ms,
        used_ms,
    )


def session_of(columns: Sequence[Any]) -> Session:
    """Return the session that SESSION_COLUMNS gave."""
    session_id, user_id, token_id, level, *rest = columns
    return Session(session_id, user_id, token_id, SessionLevel(level), *rest)


def _cameras(names: str, *, all_cameras: bool) -> Cameras:
    return ALL_CAMERAS if all_cameras else Cameras(frozenset(json.loads(names)))
