"""How guessing is slowed down: which counters an attempt touches, and how long each one makes the next attempt wait.

    counter   counts failures of                        first delay     at most   forgets one
    device    one account on a device that it used      at failure 5    15 min    every 15 min
    account   one account on any other device           at failure 10   15 min    every 10 min
    network   one address, or one /64 of IPv6           at failure 5    15 min    every 15 min
    site      one /48 of IPv6                           at failure 20   15 min    every 15 min
    all       everybody on no known device              at failure 100  60 s      every 10 s

The first delay is a second, and each further failure doubles it. People's and programs' counters are apart.

An attempt is made while none of its counters makes it wait, and then counts in each of them. One that has to wait
counts nowhere, so a flood by one network stops at that network's own counter: it cannot raise `account` or `all`.
For the same reason `account` starts later and forgets faster than `network`: what one network can go on failing at
most, one attempt in 15 minutes, is forgotten sooner than it comes, so it takes several networks to hold up the
account of somebody on a new device, and about ninety to hold up everybody. `site` is there since one customer of
IPv6 may have 65,536 networks. A known device touches its own counter only, so nobody else can close the door for
it. No failure locks anything: every wait ends.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType

from securevision.access.networks import network_key, site_key
from securevision.domain.attempts import Attempt

FIRST_DELAY_AT = 5
LONGEST_DELAY_S = 15 * 60


def delay_s(failures: int, *, first_at: int = FIRST_DELAY_AT, longest_s: int = LONGEST_DELAY_S) -> int:
    """Return how many seconds after so many failures the next attempt has to wait."""
    if failures < first_at:
        return 0
    # No shift by what an attacker can count up.
    doublings = min(failures - first_at, longest_s.bit_length())
    return min(1 << doublings, longest_s)


class CounterKind(StrEnum):
    """What a counter counts failures of."""

    DEVICE = "device"
    ACCOUNT = "account"
    NETWORK = "network"
    SITE = "site"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table above."""

    first_delay_at: int
    longest_s: int
    forgets_every_s: int

    def delay_ms(self, failures: int) -> int:
        """Return how long after so many failures the next attempt has to wait."""
        return 1000 * delay_s(failures, first_at=self.first_delay_at, longest_s=self.longest_s)


RULES: Mapping[CounterKind, Rule] = MappingProxyType(
    {
        CounterKind.DEVICE: Rule(FIRST_DELAY_AT, LONGEST_DELAY_S, forgets_every_s=15 * 60),
        CounterKind.ACCOUNT: Rule(10, LONGEST_DELAY_S, forgets_every_s=10 * 60),
        CounterKind.NETWORK: Rule(FIRST_DELAY_AT, LONGEST_DELAY_S, forgets_every_s=15 * 60),
        CounterKind.SITE: Rule(20, LONGEST_DELAY_S, forgets_every_s=15 * 60),
        CounterKind.ALL: Rule(100, 60, forgets_every_s=10),
    }
)


@dataclass(frozen=True, slots=True)
class CounterName:
    """Which counter."""

    audience: str
    """`people` or `programs`."""
    kind: CounterKind
    digest: str
    """SHA-256 of what is counted: where a name is asked for, people type passwords too."""

    @property
    def rule(self) -> Rule:
        """The row of its kind."""
        return RULES[self.kind]

    def __str__(self) -> str:
        return f"{self.audience}:{self.kind}:{self.digest}"


@dataclass(frozen=True, slots=True)
class Counter:
    """Failures, and the wait after the last one. Times are wall-clock milliseconds."""

    failures: int = 0
    until_ms: int = 0
    """When the next attempt may be made."""
    forgot_ms: int = 0
    """Since when the time to forget one more failure runs."""
    last: str = ""
    """`mark` of the last attempt."""

    def at(self, rule: Rule, now_ms: int) -> "Counter":
        """Return the counter as it is now, with what it has forgotten since.

        A clock that was set back makes nobody wait for longer than the rule says.
        """
        until_ms = min(self.until_ms, now_ms + rule.delay_ms(self.failures))
        steps = max(0, now_ms - self.forgot_ms) // (1000 * rule.forgets_every_s)
        if steps >= self.failures:
            return Counter(0, until_ms, now_ms, self.last)
        forgot_ms = min(self.forgot_ms, now_ms) + 1000 * rule.forgets_every_s * steps
        return replace(self, failures=self.failures - steps, until_ms=until_ms, forgot_ms=forgot_ms)

    def counted(self, rule: Rule, now_ms: int, mark: str) -> "Counter":
        """Return the counter with one failure more; nobody may be waiting."""
        now = self.at(rule, now_ms)
        failures = now.failures + 1
        return Counter(failures, now_ms + rule.delay_ms(failures), now.forgot_ms, mark)

    def taken_back(self, rule: Rule, now_ms: int, mark: str) -> "Counter":
        """Return the counter as if the attempt had not been counted.

        When another one was counted since, what remains is the delay that this one would have set alone.
        """
        now = self.at(rule, now_ms)
        failures = max(0, now.failures - 1)
        if now.last == mark:
            return replace(now, failures=failures, until_ms=0)
        shorter_ms = rule.delay_ms(self.failures) - rule.delay_ms(self.failures - 1)
        return replace(now, failures=failures, until_ms=now.until_ms - shorter_ms)

    def gone_ms(self, rule: Rule) -> int:
        """Return when nothing is left of it."""
        return max(self.until_ms, self.forgot_ms + 1000 * rule.forgets_every_s * self.failures)


def counters_of(attempt: Attempt) -> tuple[CounterName, ...]:
    """Return the counters that an attempt touches.

    Whether the account has used the device before must have been checked: to an unknown one applies what applies
    to everybody.
    """
    audience = "programs" if attempt.path.is_for_programs else "people"
    if attempt.device is not None and attempt.account is not None:
        of_device = _digest(attempt.account, attempt.device)
        return (CounterName(audience, CounterKind.DEVICE, of_device),)
    counted = [
        (CounterKind.ACCOUNT, attempt.account),
        (CounterKind.NETWORK, network_key(attempt.network)),
        (CounterKind.SITE, site_key(attempt.network)),
        (CounterKind.ALL, ""),
    ]
    return tuple(CounterName(audience, kind, _digest(what)) for kind, what in counted if what is not None)


def mark(attempt: Attempt) -> str:
    """Return what tells this attempt from one of somebody else that touches the same counters."""
    parts = (attempt.path, network_key(attempt.network), attempt.account or "", attempt.device or "")
    return _digest(*parts)[:16]


def _digest(*parts: str) -> str:
    # The lengths keep ("ab", "c") and ("a", "bc") apart.
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
