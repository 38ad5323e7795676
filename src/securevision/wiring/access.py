"""Who there is and how they prove it, for a server and for the commands."""

import getpass
import secrets

from securevision.access.tokens import token_digest
from securevision.api.services import AccessServices
from securevision.clock import SystemClock
from securevision.domain.audit import AuditAction, AuditDraft
from securevision.domain.ports.accounts import EpochWatch
from securevision.settings import Settings
from securevision.store.throttle import SqlLoginThrottle, SqlRequestThrottle, ThrottleFile
from securevision.vault.passkeys import Passkeys
from securevision.vault.passwords import Argon2Passwords
from securevision.vault.sealer import Sealer
from securevision.vault.totp import SealedTotp
from securevision.wiring.audit import Audit
from securevision.wiring.storage import Storage

THROTTLE_FILE = "throttle.db"


def make_access(
    settings: Settings,
    storage: Storage,
    audit: Audit,
    sealer: Sealer,
    *,
    counters: ThrottleFile,
    epoch: EpochWatch,
    origin: str,
) -> AccessServices:
    """Return what a server needs to let people and programs in."""
    token = settings.api.auth_token
    return AccessServices(
        users=storage.users,
        factors=storage.factors,
        sessions=storage.sessions,
        tokens=storage.tokens,
        one_time=storage.one_time,
        epoch=epoch,
        audit=audit.log,
        audit_log=audit.reader,
        login_throttle=SqlLoginThrottle(counters, SystemClock()),
        request_throttle=SqlRequestThrottle(counters, SystemClock()),
        passwords=Argon2Passwords(),
        totp=SealedTotp(sealer),
        passkeys=Passkeys(origin),
        entropy=secrets.token_bytes,
        factor_for_everyone=settings.access.second_factor == "everyone",
        legacy_token_digest=None if token is None else token_digest(token.get_secret_value()),
    )


def by_command(action: AuditAction, *, target: str = "", target_name: str = "", **details: str) -> AuditDraft:
    """Return the entry of something that was done by a command on the machine itself."""
    return AuditDraft(
        action,
        "cli",
        actor_name=getpass.getuser(),
        target=target,
        target_name=target_name,
        details=details,
    )


def person_enrolled(person_id: int, name: str, photos: int) -> AuditDraft:
    """Return the entry of somebody whose photos were enrolled by a command."""
    return by_command(
        AuditAction.PERSON_ENROLLED, target=f"person:{person_id}", target_name=name, photos=str(photos)
    )
