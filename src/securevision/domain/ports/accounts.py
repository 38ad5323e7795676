"""Who there is and how they prove it, as it is kept.

Each call may be made from any thread and is done when it returns. Every method raises Unavailable when the
database cannot be used and StorageFull when there is no room. A change and its audit entry are stored together
or not at all; a change of anybody's rights bumps the epoch in the same transaction. Digests are SHA-256 in
lower-case hexadecimal. `now_ms` is wall-clock time.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from securevision.domain.accounts import (
    ApiToken,
    ApiTokenDraft,
    NewPasskey,
    Passkey,
    Purpose,
    Session,
    SessionDraft,
    SessionLevel,
    Totp,
    User,
    UserChange,
    UserDraft,
)
from securevision.domain.audit import AuditDraft


class EpochReader(Protocol):
    """A number that grows whenever anybody's rights change, also by another process."""

    def epoch(self) -> int:
        """Return it."""
        ...


class EpochWatch(Protocol):
    """The epoch as one process knows it, looked at four times a second or more."""

    def current(self) -> int:
        """Return the epoch. Raises Unavailable when nobody could look for a second: rights may have gone."""
        ...

    def look(self) -> None:
        """Look now; for after a change of one's own. Raises Unavailable."""
        ...


class UserStore(Protocol):
    """People. Names are unique without regard to case."""

    def add(
        self, draft: UserDraft, audit: Callable[[User], AuditDraft], *, only_if_first: bool = False
    ) -> User:
        """Make a user.

        Raises Conflict when the name is taken, or with `only_if_first` when there is anybody, and InvalidInput for
        a name of a user or a camera that cannot be one.
        """
        ...

    def get(self, user_id: int) -> User | None:
        """Return a user, or None."""
        ...

    def find(self, name: str) -> User | None:
        """Return the user of that name, whatever its case, or None; also for what cannot be a name."""
        ...

    def all(self) -> Sequence[User]:
        """Return everybody, by name."""
        ...

    def change(self, user_id: int, change: UserChange, audit: AuditDraft) -> User:
        """Change a user and end all their sessions. Raises NotFound, and Conflict for the last administrator."""
        ...

    def remove(self, user_id: int, audit: AuditDraft) -> None:
        """Delete a user with their sessions, factors and tokens. Raises NotFound, and Conflict as `change`."""
        ...

    def set_password(
        self, user_id: int, password_hash: str, audit: AuditDraft, *, keep_session: int | None = None
    ) -> None:
        """Replace the password and end all sessions but one. Raises NotFound."""
        ...

    def rehash(self, user_id: int, old_hash: str, new_hash: str) -> None:
        """Store the same password under newer parameters, if it is still the old hash. Ends no session."""
        ...

    def reset(
        self, user_id: int, password_hash: str | None, audit: AuditDraft, *, remove_factors: bool
    ) -> None:
        """Set or clear the password and take away all that was given: sessions, tokens, known devices.

        With `remove_factors` the second factors and recovery codes too. Raises NotFound.
        """
        ...

    def add_device(self, user_id: int, digest: str, now_ms: int) -> None:
        """Remember a device that this user signed in from; of each user the newest 20 are kept."""
        ...

    def knows_device(self, user_id: int, digest: str) -> bool:
        """Return whether the user signed in from this device."""
        ...


class FactorStore(Protocol):
    """Second factors. Raises NotFound when one is to be added to a user who has gone."""

    def totp(self, user_id: int) -> Totp | None:
        """Return the user's seed, confirmed or not, or None."""
        ...

    def begin_totp(self, user_id: int, sealed_seed: bytes) -> None:
        """Keep a seed that is still to be confirmed, in place of one that never was.

        Raises Conflict when a confirmed one is there.
        """
        ...

    def confirm_totp(self, user_id: int, timecode: int, audit: AuditDraft) -> bool:
        """Make the seed count; False when there is none to confirm, or the code was used already."""
        ...

    def use_timecode(self, user_id: int, timecode: int) -> bool:
        """Note a used code by compare-and-set; False when this or a newer one was used before."""
        ...

    def remove_totp(self, user_id: int, audit: AuditDraft) -> None:
        """Remove it. Raises NotFound, and Conflict when the last administrator would be without a factor."""
        ...

    def passkeys(self, user_id: int) -> Sequence[Passkey]:
        """Return a user's passkeys, oldest first."""
        ...

    def find_passkey(self, credential_id: bytes) -> Passkey | None:
        """Return the passkey of that credential, or None."""
        ...

    def add_passkey(
        self, user_id: int, name: str, new: NewPasskey, now_ms: int, audit: AuditDraft
    ) -> Passkey:
        """Add a passkey. Raises Conflict when the credential is known already, or the user has 20."""
        ...

    def use_passkey(self, passkey_id: int, old_count: int, new_count: int, now_ms: int) -> bool:
        """Note a use by compare-and-set of the counter; False when another use came between."""
        ...

    def remove_passkey(self, user_id: int, passkey_id: int, audit: AuditDraft) -> None:
        """Remove it. Raises NotFound, and Conflict as `remove_totp`."""
        ...

    def set_recovery_codes(self, user_id: int, digests: Sequence[str], audit: AuditDraft) -> None:
        """Replace all recovery codes."""
        ...

    def use_recovery_code(self, user_id: int, digest: str, audit: AuditDraft) -> bool:
        """Use a code up; False when there is no such code."""
        ...


class SessionStore(Protocol):
    """Sessions."""

    def add(
        self, draft: SessionDraft, audit: AuditDraft | None, *, password_hash: str | None = None
    ) -> Session:
        """Make a session. Of one user at most 50 live; one more ends the one used longest ago.

        Those that are only half signed in go first. Raises NotFound when the user or the token has gone, and Conflict
        when the user may not sign in any more, or `password_hash` is given and is no longer theirs: it was changed
        while the old one was being checked.
        """
        ...

    def find(self, digest: str) -> tuple[Session, User | None, ApiToken | None] | None:
        """Return a session with its user, or with its display's token and that token's owner.

        Expired or not; None when there is none.
        """
        ...

    def get(self, session_id: int) -> tuple[Session, User | None, ApiToken | None] | None:
        """Return the same by the session's number."""
        ...

    def of_user(self, user_id: int) -> Sequence[Session]:
        """Return a user's sessions, newest use first."""
        ...

    def rotate(
        self,
        session_id: int,
        new_digest: str,
        level: SessionLevel,
        now_ms: int,
        audit: AuditDraft | None,
        *,
        expires_ms: int | None = None,
        proved: bool = True,
    ) -> bool:
        """Give a session a new secret and level; the old secret stops working.

        `expires_ms` replaces its end, and `proved` says that its user proved just now who they are. False when it
        has gone or its time is over.
        """
        ...

    def touch(self, session_id: int, now_ms: int) -> None:
        """Note a use. Bumps no epoch."""
        ...

    def end(self, session_id: int, audit: AuditDraft | None, *, user_id: int | None = None) -> bool:
        """End a session, with `user_id` only if it is theirs; False when there is none."""
        ...

    def delete_expired(self, now_ms: int, idle_ms: int) -> int:
        """Delete the sessions that ended by time; return how many."""
        ...


class TokenStore(Protocol):
    """API tokens and displays."""

    def add(self, draft: ApiTokenDraft, audit: Callable[[ApiToken], AuditDraft]) -> ApiToken:
        """Make a token. Raises NotFound when its owner has gone, and Conflict when they have 100."""
        ...

    def find(self, digest: str) -> tuple[ApiToken, User | None] | None:
        """Return a token with its owner, expired or not; None when there is none."""
        ...

    def get(self, token_id: int) -> tuple[ApiToken, User | None] | None:
        """Return a token with its owner, or None."""
        ...

    def all(self, owner_id: int | None = None) -> Sequence[ApiToken]:
        """Return the tokens of one user or, with None, of everybody; newest first."""
        ...

    def touch(self, token_id: int, now_ms: int) -> None:
        """Note a use. Bumps no epoch."""
        ...

    def remove(self, token_id: int, audit: AuditDraft, *, owner_id: int | None = None) -> bool:
        """Revoke a token with its display sessions, with `owner_id` only if it is theirs; False when there is none."""
        ...


class OneTimeStore(Protocol):
    """Secrets that work once and for a short time."""

    def issue(self, digest: str, purpose: Purpose, subject: str, expires_ms: int, now_ms: int) -> None:
        """Keep a secret's digest; those that expired before `now_ms` are deleted.

        Of each purpose at most 1000 are kept, the first to expire goes first; of SETUP one: a new one
        replaces the old, and of INVITATION one for each subject.
        """
        ...

    def peek(self, digest: str, purpose: Purpose, now_ms: int) -> str | None:
        """Return the subject and leave the secret as it is; None as `redeem`."""
        ...

    def redeem(self, digest: str, purpose: Purpose, now_ms: int) -> str | None:
        """Return the subject and forget the secret; None when unknown, used, too old or of another purpose."""
        ...
