"""What clients are told of the limits.

`RateLimit` and `RateLimit-Policy` are those of draft-ietf-httpapi-ratelimit-headers-11: structured fields, lists of
strings with parameters. The three older fields are what most clients read.
"""

from collections.abc import Mapping

from securevision.domain.ports.throttle import Allowance

_POLICY = '"requests"'


def rate_headers(allowance: Allowance) -> Mapping[str, str]:
    """Return the header fields that say what is left, and, of a request that was refused, when to come back."""
    fields = {
        "RateLimit-Policy": f"{_POLICY};q={allowance.limit};w={allowance.window_s}",
        "RateLimit": f"{_POLICY};r={allowance.remaining};t={allowance.reset_s}",
        "RateLimit-Limit": str(allowance.limit),
        "RateLimit-Remaining": str(allowance.remaining),
        "RateLimit-Reset": str(allowance.reset_s),
    }
    return fields if allowance.allowed else fields | {"Retry-After": str(allowance.reset_s)}
