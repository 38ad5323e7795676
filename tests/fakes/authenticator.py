"""A passkey in software: what a browser and its authenticator answer in WebAuthn ceremonies."""

import hashlib
import json
import os
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

USER_PRESENT = 0x01
USER_VERIFIED = 0x04
_KEY_ATTACHED = 0x40


def base64url(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode("ascii")


def from_base64url(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class SoftAuthenticator:
    """One credential, in a browser that shows a page of `origin`. Each attribute may be set to something wrong.

    Takes the options and gives the JSON of `PublicKeyCredential.toJSON()`, as the API gives and takes them.
    """

    origin: str
    flags: int = USER_PRESENT | USER_VERIFIED
    counter: int = 0
    """What the next answer says. 0 is left as it is, like synced passkeys do; any other grows by one."""
    rp_id: str | None = None
    """None: the one of the options."""
    challenge: bytes | None = None
    """None: the one of the options."""
    cross_origin: bool = False
    attestation: Mapping[str, Any] = field(default_factory=lambda: {"fmt": "none", "attStmt": {}})
    credential_id: bytes = field(default_factory=lambda: os.urandom(32))
    user_handle: bytes | None = None
    """None: the one of the registration."""
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1()), repr=False
    )

    def create(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Answer `navigator.credentials.create` with these options."""
        numbers = self.key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        attached = (
            bytes(16) + struct.pack(">H", len(self.credential_id)) + self.credential_id + cbor2.dumps(cose)
        )
        if self.user_handle is None:
            self.user_handle = from_base64url(options["user"]["id"])
        data = self._data(options["rp"]["id"], self.flags | _KEY_ATTACHED, attached)
        client_data = self._client_data("webauthn.create", options)
        return self._answer(
            {
                "clientDataJSON": base64url(client_data),
                "attestationObject": base64url(cbor2.dumps({**self.attestation, "authData": data})),
                "transports": ["internal"],
            }
        )

    def get(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Answer `navigator.credentials.get` with these options."""
        data = self._data(options["rpId"], self.flags, b"")
        client_data = self._client_data("webauthn.get", options)
        signed = data + hashlib.sha256(client_data).digest()
        response = {
            "clientDataJSON": base64url(client_data),
            "authenticatorData": base64url(data),
            "signature": base64url(self.key.sign(signed, ec.ECDSA(hashes.SHA256()))),
        }
        if self.user_handle is not None:
            response["userHandle"] = base64url(self.user_handle)
        return self._answer(response)

    def _data(self, rp_id: str, flags: int, attached: bytes) -> bytes:
        counter = self.counter
        if counter:
            self.counter += 1
        rp_id_hash = hashlib.sha256((self.rp_id or rp_id).encode()).digest()
        return rp_id_hash + struct.pack(">BI", flags, counter) + attached

    def _client_data(self, kind: str, options: Mapping[str, Any]) -> bytes:
        challenge = options["challenge"] if self.challenge is None else base64url(self.challenge)
        return json.dumps(
            {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": self.cross_origin}
        ).encode()

    def _answer(self, response: Mapping[str, Any]) -> dict[str, Any]:
        name = base64url(self.credential_id)
        return {
            "id": name,
            "rawId": name,
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": dict(response),
        }
