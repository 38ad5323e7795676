"""Text with its secrets removed, safe for one line of a log."""

import re

_HIDDEN = "***"
_USERINFO = re.compile(r"://(\S*)")
_HEADER = re.compile(
    r"(?i)((?:authorization|cookie|x-api-key|x-auth-token|sec-websocket-protocol)[\"']?\s*[:=,]\s*)[^\r\n]+"
)
_NAMED = re.compile(
    r"(?i)((?:password|passwd|passphrase|pass|pwd|secret|token|api[_-]?key|credentials?)[\"']?\s*[:=]\s*[\"']?)[^\s&]+"
)
_QUERY = re.compile(r"(?i)([?&;](?:user|username|usr|login|key|auth|sig|signature|ticket|code)=)[^\s&]+")
_BEARER = re.compile(r"(?i)\b((?:bearer|basic|digest)\s+)\S+")
_TOKEN = re.compile(r"sv_[A-Za-z0-9_\-.~+/=]{8,}")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def redact(text: str) -> str:
    r"""Hide the secrets in a text and make it one line, in time linear in its length.

    Hidden are: user and password in URLs (also with '@' in them), values named like a secret, headers that
    carry credentials, bearer and basic credentials, and our own `sv_...` tokens. Characters that could
    forge a line or steer a terminal become `\x..`. It hides too much rather than too little.
    """
    text = _USERINFO.sub(_without_userinfo, text)
    text = _HEADER.sub(rf"\1{_HIDDEN}", text)
    text = _NAMED.sub(rf"\1{_HIDDEN}", text)
    text = _QUERY.sub(rf"\1{_HIDDEN}", text)
    text = _BEARER.sub(rf"\1{_HIDDEN}", text)
    text = _TOKEN.sub(f"sv_{_HIDDEN}", text)
    return _UNPRINTABLE.sub(_escaped, text)


def _without_userinfo(match: re.Match[str]) -> str:
    # Up to the last '@': a raw password may hold '@', ':' and quotes. After a '/' or '?' nobody can tell
    # whether an '@' belongs to a password, a path or a query.
    userinfo, at, rest = match[1].rpartition("@")
    if not at:
        return match[0]
    return f"://{_HIDDEN}" if re.search(r"[/?#]", userinfo) else f"://{_HIDDEN}@{rest}"


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}"  # noqa: PLR2004 - two digits or four
