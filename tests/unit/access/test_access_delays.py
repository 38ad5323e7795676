"""The rules of the delays, and how an attacker fares who keeps to no rule but them."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import count, islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securevision.access import delays
from securevision.access.delays import (
    RULES,
    Counter,
    CounterKind,
    CounterName,
    counters_of,
    delay_s,
    mark,
)
from securevision.domain.attempts import Attempt, CredentialPath

DAY_MS = 24 * 3600 * 1000
ADA = Attempt(CredentialPath.PASSWORD, "192.0.2.1", "ada")


def kinds(attempt: Attempt) -> list[CounterKind]:
    return [name.kind for name in counters_of(attempt)]


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [(0, 0), (4, 0), (5, 1), (6, 2), (7, 4), (14, 512), (15, 900), (16, 900), (10**9, 900), (10**30, 900)],
)
def test_delays_double_up_to_a_quarter_of_an_hour(failures: int, seconds: int) -> None:
    assert delay_s(failures) == seconds


@given(st.sampled_from(CounterKind), st.integers(0, 10**12))
def test_delays_grow_and_every_wait_ends(kind: CounterKind, failures: int) -> None:
    rule = RULES[kind]
    assert rule.delay_ms(failures) <= rule.delay_ms(failures + 1) <= 1000 * rule.longest_s


def test_the_table_in_the_documentation_is_the_rules() -> None:
    rows = re.findall(
        r"^ +(\w+) .* at failure (\d+) +(\d+) (min|s) +every (\d+) (min|s)$",
        delays.__doc__ or "",
        re.MULTILINE,
    )
    unit = {"s": 1, "min": 60}
    assert {
        CounterKind(kind): (int(first), int(longest) * unit[of_longest], int(every) * unit[of_every])
        for kind, first, longest, of_longest, every, of_every in rows
    } == {kind: (rule.first_delay_at, rule.longest_s, rule.forgets_every_s) for kind, rule in RULES.items()}


def test_an_attempt_touches_its_account_its_network_and_everybody() -> None:
    assert kinds(ADA) == [CounterKind.ACCOUNT, CounterKind.NETWORK, CounterKind.ALL]
    assert kinds(replace(ADA, account=None)) == [CounterKind.NETWORK, CounterKind.ALL]
    assert kinds(replace(ADA, network="2001:db8::1")) == [
        CounterKind.ACCOUNT,
        CounterKind.NETWORK,
        CounterKind.SITE,
        CounterKind.ALL,
    ]


def test_a_known_device_touches_its_own_counter_only() -> None:
    known = replace(ADA, device="d")
    assert kinds(known) == [CounterKind.DEVICE]
    assert counters_of(known) == counters_of(replace(known, network="198.51.100.9"))
    assert counters_of(known) != counters_of(replace(known, device="e"))
    assert counters_of(known) != counters_of(replace(known, account="bob"))


def test_a_device_is_known_to_an_account_only() -> None:
    assert kinds(replace(ADA, account=None, device="d")) == [CounterKind.NETWORK, CounterKind.ALL]


def test_peoples_paths_share_their_counters_and_programs_have_others() -> None:
    people, programs = (
        {counters_of(replace(ADA, path=path)) for path in CredentialPath if path.is_for_programs is programs}
        for programs in (False, True)
    )
    assert len(people) == len(programs) == 1
    assert not set(*people) & set(*programs)


def test_no_counter_is_named_by_what_somebody_typed() -> None:
    typed = replace(ADA, account="correct horse battery staple")
    assert not any("correct" in str(name) or "192.0.2" in str(name) for name in counters_of(typed))
    assert "correct" not in mark(typed)


def test_names_cannot_be_glued_together() -> None:
    assert counters_of(replace(ADA, account="ab", device="c")) != counters_of(
        replace(ADA, account="a", device="bc")
    )
    assert mark(replace(ADA, account="a", device="1:b")) != mark(replace(ADA, account="a1:b", device=None))


@given(st.text(), st.text(), st.text())
def test_any_text_can_be_counted(network: str, account: str, device: str) -> None:
    attempt = Attempt(CredentialPath.TOTP, network, account, device)
    assert all(len(str(name)) < 100 for name in counters_of(attempt))


class Door:
    """What the store does with the rules, without a store."""

    def __init__(self) -> None:
        self.counters: dict[CounterName, Counter] = {}

    def wait_ms(self, attempt: Attempt, now_ms: int) -> int:
        return (
            max(self._counter(name).at(name.rule, now_ms).until_ms for name in counters_of(attempt)) - now_ms
        )

    def fail(self, attempt: Attempt, now_ms: int) -> bool:
        if self.wait_ms(attempt, now_ms) > 0:
            return False
        for name in counters_of(attempt):
            self.counters[name] = self._counter(name).counted(name.rule, now_ms, mark(attempt))
        return True

    def _counter(self, name: CounterName) -> Counter:
        return self.counters.get(name, Counter())


def nothing(_door: Door, _now_ms: int) -> None: ...


def guesses(attempts: Iterable[Attempt], watch: Callable[[Door, int], None] = nothing) -> int:
    """Return how many guesses a day somebody gets who tries at the very first moment that each is let through."""
    door, made, now_ms = Door(), 0, 0
    for attempt in attempts:
        now_ms += max(0, door.wait_ms(attempt, now_ms))
        if now_ms >= DAY_MS:
            break
        assert door.fail(attempt, now_ms)
        made += 1
        watch(door, now_ms)
    return made


def networks() -> Iterator[str]:
    return (f"198.18.{number // 256 % 256}.{number % 256}" for number in count())


def test_guesses_a_day_from_one_network_on_one_account() -> None:
    assert guesses(ADA for _ in count()) == 110


def test_guesses_a_day_from_one_network_on_all_accounts() -> None:
    assert guesses(replace(ADA, account=f"user {number}") for number in count()) == 110


def test_guesses_a_day_from_one_known_device() -> None:
    assert guesses(replace(ADA, device="d") for _ in count()) == 110


def test_guesses_a_day_from_any_number_of_networks_on_one_account() -> None:
    assert guesses(replace(ADA, network=network) for network in networks()) == 162


def test_guesses_a_day_from_all_of_a_48_on_all_accounts() -> None:
    attempts = (
        replace(ADA, network=f"2001:db8:0:{number % 2**16:x}::1", account=f"user {number}")
        for number in count()
    )
    assert guesses(attempts) == 125


def test_guesses_a_day_from_any_number_of_networks_on_all_accounts() -> None:
    stranger = Attempt(CredentialPath.PASSWORD, "203.0.113.5", "bob")
    waits_ms: list[int] = []
    attempts = (replace(ADA, network=network, account=network) for network in networks())
    made = guesses(attempts, lambda door, now_ms: waits_ms.append(door.wait_ms(stranger, now_ms)))
    assert made == 8_743
    assert max(waits_ms) == 16_000


def test_one_network_cannot_hold_up_an_account_on_a_new_device_elsewhere() -> None:
    elsewhere = replace(ADA, network="203.0.113.5")
    waits_ms: list[int] = []
    guesses(
        (ADA for _ in count()), watch=lambda door, now_ms: waits_ms.append(door.wait_ms(elsewhere, now_ms))
    )
    assert max(waits_ms) <= 16_000
    assert sum(max(0, wait_ms) for wait_ms in waits_ms) < 100_000, "in a whole day"


@pytest.mark.parametrize("kind", [CounterKind.NETWORK, CounterKind.SITE])
def test_it_takes_ninety_networks_to_hold_up_everybody(kind: CounterKind) -> None:
    """Each of them fails once in the longest wait, and meanwhile so many failures are forgotten."""
    assert RULES[kind].longest_s // RULES[CounterKind.ALL].forgets_every_s == 90


def test_forty_networks_hold_up_nobody_once_their_first_failures_are_forgotten() -> None:
    door, stranger = Door(), Attempt(CredentialPath.PASSWORD, "203.0.113.5", "bob")
    attackers = [replace(ADA, network=network, account=network) for network in islice(networks(), 40)]
    waits_ms: list[int] = []
    for now_ms in range(0, 4 * 3_600_000, 5_000):
        for attacker in attackers:
            door.fail(attacker, now_ms)
        waits_ms.append(door.wait_ms(stranger, now_ms))
    assert max(waits_ms) > 0
    assert max(waits_ms[len(waits_ms) // 2 :]) <= 0
