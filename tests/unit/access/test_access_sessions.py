from dataclasses import dataclass
from random import Random

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from securevision.access.sessions import SESSION_LIFETIME_MS, TOKEN_LIFETIME_MS, PageSessions
from securevision.errors import Unauthenticated

CAPACITY = 3


@dataclass
class Known:
    token: str
    started_ms: int
    renewed_ms: int

    def open_at(self, now_ms: int) -> bool:
        return now_ms - self.renewed_ms < TOKEN_LIFETIME_MS and now_ms - self.started_ms < SESSION_LIFETIME_MS


class SessionMachine(RuleBasedStateMachine):
    """Compares the sessions with a dictionary, least recently renewed first."""

    def __init__(self) -> None:
        super().__init__()
        self.sessions = PageSessions(Random(1).randbytes, capacity=CAPACITY)
        self.now_ms = 0
        self.known: dict[int, Known] = {}
        self.tokens: list[str] = []

    def pick(self, number: int) -> int | None:
        ids = sorted(self.known)
        return ids[number % len(ids)] if ids else None

    @rule()
    def start(self) -> None:
        token = self.sessions.start(self.now_ms)
        assert token.session_id not in self.known
        assert token.text not in self.tokens
        assert token.lifetime_ms == TOKEN_LIFETIME_MS
        self.known = {id_: known for id_, known in self.known.items() if known.open_at(self.now_ms)}
        while len(self.known) >= CAPACITY:
            del self.known[next(iter(self.known))]
        self.known[token.session_id] = Known(token.text, self.now_ms, self.now_ms)
        self.tokens.append(token.text)

    @rule(number=st.integers(0, 9))
    def renew(self, number: int) -> None:
        session_id = self.pick(number)
        if session_id is None:
            return
        known = self.known[session_id]
        if not known.open_at(self.now_ms):
            with pytest.raises(Unauthenticated):
                self.sessions.renew(session_id, self.now_ms)
            return
        token = self.sessions.renew(session_id, self.now_ms)
        assert token.session_id == session_id
        assert 0 < token.lifetime_ms <= TOKEN_LIFETIME_MS
        del self.known[session_id]
        self.known[session_id] = Known(token.text, known.started_ms, self.now_ms)
        self.tokens.append(token.text)

    @rule(number=st.integers(0, 9))
    def end(self, number: int) -> None:
        session_id = self.pick(number)
        if session_id is not None:
            self.sessions.end(session_id)
            self.sessions.end(session_id)
            del self.known[session_id]

    @rule(passed_ms=st.sampled_from([1, TOKEN_LIFETIME_MS - 1, TOKEN_LIFETIME_MS, SESSION_LIFETIME_MS]))
    def wait(self, passed_ms: int) -> None:
        self.now_ms += passed_ms

    @invariant()
    def only_the_newest_token_of_an_open_session_works(self) -> None:
        working = {k.token: id_ for id_, k in self.known.items() if k.open_at(self.now_ms)}
        for token in self.tokens:
            assert self.sessions.find(token, self.now_ms) == working.get(token)
        for session_id, known in self.known.items():
            assert self.sessions.is_open(session_id, self.now_ms) == known.open_at(self.now_ms)

    @invariant()
    def it_stays_small(self) -> None:
        assert len(self.sessions) == len(self.known) <= CAPACITY


TestSessions = SessionMachine.TestCase


def test_a_session_that_is_renewed_in_time_ends_after_twelve_hours() -> None:
    sessions = PageSessions(Random(1).randbytes)
    token, now_ms = sessions.start(0), 0
    while now_ms + TOKEN_LIFETIME_MS // 2 < SESSION_LIFETIME_MS:
        now_ms += TOKEN_LIFETIME_MS // 2
        token = sessions.renew(token.session_id, now_ms)
    assert token.lifetime_ms == SESSION_LIFETIME_MS - now_ms
    assert sessions.is_open(token.session_id, SESSION_LIFETIME_MS - 1)
    with pytest.raises(Unauthenticated):
        sessions.renew(token.session_id, SESSION_LIFETIME_MS)
