from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from fakes.network_namespace import run_alone

INNER = ["192.168.77.5", "10.9.8.7", "172.31.0.1"]
OUTER = ["203.0.113.9", "100.64.0.1", "169.254.7.7", "169.254.169.254", "198.18.0.1"]
WAIT_S = 0.4


@pytest.fixture(scope="module")
def seen() -> Mapping[str, Any]:
    program = Path(__file__).with_name("neighbourhood.py")
    return run_alone(program, *INNER, *OUTER, addresses=[*INNER, *OUTER])


def test_answers_from_inner_networks_alone_are_taken_each_once(seen: Mapping[str, Any]) -> None:
    assert seen["sources"] == INNER


def test_this_machine_answers_when_that_is_allowed(seen: Mapping[str, Any]) -> None:
    assert seen["at_home"] == ["127.0.0.1"]


def test_the_question_is_sent_twice_under_one_number_and_passes_no_router(seen: Mapping[str, Any]) -> None:
    (first, time_to_live), second = seen["heard"]
    assert [first, time_to_live] == second
    assert time_to_live == 1


def test_the_search_lasts_as_long_as_was_said(seen: Mapping[str, Any]) -> None:
    assert WAIT_S <= seen["lasted"] < WAIT_S + 2.0


def test_who_answers_more_often_hides_nobody(seen: Mapping[str, Any]) -> None:
    assert seen["many"] == [INNER[0]] * 8 + [INNER[1]]


def test_the_largest_datagram_arrives_whole(seen: Mapping[str, Any]) -> None:
    assert seen["large"] == [65_000]


def test_a_question_that_nobody_takes_is_told(seen: Mapping[str, Any]) -> None:
    assert seen["refused"] == (
        "No network took the question for cameras; check that this machine is connected to theirs."
    )
