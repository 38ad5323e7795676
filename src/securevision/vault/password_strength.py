"""What a password must be: long, writable again, and not among those that are tried first."""

import re
import threading
import unicodedata

from zxcvbn import zxcvbn

from securevision.errors import InvalidInput

MIN_LENGTH = 15
MAX_LENGTH = 256

_MIN_SCORE = 3
"""Of zxcvbn's 0 to 4: beyond 10**8 guesses. Its 30,000 commonest passwords score lower."""
_LOOKED_AT = 72
"""Characters that zxcvbn takes, and its work grows with; the hash takes all of them."""
_LEAST_REST = 8
"""Characters that must be left once the names are taken out."""
_PRODUCT = ("securevision", "secure", "vision")
_UNWRITABLE = frozenset(("Cc", "Cs", "Co", "Cn", "Zl", "Zp"))
"""Unicode categories of control characters, and of what has no character (RFC 8265 refuses both)."""
_WORDS = re.compile(r"\w{3,}")
_BETTER = "four or more words that have nothing to do with each other make a good one."

_LOOKALIKES = frozenset("4@8({[<3691!|0$5+7%2")
"""What zxcvbn reads as letters. It tries all the ways of reading them, which took 8 s for a text of many."""
_MOST_LOOKALIKES = 6
_FEWER = str.maketrans("@{[<!|$+", "4(((1157")
"""Leaves digits, so that what is a sequence or a date stays one."""

# zxcvbn keeps the names of its caller in a global table.
_zxcvbn_lock = threading.Lock()


def check_strength(password: str, *, user_name: str) -> None:
    """Raise InvalidInput, saying what to change, for a password that is too short, too long or too common.

    Any character that can be written will do, and none is demanded. The sentence does not repeat the password.
    """
    text = unicodedata.normalize("NFC", password)
    if len(text) < MIN_LENGTH:
        raise InvalidInput(f"The password is too short: it needs {MIN_LENGTH} characters or more; {_BETTER}")
    if len(text) > MAX_LENGTH:
        raise InvalidInput(f"The password is too long: it may have {MAX_LENGTH} characters.")
    if any(unicodedata.category(character) in _UNWRITABLE for character in text):
        raise InvalidInput("The password holds a control character; leave it out.")
    if _is_little_more_than_names(text, user_name):
        raise InvalidInput(f"The password is little more than the name of the user or the product; {_BETTER}")
    looked_at = text[:_LOOKED_AT]
    if len(_LOOKALIKES.intersection(looked_at)) > _MOST_LOOKALIKES:
        looked_at = looked_at.translate(_FEWER)
    with _zxcvbn_lock:
        found = zxcvbn(looked_at, user_inputs=[user_name, *_WORDS.findall(user_name), *_PRODUCT])
    if found["score"] < _MIN_SCORE:
        raise InvalidInput(
            f"The password is too easy to guess{_reason(found['feedback']['warning'])}; {_BETTER}"
        )


def _is_little_more_than_names(text: str, user_name: str) -> bool:
    """Return whether the names make up all but a few of the letters and digits."""
    letters = rest = _letters(text)
    for name in (user_name, *_WORDS.findall(user_name), *_PRODUCT):
        rest = rest.replace(_letters(name), "")
    return rest != letters and len(rest) < _LEAST_REST


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).casefold()))


def _reason(warning: str) -> str:
    """Return zxcvbn's fixed sentence as a part of ours."""
    return f" ({warning[0].lower()}{warning[1:].rstrip('.')})" if warning else ""
