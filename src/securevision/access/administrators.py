"""The rule that somebody is always left who can administer."""

from collections.abc import Iterable

from securevision.domain.accounts import User
from securevision.domain.rights import Role
from securevision.errors import Conflict


def is_administrator(user: User) -> bool:
    """Return whether the user may administer now."""
    return user.is_active and user.role is Role.ADMIN


def check_administrator_stays(user: User, after: User | None, others: Iterable[User]) -> None:
    """Raise Conflict when a change would take the last administrator away, or the last second factor of one.

    `after` is the user as the change leaves them, None when it deletes them; `others` is everybody else.
    Somebody who has no password yet doesn't count among the others: their invitation may never be taken up.
    """
    if not is_administrator(user):
        return
    left = [other for other in others if is_administrator(other)]
    if after is None or not is_administrator(after):
        if not any(other.password_hash is not None for other in left):
            raise Conflict(
                f"{user.name} is the last administrator who can sign in; make somebody else one first."
            )
    elif user.has_factor and not after.has_factor and not any(other.has_factor for other in left):
        raise Conflict(
            f"This is the only second factor of the last administrator who has one, {user.name};"
            " add another one first."
        )
