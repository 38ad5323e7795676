"""Text with its secrets removed, safe for one line of a log."""

import re

_HIDDEN = "***"
# `://`, with its slashes escaped for JSON, or the whole of it percent-encoded, once or more often.
_AUTHORITY = re.compile(r"(?i)(:(?:\\?/){2}|:(?:\\u002f){2}|%(?:25)*3a(?:%(?:25)*2f){2})(\S*)")
_AT = re.compile(r"(?i)@|%(?:25)*40|\\u0040")
_PLAIN_USERINFO = re.compile(r"[^/?#]*")
_OTPAUTH = re.compile(r"(?i)(otpauth(?::|%(?:25)*3a))\S+")
_HEADER = re.compile(
    r"(?i)((?:authorization|cookie|x-api-key|x-auth-token|sec-websocket-protocol)\\*[\"']?\s*[:=,]\s*)[^\r\n]+"
)
_NAMED = re.compile(
    r"(?i)((?:password|passwd|passphrase|pass|pwd|secret|token|ticket|totp|otp|recovery[ _-]?code|api[_-]?key"
    r"|private[_-]?key|session[_-]?id|credentials?)(?:[_-]?(?:hash|key|value|[0-9]{1,4}))?"
    r"(?:\\*[\"'])?\s*(?:[:=]|%(?:25)*3[ad])\s*)"
    # A value in quotes may have spaces; where the quotes are escaped themselves nobody can tell its end.
    r"(?:\\+[\"'][^\r\n]*|(?:\"(?:[^\"\\\r\n]|\\.)*|'(?:[^'\\\r\n]|\\.)*)?[^\s&]*)"
)
_QUERY = re.compile(r"(?i)([?&;](?:user|username|usr|login|key|auth|sig|signature|code)=)[^\s&]+")
_SCHEME = re.compile(r"(?i)\b((?:bearer|basic|digest)(?:\s+|%(?:25)*20|\+))\S+")
_DIGEST = re.compile(r"(?i)\b(digest\s+username\s*=)[^\r\n]+")
_COOKIE = re.compile(r"(?i)(__(?:Host|Secure)-[a-z0-9_-]{1,32}(?:=|%(?:25)*3d))[^\s;,\"']+")
_TOKEN = re.compile(r"sv_[A-Za-z0-9_\-.~+/=]{8,}")
_TICKET = re.compile(r"\b(ticket\.)[A-Za-z0-9_-]{8,}")
_RECOVERY_CODE = re.compile(r"(?i)\b[a-z2-7]{4}(?:-[a-z2-7]{4}){5}\b")
_PASSWORD_HASH = re.compile(r"\$argon2\S+")
_PRIVATE_KEY = re.compile(r"(PRIVATE KEY-----).*", re.DOTALL)
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def redact(text: str) -> str:
    r"""Hide the secrets in a text and make it one line, in time linear in its length.

    Hidden are: user and password in URLs (also with '@' in them, percent-encoded or escaped for JSON), values
    named like a secret, headers and cookies that carry credentials, bearer and basic credentials, `otpauth:`
    addresses, private keys, password hashes, and our own tokens, tickets and recovery codes. Characters that
    could forge a line or steer a terminal become `\x..`. It hides too much rather than too little; a secret
    that stands alone and looks like nothing (a password, a base64 text) is not recognised.
    """
    text = _OTPAUTH.sub(rf"\1{_HIDDEN}", text)
    text = _AUTHORITY.sub(_without_userinfo, text)
    text = _PRIVATE_KEY.sub(rf"\1{_HIDDEN}", text)
    text = _HEADER.sub(rf"\1{_HIDDEN}", text)
    text = _NAMED.sub(rf"\1{_HIDDEN}", text)
    text = _QUERY.sub(rf"\1{_HIDDEN}", text)
    text = _DIGEST.sub(rf"\1{_HIDDEN}", text)
    text = _SCHEME.sub(rf"\1{_HIDDEN}", text)
    text = _COOKIE.sub(rf"\1{_HIDDEN}", text)
    text = _TOKEN.sub(f"sv_{_HIDDEN}", text)
    text = _TICKET.sub(rf"\1{_HIDDEN}", text)
    text = _RECOVERY_CODE.sub(_HIDDEN, text)
    text = _PASSWORD_HASH.sub(f"$argon2{_HIDDEN}", text)
    return _UNPRINTABLE.sub(_escaped, text)


def _without_userinfo(match: re.Match[str]) -> str:
    # Up to the last '@': a raw password may hold '@', ':' and quotes. After a '/' or '?', or where the '@' is
    # encoded, nobody can tell whether it belongs to a password, a path or a query.
    separator, rest = match.groups()
    ends = list(_AT.finditer(rest))
    if not ends:
        return match[0]
    end = ends[-1]
    is_plain = separator == "://" and end[0] == "@" and _PLAIN_USERINFO.fullmatch(rest, 0, end.start())
    return f"{separator}{_HIDDEN}@{rest[end.end() :]}" if is_plain else f"{separator}{_HIDDEN}"


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}"  # noqa: PLR2004 - two digits or four
