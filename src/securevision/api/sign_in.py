"""From a credential to a session. Every way counts the attempt before it looks, and none skips the second factor."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from securevision.access import Principal
from securevision.access.lifetimes import CHALLENGE_MS, DEVICE_MS, session_lifetime_ms
from securevision.access.tokens import mint_secret, recovery_code_digest, token_digest
from securevision.access.user_names import name_key
from securevision.api.access_schemas import Method
from securevision.api.clients import Client, end_session_before
from securevision.api.cookies import DEVICE_COOKIE, SESSION_COOKIE, set_cookie
from securevision.api.services import ApiServices
from securevision.domain.accounts import Passkey, Purpose, Session, SessionDraft, SessionLevel, User
from securevision.domain.attempts import Attempt, CredentialPath
from securevision.domain.audit import AuditAction, AuditDraft, Outcome
from securevision.errors import TooManyRequests, Unauthenticated

_WRONG_PASSWORD = "Name or password is wrong."  # noqa: S105 - a sentence
_WRONG_CODE = "The code is wrong or was used already; wait for the next one."
_WRONG_PASSKEY = "This passkey was not accepted; try again, or use another way."
_START_OVER = "Sign in with your name and password first."

Next = Literal["done", "second_factor", "enrol_factor"]


@dataclass(frozen=True, slots=True)
class SignedIn:
    """How far somebody has come, and the cookies that say so."""

    user: User
    level: SessionLevel
    cookies: Sequence[str] = field(repr=False)


def next_step(level: SessionLevel) -> Next:
    """Return what is still to do at that level."""
    match level:
        case SessionLevel.PASSWORD:
            return "second_factor"
        case SessionLevel.ENROLMENT:
            return "enrol_factor"
    return "done"


def methods_of(user: User) -> list[Method]:
    """Return the second factors that a user has."""
    methods: list[Method] = []
    if user.has_totp:
        methods.append("totp")
    if user.passkeys:
        methods.append("passkey")
    if user.recovery_codes and user.has_factor:
        methods.append("recovery_code")
    return methods


class SignIn:
    """Signing in and proving again. Blocks: to be called on a thread."""

    def __init__(self, services: ApiServices) -> None:
        self._services = services
        self._access = services.access

    def with_password(self, name: str, password: str, client: Client) -> SignedIn:
        """Take the first step. Raises Unauthenticated, the same for a wrong name and a wrong password."""
        user = self._access.users.find(name)
        with self._attempt(CredentialPath.PASSWORD, name, user, client) as attempt:
            stored = user.password_hash if user is not None and user.is_active else None
            verdict = self._access.passwords.verify(stored, password)
            if user is None or not verdict.right:
                raise Unauthenticated(_WRONG_PASSWORD)
        if verdict.needs_rehash and stored is not None:
            newer = self._access.passwords.hash(password)
            self._access.users.rehash(user.id, stored, newer)
            stored = newer
        if user.has_factor:
            # Nothing is forgotten yet: whoever has the password must not guess codes without end.
            self._access.login_throttle.take_back(attempt)
            return self._start(user, SessionLevel.PASSWORD, client, None, stored)
        self._access.login_throttle.succeed(attempt)
        if self._access.needs_factor(user):
            return self._start(user, SessionLevel.ENROLMENT, client, None, stored)
        return self._start(user, SessionLevel.FULL, client, "password", stored)

    def after_set_up(self, user: User, client: Client) -> SignedIn:
        """Sign in the first administrator, who has just chosen a password."""
        return self._start(user, SessionLevel.ENROLMENT, client, None)

    def with_totp(self, principal: Principal | None, code: str, client: Client) -> SignedIn:
        """Take the second step with an authenticator app. Raises Unauthenticated."""
        user, session = _half_signed_in(principal)
        with self._attempt(CredentialPath.TOTP, user.name, user, client) as attempt:
            if not self._totp_is_right(user, code):
                raise Unauthenticated(_WRONG_CODE)
        return self._complete(user, session, client, attempt, "totp")

    def with_recovery_code(self, principal: Principal | None, code: str, client: Client) -> SignedIn:
        """Take the second step with a code that works once. Raises Unauthenticated."""
        user, session = _half_signed_in(principal)
        with self._attempt(CredentialPath.RECOVERY_CODE, user.name, user, client) as attempt:
            if not self._recovery_code_is_right(user, code, client):
                raise Unauthenticated("The recovery code is wrong or was used already.")
        return self._complete(user, session, client, attempt, "recovery_code")

    def passkey_options(self, principal: Principal | None) -> Mapping[str, Any]:
        """Return what a browser needs to ask for a passkey; of whom we know already, only theirs."""
        user = principal.user if principal else None
        return self._options(self._access.factors.passkeys(user.id) if user else (), "")

    def with_passkey(
        self, principal: Principal | None, credential: Mapping[str, Any], client: Client
    ) -> SignedIn:
        """Sign in with a passkey, which is two factors: something one has, opened by what one is or knows."""
        passkey = self._access.factors.find_passkey(self._access.passkeys.credential_id_of(credential))
        user = self._access.users.get(passkey.user_id) if passkey else None
        name = user.name if user else ""
        with self._attempt(CredentialPath.PASSKEY, name, user, client) as attempt:
            if user is None or not user.is_active or passkey is None:
                raise Unauthenticated(_WRONG_PASSKEY)
            half = principal.user if principal else None
            if half is not None and half.id != user.id:
                raise Unauthenticated(_WRONG_PASSKEY)
            self._verify_passkey(credential, passkey, "")
        session = principal.session if principal and principal.user else None
        if session is not None and session.level is SessionLevel.PASSWORD:
            return self._complete(user, session, client, attempt, "passkey")
        self._access.login_throttle.succeed(attempt)
        return self._start(user, SessionLevel.FULL, client, "passkey")

    def step_up_options(self, principal: Principal) -> Mapping[str, Any]:
        """Return what a browser needs to ask for a passkey of somebody who is signed in."""
        user, session = _signed_in(principal)
        return self._options(self._access.factors.passkeys(user.id), str(session.id))

    def step_up(
        self,
        principal: Principal,
        client: Client,
        *,
        password: str | None,
        code: str | None,
        credential: Mapping[str, Any] | None,
    ) -> SignedIn:
        """Prove again who one is: with a passkey; or with the password and, by whoever has a factor, a code."""
        user, session = _signed_in(principal)
        with self._attempt(CredentialPath.STEP_UP, user.name, user, client) as attempt:
            if credential is not None:
                passkey = self._access.factors.find_passkey(
                    self._access.passkeys.credential_id_of(credential)
                )
                if passkey is None or passkey.user_id != user.id:
                    raise Unauthenticated(_WRONG_PASSKEY)
                self._verify_passkey(credential, passkey, str(session.id))
            else:
                self._prove_by_password(user, password or "", code, client)
        self._access.login_throttle.succeed(attempt)
        draft = _draft(AuditAction.STEP_UP_SUCCEEDED, user, client, target=f"session:{session.id}")
        return self._rotate(user, session, client, draft, expires_ms=None)

    def prove_password(self, user: User, password: str, client: Client) -> None:
        """Check somebody's own password before it is replaced. Raises Unauthenticated."""
        with self._attempt(CredentialPath.STEP_UP, user.name, user, client) as attempt:
            if not self._access.passwords.verify(user.password_hash, password).right:
                raise Unauthenticated("The present password is wrong.")
        # Nothing is forgotten, here and below: one proof of a person must not pay for guesses at another.
        self._access.login_throttle.take_back(attempt)

    @contextmanager
    def counted(self, user: User, client: Client) -> Iterator[None]:
        """Count what runs inside as an attempt to prove something, until it has worked."""
        with self._attempt(CredentialPath.STEP_UP, user.name, user, client) as attempt:
            yield
        self._access.login_throttle.take_back(attempt)

    def promote(self, principal: Principal, client: Client) -> SignedIn:
        """Let somebody in who has just set up the second factor that was still missing."""
        user, session = _signed_in(principal)
        draft = _draft(AuditAction.LOGIN_SUCCEEDED, user, client, details={"factor": "enrolled"})
        return self._rotate(user, session, client, draft, expires_ms=self._end(SessionLevel.FULL))

    def renew(self, principal: Principal, client: Client) -> SignedIn:
        """Give somebody's session a new secret, after they changed what proves who they are.

        That is no step-up: for a new password the old one was enough, without a second factor.
        """
        user, session = _signed_in(principal)
        return self._rotate(user, session, client, None, expires_ms=None, proved=False)

    def new_challenge(self, purpose: Purpose, subject: str) -> bytes:
        """Return a challenge that can be answered once, by whoever the subject says."""
        challenge = self._access.entropy(32)
        now_ms = self._services.clock.now_ms()
        digest = token_digest(challenge.hex())
        self._access.one_time.issue(digest, purpose, subject, now_ms + CHALLENGE_MS, now_ms)
        return challenge

    def redeem_challenge(self, challenge: bytes, purpose: Purpose, subject: str) -> bool:
        """Return whether this challenge was ours, for this purpose and subject; it never works again."""
        now_ms = self._services.clock.now_ms()
        return self._access.one_time.redeem(token_digest(challenge.hex()), purpose, now_ms) == subject

    @contextmanager
    def _attempt(
        self, path: CredentialPath, name: str, user: User | None, client: Client
    ) -> Iterator[Attempt]:
        """Count an attempt, then let it be made; log it when it is refused."""
        account = name_key(name) if name else None
        attempt = Attempt(path, client.network, account, self._device(user, client))
        try:
            self._access.login_throttle.begin(attempt)
        except TooManyRequests:
            self._refused(AuditAction.LOGIN_THROTTLED, path, user, client)
            raise
        try:
            yield attempt
        except Unauthenticated:
            failed = (
                AuditAction.STEP_UP_FAILED if path is CredentialPath.STEP_UP else AuditAction.LOGIN_FAILED
            )
            self._refused(failed, path, user, client)
            raise

    def _refused(self, action: AuditAction, path: CredentialPath, user: User | None, client: Client) -> None:
        # Of a name that nobody has nothing is kept: people type their password there.
        self._access.audit.record_repeating(
            AuditDraft(
                action,
                f"user:{user.id}" if user else "unknown",
                Outcome.REFUSED,
                actor_name=user.name if user else "",
                network=client.network,
                details={"path": path},
            )
        )

    def _totp_is_right(self, user: User, code: str) -> bool:
        totp = self._access.factors.totp(user.id)
        if totp is None or not totp.confirmed:
            return False
        seed = self._access.totp.open(totp.sealed_seed, user.id)
        timecode = self._access.totp.timecode(seed, code, self._services.clock.now_ms())
        return timecode is not None and self._access.factors.use_timecode(user.id, timecode)

    def _recovery_code_is_right(self, user: User, code: str, client: Client) -> bool:
        draft = _draft(AuditAction.RECOVERY_CODE_USED, user, client)
        return self._access.factors.use_recovery_code(user.id, recovery_code_digest(code), draft)

    def _prove_by_password(self, user: User, password: str, code: str | None, client: Client) -> None:
        right = self._access.passwords.verify(user.password_hash, password).right
        if right and user.has_factor:
            right = code is not None and (
                self._totp_is_right(user, code) or self._recovery_code_is_right(user, code, client)
            )
        if not right:
            raise Unauthenticated("What you gave is not right; try again, or use your passkey.")

    def _options(self, allowed: Sequence[Passkey], subject: str) -> Mapping[str, Any]:
        challenge = self.new_challenge(Purpose.PASSKEY_SIGN_IN, subject)
        return self._access.passkeys.sign_in_options(allowed, challenge)

    def _verify_passkey(self, credential: Mapping[str, Any], passkey: Passkey, subject: str) -> None:
        challenge = self._access.passkeys.challenge_of(credential)
        if not self.redeem_challenge(challenge, Purpose.PASSKEY_SIGN_IN, subject):
            raise Unauthenticated(_WRONG_PASSKEY)
        count = self._access.passkeys.verify_sign_in(credential, passkey, challenge)
        now_ms = self._services.clock.now_ms()
        if not self._access.factors.use_passkey(passkey.id, passkey.sign_count, count, now_ms):
            raise Unauthenticated(_WRONG_PASSKEY)

    def _complete(
        self, user: User, session: Session, client: Client, attempt: Attempt, factor: str
    ) -> SignedIn:
        """Let somebody in whose second factor was right."""
        self._access.login_throttle.succeed(attempt)
        draft = _draft(AuditAction.LOGIN_SUCCEEDED, user, client, details={"factor": factor})
        return self._rotate(user, session, client, draft, expires_ms=self._end(SessionLevel.FULL))

    def _start(
        self,
        user: User,
        level: SessionLevel,
        client: Client,
        factor: str | None,
        password_hash: str | None = None,
    ) -> SignedIn:
        """Make a session; `password_hash` is the one that was checked, which may have been replaced since."""
        secret = mint_secret(self._access.entropy)
        draft = (
            _draft(AuditAction.LOGIN_FIRST_STEP, user, client)
            if factor is None
            else _draft(AuditAction.LOGIN_SUCCEEDED, user, client, details={"factor": factor})
        )
        end_session_before(client, self._access.sessions)
        self._access.sessions.add(
            SessionDraft(
                token_digest(secret),
                level,
                self._services.clock.now_ms(),
                self._end(level),
                client.network,
                client.agent,
                user_id=user.id,
            ),
            draft,
            password_hash=password_hash,
        )
        return self._signed_in(user, level, secret, client)

    def _rotate(
        self,
        user: User,
        session: Session,
        client: Client,
        draft: AuditDraft | None,
        *,
        expires_ms: int | None,
        proved: bool = True,
    ) -> SignedIn:
        secret = mint_secret(self._access.entropy)
        if not self._access.sessions.rotate(
            session.id,
            token_digest(secret),
            SessionLevel.FULL,
            self._services.clock.now_ms(),
            draft,
            expires_ms=expires_ms,
            proved=proved,
        ):
            raise Unauthenticated(_START_OVER)
        return self._signed_in(user, SessionLevel.FULL, secret, client)

    def _signed_in(self, user: User, level: SessionLevel, secret: str, client: Client) -> SignedIn:
        cookies = [set_cookie(SESSION_COOKIE, secret, session_lifetime_ms(level) // 1000)]
        if level is SessionLevel.FULL:
            cookies += self._remember_device(user, client)
        return SignedIn(user, level, cookies)

    def _remember_device(self, user: User, client: Client) -> list[str]:
        now_ms = self._services.clock.now_ms()
        if known := self._device(user, client):
            self._access.users.add_device(user.id, known, now_ms)
            return []
        secret = mint_secret(self._access.entropy)
        self._access.users.add_device(user.id, token_digest(secret), now_ms)
        return [set_cookie(DEVICE_COOKIE, secret, DEVICE_MS // 1000)]

    def _device(self, user: User | None, client: Client) -> str | None:
        """Return the browser's digest if this user signed in from it before."""
        if user is None or client.device is None:
            return None
        return client.device if self._access.users.knows_device(user.id, client.device) else None

    def _end(self, level: SessionLevel) -> int:
        return self._services.clock.now_ms() + session_lifetime_ms(level)


def _draft(
    action: AuditAction,
    user: User,
    client: Client,
    *,
    target: str = "",
    details: Mapping[str, str] | None = None,
) -> AuditDraft:
    return AuditDraft(
        action,
        f"user:{user.id}",
        actor_name=user.name,
        network=client.network,
        target=target,
        details=details or {},
    )


def _half_signed_in(principal: Principal | None) -> tuple[User, Session]:
    if (
        principal
        and principal.user
        and principal.session
        and principal.session.level is SessionLevel.PASSWORD
    ):
        return principal.user, principal.session
    raise Unauthenticated(_START_OVER)


def _signed_in(principal: Principal) -> tuple[User, Session]:
    if principal.user is None or principal.session is None:
        raise Unauthenticated(_START_OVER)
    return principal.user, principal.session
