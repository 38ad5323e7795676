"""What is written into the audit log. An AuditEntry is not an Event."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class AuditAction(StrEnum):
    """Everything that is logged; the values are part of the export's format."""

    SERVER_STARTED = "server.started"
    SERVER_STOPPED = "server.stopped"
    KEY_MADE = "key.made"
    CERTIFICATE_MADE = "certificate.made"
    LOGIN_FIRST_STEP = "login.first_step"
    LOGIN_SUCCEEDED = "login.succeeded"
    LOGIN_FAILED = "login.failed"
    LOGIN_THROTTLED = "login.throttled"
    STEP_UP_SUCCEEDED = "step_up.succeeded"
    STEP_UP_FAILED = "step_up.failed"
    SESSION_ENDED = "session.ended"
    SESSION_REVOKED = "session.revoked"
    USER_CREATED = "user.created"
    USER_CHANGED = "user.changed"
    USER_DELETED = "user.deleted"
    USER_INVITED = "user.invited"
    USER_RESET = "user.reset"
    PASSWORD_CHANGED = "password.changed"  # noqa: S105 - an action
    FACTOR_ADDED = "factor.added"
    FACTOR_REMOVED = "factor.removed"
    RECOVERY_CODES_MADE = "recovery_codes.made"
    RECOVERY_CODE_USED = "recovery_code.used"
    TOKEN_CREATED = "token.created"  # noqa: S105 - an action
    TOKEN_REVOKED = "token.revoked"  # noqa: S105 - an action
    TOKEN_REFUSED = "token.refused"  # noqa: S105 - an action
    DISPLAY_OPENED = "display.opened"
    ACCESS_DENIED = "access.denied"
    REQUEST_REFUSED = "request.refused"
    EVENTS_VIEWED = "events.viewed"
    CROPS_VIEWED = "crops.viewed"
    STREAM_OPENED = "stream.opened"
    EVENTS_DELETED = "events.deleted"
    CAMERA_ADDED = "camera.added"
    CAMERA_CHANGED = "camera.changed"
    CAMERA_REMOVED = "camera.removed"
    CAMERA_TESTED = "camera.tested"
    CAMERA_ASKED = "camera.asked"
    CAMERAS_DISCOVERED = "cameras.discovered"
    RECORDING_KEPT = "recording.kept"
    RECORDING_DELETED = "recording.deleted"
    RECORDING_VIEWED = "recording.viewed"
    LIVE_VIEWED = "live.viewed"
    SANDBOX_OVERRIDDEN = "sandbox.overridden"
    PERSON_ENROLLED = "person.enrolled"
    PERSON_REMOVED = "person.removed"
    USERS_VIEWED = "users.viewed"
    AUDIT_VIEWED = "audit.viewed"
    AUDIT_EXPORTED = "audit.exported"
    AUDIT_ERASED = "audit.erased"


class Outcome(StrEnum):
    """How it came out."""

    OK = "ok"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class AuditDraft:
    """An entry before it has its place in the log.

    What names or describes a person (`actor_name`, `target_name`, `network`, and `personal`) enters the log only
    as a salted commitment, so that it can be erased while every proof stays valid. No field holds a secret.
    """

    action: AuditAction
    actor: str
    """Who, by number: `user:3`, `token:7`, `display:2`, `system`, `cli`, `unknown`."""
    outcome: Outcome = Outcome.OK
    actor_name: str = ""
    target: str = ""
    """To what, by number or, for a camera, by name: `user:3`, `session:9`, `event:7`, `camera:driveway`."""
    target_name: str = ""
    network: str = ""
    """The client's address; empty for the command line and the server itself."""
    details: Mapping[str, str] = field(default_factory=dict)
    """What else, nothing personal: `{"role": "admin", "count": "12"}`."""
    personal: Mapping[str, str] = field(default_factory=dict)
    """What else, about a person: `{"query": "Ada Lovelace"}`."""


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """An entry as it is read: its text values are what was written, whatever version wrote them."""

    seq: int
    ts_ms: int
    action: str
    outcome: str
    actor: str
    target: str
    details: Mapping[str, str]
    personal: Mapping[str, str]
    """What was not erased: `actor_name`, `target_name`, `network` and more."""


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Entries, newest first, and how many there are in all."""

    size: int
    records: tuple[AuditRecord, ...]
