"""Tries of a credential, counted so that guessing is slow."""

from dataclasses import dataclass
from enum import StrEnum


class CredentialPath(StrEnum):
    """Where a credential can be tried. People's paths share their counters; so do programs'."""

    PASSWORD = "password"  # noqa: S105 - a path
    TOTP = "totp"
    PASSKEY = "passkey"
    RECOVERY_CODE = "recovery_code"
    STEP_UP = "step_up"
    SETUP = "setup"
    INVITATION = "invitation"
    DISPLAY = "display"
    TOKEN = "token"  # noqa: S105 - a path
    TICKET = "ticket"

    @property
    def is_for_programs(self) -> bool:
        """Whether programs try it."""
        return self in (CredentialPath.TOKEN, CredentialPath.TICKET)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try."""

    path: CredentialPath
    network: str
    """The client's address, or its /64 for IPv6."""
    account: str | None = None
    """The account that is tried, whether it exists or not; None where the credential names none."""
    device: str | None = None
    """Digest of a device that this account signed in from before; such a device has counters of its own."""
