"""The two cookies. Both are for this host alone, over HTTPS (or to this machine), and out of scripts' reach."""

from starlette.datastructures import Headers

SESSION_COOKIE = "__Host-sv"
DEVICE_COOKIE = "__Host-sv-device"

_ATTRIBUTES = "Path=/; Secure; HttpOnly; SameSite=Lax"
_LONGEST = 100


def read_cookie(headers: Headers, name: str) -> str | None:
    """Return a cookie's value; None when it is missing, sent more than once, or no secret of ours."""
    found = [
        value
        for header in headers.getlist("cookie")
        for key, equals, value in (pair.strip().partition("=") for pair in header.split(";"))
        if equals and key == name
    ]
    return found[0] if len(found) == 1 and 0 < len(found[0]) <= _LONGEST else None


def set_cookie(name: str, value: str, max_age_s: int) -> str:
    """Return the value of a Set-Cookie header."""
    return f"{name}={value}; Max-Age={max_age_s}; {_ATTRIBUTES}"


def clear_cookie(name: str) -> str:
    """Return the value of a Set-Cookie header that takes the cookie away."""
    return set_cookie(name, "", 0)
