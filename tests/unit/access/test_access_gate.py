from random import Random

import pytest

from securevision.access.gate import CODE_LIFETIME_MS, TICKET_LIFETIME_MS, Gate
from securevision.access.principals import PROGRAM, Principal
from securevision.access.sessions import TOKEN_LIFETIME_MS
from securevision.access.tokens import token_digest
from securevision.errors import Forbidden, InvalidInput, Unauthenticated

API_TOKEN = "an-api-token-of-at-least-32-characters"


@pytest.fixture
def gate() -> Gate:
    return Gate(api_token_digest=token_digest(API_TOKEN), entropy=Random(1).randbytes)


def page_of(gate: Gate, now_ms: int = 0) -> Principal:
    principal = gate.authenticate(gate.sign_in(PROGRAM, now_ms).text, now_ms)
    assert principal is not None
    return principal


@pytest.mark.parametrize("digest", ["", "abc", API_TOKEN, token_digest(""), token_digest("x").upper()])
def test_it_does_not_open_without_the_digest_of_a_token(digest: str) -> None:
    with pytest.raises(InvalidInput):
        Gate(api_token_digest=digest, entropy=Random(1).randbytes)


@pytest.mark.parametrize("token", ["", " ", "x", API_TOKEN + "x", API_TOKEN.upper(), token_digest(API_TOKEN)])
def test_only_the_api_token_is_the_api_token(gate: Gate, token: str) -> None:
    assert gate.authenticate(token, 0) is None
    assert gate.authenticate(API_TOKEN, 0) is PROGRAM


def test_a_code_opens_one_session(gate: Gate) -> None:
    code = gate.new_code(0)
    token = gate.sign_in_by_code(code, CODE_LIFETIME_MS - 1)
    assert gate.authenticate(token.text, CODE_LIFETIME_MS - 1) is not None
    with pytest.raises(Unauthenticated, match="used already"):
        gate.sign_in_by_code(code, CODE_LIFETIME_MS - 1)


def test_a_late_code_is_known_once_so_that_a_new_one_can_be_shown(gate: Gate) -> None:
    code = gate.new_code(0)
    assert gate.knows_code(code)
    with pytest.raises(Unauthenticated, match="too old"):
        gate.sign_in_by_code(code, CODE_LIFETIME_MS)
    assert not gate.knows_code(code)


def test_a_ticket_stands_for_its_session_once_and_for_thirty_seconds(gate: Gate) -> None:
    page = page_of(gate)
    ticket, late = gate.new_ticket(page, 0), gate.new_ticket(page, 0)
    assert gate.redeem_ticket(ticket, TICKET_LIFETIME_MS - 1) == page
    assert gate.redeem_ticket(ticket, TICKET_LIFETIME_MS - 1) is None
    assert gate.redeem_ticket(late, TICKET_LIFETIME_MS) is None


def test_a_ticket_dies_with_its_session(gate: Gate) -> None:
    page = page_of(gate)
    ticket = gate.new_ticket(page, 0)
    gate.sign_out(page)
    assert gate.redeem_ticket(ticket, 1) is None
    assert not gate.is_valid(page, 1)


def test_renewal_carries_the_session_over(gate: Gate) -> None:
    page = page_of(gate)
    renewed = gate.sign_in(page, TOKEN_LIFETIME_MS - 1)
    assert gate.authenticate(renewed.text, TOKEN_LIFETIME_MS) == page
    assert gate.is_valid(page, TOKEN_LIFETIME_MS)
    assert not gate.is_valid(page, 2 * TOKEN_LIFETIME_MS)


def test_a_program_has_no_tickets_and_always_counts(gate: Gate) -> None:
    with pytest.raises(Forbidden):
        gate.new_ticket(PROGRAM, 0)
    gate.sign_out(PROGRAM)
    assert gate.is_valid(PROGRAM, 10**12)


def test_one_kind_of_secret_is_not_another(gate: Gate) -> None:
    page = page_of(gate)
    code, ticket, token = gate.new_code(0), gate.new_ticket(page, 0), gate.sign_in(PROGRAM, 0).text
    for secret in (code, ticket):
        assert gate.authenticate(secret, 0) is None
    for secret in (code, token, API_TOKEN):
        assert gate.redeem_ticket(secret, 0) is None
    for secret in (ticket, token, API_TOKEN):
        with pytest.raises(Unauthenticated):
            gate.sign_in_by_code(secret, 0)
