"""Signing in. Every answer that lets somebody further sets the session's cookie."""

from collections.abc import Sequence

from fastapi import Response

from securevision.api.access_schemas import (
    CodeBody,
    CredentialBody,
    InvitationBody,
    LoginBody,
    OptionsBody,
    SetupBody,
    SignInBody,
)
from securevision.api.clients import KnownClient
from securevision.api.guard import MaybePrincipal
from securevision.api.links import Links
from securevision.api.services import ApiServices
from securevision.api.sign_in import SignedIn, SignIn, methods_of, next_step


def set_cookies(response: Response, cookies: Sequence[str]) -> None:
    """Put cookies on an answer."""
    for cookie in cookies:
        response.headers.append("set-cookie", cookie)


def sign_in_body(signed_in: SignedIn, response: Response) -> SignInBody:
    """Return what is still to do, and put the cookies on the answer."""
    set_cookies(response, signed_in.cookies)
    return SignInBody(next=next_step(signed_in.level), methods=methods_of(signed_in.user))


class LoginRoutes:
    """Handlers that wait for hashes and the store; the framework runs them on its threads."""

    def __init__(self, services: ApiServices) -> None:
        self._sign_in = SignIn(services)
        self._links = Links(services)

    def set_up(self, body: SetupBody, client: KnownClient, response: Response) -> SignInBody:
        """Make the first administrator and sign them in; a second factor has to follow."""
        user = self._links.set_up(body.code, body.name, body.password, client)
        return sign_in_body(self._sign_in.after_set_up(user, client), response)

    def take_invitation(self, body: InvitationBody, client: KnownClient) -> None:
        """Set one's first password, or a new one after a reset."""
        self._links.take_invitation(body.code, body.password, client)

    def open_display(self, body: CodeBody, client: KnownClient, response: Response) -> SignInBody:
        """Open the session of a screen on a wall."""
        set_cookies(response, [self._links.open_display(body.code, client)])
        return SignInBody(next="done", methods=[])

    def password(self, body: LoginBody, client: KnownClient, response: Response) -> SignInBody:
        """Sign in with name and password; a second factor may have to follow."""
        return sign_in_body(self._sign_in.with_password(body.name, body.password, client), response)

    def totp(
        self, body: CodeBody, principal: MaybePrincipal, client: KnownClient, response: Response
    ) -> SignInBody:
        """Show the code of an authenticator app."""
        return sign_in_body(self._sign_in.with_totp(principal, body.code, client), response)

    def recovery_code(
        self, body: CodeBody, principal: MaybePrincipal, client: KnownClient, response: Response
    ) -> SignInBody:
        """Use up a recovery code instead."""
        return sign_in_body(self._sign_in.with_recovery_code(principal, body.code, client), response)

    def passkey_options(self, principal: MaybePrincipal) -> OptionsBody:
        """Ask for a passkey."""
        return OptionsBody(public_key=dict(self._sign_in.passkey_options(principal)))

    def passkey(
        self, body: CredentialBody, principal: MaybePrincipal, client: KnownClient, response: Response
    ) -> SignInBody:
        """Sign in with a passkey, alone or as the second factor."""
        return sign_in_body(self._sign_in.with_passkey(principal, body.credential, client), response)
