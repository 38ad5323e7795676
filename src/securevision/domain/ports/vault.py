"""What needs keys or costly mathematics: password hashes, second factors, sealing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from securevision.domain.accounts import NewPasskey, Passkey, User


@dataclass(frozen=True, slots=True)
class PasswordVerdict:
    """What came of comparing a password with a hash."""

    right: bool
    needs_rehash: bool = False
    """It is right, and its hash has older parameters than those in use."""


class PasswordHasher(Protocol):
    """Argon2id. At most two at a time in a process; more wait. Any thread.

    Raises Unavailable when too many wait already.
    """

    def hash(self, password: str) -> str:
        """Return the hash in PHC form."""
        ...

    def verify(self, stored: str | None, password: str) -> PasswordVerdict:
        """Compare, in the same time whether there is a hash or not (None: unknown user, or no password yet)."""
        ...

    def check_strength(self, password: str, *, user_name: str) -> None:
        """Raise InvalidInput, saying what to change, for a password that is too short, too long or too common."""
        ...


class TotpVault(Protocol):
    """Time-based one-time passwords (RFC 6238: SHA-1, six digits, 30 s)."""

    def new_seed(self) -> str:
        """Return a new secret seed, 160 bits in base32."""
        ...

    def uri(self, seed: str, user_name: str) -> str:
        """Return the `otpauth://` address that authenticator apps read."""
        ...

    def qr_svg(self, uri: str) -> str:
        """Return a QR code as an SVG document."""
        ...

    def timecode(self, seed: str, code: str, now_ms: int) -> int | None:
        """Return the 30-second step whose code this is, the present one or the one before; None for any other."""
        ...

    def seal(self, seed: str, user_id: int) -> bytes:
        """Encrypt a seed for that user's row."""
        ...

    def open(self, sealed: bytes, user_id: int) -> str:
        """Decrypt it. Raises Unavailable when it is not from that row or not under our key."""
        ...


class AddressVault(Protocol):
    """Keeps the addresses of cameras, with their logins, sealed for their rows."""

    def seal(self, address: str, camera_id: str) -> bytes:
        """Encrypt an address for that camera's row."""
        ...

    def open(self, sealed: bytes, camera_id: str) -> str:
        """Decrypt it. Raises Unavailable when it is not from that row or not under our key."""
        ...


class PasskeyVault(Protocol):
    """WebAuthn ceremonies for the one configured origin; user verification is always required.

    JSON goes to and comes from the browser as WebAuthn level 3 defines it (`toJSON`, `parse...FromJSON`).
    """

    @property
    def offered(self) -> bool:
        """Whether browsers accept passkeys for the origin: not for an IP address, nor without TLS off localhost."""
        ...

    def registration_options(
        self, user: User, existing: Sequence[Passkey], challenge: bytes
    ) -> Mapping[str, Any]:
        """Return the options for `navigator.credentials.create`."""
        ...

    def sign_in_options(self, allowed: Sequence[Passkey], challenge: bytes) -> Mapping[str, Any]:
        """Return the options for `navigator.credentials.get`; nothing allowed means any discoverable passkey."""
        ...

    def challenge_of(self, credential: Mapping[str, Any]) -> bytes:
        """Return the challenge that a browser's answer claims to answer; to be redeemed before it is verified.

        Raises InvalidInput when there is none.
        """
        ...

    def credential_id_of(self, credential: Mapping[str, Any]) -> bytes:
        """Return which credential a browser's answer is from. Raises InvalidInput when it names none."""
        ...

    def verify_registration(self, credential: Mapping[str, Any], challenge: bytes) -> NewPasskey:
        """Verify a new credential. Raises InvalidInput."""
        ...

    def verify_sign_in(self, credential: Mapping[str, Any], passkey: Passkey, challenge: bytes) -> int:
        """Verify an assertion and return the new counter.

        Raises Unauthenticated, also for a counter that fell, and InvalidInput as `challenge_of` does.
        """
        ...
