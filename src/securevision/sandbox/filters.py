"""The program that the kernel runs before each system call: classic BPF, as seccomp(2) has it."""

import errno
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from securevision.sandbox.profiles import Profile
from securevision.sandbox.system_calls import X86_64, Machine

# linux/filter.h
_LOAD, _AND, _JUMP_IF_EQUAL, _JUMP_IF_AT_LEAST, _RETURN = 0x20, 0x54, 0x15, 0x35, 0x06
# linux/seccomp.h, and where its `struct seccomp_data` has what. Arguments have 64 bits, the lower half first.
_ALLOW = 0x7FFF0000
_KILL = 0x80000000
_REFUSE = 0x00050000
_NUMBER_AT, _ARCH_AT, _ARGUMENTS_AT = 0, 4, 16
_X32 = 0x40000000
"""The bit that marks the calls of x86's third convention, which has numbers of its own for the same acts."""

_THREAD = 0x3D0F00
"""CLONE_ VM FS FILES SIGHAND THREAD SYSVSEM SETTLS PARENT_SETTID CHILD_CLEARTID: how glibc starts one, exactly."""
_READ_WRITE = 0x1 | 0x2
_SET_NAME = 15
_OWN_FLAGS = (1, 2, 3, 4, 1030)
"""F_GETFD F_SETFD F_GETFL F_SETFL F_DUPFD_CLOEXEC. Not F_SETOWN, which sends a signal to anybody."""
_SENDING = 0x40 | 0x4000 | 0x8000
"""MSG_DONTWAIT NOSIGNAL MORE. Not MSG_FASTOPEN, which connects."""
_SOCKET_LEVEL, _TIMEOUTS = 1, (20, 21)
"""SO_RCVTIMEO SO_SNDTIMEO."""

Instruction = tuple[int, int, int, int]
"""Code, jump if true, jump if false, constant."""


@dataclass(frozen=True, slots=True)
class Argument:
    """A condition: the argument, but for ignored bits, is one of these values; its upper 32 bits are 0."""

    index: int
    values: tuple[int, ...]
    ignored: int = 0


@dataclass(frozen=True, slots=True)
class Rule:
    """A system call that is let through when all the conditions hold."""

    call: str
    arguments: tuple[Argument, ...] = ()


def filter_program(profile: Profile, machine: Machine, pid: int) -> bytes:
    """Return the instructions, as the kernel of that machine takes them; `pid` is the process that is sealed.

    What is not allowed fails with EPERM. A call in another convention ends the process.
    """
    return b"".join(struct.pack("<HBBI", *each) for each in _instructions(profile, machine, pid))


def _rules(profile: Profile, pid: int) -> Sequence[Rule]:
    return (
        *(Rule(call) for call in sorted(profile.calls)),
        Rule("mmap", (Argument(2, (0,), ignored=_READ_WRITE),)),
        Rule("mprotect", (Argument(2, (0,), ignored=_READ_WRITE),)),
        Rule("clone", (Argument(0, (_THREAD,)),)),
        Rule("prctl", (Argument(0, (_SET_NAME,)),)),
        Rule("fcntl", (Argument(1, _OWN_FLAGS),)),
        Rule("ioctl", (Argument(1, profile.requests),)),
        # To whom the socket is connected, and to no other address.
        Rule("sendto", (Argument(3, (0,), ignored=_SENDING), Argument(4, (0,)))),
        Rule("sendmsg", (Argument(2, (0,), ignored=_SENDING),)),
        Rule("setsockopt", (Argument(1, (_SOCKET_LEVEL,)), Argument(2, _TIMEOUTS))),
        # How `abort` ends the process.
        Rule("tgkill", (Argument(0, (pid,)),)),
    )


def _instructions(profile: Profile, machine: Machine, pid: int) -> Iterator[Instruction]:
    yield _LOAD, 0, 0, _ARCH_AT
    yield _JUMP_IF_EQUAL, 1, 0, machine.audit_arch
    yield _RETURN, 0, 0, _KILL
    yield _LOAD, 0, 0, _NUMBER_AT
    if machine is X86_64:
        yield _JUMP_IF_AT_LEAST, 0, 1, _X32
        yield _RETURN, 0, 0, _KILL
    # Its flags are in memory, where no filter sees them. glibc falls back on `clone` when the kernel has no `clone3`.
    yield _JUMP_IF_EQUAL, 0, 1, machine.numbers["clone3"]
    yield _RETURN, 0, 0, _REFUSE | errno.ENOSYS
    for rule in _rules(profile, pid):
        if rule.call in machine.numbers:
            decision = list(_decision(rule))
            yield _JUMP_IF_EQUAL, 0, len(decision), machine.numbers[rule.call]
            yield from decision
    yield _RETURN, 0, 0, _REFUSE | errno.EPERM


def _decision(rule: Rule) -> Iterator[Instruction]:
    """Decide on a call whose number is the rule's. Always returns, so that jumps never leave it."""
    for argument in rule.arguments:
        at = _ARGUMENTS_AT + 8 * argument.index
        yield _LOAD, 0, 0, at + 4
        yield _JUMP_IF_EQUAL, 1, 0, 0
        yield _RETURN, 0, 0, _REFUSE | errno.EPERM
        yield _LOAD, 0, 0, at
        yield _AND, 0, 0, 0xFFFFFFFF & ~argument.ignored
        for left, value in zip(range(len(argument.values), 0, -1), argument.values, strict=True):
            yield _JUMP_IF_EQUAL, left, 0, value
        yield _RETURN, 0, 0, _REFUSE | errno.EPERM
    yield _RETURN, 0, 0, _ALLOW
