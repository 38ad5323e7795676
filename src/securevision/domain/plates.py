"""Plates as written, and the lists that they stand on."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from securevision.domain.events import ListMatch


def plate_key(text: str) -> str:
    """Return a plate as it is compared: its letters and digits in upper case, and nothing else."""
    return "".join(c for c in text.upper() if c.isalpha() or c.isdecimal())


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
