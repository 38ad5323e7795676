"""Secrets that work once and for a short time."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from securevision.access.tokens import Entropy, mint_secret, token_digest

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Issued(Generic[T]):
    value: T
    expires_ms: int


class OneTimeSecrets(Generic[T]):
    """A bounded set of single-use secrets, each standing for a value. Keeps their digests only."""

    def __init__(self, entropy: Entropy, *, lifetime_ms: int, capacity: int) -> None:
        self._entropy = entropy
        self._lifetime_ms = lifetime_ms
        self._capacity = capacity
        self._issued: dict[str, _Issued[T]] = {}

    def __len__(self) -> int:
        return len(self._issued)

    def __contains__(self, secret: str) -> bool:
        """Return whether the secret was issued here and not used, be it too old or not."""
        return token_digest(secret) in self._issued

    def issue(self, value: T, now_ms: int) -> str:
        """Return a new secret for the value; when the set is full, the oldest one is forgotten."""
        while len(self._issued) >= self._capacity:
            del self._issued[next(iter(self._issued))]
        secret = mint_secret(self._entropy)
        self._issued[token_digest(secret)] = _Issued(value, now_ms + self._lifetime_ms)
        return secret

    def redeem(self, secret: str, now_ms: int) -> T | None:
        """Return the value and forget the secret; None when it is unknown, used or too old."""
        issued = self._issued.pop(token_digest(secret), None)
        return issued.value if issued is not None and now_ms < issued.expires_ms else None
