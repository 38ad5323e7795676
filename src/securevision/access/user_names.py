"""Names of users: what one may be, and when two are the same."""

import unicodedata

from securevision.errors import InvalidInput

LONGEST_NAME = 64

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories of what controls, directs or cannot be shown."""
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0") | frozenset(
    map(chr, (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))
)
"""Letters and marks that show as nothing: with one, two names would look alike."""


def checked_name(text: str) -> str:
    """Return the name without white space around it. Raises InvalidInput, and doesn't repeat what it was given."""
    name = text.strip()
    if not 1 <= len(name) <= LONGEST_NAME:
        raise InvalidInput(f"A user's name has 1 to {LONGEST_NAME} characters.")
    if any(character in _BLANK or unicodedata.category(character) in _UNSEEN for character in name):
        raise InvalidInput("A user's name has no characters that cannot be seen.")
    return name


def name_key(name: str) -> str:
    """Return what two names that are the same have in common, whatever their case, width or spacing.

    Only the beginning counts, so that any text may be given.
    """
    folded = unicodedata.normalize("NFKC", name.strip()[:LONGEST_NAME]).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())
