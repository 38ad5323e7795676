"""The texts that prove who somebody is, and their digests: nothing else of them is kept."""

import hashlib
import hmac
import re
import zlib
from base64 import b32encode, urlsafe_b64encode
from collections.abc import Callable

from securevision.errors import InvalidInput

Entropy = Callable[[int], bytes]
"""Returns that many bytes from the system's generator of secrets."""

SECRET_BYTES = 32
MIN_TOKEN_LENGTH = 32
RECOVERY_CODES = 10

_RECOVERY_BYTES = 15
_PROGRAM = re.compile(r"sv_pat_([A-Za-z0-9_-]{43})([0-9a-f]{8})")
_REMEDY = (
    "; use at least 32 characters, for example the output of `openssl rand -base64 32`, or unset it:"
    " `securevision token create` makes better ones."
)


def check_token_strength(text: str) -> None:
    """Raise InvalidInput when a text that a person chose cannot be the static API token.

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


def mint_program_token(entropy: Entropy) -> str:
    """Return a new API token, `sv_pat_` with 256 bits and their CRC, so that a scanner can tell it from noise."""
    secret = mint_secret(entropy)
    return f"sv_pat_{secret}{_crc(secret)}"


def is_program_token(text: str) -> bool:
    """Return whether a text has the form of an API token; one that was cut or mistyped has not."""
    match = _PROGRAM.fullmatch(text)
    return match is not None and _crc(match[1]) == match[2]


def _crc(secret: str) -> str:
    return f"{zlib.crc32(secret.encode('ascii')):08x}"


def mint_recovery_code(entropy: Entropy) -> str:
    """Return a new recovery code: 120 bits as 24 base32 characters in groups of four."""
    text = b32encode(entropy(_RECOVERY_BYTES)).decode("ascii").lower()
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))


def recovery_code_digest(text: str) -> str:
    """Return the digest of a recovery code, however it was written down."""
    return token_digest("".join(text.split()).replace("-", "").lower())


def token_digest(text: str) -> str:
    """Return the SHA-256 of a secret in hexadecimal.

    A plain hash is enough: a minted secret has 120 bits or more, so nobody guesses it from its digest.
    """
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def same_digest(a: str, b: str) -> bool:
    """Return whether two digests are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(a, b)
