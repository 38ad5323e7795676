"""How long things last."""

from securevision.domain.accounts import Session, SessionLevel

_MINUTE_MS = 60 * 1000
_DAY_MS = 24 * 60 * _MINUTE_MS

IDLE_MS = 30 * _MINUTE_MS
"""A session that is not used for so long has ended; a display's has not."""
ABSOLUTE_MS = 12 * 60 * _MINUTE_MS
"""A session ends after so long, even if it is used."""
HALF_SIGNED_IN_MS = 10 * _MINUTE_MS
"""Time to show the second factor, or to set one up."""
LINK_MS = 30 * _MINUTE_MS
"""Of a set-up link, an invitation, or a display's link."""
TICKET_MS = 30 * 1000
CHALLENGE_MS = 5 * _MINUTE_MS
"""Time for the browser's passkey dialogue."""
TOUCH_MS = _MINUTE_MS
"""A use is noted when the one noted last is older than this."""
LONGEST_TOKEN_DAYS = 365
DEVICE_MS = 180 * _DAY_MS
"""How long a browser keeps the cookie by which we know it again."""
LIVE_CROP_MS = 15 * _MINUTE_MS
"""A display may show the picture of an event for so long."""


def session_lifetime_ms(level: SessionLevel) -> int:
    """Return how long a session of a user may last from its making."""
    return ABSOLUTE_MS if level is SessionLevel.FULL else HALF_SIGNED_IN_MS


def is_live(session: Session, now_ms: int) -> bool:
    """Return whether a session still counts at that time."""
    if now_ms >= session.expires_ms:
        return False
    return session.level is SessionLevel.DISPLAY or now_ms - session.seen_ms < IDLE_MS
