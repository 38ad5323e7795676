"""What a browser answers in a WebAuthn ceremony, read defensively: anybody can send anything."""

import binascii
import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from securevision.errors import InvalidInput

CREATE = "webauthn.create"
GET = "webauthn.get"

_BASE64URL = re.compile("[A-Za-z0-9_-]+")
_MAX_CHARACTERS = 64 * 1024
_MAX_ID_BYTES = 1023
"""Of a credential (WebAuthn level 3, section 7.1)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A browser's answer. Nothing of it is verified."""

    credential_id: bytes
    kind: str
    challenge: bytes
    origin: str
    embedded: bool
    """Whether the page was inside one of another origin."""
    response: Mapping[str, Any] = field(repr=False)

    @property
    def user_handle(self) -> bytes | None:
        """Whose the passkey says it is. Raises InvalidInput for anything but base64url."""
        handle = self.response.get("userHandle")
        return None if handle is None else _base64url(handle, "response.userHandle")

    def response_bytes(self, name: str) -> bytes:
        """Return a part of the response. Raises InvalidInput."""
        return _base64url(self.response.get(name), f"response.{name}")


def parse_answer(credential: Mapping[str, Any]) -> Answer:
    """Read an answer, as `PublicKeyCredential.toJSON()` makes it. Raises InvalidInput and nothing else."""
    if not isinstance(credential, Mapping):
        raise InvalidInput("The browser's answer must be a JSON object.")
    credential_id = _base64url(credential.get("id"), "id")
    if len(credential_id) > _MAX_ID_BYTES:
        raise InvalidInput("The browser's answer has an `id` that is too long.")
    if credential.get("rawId") != credential["id"]:
        raise InvalidInput("The browser's answer has a `rawId` that is not its `id`.")
    response = credential.get("response")
    if not isinstance(response, Mapping):
        raise InvalidInput("The browser's answer lacks `response`.")
    client = _client_data(_base64url(response.get("clientDataJSON"), "response.clientDataJSON"))
    kind, origin = client.get("type"), client.get("origin")
    if not isinstance(kind, str) or not isinstance(origin, str):
        raise InvalidInput("The browser's answer has a `clientDataJSON` without type or origin.")
    embedded = client.get("crossOrigin", False) is not False or "topOrigin" in client
    challenge = _base64url(client.get("challenge"), "challenge")
    return Answer(credential_id, kind, challenge, origin, embedded, response)


def _client_data(content: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise InvalidInput("The browser's answer has a `clientDataJSON` that is no JSON object.")
    return found


def _base64url(text: object, name: str) -> bytes:
    """Decode base64url without padding, of one byte or more."""
    if isinstance(text, str) and len(text) <= _MAX_CHARACTERS and _BASE64URL.fullmatch(text):
        try:
            return urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except binascii.Error:
            pass
    raise InvalidInput(f"The browser's answer lacks `{name}` in base64url.")
