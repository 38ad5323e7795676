"""The texts that prove who somebody is, and their digests: nothing else of them is kept."""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable

from securevision.errors import InvalidInput

Entropy = Callable[[int], bytes]
"""Returns that many bytes from the system's generator of secrets."""

SECRET_BYTES = 32
MIN_TOKEN_LENGTH = 32

_REMEDY = (
    "; use at least 32 characters, for example the output of `openssl rand -base64 32`,"
    " or unset it to have one made."
)


def check_token_strength(text: str) -> None:
    """Raise InvalidInput when a text that a person chose cannot be the API token.

    It needs 32 or more printable ASCII characters without spaces: a header carries nothing else.
    """
    fault = _fault(text)
    if fault:
        raise InvalidInput(f"SECUREVISION__API__AUTH_TOKEN is {fault}{_REMEDY}")


def _fault(text: str) -> str | None:
    if not text:
        return "empty"
    if not text.strip():
        return "blank"
    if any(character.isspace() for character in text):
        return "not usable with white space in it"
    if not all("!" <= character <= "~" for character in text):
        return "not usable with characters outside printable ASCII in it"
    if len(text) < MIN_TOKEN_LENGTH:
        return "too short"
    return None


def mint_secret(entropy: Entropy) -> str:
    """Return a new secret: 256 bits as 43 URL-safe characters."""
    return urlsafe_b64encode(entropy(SECRET_BYTES)).rstrip(b"=").decode("ascii")


def mint_token(entropy: Entropy) -> str:
    """Return a new API token."""
    return f"sv_api_{mint_secret(entropy)}"


def token_digest(text: str) -> str:
    """Return the SHA-256 of a secret in hexadecimal.

    A plain hash is enough: a minted secret has 256 bits, so nobody guesses it from its digest.
    """
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def same_digest(a: str, b: str) -> bool:
    """Return whether two digests are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(a, b)
