"""Links that work once: for the first administrator, for somebody who was invited, for a screen on a wall."""

import secrets
from ipaddress import ip_address

from securevision.access.lifetimes import LINK_MS
from securevision.access.tokens import mint_secret, token_digest
from securevision.access.user_names import checked_name
from securevision.api.clients import Client, end_session_before
from securevision.api.cookies import SESSION_COOKIE, set_cookie
from securevision.api.services import ApiServices
from securevision.domain.accounts import ApiToken, Purpose, SessionDraft, SessionLevel, User, UserDraft
from securevision.domain.attempts import Attempt, CredentialPath
from securevision.domain.audit import AuditAction, AuditDraft, Outcome
from securevision.domain.ports.accounts import OneTimeStore
from securevision.domain.rights import ALL_CAMERAS, Role
from securevision.errors import Forbidden, TooManyRequests, Unauthenticated

PATHS = {Purpose.SETUP: "/setup", Purpose.INVITATION: "/invitation", Purpose.DISPLAY: "/"}
_PATH_OF_PURPOSE = {
    Purpose.SETUP: CredentialPath.SETUP,
    Purpose.INVITATION: CredentialPath.INVITATION,
    Purpose.DISPLAY: CredentialPath.DISPLAY,
}
_USED = "This link was used already, is too old, or is not from here; ask for a new one."


def new_link(
    one_time: OneTimeStore,
    origin: str,
    purpose: Purpose,
    subject: str,
    now_ms: int,
) -> str:
    """Return a new link, valid for 30 minutes and once; its code is in the fragment, which no browser sends."""
    code = mint_secret(secrets.token_bytes)
    one_time.issue(token_digest(code), purpose, subject, now_ms + LINK_MS, now_ms)
    return f"{origin}{PATHS[purpose]}#code={code}"


class Links:
    """Makes links and takes them up. Blocks: to be called on a thread."""

    def __init__(self, services: ApiServices) -> None:
        self._services = services
        self._access = services.access

    def issue(self, purpose: Purpose, subject: str) -> str:
        """Return a new link; see `new_link`."""
        now_ms = self._services.clock.now_ms()
        return new_link(self._access.one_time, self._services.origin, purpose, subject, now_ms)

    def set_up(self, code: str, name: str, password: str, client: Client) -> User:
        """Make the first administrator. Raises Unauthenticated, Forbidden from elsewhere, and Conflict."""
        if not _is_loopback(client.network):
            self._refused(AuditAction.LOGIN_FAILED, CredentialPath.SETUP, client)
            raise Forbidden(
                "The first administrator is made on this machine itself; open an SSH tunnel to it, or use "
                "`securevision user create-admin`."
            )
        self._subject(code, Purpose.SETUP, client)
        checked = checked_name(name)
        self._access.passwords.check_strength(password, user_name=checked)
        password_hash = self._access.passwords.hash(password)
        self._use_up(code, Purpose.SETUP, client)
        draft = UserDraft(checked, Role.ADMIN, ALL_CAMERAS, self._services.clock.now_ms(), password_hash)
        return self._access.users.add(
            draft,
            lambda user: AuditDraft(
                AuditAction.USER_CREATED,
                f"user:{user.id}",
                actor_name=user.name,
                target=f"user:{user.id}",
                target_name=user.name,
                network=client.network,
                details={"role": user.role, "by": "setup link"},
            ),
            only_if_first=True,
        )

    def take_invitation(self, code: str, password: str, client: Client) -> None:
        """Set the password of whoever was invited. Raises Unauthenticated."""
        user = self._access.users.get(int(self._subject(code, Purpose.INVITATION, client)))
        if user is None or not user.is_active:
            raise self._useless(Purpose.INVITATION, client)
        self._access.passwords.check_strength(password, user_name=user.name)
        password_hash = self._access.passwords.hash(password)
        self._use_up(code, Purpose.INVITATION, client)
        draft = AuditDraft(
            AuditAction.PASSWORD_CHANGED,
            f"user:{user.id}",
            actor_name=user.name,
            target=f"user:{user.id}",
            network=client.network,
            details={"by": "invitation"},
        )
        self._access.users.set_password(user.id, password_hash, draft)

    def open_display(self, code: str, client: Client) -> str:
        """Open a session of a display; return its cookie. Raises Unauthenticated."""
        found = self._access.tokens.get(int(self._subject(code, Purpose.DISPLAY, client)))
        now_ms = self._services.clock.now_ms()
        if found is None or now_ms >= found[0].expires_ms:
            raise self._useless(Purpose.DISPLAY, client)
        self._use_up(code, Purpose.DISPLAY, client)
        end_session_before(client, self._access.sessions)
        return self._display_session(found[0], client, now_ms)

    def _display_session(self, token: ApiToken, client: Client, now_ms: int) -> str:
        secret = mint_secret(self._access.entropy)
        self._access.sessions.add(
            SessionDraft(
                token_digest(secret),
                SessionLevel.DISPLAY,
                now_ms,
                token.expires_ms,
                client.network,
                client.agent,
                token_id=token.id,
            ),
            AuditDraft(
                AuditAction.DISPLAY_OPENED,
                f"display:{token.id}",
                actor_name=token.name,
                target=f"token:{token.id}",
                network=client.network,
            ),
        )
        return set_cookie(SESSION_COOKIE, secret, (token.expires_ms - now_ms) // 1000)

    def _subject(self, code: str, purpose: Purpose, client: Client) -> str:
        """Return what a code is for. It stays as it is, so that a weak password can be followed by a better one."""
        attempt = Attempt(_PATH_OF_PURPOSE[purpose], client.network)
        try:
            self._access.login_throttle.begin(attempt)
        except TooManyRequests:
            self._refused(AuditAction.LOGIN_THROTTLED, attempt.path, client)
            raise
        subject = self._access.one_time.peek(token_digest(code), purpose, self._services.clock.now_ms())
        if subject is None:
            raise self._useless(purpose, client)
        self._access.login_throttle.succeed(attempt)
        return subject

    def _use_up(self, code: str, purpose: Purpose, client: Client) -> None:
        """Let a code work no more. Raises Unauthenticated for all but one of those who use it at once."""
        now_ms = self._services.clock.now_ms()
        if self._access.one_time.redeem(token_digest(code), purpose, now_ms) is None:
            raise self._useless(purpose, client)

    def _useless(self, purpose: Purpose, client: Client) -> Unauthenticated:
        self._refused(AuditAction.LOGIN_FAILED, _PATH_OF_PURPOSE[purpose], client)
        return Unauthenticated(_USED)

    def _refused(self, action: AuditAction, path: CredentialPath, client: Client) -> None:
        self._access.audit.record_repeating(
            AuditDraft(action, "unknown", Outcome.REFUSED, network=client.network, details={"path": path})
        )


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
