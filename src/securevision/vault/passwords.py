"""Password hashes: Argon2id, few at a time, and as costly for a name that nobody has."""

import threading
import unicodedata
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import HashingError, InvalidHashError, VerificationError, VerifyMismatchError

from securevision.domain.ports.vault import PasswordVerdict
from securevision.errors import Unavailable
from securevision.vault.password_strength import check_strength

_HASH_BYTES = 32
_SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class Argon2Cost:
    """What one hash costs. The defaults meet OWASP ASVS 5.0, appendix C; about 200 ms on a small machine."""

    memory_kib: int = 64 * 1024
    iterations: int = 3
    lanes: int = 1


class Argon2Passwords:
    """The PasswordHasher. `at_once` hashes run, `waiting` callers wait, and any more are refused."""

    def __init__(self, cost: Argon2Cost | None = None, *, at_once: int = 2, waiting: int = 16) -> None:
        self.cost = cost or Argon2Cost()
        self._argon2 = PasswordHasher(
            time_cost=self.cost.iterations,
            memory_cost=self.cost.memory_kib,
            parallelism=self.cost.lanes,
            hash_len=_HASH_BYTES,
            salt_len=_SALT_BYTES,
        )
        self._nobody = _hash_of_nobody(self.cost)
        self._running = threading.BoundedSemaphore(at_once)
        self._places = threading.BoundedSemaphore(at_once + waiting)

    def hash(self, password: str) -> str:
        """Return the hash in PHC form. Raises Unavailable when too many wait or memory is lacking."""
        with self._turn():
            try:
                return self._argon2.hash(_bytes(password))
            except HashingError as error:
                raise _no_memory() from error

    def verify(self, stored: str | None, password: str) -> PasswordVerdict:
        """Compare, in the same time whether there is a hash or not. Raises Unavailable as `hash`.

        A stored hash that cannot be read belongs to no password, and takes as long as any other.
        """
        with self._turn():
            if stored is not None:
                try:
                    self._argon2.verify(stored, _bytes(password))
                except VerifyMismatchError:
                    return PasswordVerdict(right=False)
                except (VerificationError, InvalidHashError, UnicodeEncodeError):
                    pass
                else:
                    return PasswordVerdict(right=True, needs_rehash=self._argon2.check_needs_rehash(stored))
            self._verify_nobody(password)
            return PasswordVerdict(right=False)

    def check_strength(self, password: str, *, user_name: str) -> None:
        """Raise InvalidInput, saying what to change, for a password that is too short, too long or too common."""
        check_strength(password, user_name=user_name)

    def _verify_nobody(self, password: str) -> None:
        """Do the work of comparing with a real hash, and come to nothing."""
        try:
            self._argon2.verify(self._nobody, _bytes(password))
        except VerifyMismatchError:
            return
        except VerificationError as error:
            # This hash can be read, so only the memory for it can have been lacking.
            raise _no_memory() from error

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Wait for a turn. Raises Unavailable when too many wait already."""
        if not self._places.acquire(blocking=False):
            raise Unavailable("Too many passwords are being checked at once; try again in a moment.")
        try:
            with self._running:
                yield
        finally:
            self._places.release()


def _bytes(password: str) -> bytes:
    """Return what is hashed: the whole password, the same however a keyboard composes its accents.

    Half of a surrogate pair is refused in a new password, and must not break the comparison of a wrong one.
    """
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")


def _hash_of_nobody(cost: Argon2Cost) -> str:
    """Return a hash that no password is known to have, with the parameters of a new one."""
    salt, digest = (b64encode(bytes(size)).decode("ascii").rstrip("=") for size in (_SALT_BYTES, _HASH_BYTES))
    return f"$argon2id$v=19$m={cost.memory_kib},t={cost.iterations},p={cost.lanes}${salt}${digest}"


def _no_memory() -> Unavailable:
    return Unavailable("There is no memory left to check a password; free some, or try again in a moment.")
