from random import Random

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from securevision.access.one_time import OneTimeSecrets

LIFETIME = 100
CAPACITY = 4


class OneTimeMachine(RuleBasedStateMachine):
    """Compares the set with a list that remembers everything."""

    def __init__(self) -> None:
        super().__init__()
        self.secrets: OneTimeSecrets[int] = OneTimeSecrets(
            Random(1).randbytes, lifetime_ms=LIFETIME, capacity=CAPACITY
        )
        self.now_ms = 0
        self.issued: list[str] = []
        self.live: list[tuple[str, int, int]] = []
        """The secrets that are known, oldest first, with their value and the time they were issued."""

    @rule(value=st.integers(0, 9))
    def issue(self, value: int) -> None:
        secret = self.secrets.issue(value, self.now_ms)
        assert secret not in self.issued
        self.issued.append(secret)
        self.live = [*self.live, (secret, value, self.now_ms)][-CAPACITY:]

    @rule(pick=st.integers(0, 50))
    def redeem(self, pick: int) -> None:
        if not self.issued:
            return
        secret = self.issued[pick % len(self.issued)]
        known = next((entry for entry in self.live if entry[0] == secret), None)
        assert (secret in self.secrets) == (known is not None)
        expected = known[1] if known and self.now_ms - known[2] < LIFETIME else None
        assert self.secrets.redeem(secret, self.now_ms) == expected
        assert self.secrets.redeem(secret, self.now_ms) is None
        self.live = [entry for entry in self.live if entry[0] != secret]

    @rule(text=st.text())
    def guess(self, text: str) -> None:
        assert text not in self.secrets
        assert self.secrets.redeem(text, self.now_ms) is None

    @rule(passed_ms=st.sampled_from([0, 1, LIFETIME - 1, LIFETIME, 10 * LIFETIME]))
    def wait(self, passed_ms: int) -> None:
        self.now_ms += passed_ms

    @invariant()
    def it_stays_small(self) -> None:
        assert len(self.secrets) == len(self.live) <= CAPACITY


TestOneTime = OneTimeMachine.TestCase
