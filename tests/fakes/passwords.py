"""The real PasswordHasher, counting what it does."""

from threading import Lock

from securevision.domain.ports.vault import PasswordHasher, PasswordVerdict


class CountingPasswords:
    """Hands everything on to another hasher. Any thread."""

    def __init__(self, inner: PasswordHasher) -> None:
        self.inner = inner
        self._hashes = 0
        self._lock = Lock()

    def hash(self, password: str) -> str:
        self._count()
        return self.inner.hash(password)

    def verify(self, stored: str | None, password: str) -> PasswordVerdict:
        self._count()
        return self.inner.verify(stored, password)

    def check_strength(self, password: str, *, user_name: str) -> None:
        self.inner.check_strength(password, user_name=user_name)

    def taken(self) -> int:
        """Return how many hashes were computed since the last call."""
        with self._lock:
            hashes, self._hashes = self._hashes, 0
            return hashes

    def _count(self) -> None:
        with self._lock:
            self._hashes += 1
