"""One's own password and second factors."""

from typing import Annotated

from fastapi import Path, Response

from securevision.access import Principal
from securevision.access.tokens import RECOVERY_CODES, mint_recovery_code, recovery_code_digest
from securevision.api.access_schemas import (
    CodeBody,
    OptionsBody,
    PasskeyBody,
    PasskeyInfoBody,
    PasskeysBody,
    PasswordChangeBody,
    RecoveryCodesBody,
    TotpStartBody,
)
from securevision.api.clients import Client, KnownClient
from securevision.api.guard import KnownPrincipal, Network
from securevision.api.routes.login import set_cookies
from securevision.api.schemas import MAX_INTEGER
from securevision.api.services import ApiServices
from securevision.api.sign_in import SignIn
from securevision.domain.accounts import Purpose, SessionLevel, User
from securevision.domain.audit import AuditAction, AuditDraft
from securevision.errors import Conflict, Forbidden, InvalidInput, NotFound

PasskeyId = Annotated[int, Path(alias="id", ge=1, le=MAX_INTEGER)]


class AccountRoutes:
    """Handlers that wait for hashes and the store; the framework runs them on its threads."""

    def __init__(self, services: ApiServices) -> None:
        self._services = services
        self._access = services.access
        self._sign_in = SignIn(services)

    def change_password(
        self, body: PasswordChangeBody, principal: KnownPrincipal, client: KnownClient, response: Response
    ) -> None:
        """Change one's password; every other session of one's ends."""
        user, session = _holder(principal)
        self._sign_in.prove_password(user, body.current, client)
        self._access.passwords.check_strength(body.new, user_name=user.name)
        draft = _draft(AuditAction.PASSWORD_CHANGED, user, client.network)
        password_hash = self._access.passwords.hash(body.new)
        self._access.users.set_password(user.id, password_hash, draft, keep_session=session)
        set_cookies(response, self._sign_in.renew(principal, client).cookies)

    def start_totp(self, principal: KnownPrincipal) -> TotpStartBody:
        """Make a seed for an authenticator app; it counts once a code of it was shown."""
        user, _ = _holder(principal)
        seed = self._access.totp.new_seed()
        self._access.factors.begin_totp(user.id, self._access.totp.seal(seed, user.id))
        uri = self._access.totp.uri(seed, user.name)
        return TotpStartBody(seed=seed, uri=uri, qr_svg=self._access.totp.qr_svg(uri))

    def confirm_totp(
        self, body: CodeBody, principal: KnownPrincipal, client: KnownClient, response: Response
    ) -> RecoveryCodesBody:
        """Show a code of the new seed."""
        user, _ = _holder(principal)
        draft = _draft(AuditAction.FACTOR_ADDED, user, client.network, factor="totp")
        with self._sign_in.counted(user, client):
            started = self._access.factors.totp(user.id)
            if started is None or started.confirmed:
                raise Conflict("There is no authenticator app to confirm; start again.")
            seed = self._access.totp.open(started.sealed_seed, user.id)
            timecode = self._access.totp.timecode(seed, body.code, self._services.clock.now_ms())
            if timecode is None or not self._access.factors.confirm_totp(user.id, timecode, draft):
                raise InvalidInput("The code is wrong; check the clock of the device that shows it.")
        return self._factor_was_added(principal, user, client, response)

    def remove_totp(self, principal: KnownPrincipal, network: Network) -> None:
        """Remove the authenticator app."""
        user, _ = _holder(principal)
        self._check_may_lose_factor(user, left=user.passkeys)
        draft = _draft(AuditAction.FACTOR_REMOVED, user, network, factor="totp")
        self._access.factors.remove_totp(user.id, draft)
        self._drop_recovery_codes(user, network, left=user.passkeys)

    def passkeys(self, principal: KnownPrincipal) -> PasskeysBody:
        """Return one's passkeys."""
        user, _ = _holder(principal)
        return PasskeysBody(
            passkeys=[
                PasskeyInfoBody(
                    id=passkey.id,
                    name=passkey.name,
                    created_ms=passkey.created_ms,
                    last_used_ms=passkey.last_used_ms,
                )
                for passkey in self._access.factors.passkeys(user.id)
            ]
        )

    def passkey_options(self, principal: KnownPrincipal) -> OptionsBody:
        """Ask the browser to make a passkey."""
        user, session = _holder(principal)
        if not self._access.passkeys.offered:
            raise Conflict(
                "Browsers accept no passkey here; use HTTPS, or http://localhost, with a name instead of a number."
            )
        challenge = self._sign_in.new_challenge(Purpose.PASSKEY_REGISTRATION, str(session))
        existing = self._access.factors.passkeys(user.id)
        return OptionsBody(
            public_key=dict(self._access.passkeys.registration_options(user, existing, challenge))
        )

    def add_passkey(
        self, body: PasskeyBody, principal: KnownPrincipal, client: KnownClient, response: Response
    ) -> RecoveryCodesBody:
        """Add the passkey that the browser has made."""
        user, session = _holder(principal)
        challenge = self._access.passkeys.challenge_of(body.credential)
        if not self._sign_in.redeem_challenge(challenge, Purpose.PASSKEY_REGISTRATION, str(session)):
            raise InvalidInput("The passkey came too late; try again.")
        new = self._access.passkeys.verify_registration(body.credential, challenge)
        draft = _draft(AuditAction.FACTOR_ADDED, user, client.network, factor="passkey")
        self._access.factors.add_passkey(user.id, body.name, new, self._services.clock.now_ms(), draft)
        return self._factor_was_added(principal, user, client, response)

    def remove_passkey(self, passkey_id: PasskeyId, principal: KnownPrincipal, network: Network) -> None:
        """Remove a passkey."""
        user, _ = _holder(principal)
        if passkey_id not in {passkey.id for passkey in self._access.factors.passkeys(user.id)}:
            raise NotFound(f"You have no passkey {passkey_id}.")
        left = user.passkeys - 1 + user.has_totp
        self._check_may_lose_factor(user, left=left)
        draft = _draft(AuditAction.FACTOR_REMOVED, user, network, factor="passkey")
        self._access.factors.remove_passkey(user.id, passkey_id, draft)
        self._drop_recovery_codes(user, network, left=left)

    def new_recovery_codes(self, principal: KnownPrincipal, network: Network) -> RecoveryCodesBody:
        """Make new recovery codes; the old ones stop working."""
        user, _ = _holder(principal)
        if not user.has_factor:
            raise Conflict("Recovery codes stand in for a second factor; set one up first.")
        return self._make_recovery_codes(user, network)

    def _factor_was_added(
        self, principal: Principal, user: User, client: Client, response: Response
    ) -> RecoveryCodesBody:
        codes = RecoveryCodesBody(recovery_codes=[])
        if not user.recovery_codes:
            codes = self._make_recovery_codes(user, client.network)
        enrolling = principal.session is not None and principal.session.level is SessionLevel.ENROLMENT
        moved = self._sign_in.promote if enrolling else self._sign_in.renew
        set_cookies(response, moved(principal, client).cookies)
        return codes

    def _make_recovery_codes(self, user: User, network: str) -> RecoveryCodesBody:
        codes = [mint_recovery_code(self._access.entropy) for _ in range(RECOVERY_CODES)]
        draft = _draft(AuditAction.RECOVERY_CODES_MADE, user, network)
        self._access.factors.set_recovery_codes(
            user.id, [recovery_code_digest(code) for code in codes], draft
        )
        return RecoveryCodesBody(recovery_codes=codes)

    def _drop_recovery_codes(self, user: User, network: str, *, left: int) -> None:
        """Without a factor they stand in for nothing, and must not come back to life with the next one."""
        if not left and user.recovery_codes:
            draft = _draft(AuditAction.RECOVERY_CODES_MADE, user, network, count="0")
            self._access.factors.set_recovery_codes(user.id, (), draft)

    def _check_may_lose_factor(self, user: User, *, left: int) -> None:
        if not left and self._access.needs_factor(user):
            raise Conflict("You need a second factor here; add another one before you remove this.")


def _holder(principal: Principal) -> tuple[User, int]:
    """Return the user and the number of the session."""
    if principal.user is None or principal.session is None:
        raise Forbidden("Only a user who is signed in has an account.")
    return principal.user, principal.session.id


def _draft(action: AuditAction, user: User, network: str, **details: str) -> AuditDraft:
    return AuditDraft(
        action,
        f"user:{user.id}",
        actor_name=user.name,
        target=f"user:{user.id}",
        network=network,
        details=details,
    )
