"""An entry as the log keeps it: its canonical JSON, and apart from it what it says about persons."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from securevision.audit.canonical import canonical
from securevision.audit.tree import leaf_hash
from securevision.domain.audit import AuditDraft
from securevision.errors import InvalidInput

BODY_VERSION = 1
SALT_BYTES = 32
MAX_TEXT = 500
"""Characters of one text of an entry; what is longer is cut, so that nobody fills the log with one name."""

NOBODY = "unknown"
"""The subject of what is about somebody whom nobody knows; kept as an empty text."""

_CUT = "…"
_OF_TARGET = ("target_name",)
_ABOUT_PERSONS = ("person:", "user:")
_UNPRINTABLE = {
    code: f"\\u{code:04x}"
    for codes in (
        range(0x20),
        range(0x7F, 0xA0),
        (0x61C, 0x200E, 0x200F, 0xFEFF),
        range(0x2028, 0x202F),
        range(0x2066, 0x206A),
    )
    for code in codes
}
"""Characters that could forge a line, steer a terminal or turn the order of a text round."""


@dataclass(frozen=True, slots=True)
class PersonalValue:
    """One thing that an entry says about a person; the entry holds its commitment, this can be erased."""

    field: str
    subject: str
    """Whom it is about, such as `user:3`; empty when nobody knows."""
    salt: bytes
    value: str

    @property
    def commitment(self) -> str:
        """What the entry holds of it: SHA-256 in hexadecimal. Without the salt it tells nothing of the value."""
        parts = (self.field.encode(), self.salt, self.value.encode())
        return hashlib.sha256(b"".join(len(part).to_bytes(8, "big") + part for part in parts)).hexdigest()


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An entry as it lies in the log."""

    seq: int
    """Its place, from 0."""
    body: bytes
    """Its canonical JSON."""
    leaf: bytes
    """The RFC 6962 hash of that."""
    personal: tuple[PersonalValue, ...] = ()
    """What has not been erased."""


def seal_entry(draft: AuditDraft, seq: int, ts_ms: int, salt: Callable[[], bytes]) -> StoredEntry:
    """Give a draft its place in the log.

    Every text becomes one line of printable characters, at most MAX_TEXT of them. Raises InvalidInput when
    `personal` has a field that an entry has anyway.
    """
    personal = tuple(_personal(draft, salt))
    body = canonical(
        {
            "v": BODY_VERSION,
            "seq": seq,
            "ts_ms": ts_ms,
            "action": draft.action.value,
            "outcome": draft.outcome.value,
            "actor": plain(draft.actor),
            "target": plain(draft.target),
            "details": {plain(name): plain(text) for name, text in draft.details.items()},
            "personal": {value.field: value.commitment for value in personal},
        }
    )
    return StoredEntry(seq, body, leaf_hash(body), personal)


def plain(text: str) -> str:
    r"""Return a text as an entry may hold it: one line, nothing unprintable (that becomes `\u....`), not too long."""
    whole = text.encode("utf-8", "backslashreplace").decode()
    short = whole if len(whole) <= MAX_TEXT else whole[: MAX_TEXT - len(_CUT)] + _CUT
    return short.translate(_UNPRINTABLE)


def _personal(draft: AuditDraft, salt: Callable[[], bytes]) -> Iterator[PersonalValue]:
    actor, target = _subject(draft.actor), _subject(draft.target)
    named = {"actor_name": draft.actor_name, "network": draft.network, "target_name": draft.target_name}
    described = target if target.startswith(_ABOUT_PERSONS) else actor
    for field, text in draft.personal.items():
        if field in named:
            raise InvalidInput(f"The personal field {field} of an audit entry has an attribute of its own.")
        yield PersonalValue(plain(field), described, salt(), plain(text))
    for field, text in named.items():
        if text:
            yield PersonalValue(field, target if field in _OF_TARGET else actor, salt(), plain(text))


def _subject(who: str) -> str:
    """Return whom a number names; nobody for `system`, `cli` and `unknown`."""
    return plain(who) if ":" in who else ""
