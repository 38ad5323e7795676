"""Runs a seccomp filter as the kernel would, on a call of any machine."""

import struct
from collections.abc import Sequence

ALLOW = 0x7FFF0000
KILL_PROCESS = 0x80000000
ERRNO = 0x00050000

_DATA_BYTES = 64
_WORD = 0xFFFFFFFF


def run(program: bytes, arch: int, number: int, arguments: Sequence[int] = ()) -> int:
    """Return the action. Fails when the kernel would not take the program, or when it would never end."""
    data = struct.pack("<IIQ6Q", number, arch, 0, *arguments, *[0] * (6 - len(arguments)))
    instructions = list(struct.iter_unpack("<HBBI", program))
    assert len(instructions) <= 4096
    accumulator, at = 0, 0
    while True:
        code, if_true, if_false, constant = instructions[at]
        at += 1
        match code:
            case 0x20:
                assert constant % 4 == 0
                assert constant < _DATA_BYTES
                accumulator = int.from_bytes(data[constant : constant + 4], "little")
            case 0x54:
                accumulator &= constant
            case 0x15:
                at += if_true if accumulator == constant else if_false
            case 0x35:
                at += if_true if accumulator >= constant else if_false
            case 0x06:
                return int(constant)
            case _:
                raise AssertionError(f"instruction {code:#x} is not one of ours")
        assert accumulator <= _WORD
