import re

from hypothesis import given
from hypothesis import strategies as st

from securevision.api.limits import rate_headers
from securevision.domain.ports.throttle import Allowance


def test_the_fields_are_those_of_the_draft_and_the_older_ones() -> None:
    allowance = Allowance(allowed=True, limit=600, remaining=599, reset_s=42, window_s=60)
    assert rate_headers(allowance) == {
        "RateLimit-Policy": '"requests";q=600;w=60',
        "RateLimit": '"requests";r=599;t=42',
        "RateLimit-Limit": "600",
        "RateLimit-Remaining": "599",
        "RateLimit-Reset": "42",
    }


def test_who_is_refused_is_told_when_to_come_back() -> None:
    refused = Allowance(allowed=False, limit=600, remaining=0, reset_s=42, window_s=60)
    assert rate_headers(refused)["Retry-After"] == "42"


@given(st.booleans(), st.integers(1, 10**6), st.integers(0, 10**6), st.integers(1, 3600))
def test_each_field_is_a_structured_field(allowed: bool, limit: int, remaining: int, reset_s: int) -> None:
    fields = rate_headers(Allowance(allowed, limit, remaining, reset_s, 3600))
    # RFC 9651: a String, then parameters that are Integers of at most 15 digits.
    item = re.compile(r'"[ !#-\[\]-~]*"(;[a-z]=\d{1,15})*')
    assert all(item.fullmatch(fields[name]) for name in ("RateLimit", "RateLimit-Policy"))
    assert all(
        value.isdecimal() for name, value in fields.items() if name not in ("RateLimit", "RateLimit-Policy")
    )
    assert ("Retry-After" in fields) is not allowed
