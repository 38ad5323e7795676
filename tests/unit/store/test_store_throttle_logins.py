import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Barrier

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from fakes.clock import FakeClock
from securevision.access.delays import RULES, CounterKind, CounterName, counters_of
from securevision.domain.attempts import Attempt, CredentialPath
from securevision.errors import TooManyRequests
from securevision.store.throttle import SqlLoginThrottle, ThrottleFile

ADA = Attempt(CredentialPath.PASSWORD, "192.0.2.1", "ada")
ELSEWHERE = "203.0.113.5"


@pytest.fixture
def file(tmp_path: Path) -> Iterator[ThrottleFile]:
    with ThrottleFile.open(tmp_path / "throttle.db") as file:
        yield file


@pytest.fixture
def throttle(file: ThrottleFile, clock: FakeClock) -> SqlLoginThrottle:
    return SqlLoginThrottle(file, clock)


def is_let_through(throttle: SqlLoginThrottle, attempt: Attempt) -> bool:
    try:
        throttle.begin(attempt)
    except TooManyRequests:
        return False
    return True


def seconds_to_wait(throttle: SqlLoginThrottle, attempt: Attempt) -> int:
    """Return what an attempt is told, which is counted when it is let through."""
    try:
        throttle.begin(attempt)
    except TooManyRequests as error:
        return error.retry_after_s
    return 0


def names(file: ThrottleFile) -> list[str]:
    return [
        name for (name,) in file.run(lambda c: c.execute("SELECT name FROM counters ORDER BY 1").fetchall())
    ]


def test_the_fifth_failure_is_the_first_to_delay_the_next_one(
    throttle: SqlLoginThrottle, clock: FakeClock
) -> None:
    for _ in range(5):
        throttle.begin(ADA)
    for seconds in (1, 2, 4, 8):
        with pytest.raises(TooManyRequests) as refused:
            throttle.begin(ADA)
        assert refused.value.retry_after_s == seconds
        assert str(refused.value) == f"There were too many attempts; try again in {seconds} s."
        clock.advance(seconds - 0.001)
        assert seconds_to_wait(throttle, ADA) == 1
        clock.advance(0.001)
        throttle.begin(ADA)


def test_what_has_to_wait_counts_nothing(throttle: SqlLoginThrottle, clock: FakeClock) -> None:
    for _ in range(5):
        throttle.begin(ADA)
    assert [seconds_to_wait(throttle, ADA) for _ in range(100)] == [1] * 100
    clock.advance(1)
    throttle.begin(ADA)
    assert seconds_to_wait(throttle, ADA) == 2


def test_a_sign_in_takes_back_its_own_failure_everywhere(
    throttle: SqlLoginThrottle, file: ThrottleFile
) -> None:
    for number in range(500):
        attempt = replace(ADA, account=f"user {number}")
        throttle.begin(attempt)
        throttle.succeed(attempt)
    assert names(file) == []


def test_a_sign_in_forgets_the_failures_of_its_account_and_not_of_its_network(
    throttle: SqlLoginThrottle, clock: FakeClock
) -> None:
    for _ in range(4):
        throttle.begin(ADA)
    throttle.begin(ADA)
    throttle.succeed(ADA)
    assert is_let_through(throttle, ADA), "its own failure, which was the fifth, makes nobody wait"
    assert not is_let_through(throttle, ADA), "the network still has the four of before"
    from_elsewhere = (replace(ADA, network=f"198.51.100.{number}") for number in range(50))
    assert sum(is_let_through(throttle, attempt) for attempt in from_elsewhere) == 9, (
        "the account has one of ten"
    )


def test_attack_own_sign_ins_do_not_pay_for_guesses_at_others(throttle: SqlLoginThrottle) -> None:
    mine = replace(ADA, account="mallory")
    guessed = 0
    for _ in range(100):
        if is_let_through(throttle, mine):
            throttle.succeed(mine)
        guessed += is_let_through(throttle, ADA)
    assert guessed == 5


def test_attack_a_known_password_does_not_pay_for_guesses_of_codes(throttle: SqlLoginThrottle) -> None:
    code = replace(ADA, path=CredentialPath.TOTP)
    guessed = 0
    for _ in range(100):
        if is_let_through(throttle, ADA):
            throttle.take_back(ADA)
        guessed += is_let_through(throttle, code)
    assert guessed == 5


def test_attack_an_own_slow_sign_in_does_not_lift_the_delay_of_a_guess(
    throttle: SqlLoginThrottle, clock: FakeClock
) -> None:
    mine = replace(ADA, account="mallory")
    for _ in range(5):
        throttle.begin(ADA)
    clock.advance(1)
    throttle.begin(mine)  # the sixth
    clock.advance(2)
    throttle.begin(ADA)  # the seventh, while the sixth is still being checked
    throttle.succeed(mine)
    assert seconds_to_wait(throttle, ADA) == 2, "as the sixth makes wait"


def test_the_two_steps_of_a_sign_in_follow_each_other_without_a_wait(
    throttle: SqlLoginThrottle, clock: FakeClock
) -> None:
    for _ in range(8):
        clock.advance(seconds_to_wait(throttle, ADA))
    clock.advance(60)
    throttle.begin(ADA)
    throttle.take_back(ADA)
    throttle.begin(replace(ADA, path=CredentialPath.TOTP))
    throttle.succeed(replace(ADA, path=CredentialPath.TOTP))
    throttle.begin(ADA)


def test_attack_a_flood_from_one_address_makes_nobody_else_wait(
    throttle: SqlLoginThrottle, clock: FakeClock
) -> None:
    known = replace(ADA, device="the laptop")
    let_through = 0
    for number in range(2_000):
        attempt = ADA if number % 2 else replace(ADA, account=f"nobody {number}")
        let_through += is_let_through(throttle, attempt)
        clock.advance(0.001)
    assert let_through == 6
    throttle.begin(known)
    throttle.succeed(known)
    throttle.begin(replace(ADA, network=ELSEWHERE))
    throttle.begin(replace(ADA, network=ELSEWHERE, account="bob"))
    throttle.begin(replace(ADA, account="bob", device="bob's phone"))


def test_attack_existing_and_unknown_names_are_told_the_same(tmp_path: Path, clock: FakeClock) -> None:
    """The store does not know which names exist; what it says depends on what was tried only."""
    told = []
    for name in ("ada", "nobody"):
        with ThrottleFile.open(tmp_path / f"{name}.db") as file:
            throttle = SqlLoginThrottle(file, FakeClock())
            told.append([seconds_to_wait(throttle, replace(ADA, account=name)) for _ in range(10)])
    assert told[0] == told[1]


def test_attack_a_flood_on_a_known_device_closes_only_that_device(throttle: SqlLoginThrottle) -> None:
    stolen = replace(ADA, device="stolen")
    assert sum(is_let_through(throttle, stolen) for _ in range(2_000)) == 5
    throttle.begin(replace(ADA, device="the laptop"))
    throttle.begin(ADA)


def test_attack_parallel_attempts_do_not_slip_through(throttle: SqlLoginThrottle) -> None:
    start = Barrier(2)

    def guess(_: int) -> int:
        start.wait(10)
        return sum(is_let_through(throttle, ADA) for _ in range(10))

    with ThreadPoolExecutor(2) as threads:
        assert sum(threads.map(guess, range(2))) == 5


def test_attack_many_networks_share_the_budget_of_an_account(throttle: SqlLoginThrottle) -> None:
    guesses = [replace(ADA, network=f"198.51.100.{number}") for number in range(50)]
    assert sum(is_let_through(throttle, guess) for guess in guesses) == 10


def test_attack_all_of_a_64_is_one_network_and_all_of_a_48_one_site(throttle: SqlLoginThrottle) -> None:
    of_64 = [Attempt(CredentialPath.PASSWORD, f"2001:db8:1:1::{number:x}") for number in range(50)]
    of_48 = [Attempt(CredentialPath.PASSWORD, f"2001:db8:2:{number:x}::1") for number in range(50)]
    assert sum(is_let_through(throttle, guess) for guess in of_64) == 5
    assert sum(is_let_through(throttle, guess) for guess in of_48) == 20


def test_failures_are_forgotten_one_by_one(
    throttle: SqlLoginThrottle, file: ThrottleFile, clock: FakeClock
) -> None:
    for _ in range(5):
        throttle.begin(ADA)
    clock.advance(15 * 60)
    throttle.begin(ADA)
    assert seconds_to_wait(throttle, ADA) == 1, "four and one"
    clock.advance(6 * 15 * 60)
    throttle.begin(replace(ADA, device="any"))
    assert [name.split(":")[1] for name in names(file)] == ["device"], "nothing else is left in the file"


def test_an_account_that_does_not_exist_leaves_no_trace_of_what_was_typed(
    throttle: SqlLoginThrottle, tmp_path: Path
) -> None:
    throttle.begin(replace(ADA, account="correct horse battery staple", network=ELSEWHERE))
    stored = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"people:account:" in stored
    assert b"correct horse" not in stored
    assert ELSEWHERE.encode() not in stored


@pytest.mark.parametrize("back_s", [1, 3600, 10 * 365 * 86_400])
def test_a_clock_that_is_set_back_locks_nobody_out(file: ThrottleFile, clock: FakeClock, back_s: int) -> None:
    throttle = SqlLoginThrottle(file, clock)
    while (wait := seconds_to_wait(throttle, ADA)) < 900:
        clock.advance(wait)
    early = FakeClock(clock.now_ms() - 1000 * back_s)
    throttle = SqlLoginThrottle(file, early)
    assert seconds_to_wait(throttle, ADA) == 900
    early.advance(450)
    assert seconds_to_wait(throttle, ADA) == 450, "the wait goes on, and does not begin anew"
    early.advance(450)
    throttle.begin(ADA)


def test_attack_new_names_without_end_do_not_fill_the_disk(file: ThrottleFile, clock: FakeClock) -> None:
    throttle = SqlLoginThrottle(file, clock, capacity=10)
    known = [replace(ADA, account=f"known {number}", network=f"192.0.2.{number}") for number in range(5)]
    for attempt in known:
        throttle.begin(attempt)
    for number in range(40):
        is_let_through(throttle, replace(ADA, account=f"new {number}", network=f"198.51.100.{number}"))
    assert len(names(file)) <= 10 + 2 + 2, "the last one that fits has three, and two are shared"
    assert seconds_to_wait(throttle, replace(ADA, account="newer", network=ELSEWHERE)) > 0
    throttle.begin(known[0])
    throttle.succeed(known[0])
    clock.advance(24 * 3600)
    for _ in range(5):
        throttle.begin(replace(ADA, account="tomorrow", network=ELSEWHERE))


@dataclass
class Tally:
    """A counter as one would keep it by hand: it lives through every moment at which it forgets."""

    kind: CounterKind
    failures: int = 0
    until_ms: int = 0
    forgets_ms: int = 0

    def pass_time(self, now_ms: int) -> None:
        every_ms = 1000 * RULES[self.kind].forgets_every_s
        while self.failures and self.forgets_ms + every_ms <= now_ms:
            self.failures -= 1
            self.forgets_ms += every_ms

    def fail(self, now_ms: int) -> None:
        if not self.failures:
            self.forgets_ms = now_ms
        self.failures += 1
        self.until_ms = now_ms + self.wait_ms(self.failures)

    def wait_ms(self, failures: int) -> int:
        expected = RULES[self.kind]
        seconds = 1
        for _ in range(failures - expected.first_delay_at):
            seconds = min(2 * seconds, expected.longest_s)
        return 1000 * seconds if failures >= expected.first_delay_at else 0


class LoginThrottleMachine(RuleBasedStateMachine):
    """Compares what is let through with tallies kept by hand; one attempt is checked at a time."""

    attempts = st.builds(
        Attempt,
        st.sampled_from([CredentialPath.PASSWORD, CredentialPath.TOTP, CredentialPath.TOKEN]),
        st.sampled_from(["192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8:0:1::1", "rubbish"]),
        st.sampled_from([None, "ada", "bob"]),
        st.sampled_from([None, None, "laptop"]),
    )

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.file = ThrottleFile.open(Path(self.folder.name) / "throttle.db")
        self.clock = FakeClock()
        self.throttle = SqlLoginThrottle(self.file, self.clock)
        self.tallies: dict[CounterName, Tally] = {}

    def touched(self, attempt: Attempt) -> list[Tally]:
        return [self.tallies.setdefault(name, Tally(name.kind)) for name in counters_of(attempt)]

    @rule(attempt=attempts, times=st.integers(1, 30), right=st.sampled_from(["no", "no", "step", "yes"]))
    def attempt(self, attempt: Attempt, times: int, right: str) -> None:
        now_ms = self.clock.now_ms()
        for _ in range(times):
            touched = self.touched(attempt)
            expected_ms = max(0, *(tally.until_ms - now_ms for tally in touched))
            assert seconds_to_wait(self.throttle, attempt) == -(-expected_ms // 1000)
            if expected_ms:
                return
            before = [replace(tally) for tally in touched]
            for tally in touched:
                tally.fail(now_ms)
            if right != "no":
                (self.throttle.succeed if right == "yes" else self.throttle.take_back)(attempt)
                for tally, old in zip(touched, before, strict=True):
                    tally.failures, tally.until_ms = old.failures, 0
                    if right == "yes" and tally.kind in (CounterKind.ACCOUNT, CounterKind.DEVICE):
                        tally.failures = 0

    @rule(passed_ms=st.sampled_from([1, 999, 1000, 4_000, 10_000, 60_000, 600_000, 900_000, 7_200_000]))
    def wait(self, passed_ms: int) -> None:
        self.clock.advance(passed_ms / 1000)
        for tally in self.tallies.values():
            tally.pass_time(self.clock.now_ms())

    @rule()
    def restart(self) -> None:
        self.file.close()
        self.file = ThrottleFile.open(Path(self.folder.name) / "throttle.db")
        self.throttle = SqlLoginThrottle(self.file, self.clock)

    @invariant()
    def it_holds_no_more_than_what_was_tried(self) -> None:
        count, size = self.file.run(
            lambda connection: connection.execute(
                "SELECT (SELECT count(*) FROM counters), (SELECT size FROM sizes WHERE name = 'counters')"
            ).fetchone()
        )
        assert count == size <= len(self.tallies)

    def teardown(self) -> None:
        self.file.close()
        self.folder.cleanup()


TestLoginThrottle = LoginThrottleMachine.TestCase
TestLoginThrottle.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
