"""Where the next page of events starts, as an opaque text."""

import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode

from securevision.domain.events import EventPosition
from securevision.errors import InvalidInput

_POSITION = struct.Struct(">qq")
_LENGTH = 22


def encode_cursor(position: EventPosition) -> str:
    """Return 22 URL-safe characters."""
    packed = _POSITION.pack(position.ts_ms, position.id)
    return urlsafe_b64encode(packed).rstrip(b"=").decode("ascii")


def decode_cursor(text: str) -> EventPosition:
    """Return the position that was encoded. Raises InvalidInput for any text that nobody encoded."""
    try:
        if len(text) == _LENGTH:
            position = EventPosition(*_POSITION.unpack(urlsafe_b64decode(text.encode("ascii") + b"==")))
            if encode_cursor(position) == text:
                return position
    except (ValueError, struct.error):
        pass
    raise InvalidInput("The cursor is not one from an earlier answer.")
