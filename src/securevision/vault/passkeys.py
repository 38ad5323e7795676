"""Passkeys: WebAuthn ceremonies for one origin, with user verification."""

import hashlib
import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import urlsplit

import webauthn
from webauthn.helpers import (
    decode_credential_public_key,
    decoded_public_key_to_cryptography,
    options_to_json_dict,
    parse_attestation_object,
)
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.structs import (
    AttestationConveyancePreference,
    AttestationFormat,
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from securevision.domain.accounts import NewPasskey, Passkey, User
from securevision.errors import InvalidInput, Unauthenticated
from securevision.vault.browser_answers import CREATE, GET, Answer, parse_answer

_TIMEOUT_MS = 300_000
"""How long a browser waits for its user; a challenge lives as long."""
_ALGORITHMS = [COSEAlgorithmIdentifier.EDDSA, COSEAlgorithmIdentifier.ECDSA_SHA_256]
"""Not RS256: its keys have 2,048 bits, and every device that is still maintained has one of these."""
_FORMATS = {AttestationFormat.NONE, AttestationFormat.PACKED}
"""We ask for no attestation; browsers may leave a packed one in that says nothing but that the key is there."""

_Error = TypeVar("_Error", InvalidInput, Unauthenticated)


class Passkeys:
    """The PasskeyVault of an origin such as `https://nas.local:8443`. Does no I/O. Any thread.

    The RP ID is the origin's host, so passkeys survive a change of its port and no change of its host. The user
    handle is the SHA-256 of the RP ID and the user's id: the same for ever, and without a name in it.
    """

    def __init__(self, origin: str, name: str = "SecureVision") -> None:
        """Raise InvalidInput when the origin is none."""
        self._origin, scheme, self._rp_id = _split(origin)
        self._name = name
        self._offered = _is_offered(scheme, self._rp_id)

    @property
    def offered(self) -> bool:
        """Whether browsers accept passkeys for the origin: not for an IP address, nor without TLS off localhost."""
        return self._offered

    def registration_options(
        self, user: User, existing: Sequence[Passkey], challenge: bytes
    ) -> Mapping[str, Any]:
        """Return the options for `navigator.credentials.create`: it makes no second passkey on one device."""
        options = webauthn.generate_registration_options(
            rp_id=self._rp_id,
            rp_name=self._name,
            user_id=self._user_handle(user.id),
            user_name=user.name,
            challenge=challenge,
            timeout=_TIMEOUT_MS,
            attestation=AttestationConveyancePreference.NONE,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=_descriptors(existing),
            supported_pub_key_algs=_ALGORITHMS,
        )
        return options_to_json_dict(options)

    def sign_in_options(self, allowed: Sequence[Passkey], challenge: bytes) -> Mapping[str, Any]:
        """Return the options for `navigator.credentials.get`; nothing allowed means any discoverable passkey."""
        options = webauthn.generate_authentication_options(
            rp_id=self._rp_id,
            challenge=challenge,
            timeout=_TIMEOUT_MS,
            allow_credentials=_descriptors(allowed),
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return options_to_json_dict(options)

    def challenge_of(self, credential: Mapping[str, Any]) -> bytes:
        """Return the challenge that a browser's answer claims to answer; to be redeemed before it is verified.

        Raises InvalidInput when there is none.
        """
        return parse_answer(credential).challenge

    def credential_id_of(self, credential: Mapping[str, Any]) -> bytes:
        """Return which credential a browser's answer is from. Raises InvalidInput when it names none."""
        return parse_answer(credential).credential_id

    def verify_registration(self, credential: Mapping[str, Any], challenge: bytes) -> NewPasskey:
        """Verify a new credential. Raises InvalidInput."""
        answer = parse_answer(credential)
        self._check(answer, CREATE, InvalidInput)
        attestation = answer.response_bytes("attestationObject")
        try:
            parsed = parse_attestation_object(attestation)
            verifies_users, format_ = parsed.auth_data.flags.uv, parsed.fmt
        except Exception as error:
            raise InvalidInput("The browser's answer holds no credential that can be read.") from error
        if not verifies_users:
            raise InvalidInput(
                "The passkey did not ask for a PIN, a fingerprint or a face; use one that does."
            )
        if format_ not in _FORMATS:
            raise InvalidInput("The passkey came with an attestation that nobody asked for; use another one.")
        try:
            verified = webauthn.verify_registration_response(
                credential=dict(credential),
                expected_challenge=challenge,
                expected_rp_id=self._rp_id,
                expected_origin=self._origin,
                require_user_verification=True,
                supported_pub_key_algs=_ALGORITHMS,
            )
            key = verified.credential_public_key
            # A key that cannot be used must be found now, not at the next sign-in.
            decoded_public_key_to_cryptography(decode_credential_public_key(key))
        except Exception as error:
            raise InvalidInput("The passkey could not be verified; try again, or use another one.") from error
        if verified.credential_id != answer.credential_id:
            raise InvalidInput("The browser's answer names another passkey than the one it holds; try again.")
        return NewPasskey(verified.credential_id, key, verified.sign_count)

    def verify_sign_in(self, credential: Mapping[str, Any], passkey: Passkey, challenge: bytes) -> int:
        """Verify an assertion and return the new counter.

        Raises Unauthenticated, also for a counter that fell, and InvalidInput for what is no answer at all.
        """
        answer = parse_answer(credential)
        self._check(answer, GET, Unauthenticated)
        handle = answer.user_handle
        if answer.credential_id != passkey.credential_id or (
            handle is not None and handle != self._user_handle(passkey.user_id)
        ):
            raise Unauthenticated("The passkey belongs to somebody else; choose your own.")
        try:
            return webauthn.verify_authentication_response(
                credential=dict(credential),
                expected_challenge=challenge,
                expected_rp_id=self._rp_id,
                expected_origin=self._origin,
                credential_public_key=passkey.public_key,
                credential_current_sign_count=passkey.sign_count,
                require_user_verification=True,
            ).new_sign_count
        except Exception as error:
            raise Unauthenticated(
                "The passkey could not be verified; try again, or use another way."
            ) from error

    def _check(self, answer: Answer, kind: str, error: type[_Error]) -> None:
        """Refuse what the library lets pass, and say what a person can do about the rest."""
        if answer.kind != kind:
            raise error("The browser's answer is to another question; try again.")
        if answer.origin != self._origin:
            raise error(f"Passkeys work at {self._origin} only; open that address.")
        if answer.embedded:
            raise error("Passkeys do not work inside a page of another site; open the address itself.")

    def _user_handle(self, user_id: int) -> bytes:
        return hashlib.sha256(f"securevision user {user_id} at {self._rp_id}".encode()).digest()


def _descriptors(passkeys: Iterable[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=passkey.credential_id) for passkey in passkeys]


def _split(origin: str) -> tuple[str, str, str]:
    """Return an origin as browsers write it, its scheme and its host."""
    try:
        parts = urlsplit(origin)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    else:
        if parts.scheme not in {"http", "https"} or parts.path.strip("/") or parts.query or parts.fragment:
            host = None
    if not host:
        raise InvalidInput("The origin must be like `https://nas.local:8443`, without a path.")
    usual = {"http": 80, "https": 443}[parts.scheme]
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{port}" if port not in {None, usual} else ""), parts.scheme, host


def _is_offered(scheme: str, host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return scheme == "https" or host == "localhost" or host.endswith(".localhost")
    return False
