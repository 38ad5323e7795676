import dataclasses

import msgspec
import pytest

from securevision.domain.seal import Seal

WHOLE = Seal(True, True, True, True, True, 7)
MINIMUM = dataclasses.replace(WHOLE, files=False, ports=False, landlock_abi=0)


@pytest.mark.parametrize(
    ("seal", "text"),
    [
        (WHOLE, "sealed: no new privileges, limits, system calls, files, ports (Landlock 7)"),
        (
            dataclasses.replace(WHOLE, ports=False, landlock_abi=2),
            "sealed: no new privileges, limits, system calls, files, without ports (Landlock 2)",
        ),
        (MINIMUM, "sealed: no new privileges, limits, system calls, without files, ports (no Landlock)"),
        (
            Seal(),
            "not sealed: nothing, without no new privileges, limits, system calls, files, ports (no Landlock)",
        ),
    ],
)
def test_a_seal_says_what_was_reached_and_what_was_not(seal: Seal, text: str) -> None:
    assert seal.text == text


def test_each_part_of_the_minimum_is_needed_and_landlock_is_not() -> None:
    assert WHOLE.sufficient
    assert MINIMUM.sufficient
    for part in ("no_new_privileges", "limits", "system_calls"):
        assert not dataclasses.replace(WHOLE, **{part: False}).sufficient
    assert not Seal().sufficient


def test_a_seal_can_be_sent() -> None:
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(WHOLE), type=Seal) == WHOLE
