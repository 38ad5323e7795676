"""Plates as written, and the lists that they stand on."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from securevision.domain.events import ListMatch

_SEPARATORS = re.compile(r"[\W_]+")


def plate_key(text: str) -> str:
    """Return a plate as it is compared: upper case, without spaces, dashes and dots."""
    return _SEPARATORS.sub("", text.upper())


@dataclass(frozen=True, slots=True)
class PlateLists:
    """The allow and the block list: plate key to description."""

    allow: Mapping[str, str] = field(default_factory=dict)
    block: Mapping[str, str] = field(default_factory=dict)

    def match(self, text: str) -> ListMatch | None:
        """Return the list that the plate stands on; block wins over allow."""
        key = plate_key(text)
        if key in self.block:
            return ListMatch.BLOCK
        return ListMatch.ALLOW if key in self.allow else None
